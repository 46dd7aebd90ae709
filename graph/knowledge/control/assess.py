"""The whole verdict on ownership and control, of a book or of the part of it that a walk brought back: five Arrow tables."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.knowledge.control.holdings import TOLERANCE, Bools, Floats, Holdings, Ints, Told, among, holdings_of
from graph.knowledge.control.interest import Interests
from graph.knowledge.control.owners import QUARTER, Stakes, interests_of, managers_of, missing_of, stakes_of, unknown_of
from graph.knowledge.control.pairs import Control, control_of, deadlocks
from graph.knowledge.control.votes import HALF

Words = NDArray[np.str_]

DIGITS = 9  # of what is told: beyond lies only the order in which numbers were added
SMALL_CAPITAL_FEN = 1_000_000_000  # CNY 10 million: article 3 of order 3 of 2024

CONTROLLERS = pa.schema(
    [
        ("src", pa.string()),
        ("dst", pa.string()),
        ("votes", pa.float64()),  # commanded in dst, with all that src controls or acts with
        ("interest", pa.float64()),  # integrated ownership
        ("ultimate", pa.bool_()),  # nobody controls src
        ("joint", pa.bool_()),  # only together with those it acts with
        ("state", pa.bool_()),  # src is the state: makes no group of what it owns
    ]
)
STATUS = pa.schema(
    [
        ("firm", pa.string()),
        ("control", pa.string()),
        ("owners", pa.string()),
        ("known_equity", pa.float64()),
        ("known_votes", pa.float64()),
        ("unknown", pa.float64()),  # of the firm, what in the end belongs to nobody who is told
        ("exempt", pa.bool_()),
    ]
)
OWNERS = pa.schema(
    [
        ("person", pa.string()),
        ("firm", pa.string()),
        ("interest", pa.float64()),
        ("votes", pa.float64()),
        ("tests", pa.string()),  # joined by commas: equity, votes, control, joint_control, filed_control, or the post
    ]
)
DEADLOCKS = pa.schema([("firm", pa.string()), ("party", pa.string())])
FINDINGS = pa.schema([("firm", pa.string()), ("finding", pa.string()), ("entity", pa.string()), ("rel", pa.string())])


@dataclass(frozen=True)
class Assessment:
    """Everything at once over `told`; each part is worked out when asked for, once."""

    told: Told

    @cached_property
    def holdings(self) -> Holdings:
        return holdings_of(self.told)

    @cached_property
    def interests(self) -> Interests:
        return Interests.build(self.holdings.equity)

    @cached_property
    def control(self) -> Control:
        return control_of(self.holdings)

    @cached_property
    def stakes(self) -> Stakes:
        return stakes_of(self.holdings, self.interests, self.control)

    @cached_property
    def unknown(self) -> Floats:
        return unknown_of(self.holdings, self.interests)

    @cached_property
    def missing(self) -> Floats:
        return missing_of(self.holdings, self.interests)

    @cached_property
    def firm(self) -> Bools:
        """Which entities are firms."""
        return np.asarray(pc.starts_with(self.holdings.ids, "Firm-").to_numpy(zero_copy_only=False))

    def controllers(self) -> pa.Table:
        """Schema CONTROLLERS: every pair."""
        pairs, holdings = self.control.pairs, self.holdings
        interest = interests_of(self.interests, pairs.src, pairs.dst)
        columns = [holdings.named(pairs.src), holdings.named(pairs.dst), _round(pairs.votes), _round(interest)]
        return pa.table([*columns, pairs.ultimate, pairs.joint, holdings.state[pairs.src]], schema=CONTROLLERS)

    def deadlocks(self) -> pa.Table:
        """Schema DEADLOCKS: the sides that hold half each."""
        party, firm = self._deadlocked
        return pa.table([self.holdings.named(firm), self.holdings.named(party)], schema=DEADLOCKS)

    def owners(self) -> pa.Table:
        """Schema OWNERS: whoever meets a test, or stands in by a post."""
        stakes, named = self.stakes, self.holdings.named
        tests = _joined_names(stakes.tests)
        met = [named(stakes.src), named(stakes.dst), _round(stakes.interest), _round(stakes.votes), tests]
        tables = [pa.table(met, schema=OWNERS)]
        for wanted, roles in ((self._state_controlled, ("legal_representative",)), (self._managed, None)):
            if not wanted.any():
                continue
            posts = managers_of(self.holdings, wanted, roles) if roles else managers_of(self.holdings, wanted)
            new = ~among(posts.src * self.holdings.size + posts.dst, stakes.src * self.holdings.size + stakes.dst)
            src, dst = posts.src[new], posts.dst[new]
            owned = interests_of(self.interests, src, dst), self.control.commanded(src, dst)
            post = "legal_representative" if roles else "management"
            row = [named(src), named(dst), _round(owned[0]), _round(owned[1]), pa.repeat(post, len(src))]
            tables.append(pa.table(row, schema=OWNERS))
        return pa.concat_tables(tables)

    def status(self) -> pa.Table:
        """Schema STATUS: a row a firm."""
        firms = np.flatnonzero(self.firm)
        holdings = self.holdings
        told = [self._control_status, self._owners_status]
        plain = [_round(each[firms]) for each in (holdings.equity.known, holdings.votes.known, self.unknown)]
        words = [pa.array(each[firms].tolist(), pa.string()) for each in told]
        return pa.table([holdings.named(firms), *words, *plain, self._exempt[firms]], schema=STATUS)

    def findings(self) -> pa.Table:
        """Schema FINDINGS: filed against computed, and rows that cannot be so."""
        holdings, none = self.holdings, pa.nulls
        tables = [self._filed()]
        for name, firms in (
            ("shares_over_one", holdings.over),
            ("holds_itself", np.flatnonzero(holdings.own > 0)),
            ("circular", np.flatnonzero(self.interests.closed | self.control.pairs.in_circle)),
        ):
            count = len(firms)
            row = [holdings.named(firms), pa.repeat(name, count), none(count, pa.string()), none(count, pa.string())]
            tables.append(pa.table(row, schema=FINDINGS))
        bad = holdings.bad_rows
        out = [bad["dst"], pa.repeat("share_out_of_range", bad.num_rows), bad["src"], bad["id"]]
        tables.append(pa.table(out, schema=FINDINGS))
        return pa.concat_tables(tables)

    def _filed(self) -> pa.Table:
        """Each contradiction between who is filed to control a firm and who does by votes."""
        filed, pairs, size = self.told.filed, self.control.pairs, max(self.holdings.size, 1)
        src, dst = self.holdings.numbers["filed", "src"], self.holdings.numbers["filed", "dst"]
        computed = pairs.src * size + pairs.dst
        agreed = among(src * size + dst, computed)
        controlled = np.zeros(size, np.bool_)
        controlled[pairs.dst] = True
        told = pa.array(np.where(controlled[dst], "filed_contradicted", "filed_unsupported").tolist(), pa.string())
        rows = pa.table([filed["dst"], told, filed["src"], filed["id"]], schema=FINDINGS).filter(pa.array(~agreed))
        mute = np.ones(size, np.bool_)
        mute[dst] = False  # of whom nothing is filed, nothing is contradicted
        top = pairs.ultimate & ~mute[pairs.dst] & ~among(computed, src * size + dst)
        count = int(top.sum())
        missed = [self.holdings.named(pairs.dst[top]), pa.repeat("computed_unfiled", count), self.holdings.named(pairs.src[top])]
        return pa.concat_tables([rows, pa.table([*missed, pa.nulls(count, pa.string())], schema=FINDINGS)])

    @cached_property
    def _deadlocked(self) -> tuple[Ints, Ints]:
        return deadlocks(self.control, self.holdings)

    def _any(self, dst: Ints) -> Bools:
        found = np.zeros(self.holdings.size, np.bool_)
        found[dst] = True
        return found

    @cached_property
    def _control_status(self) -> Words:
        """One word a firm; docs/knowledge.md explains each."""
        holdings, pairs = self.holdings, self.control.pairs
        known_end = (holdings.person | holdings.state)[pairs.src]
        top = pairs.ultimate
        best = np.zeros(holdings.size)
        for votes in (self.control.alone.votes.tocoo(), self.control.together.votes.tocoo()):
            np.maximum.at(best, votes.col, votes.data)
        absent = np.maximum(0.0, 1 - holdings.votes.known)
        cases = [
            (self._any(pairs.dst[top & known_end & ~pairs.joint]), "controlled"),
            (self._any(pairs.dst[top & known_end]), "controlled_jointly"),
            (self._any(pairs.dst[top & pairs.in_circle[pairs.src]]), "circular"),
            (self._any(pairs.dst[top]), "ends_at_firm"),
            (self.interests.closed | pairs.in_circle, "circular"),
            (self._any(self._deadlocked[1]), "deadlock"),
            (holdings.state & (best + absent > HALF + TOLERANCE), "state"),  # its holders are untold: above it stands the state
            (best + absent > HALF + TOLERANCE, "not_determinable"),
        ]
        return np.select([case for case, _ in cases], [word for _, word in cases], "dispersed")

    @cached_property
    def _found(self) -> Bools:
        return self._any(self.stakes.dst)

    @cached_property
    def _state_controlled(self) -> Bools:
        """Under a state owner, or the state's own."""
        pairs = self.control.pairs
        below = self._any(pairs.dst[pairs.ultimate & self.holdings.state[pairs.src]])
        return np.asarray((below | (self._control_status == "state")) & self.firm, np.bool_)

    @cached_property
    def _managed(self) -> Bools:
        """Firms of which all is known, and nobody meets a test."""
        return self.firm & ~self._found & ~self._state_controlled & (self.unknown < QUARTER - TOLERANCE)

    @cached_property
    def _owners_status(self) -> Words:
        hidden = self.unknown >= QUARTER - TOLERANCE  # who holds as much may be among them
        cases = [
            (self._state_controlled, "state"),
            (self._found & hidden, "incomplete"),
            (self._found, "found"),
            (hidden, "not_determinable"),
        ]
        return np.select([case for case, _ in cases], [word for _, word in cases], "management")

    @cached_property
    def _exempt(self) -> Bools:
        """Article 3: capital up to CNY 10 million, and natural persons only, all of whom are told."""
        holdings, equity = self.holdings, self.holdings.equity
        by_firm = self._any(equity.dst[~holdings.person[equity.src]])
        firms = self.told.firms
        capital = pc.less_equal(firms["registered_capital_fen"], SMALL_CAPITAL_FEN)
        small = pc.fill_null(pc.and_(capital, pc.equal(firms["currency"], "CNY")), False).to_numpy()
        return self._any(holdings.numbers["firms", "id"][small]) & ~by_firm & (equity.known >= 1 - TOLERANCE)


def _round(values: Floats) -> Floats:
    return np.round(values, DIGITS)


def _joined_names(tests: dict[str, Bools]) -> pa.Array:
    """The names of the tests that hold, joined by commas."""
    columns = [pc.if_else(pa.array(met), name, pa.scalar(None, pa.string())) for name, met in tests.items()]
    return pc.binary_join_element_wise(*columns, ",", null_handling="skip")
