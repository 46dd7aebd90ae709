"""Guarantees as arrays: who guarantees whom for how much, and who stands in which joint scheme.

A joint scheme (联保) is three or more parties that hang together over guarantees of `scheme: joint` under one contract number.
Each of them guarantees each other, whichever pairs the source writes down, so it is kept as one knot with an arc from and to
each member, never as pairs: ten thousand members are twenty thousand arcs, not a hundred million.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.knowledge.circles.told import Told

SCHEME_LEAST = 3  # members; two are a mutual pair if the source tells both ways, and a plain guarantee if it does not

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Pairs:
    """Guarantees outside joint schemes, one entry a pair: `src` guarantees `dst`; sorted by (src, dst). Amounts in fen."""

    src: Ints
    dst: Ints
    amount: Ints
    several: Bools  # joint and several (连带责任); any one such guarantee of a pair makes it so. Else ordinary (一般保证)


@dataclass(frozen=True)
class Seats:
    """Members of joint schemes, one entry a member, sorted by (scheme, member). `gives`: up to how much it answers for the
    others; `takes`: up to how much the others answer for it."""

    scheme: Ints
    member: Ints
    gives: Ints
    takes: Ints
    contracts: tuple[str, ...]

    @cached_property
    def sizes(self) -> Ints:
        return np.bincount(self.scheme, minlength=len(self.contracts)).astype(np.int64)


@dataclass(frozen=True)
class Links:
    """Everything by number. Parties are numbered in the order of their ids; -1 stands for a party's net assets not being told."""

    told: Told
    ids: pa.Array
    row_src: Ints  # of each row of `told.guarantees`
    row_dst: Ints
    row_amount: Ints  # as told, else the borrower's exposure here: all that it could be called for
    row_scheme: Ints  # -1 outside joint schemes
    pairs: Pairs
    seats: Seats
    exposure: Ints  # fen, of each party at this bank
    debtor: Ints  # of each row of `told.debts`; -1 for a party that no guarantee names
    net_assets: Floats  # fen, NaN where no statement tells them
    net_row: Ints  # the row of `told.net_assets` that tells it; -1
    elsewhere: Floats  # fen at other banks, NaN where no report tells it

    @property
    def size(self) -> int:
        return len(self.ids)

    @cached_property
    def strength(self) -> Ints:
        """What each could pay: its net assets; nothing where these are negative or not told."""
        return np.maximum(np.nan_to_num(self.net_assets), 0).astype(np.int64)

    def number(self, column: pa.ChunkedArray | pa.Array) -> Ints:
        """Parties by id; -1 for one that no guarantee names."""
        return np.asarray(pc.fill_null(pc.index_in(column, value_set=self.ids), -1).to_numpy(zero_copy_only=False), np.int64)

    def named(self, numbers: Ints) -> pa.Array:
        return self.ids.take(pa.array(numbers))


def links_of(told: Told) -> Links:
    """The arrays of what is told."""
    rows = told.guarantees
    ids, (src, dst, debtor, net_party, elsewhere_party) = _numbered(
        rows["src"], rows["dst"], told.debts["party"], told.net_assets["party"], told.elsewhere["party"]
    )

    def figures(party: Ints, column: pa.ChunkedArray) -> Floats:
        found = np.full(len(ids) + 1, np.nan)
        found[party] = column.to_numpy()
        return found[:-1]

    owed = np.bincount(debtor + 1, told.debts["balance_fen"].to_numpy(), len(ids) + 1)
    exposure = owed[1:].astype(np.int64)
    amount_told = np.asarray(pc.fill_null(rows["amount_fen"], 0).to_numpy(), np.int64)
    amount = np.where(amount_told > 0, amount_told, exposure[dst] if len(ids) else amount_told)
    scheme, contracts = _schemes(rows, src, dst, len(ids))
    several = np.asarray(pc.equal(rows["liability"], "joint_and_several").to_numpy(), np.bool_)
    plain = scheme < 0
    return Links(
        told=told,
        ids=ids,
        row_src=src,
        row_dst=dst,
        row_amount=amount,
        row_scheme=scheme,
        pairs=_pairs(src[plain], dst[plain], amount[plain], several[plain], len(ids)),
        seats=_seats((scheme[~plain], src[~plain], dst[~plain], amount_told[~plain]), exposure, contracts),
        exposure=exposure,
        debtor=debtor,
        net_assets=figures(net_party, told.net_assets["net_assets_fen"]),
        net_row=np.nan_to_num(figures(net_party, pa.chunked_array([np.arange(len(net_party))])), nan=-1).astype(np.int64),
        elsewhere=figures(elsewhere_party, told.elsewhere["elsewhere_fen"]),
    )


def _numbered(src: pa.ChunkedArray, dst: pa.ChunkedArray, *others: pa.ChunkedArray) -> tuple[pa.Array, list[Ints]]:
    """Ids at either end of a guarantee, sorted, and each column by their numbers; -1 for an id at no end. One pass over texts."""
    columns = (src, dst, *others)
    coded = pa.concat_arrays([chunk for column in columns for chunk in column.chunks] or [pa.array([], pa.string())])
    coded = coded.dictionary_encode()
    codes = np.asarray(coded.indices.to_numpy(), np.int64)
    at_end = np.zeros(len(coded.dictionary), np.bool_)
    at_end[codes[: len(src) + len(dst)]] = True
    order = np.asarray(pc.array_sort_indices(coded.dictionary).to_numpy(), np.int64)
    order = order[at_end[order]]
    number = np.full(len(at_end), -1, np.int64)
    number[order] = np.arange(len(order))
    ends = np.cumsum([len(column) for column in columns])
    return coded.dictionary.take(pa.array(order)), np.split(number[codes], ends[:-1])


def _schemes(rows: pa.Table, src: Ints, dst: Ints, size: int) -> tuple[Ints, tuple[str, ...]]:
    """Of each row the scheme that it belongs to, and the contract of each scheme."""
    found = np.full(rows.num_rows, -1, np.int64)
    joint = np.flatnonzero(pc.and_(pc.equal(rows["scheme"], "joint"), pc.not_equal(rows["contract"], "")).to_numpy())
    if not len(joint):
        return found, ()
    contracts = rows["contract"].take(pa.array(joint))
    names = pc.unique(contracts).sort()
    paper = np.asarray(pc.index_in(contracts, value_set=names).to_numpy(), np.int64)
    # A party under one contract is a seat; rows tie seats, and the parts that hang together are schemes.
    seat, place = np.unique(np.concatenate([paper * size + src[joint], paper * size + dst[joint]]), return_inverse=True)
    left, right = place.ravel()[: len(joint)], place.ravel()[len(joint) :]
    tied = coo_array((np.ones(len(joint), np.int8), (left, right)), shape=(len(seat), len(seat)))
    part = connected_components(tied, directed=False)[1].astype(np.int64)
    big = np.bincount(part) >= SCHEME_LEAST
    # Numbered by their first seat (contract, then party): the same in the book and around one firm.
    renumber = np.where(big, np.cumsum(big) - 1, -1)
    found[joint] = renumber[part[left]]
    first = np.unique(part, return_index=True)[1]
    return found, tuple(names.take(pa.array(seat[first[big]] // size)).to_pylist())


def _pairs(src: Ints, dst: Ints, amount: Ints, several: Bools, size: int) -> Pairs:
    pair, place = np.unique(src * size + dst, return_inverse=True)
    place = place.ravel()
    total, joint = np.zeros(len(pair), np.int64), np.zeros(len(pair), np.bool_)
    np.add.at(total, place, amount)
    np.logical_or.at(joint, place, several)
    return Pairs(pair // max(size, 1), pair % max(size, 1), total, joint)


def _seats(rows: tuple[Ints, Ints, Ints, Ints], exposure: Ints, contracts: tuple[str, ...]) -> Seats:
    """`rows`: scheme, src, dst and amount of each row within a scheme."""
    scheme, src, dst, amount = rows
    size = max(len(exposure), 1)
    seat, place = np.unique(np.concatenate([scheme * size + src, scheme * size + dst]), return_inverse=True)
    place = place.ravel()
    of, member = seat // size, seat % size
    gives, takes, most = np.zeros(len(seat), np.int64), np.zeros(len(seat), np.int64), np.zeros(len(contracts), np.int64)
    np.maximum.at(gives, place[: len(src)], amount)
    np.maximum.at(takes, place[len(src) :], amount)
    np.maximum.at(most, scheme, amount)
    owed = np.zeros(len(contracts), np.int64)
    np.add.at(owed, of, exposure[member])
    gives = np.where(gives > 0, gives, np.where(most[of] > 0, most[of], owed[of]))
    takes = np.where(takes > 0, takes, np.where(most[of] > 0, most[of], exposure[member]))
    return Seats(of, member, gives, takes, contracts)
