"""The verdict over what is told: circles with their members, weakest link, cut and guarantees; chains of everybody."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.circles.cut import Cut, cheapest_cuts
from graph.knowledge.circles.links import Bools, Floats, Ints, Links, links_of
from graph.knowledge.circles.returning import returning
from graph.knowledge.circles.rings import Rings, rings_of
from graph.knowledge.circles.told import Told
from graph.knowledge.circles.weakest import Calls, Losses, calls_on, losses, weakest_links
from graph.knowledge.lineage_of_sets import SETS

DIGITS = 9  # a last digit that differs would be a new version in the stores
HUB = 10  # parties that one guarantees, or is guaranteed by: from here on it is a hub
ONE_YUAN = 100  # fen: what a member without exposure weighs when circles of two days are compared

_FEN, _TEXT = pa.int64(), pa.string()

CIRCLES = pa.schema(
    [
        ("circle", _TEXT),
        ("kind", _TEXT),  # mutual (two), joint_scheme (all in one), circle
        ("leader", _TEXT),  # the member with the greatest exposure here
        ("members", pa.int64()),
        ("guarantees", pa.int64()),  # rows inside
        ("amount_fen", _FEN),  # of guarantees inside; a joint scheme's once a member
        ("exposure_fen", _FEN),  # of members at this bank, each note once
        ("untold", pa.int64()),  # members, and guarantors of the weakest who are none, whose net assets are not told
        ("returns", pa.float64()),  # share of guarantees given that comes back to its giver, by amount; null: too large
        ("weakest", _TEXT),
        ("loss_fen", _FEN),  # if the weakest fails, after one round of calls
        ("endangered_fen", _FEN),  # exposure of the guarantors that this round exhausts
        ("cut_fen", _FEN),
        ("cut_bound_fen", _FEN),  # no cut is cheaper; equal to cut_fen: the cheapest
        ("cuts", pa.int64()),
    ]
)
MEMBERS = pa.schema(
    [
        ("circle", _TEXT),
        ("member", _TEXT),
        ("leader", pa.bool_()),
        ("exposure_fen", _FEN),
        ("net_assets_fen", _FEN),
        ("statement", _TEXT),  # the statement that tells it
        ("given_fen", _FEN),  # in all, also outside
        ("inside_fen", _FEN),  # of these to members
        ("received_fen", _FEN),
        ("over_net_assets", pa.float64()),  # given over net assets; null where these are not told or not positive
        ("returns", pa.float64()),
        ("loss_fen", _FEN),  # if it fails
        ("guarantors", pa.int64()),
        ("untold_guarantors", pa.int64()),
    ]
)
GUARANTEES = pa.schema(
    [
        ("circle", _TEXT),
        ("id", _TEXT),
        ("src", _TEXT),
        ("dst", _TEXT),
        ("amount_fen", _FEN),  # null: not told
        ("liability", _TEXT),
        ("contract", _TEXT),
        ("joint", pa.bool_()),  # part of a joint scheme
    ]
)
CALLS = pa.schema(
    [
        ("circle", _TEXT),
        ("failing", _TEXT),
        ("guarantor", _TEXT),
        ("several", pa.bool_()),
        ("amount_fen", _FEN),
        ("net_assets_fen", _FEN),
        ("called_fen", _FEN),
        ("exhausted", pa.bool_()),
        ("exposure_fen", _FEN),
    ]
)
CUTS = pa.schema(
    [
        ("circle", _TEXT),
        ("src", _TEXT),  # null: the joint scheme as a whole
        ("dst", _TEXT),  # null: the other members of the joint scheme
        ("scheme", _TEXT),  # its contract; empty for a plain guarantee
        ("amount_fen", _FEN),
        ("substitute_fen", _FEN),  # collateral that would stand in for it here: the amount, at most the exposure it covers
        ("uncovered_fen", _FEN),  # exposure of dst that no guarantee covers any more once the whole cut is made
        ("consent", _TEXT),  # none, perhaps_other_lenders, other_lenders
    ]
)
CHAINS = pa.schema(
    [
        ("party", _TEXT),
        ("circle", _TEXT),
        ("above", pa.int64()),
        ("below", pa.int64()),
        ("guarantors", pa.int64()),
        ("guaranteed", pa.int64()),
        ("received_fen", _FEN),
        ("given_fen", _FEN),
        ("exposure_fen", _FEN),
        ("hub", pa.bool_()),
    ]
)
WITH = pa.schema([("src", _TEXT), ("dst", _TEXT), ("circle", _TEXT), ("members", pa.int64())])


@dataclass
class Assessment:
    """Everything that follows from what is told. Tables name a circle by its number, as text; `kind` gives it its identity."""

    told: Told

    @cached_property
    def links(self) -> Links:
        return links_of(self.told)

    @cached_property
    def rings(self) -> Rings:
        return rings_of(self.links)

    @cached_property
    def _members(self) -> Ints:
        """By circle, then by id."""
        members = np.flatnonzero(self._circle >= 0)
        return members[np.argsort(self._circle[members], kind="stable")]

    @cached_property
    def _circle(self) -> Ints:
        return self.rings.circle[: self.links.size]

    @cached_property
    def _losses(self) -> Losses:
        return losses(self.links)

    @cached_property
    def _weakest(self) -> Ints:
        return weakest_links(self.links, self.rings, self._losses)

    @cached_property
    def _calls(self) -> Calls:
        return calls_on(self.links, self._weakest)

    @cached_property
    def _returns(self) -> Floats:
        return returning(self.links, self.rings)

    @cached_property
    def _given(self) -> Ints:
        return self._sums(self.links.pairs.src, self.links.pairs.amount) + self._sums(
            self.links.seats.member, self.links.seats.gives
        )

    @cached_property
    def _received(self) -> Ints:
        return self._sums(self.links.pairs.dst, self.links.pairs.amount) + self._sums(
            self.links.seats.member, self.links.seats.takes
        )

    def _sums(self, party: Ints, amount: Ints) -> Ints:
        return np.bincount(party, amount, self.links.size).astype(np.int64)

    @cached_property
    def _inside(self) -> Ints:
        pairs, seats = self.links.pairs, self.links.seats
        kept = self._same(pairs.src, pairs.dst)
        return self._sums(pairs.src[kept], pairs.amount[kept]) + self._sums(seats.member, seats.gives)

    def _same(self, src: Ints, dst: Ints) -> Bools:
        return np.asarray((self._circle[src] == self._circle[dst]) & (self._circle[src] >= 0), np.bool_)

    @cached_property
    def _leaders(self) -> Ints:
        members = self._members
        order = members[np.lexsort((members, -self.links.exposure[members], self._circle[members]))]
        return order[np.unique(self._circle[order], return_index=True)[1]]

    @cached_property
    def _cuts(self) -> list[Cut]:
        """Of each circle, its arcs numbered as in `rings.arcs`."""
        arcs, circle = self.rings.arcs, self.rings.circle
        inside = np.flatnonzero((circle[arcs.src] == circle[arcs.dst]) & (circle[arcs.src] >= 0))
        inside = inside[np.argsort(circle[arcs.src[inside]], kind="stable")]
        cuts = cheapest_cuts(arcs.src[inside], arcs.dst[inside], arcs.cost[inside], circle[arcs.src[inside]])
        return [Cut(inside[cut.arcs], cut.cost, cut.bound) for cut in cuts]

    def circles(self) -> pa.Table:
        """CIRCLES, a row a circle."""
        count, circle, links = self.rings.count, self._circle, self.links
        rows = self._same(links.row_src, links.row_dst)
        sizes = np.bincount(circle[self._members], minlength=count)
        given, returns = self._given[self._members].astype(np.float64), self._returns[self._members]
        weight = np.bincount(circle[self._members], np.maximum(given, 1), count)
        share = np.bincount(circle[self._members], np.maximum(given, 1) * returns, count) / np.maximum(weight, 1)
        calls = self._calls
        danger = np.bincount(circle[calls.failing], np.where(calls.exhausted, links.exposure[calls.guarantor], 0), count)
        return self._table(
            CIRCLES,
            self._keys(np.arange(count)),
            pa.array(np.where(sizes == 2, "mutual", np.where(self._joint(sizes), "joint_scheme", "circle"))),
            links.named(self._leaders),
            sizes,
            np.bincount(circle[links.row_src[rows]], minlength=count),
            self._by_circle(self._inside),
            self._exposures(),
            self._by_circle(np.isnan(links.net_assets).astype(np.int64)) + self._untold_outside(),
            pa.array(np.round(share, DIGITS), mask=np.isnan(share)),
            links.named(self._weakest),
            self._losses.loss[self._weakest],
            danger.astype(np.int64),
            np.array([cut.cost for cut in self._cuts], np.int64),
            np.array([cut.bound for cut in self._cuts], np.int64),
            np.array([len(cut.arcs) for cut in self._cuts], np.int64),
        )

    def _untold_outside(self) -> Ints:
        """Of each circle the guarantors of its weakest link, no members, whose net assets are not told."""
        calls, circle = self._calls, self._circle
        outside = circle[calls.guarantor] != circle[calls.failing]
        blind = outside & np.isnan(self.links.net_assets[calls.guarantor])
        return np.bincount(circle[calls.failing[blind]], minlength=self.rings.count)

    def members(self) -> pa.Table:
        """MEMBERS, a row a member of a circle."""
        links, who = self.links, self._members
        net = links.net_assets[who]
        known = np.nan_to_num(net) > 0
        over = np.round(self._given[who] / np.where(known, net, 1), DIGITS)
        returns = self._returns[who]
        place = pa.array(links.net_row[who], mask=links.net_row[who] < 0)
        return self._table(
            MEMBERS,
            self._keys(self._circle[who]),
            links.named(who),
            np.isin(who, self._leaders),
            links.exposure[who],
            self._fen(net),
            self.told.net_assets["statement"].take(place),
            self._given[who],
            self._inside[who],
            self._received[who],
            pa.array(over, mask=~known),
            pa.array(np.round(returns, DIGITS), mask=np.isnan(returns)),
            self._losses.loss[who],
            self._losses.guarantors[who],
            self._losses.untold[who],
        )

    def guarantees(self) -> pa.Table:
        """GUARANTEES, the rows that make the circles."""
        links = self.links
        rows = np.flatnonzero(self._same(links.row_src, links.row_dst))
        told = self.told.guarantees.take(pa.array(rows))
        named = [told[name] for name in ("id", "src", "dst", "amount_fen", "liability", "contract")]
        return self._table(GUARANTEES, self._keys(self._circle[links.row_src[rows]]), *named, links.row_scheme[rows] >= 0)

    def calls(self) -> pa.Table:
        """CALLS, of each circle those on the guarantors of its weakest link."""
        calls, links = self._calls, self.links
        return self._table(
            CALLS,
            self._keys(self._circle[calls.failing]),
            links.named(calls.failing),
            links.named(calls.guarantor),
            calls.several,
            calls.amount,
            self._fen(links.net_assets[calls.guarantor]),
            calls.called,
            calls.exhausted,
            links.exposure[calls.guarantor],
        )

    def cuts(self) -> pa.Table:
        """CUTS, the guarantees of each circle's cheapest cut and what giving them up would need."""
        arcs, links = self.rings.arcs, self.links
        cut = np.concatenate([np.zeros(0, np.int64), *(each.arcs for each in self._cuts)])
        circle = np.repeat(np.arange(self.rings.count), [len(each.arcs) for each in self._cuts])
        src, dst, cost = arcs.src[cut], arcs.dst[cut], arcs.cost[cut]
        n = links.size
        leaves = dst >= n  # a member takes its own guarantee out of the scheme
        scheme = np.where(leaves, dst - n, np.where(src >= n, src - n, -1))
        owner = np.where(leaves, src, dst)
        pool = np.bincount(links.seats.scheme, links.exposure[links.seats.member], len(links.seats.contracts) + 1)
        covered = np.where(leaves, pool[scheme].astype(np.int64) - links.exposure[owner], links.exposure[owner])
        lost = self._sums(dst[~leaves], cost[~leaves])
        bare = np.maximum(links.exposure - self._received + lost, 0)
        uncovered = np.minimum(bare, links.exposure) - np.maximum(links.exposure - self._received, 0)
        unsure = leaves | (cost > covered) | (np.nan_to_num(links.elsewhere[owner]) > 0)
        consent = np.where(covered == 0, "other_lenders", np.where(unsure, "perhaps_other_lenders", "none"))
        contracts = pa.array([*links.seats.contracts, ""])
        return self._table(
            CUTS,
            self._keys(circle),
            self._ends(src, src >= n),
            self._ends(dst, leaves),
            contracts.take(pa.array(np.where(scheme < 0, len(contracts) - 1, scheme))),
            cost,
            np.minimum(cost, covered),
            np.where(leaves, 0, uncovered[owner]),
            pa.array(consent, _TEXT),
        )

    def chains(self) -> pa.Table:
        """CHAINS, a row for each party that guarantees or is guaranteed. A joint scheme counts each other member once."""
        links, everyone = self.links, np.arange(self.links.size)
        others = self._sums(links.seats.member, links.seats.sizes[links.seats.scheme] - 1)
        guarantors = np.bincount(links.pairs.dst, minlength=links.size) + others
        guaranteed = np.bincount(links.pairs.src, minlength=links.size) + others
        return self._table(
            CHAINS,
            links.named(everyone),
            pc.if_else(pa.array(self._circle >= 0), self._keys(self._circle), pa.scalar(None, _TEXT)),
            self.rings.above,
            self.rings.below,
            guarantors,
            guaranteed,
            self._received,
            self._given,
            links.exposure,
            np.maximum(guarantors, guaranteed) >= HUB,
        )

    def together(self) -> pa.Table:
        """WITH, a relation from each member of a circle to its leader."""
        who = self._members[~np.isin(self._members, self._leaders)]
        sizes = np.bincount(self._circle[self._members], minlength=self.rings.count)
        circle = self._circle[who]
        return self._table(WITH, self.links.named(who), self.links.named(self._leaders[circle]), self._keys(circle), sizes[circle])

    def sets(self) -> pa.Table:
        """SETS: what a circle is known again by; weighed by exposure, a member without by one yuan."""
        who = self._members
        circle = self._circle[who]
        weight = (self.links.exposure[who] + ONE_YUAN).astype(np.float64)
        return self._table(SETS, self._keys(circle), self.links.named(self._leaders[circle]), self.links.named(who), weight)

    def _joint(self, sizes: Ints) -> Bools:
        """Circles that are one joint scheme and no more, or all of whose guarantees are told as joint, each by its own contract."""
        seats, links = self.links.seats, self.links
        rows = self._same(links.row_src, links.row_dst)
        joint = np.asarray(pc.equal(self.told.guarantees["scheme"], "joint").to_numpy(), np.bool_)
        circle = self._circle[links.row_src]
        told = np.bincount(circle[rows], minlength=self.rings.count)
        found = np.asarray(np.bincount(circle[rows & joint], minlength=self.rings.count) == told, np.bool_)
        of = self._circle[seats.member[np.searchsorted(seats.scheme, np.arange(len(seats.contracts)))]]
        found[of[seats.sizes == sizes[of]]] = True
        return found

    def _exposures(self) -> Ints:
        party = self.links.debtor
        kept = party >= 0
        kept[kept] = self._circle[party[kept]] >= 0
        note = np.asarray(self.told.debts["note"].combine_chunks().dictionary_encode().indices.to_numpy(), np.int64)
        balance = np.asarray(self.told.debts["balance_fen"].to_numpy(), np.int64)
        once = np.unique(np.stack([self._circle[party[kept]], note[kept], balance[kept]]), axis=1)
        return np.bincount(once[0], once[2], self.rings.count).astype(np.int64)

    def _by_circle(self, figure: Ints) -> Ints:
        who = self._members
        return np.bincount(self._circle[who], figure[who], self.rings.count).astype(np.int64)

    def _keys(self, circle: Ints) -> pa.Array:
        return pc.cast(pa.array(circle.astype(np.int64)), _TEXT)

    def _ends(self, numbers: Ints, none: Bools) -> pa.Array:
        return self.links.ids.take(pa.array(np.where(none, 0, numbers), mask=none))

    def _fen(self, figures: Floats) -> pa.Array:
        return pa.array(np.nan_to_num(figures).astype(np.int64), _FEN, mask=np.isnan(figures))

    def _table(self, schema: pa.Schema, *columns: object) -> pa.Table:
        arrays = [column if isinstance(column, pa.Array | pa.ChunkedArray) else pa.array(column) for column in columns]
        return pa.table(arrays, names=schema.names).cast(schema)
