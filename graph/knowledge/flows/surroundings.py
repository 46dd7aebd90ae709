"""The part of the graph that money of one payment can reach, read from a store, round by round, as far as the trace asks for it."""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from graph.clock import start_of_day_us
from graph.errors import NotFoundError
from graph.knowledge.control.assess import Assessment
from graph.knowledge.control.upward import Bounds, walk_upward_from
from graph.knowledge.flows.moves import MOVES
from graph.knowledge.flows.query import FlowBounds
from graph.knowledge.flows.told import INDUSTRIES, OWNERS, ROLES, TIES, Told, groups, guarantors, payments
from graph.ontology import Lasting, Ontology
from graph.projection import graph_types, label_of
from graph.store import GraphReader, Hop, Moment, Window

POCKETS = ("Account", "Firm", "Person")
_ENDS = frozenset((*POCKETS, "LoanNote"))
_SPARE = 4  # a day more is read on either side, for a source may date a payment by another clock; the trace counts exactly


def payment_types(ontology: Ontology) -> dict[str, str]:
    """Relation types that are payments, a bank's own included, each with its amount: happenings with an amount and an instant
    between accounts, firms, persons and loan notes."""
    found = {}
    for name, kind in ontology.relations.items():
        told = {p.name for p in kind.properties}
        if kind.lasting is Lasting.HAPPENING and kind.amount and "at" in told and {e for pair in kind.ends for e in pair} <= _ENDS:
            found[name] = kind.amount
    return found


def check_known(reader: GraphReader, entity: str, when: Moment) -> None:
    """NotFoundError for a firm or person of whom nothing is known on that day."""
    if entity not in reader.states([entity], when):
        raise NotFoundError(f"Nothing is known of '{entity}' on {when.valid}.", "Look it up by name or code.", "firm")


class Surroundings:
    """What was read so far around one start, on one day."""

    def __init__(self, reader: GraphReader, when: Moment, borrower: str, time_zone: str = "Asia/Shanghai") -> None:
        self.crowded: dict[str, int] = {}
        self.loaded: set[str] = set()
        self.owners = pl.DataFrame(schema=OWNERS)
        self._reader = reader
        self._when = when
        self._borrower = borrower
        self._zone = time_zone
        self._types = payment_types(reader.ontology)
        self._kinds = graph_types(reader.ontology)
        self._moves = pl.DataFrame(schema=MOVES)
        self._industries = pl.DataFrame(schema=INDUSTRIES)
        self._controllers = pl.DataFrame(schema=TIES)
        self._members = pl.DataFrame(schema=TIES)
        self._guarantors = pl.DataFrame(schema=ROLES)
        self._met: set[str] = set()

    def add(self, moves: pl.DataFrame) -> None:
        """Payments known already."""
        self._moves = pl.concat([self._moves, moves])

    def told(self) -> Told:
        """All of it."""
        roles = pl.concat([self._guarantors, groups(self._controllers, self._members, [self._borrower])])
        return Told(self._moves, self.owners, self._industries, roles)

    def load(self, nodes: Sequence[str], window: tuple[date, date], bounds: FlowBounds) -> None:
        """Reads the payments of `nodes` from the first day to the last, and who is behind them."""
        pockets = [node for node in nodes if label_of(node) in POCKETS]
        since, until = window[0] - timedelta(days=1), min(window[1] + timedelta(days=1), self._when.valid)
        days = Window(since, Moment(until, self._when.known), bounds.hub_rows * _SPARE)
        self._moves = pl.concat(
            [self._moves, *(self.during(pockets, kind, way, days) for kind in self._types for way in ("out", "in"))]
        )
        self.loaded.update(nodes)
        self._meet(pockets)

    def during(self, nodes: Sequence[str], kind: str, way: str, window: Window) -> pl.DataFrame:
        """The payments of one type and way, as MOVES; who has too many is noted."""
        touching = [node for node in nodes if self._kinds[kind].others(label_of(node), way)]
        if not touching:
            return pl.DataFrame(schema=MOVES)
        amount = self._types[kind]
        has = {field.name for field in self._kinds[kind].columns}
        columns = tuple(name for name in ("id", "valid_from", amount, "at", "purpose", "currency") if name in has)
        found = self._reader.during(touching, (kind, way), window, columns)
        for node, count in found.crowded.items():
            self.crowded[node] = max(count, self.crowded.get(node, 0))
        ends = {"anchor": "src", "other": "dst"} if way == "out" else {"anchor": "dst", "other": "src"}
        rows = pl.DataFrame(found.rows).rename(ends)
        starts = {day: start_of_day_us(_day(day), self._zone) for day in rows["valid_from"].unique()}
        midnight = pl.col("valid_from").replace_strict(starts, return_dtype=pl.Int64) if starts else pl.lit(None, pl.Int64)
        return payments(rows, kind, amount, midnight)

    def _meet(self, pockets: Sequence[str]) -> None:
        """Who owns these, their trades, and whether they are of the borrower's group or guarantee it."""
        accounts = [node for node in pockets if label_of(node) == "Account"]
        owned = self._reader.expand(accounts, Hop(("OWNS_ACCOUNT",), self._when, ("in",))) if accounts else None
        if owned is not None:
            found = pl.DataFrame(owned).select(account="anchor", owner="other")
            self.owners = pl.concat([self.owners, found.cast(dict(OWNERS.items()))])
        parties = {node for node in pockets if label_of(node) != "Account"} | set(self.owners["owner"])
        new = sorted((parties | {self._borrower}) - self._met) if self._borrower else sorted(parties - self._met)
        if not new:
            return
        first = self._borrower in new
        self._met.update(new)
        states = self._reader.states([each for each in new if label_of(each) == "Firm"], self._when)
        trades = [(firm, state.get("industry")) for firm, state in states.items()]
        self._industries = pl.concat([self._industries, pl.DataFrame(trades, INDUSTRIES, orient="row")])
        if self._borrower:
            self._tie(new, first)

    def _tie(self, new: list[str], first: bool) -> None:
        upward = walk_upward_from(self._reader, new, self._when, Bounds())
        told = pl.DataFrame(Assessment(upward.told).controllers())
        self._controllers = pl.concat([self._controllers, told.filter(~pl.col("state")).select("src", "dst")]).unique()
        firms = [each for each in new if label_of(each) == "Firm"]
        member = pl.DataFrame(self._reader.expand(firms, Hop(("MEMBER_OF",), self._when, ("out",))))
        self._members = pl.concat([self._members, member.select(src="anchor", dst="other").cast(dict(TIES.items()))])
        if first:
            given = self._reader.expand([self._borrower], Hop(("GUARANTEES",), self._when, ("in",), 2_000))
            self._guarantors = guarantors(pl.DataFrame(given).select(src="other", dst="anchor").cast(dict(TIES.items())))


def _day(number: int) -> date:
    return date(number // 10000, number // 100 % 100, number % 100)
