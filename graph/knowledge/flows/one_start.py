"""Traces one payment over a graph store: reads what the trace reaches, traces again, until it reaches nothing unread."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from graph.clock import day_of
from graph.knowledge.flows.answer import EndSum, FlowAnswer, FlowEnd, Hub, Payment
from graph.knowledge.flows.ends import ENDS, HOWS, lexicon
from graph.knowledge.flows.fifo import trace_fifo
from graph.knowledge.flows.moves import Bools
from graph.knowledge.flows.pro_rata import trace_pro_rata
from graph.knowledge.flows.query import Direction, FlowBounds, Method
from graph.knowledge.flows.reading import BY_PURPOSE, BY_TRADE, Book, Starts, Traced
from graph.knowledge.flows.surroundings import Surroundings
from graph.knowledge.flows.told import Told
from graph.store import GraphReader, Moment

VERSION = "2"
_MOST_ROUNDS = 64


@dataclass(frozen=True)
class FlowQuery:
    """Which way, by which rule, how far; and how much of the payment, all of it unless told."""

    when: Moment
    direction: Direction = "forward"
    method: Method = "fifo"
    bounds: FlowBounds = field(default_factory=FlowBounds)
    amount_fen: int | None = None
    time_zone: str = "Asia/Shanghai"


def trace_payment(reader: GraphReader, start: pl.DataFrame, borrower: str, query: FlowQuery) -> FlowAnswer:
    """`start`: one row of MOVES. `borrower`: whose money it is, as an entity id; empty where that is nobody's."""
    (rel,) = start["rel"].to_list()
    around = Surroundings(reader, query.when, borrower, query.time_zone)
    around.add(start)
    window = _window(start["at"].item(), query)
    for _ in range(_MOST_ROUNDS):
        told = around.told()
        told = Told(_of_currency(told.moves, start["currency"].item()), told.owners, told.industries, told.roles)
        book = told.book([borrower] if borrower else [])
        book = replace(book, crowded=book.moves.nodes.is_in(sorted(around.crowded)).to_numpy())
        starts = _starts(book, (rel, start["at"].item()), borrower, query)
        found = _trace(book, starts, query, around.loaded)
        if not len(found.wanted):
            break
        around.load(book.moves.nodes.gather(found.wanted).to_list(), window, query.bounds)
    return _answer(book, starts, found, (borrower, query, around, told.industries))


def _window(at: int, query: FlowQuery) -> tuple[date, date]:
    """The days that are read."""
    bounds, day = query.bounds, day_of(at, query.time_zone)
    if query.direction == "backward":
        return day - timedelta(days=bounds.days), day
    return day - timedelta(days=bounds.before_days), min(day + timedelta(days=bounds.days), query.when.valid)


def _of_currency(moves: pl.DataFrame, currency: str | None) -> pl.DataFrame:
    """Money of one currency is traced through payments of that currency."""
    return moves.filter(pl.col("currency").eq_missing(pl.lit(currency, pl.String)))


def _starts(book: Book, start: tuple[str, int], borrower: str, query: FlowQuery) -> Starts:
    place = book.moves.find(*start)
    whole = int(book.moves.amount[place])
    amount = whole if query.amount_fen is None else query.amount_fen
    what = np.array([place]), np.array([book.moves.number(borrower)]), np.array([amount])
    return Starts.of(book.moves, what, query.bounds, query.direction, query.time_zone)


def _trace(book: Book, starts: Starts, query: FlowQuery, loaded: set[str]) -> Traced:
    here: Bools = np.array([node in loaded or node.startswith("LoanNote-") for node in book.moves.nodes.to_list()], bool)
    trace = trace_fifo if query.method == "fifo" else trace_pro_rata
    return trace(book, starts, query.bounds, query.direction, here)


def _answer(book: Book, starts: Starts, found: Traced, told: tuple[str, FlowQuery, Surroundings, pl.DataFrame]) -> FlowAnswer:
    borrower, query, around, industries = told
    show = _Shown(book, starts, query, dict(industries.iter_rows()))
    ends = show.ends(found)
    hubs = {end.node for end in ends if end.how == "hub"}
    payments = show.payments(found)
    nodes = {end for each in payments for end in (each.src, each.dst)}
    owned = around.owners.group_by("account").agg(pl.col("owner").min()).filter(pl.col("account").is_in(sorted(nodes)))
    return FlowAnswer(
        start=payments[0],
        borrower=borrower,
        when=query.when,
        version=f"{VERSION}, lexicon {lexicon().version}",
        direction=query.direction,
        method=query.method,
        bounds=query.bounds,
        traced_fen=int(starts.amount[0]),
        sums=_sums(ends, int(starts.amount[0])),
        ends=ends,
        payments=payments,
        hubs=tuple(Hub(node, max(around.crowded.get(node, 0), show.count(node))) for node in sorted(hubs)),
        owners=dict(owned.sort("account").iter_rows()),
    )


class _Shown:
    def __init__(self, book: Book, starts: Starts, query: FlowQuery, industries: dict[str, str | None]) -> None:
        self._book = book
        self._query = query
        self._total = int(starts.amount[0])
        self._industries = industries
        self._table = book.moves.table
        self._first_day = day_of(int(book.moves.at[starts.place[0]]), query.time_zone)

    def payments(self, found: Traced) -> tuple[Payment, ...]:
        """Each payment once: how much traced money it carried, and after how many others at least. The start comes first."""
        flows = pl.DataFrame(found.columns("flows")).group_by("place").agg(pl.col("amount").sum(), pl.col("hop").min())
        shown = []
        for place, amount, hop in flows.sort("hop", "place").iter_rows():
            row = self._table.row(place, named=True)
            plain = (row["rel"], row["type"], row["src"], row["dst"], row["at"], row["amount_fen"])
            said = (row["purpose"] or "", row["currency"] or "")
            shown.append(Payment(*plain, *said, traced_fen=amount, hop=hop, days=self._days(row["at"])))
        return tuple(shown)

    def ends(self, found: Traced) -> tuple[FlowEnd, ...]:
        """The largest first; parts that ended alike by one payment are added up."""
        alike = ["place", "end", "how", "by"]
        rows = pl.DataFrame(found.columns("ends")).group_by(alike).agg(pl.col("amount").sum(), pl.col("hop").min())
        said = lexicon().of_payments(self._table)["word"]
        moves, forward = self._book.moves, self._query.direction == "forward"
        shown = []
        for place, end, how, by, amount, hop in rows.sort("amount", "place", "how", descending=[True, False, False]).iter_rows():
            number = int((moves.dst if forward else moves.src)[place])
            owner = int(self._book.parties.owner[number])
            party = moves.nodes[owner] if owner >= 0 else ""
            word = said[place] if by == BY_PURPOSE else self._trade(party) if by == BY_TRADE else ""
            known_by = {BY_PURPOSE: "purpose", BY_TRADE: "trade"}.get(by, "certain")
            at = moves.nodes[number], party, self._table["rel"][place]
            much = amount, round(amount / self._total, 6), hop, self._days(int(moves.at[place]))
            shown.append(FlowEnd(ENDS[end], HOWS[how], *at, *much, known_by, word))
        return tuple(shown)

    def count(self, node: str) -> int:
        """Payments of a node that were read, of the busier way."""
        number = self._book.moves.number(node)
        return int(max((self._book.moves.src == number).sum(), (self._book.moves.dst == number).sum()))

    def _trade(self, party: str) -> str:
        return lexicon().of_industry(self._industries.get(party))[1]

    def _days(self, at: int) -> int:
        return abs((day_of(at, self._query.time_zone) - self._first_day).days)


def _sums(ends: tuple[FlowEnd, ...], total: int) -> tuple[EndSum, ...]:
    found = []
    for name in ENDS:
        alike = [each for each in ends if each.end == name]
        if alike:
            amount = sum(each.amount_fen for each in alike)
            days, hops = [each.days for each in alike], [each.hop for each in alike]
            by_word = sum(each.amount_fen for each in alike if each.known_by != "certain")
            found.append(EndSum(name, amount, round(amount / total, 6), min(days), max(days), min(hops), max(hops), by_word))
    return tuple(sorted(found, key=lambda each: (-each.amount_fen, each.end)))
