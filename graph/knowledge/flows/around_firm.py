"""The shapes of payments around one firm, over a graph store: cycles through it, who gathers in it, to whom it scatters."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from graph.clock import day_of, end_of_day_us, start_of_day_us
from graph.knowledge.flows.answer import Hub, Payment
from graph.knowledge.flows.patterns import Burst, PatternBounds, bursts, cycles, parties_of
from graph.knowledge.flows.query import FlowBounds
from graph.knowledge.flows.reading import Book
from graph.knowledge.flows.surroundings import Surroundings, check_known
from graph.knowledge.flows.told import ROLES, Told
from graph.projection import label_of
from graph.store import GraphReader, Hop, Moment


@dataclass(frozen=True)
class Shape:
    """`cycle`, `gather` or `scatter`: its payments in time order, and between how many others."""

    kind: str
    payments: tuple[Payment, ...]
    others: int
    amount_fen: int
    days: int


@dataclass(frozen=True)
class ShapesAnswer:
    """`cut`: ways that were not followed or cycles not told. `owners`: of accounts."""

    firm: str
    when: Moment
    since_days: int
    shapes: tuple[Shape, ...]
    cut: int
    hubs: tuple[Hub, ...]
    owners: dict[str, str]

    def mentioned(self) -> tuple[str, ...]:
        ends = [end for shape in self.shapes for each in shape.payments for end in (each.src, each.dst)]
        return tuple(dict.fromkeys([self.firm, *ends, *self.owners.values(), *(hub.node for hub in self.hubs)]))


def shapes_of(  # noqa: PLR0917
    reader: GraphReader, firm: str, when: Moment, bounds: PatternBounds, since_days: int = 90, time_zone: str = "Asia/Shanghai"
) -> ShapesAnswer:
    """Payments of the last `since_days`; a shape spans at most `bounds.days`. The amount of a cycle is its smallest payment.

    NotFoundError where the firm is not known on that day.
    """
    check_known(reader, firm, when)
    around = Surroundings(reader, when, "", time_zone)
    since = start_of_day_us(when.valid - timedelta(days=since_days), time_zone)
    window, days = (since, end_of_day_us(when.valid, time_zone)), (when.valid - timedelta(days=since_days), when.valid)
    owned = reader.expand([firm], Hop(("OWNS_ACCOUNT",), when, ("out",), 2_000))["other"].to_pylist()
    around.load([firm, *owned], days, FlowBounds())
    while True:
        book = _book(around, window, firm)
        mine = np.array([book.moves.number(firm)])
        starts = np.flatnonzero(parties_of(book)[book.moves.src] == mine[0])
        here = np.array([node in around.loaded or label_of(node) == "LoanNote" for node in book.moves.nodes.to_list()], bool)
        found = cycles(book, starts, bounds, here)
        if not len(found.wanted):
            break
        around.load(book.moves.nodes.gather(found.wanted).to_list(), days, FlowBounds())
    show = _Show(book, time_zone)
    shapes = [show.shape("cycle", places, len(places) - 1) for places in found.places]
    for kind in ("gather", "scatter"):
        shapes += [show.burst(kind, burst) for burst in bursts(book, kind == "gather", bounds, mine)]
    nodes = {end for shape in shapes for each in shape.payments for end in (each.src, each.dst)}
    owners = around.owners.group_by("account").agg(pl.col("owner").min()).filter(pl.col("account").is_in(sorted(nodes)))
    hubs = tuple(Hub(node, count) for node, count in sorted(around.crowded.items()))
    return ShapesAnswer(firm, when, since_days, tuple(shapes), found.cut, hubs, dict(owners.sort("account").iter_rows()))


def _book(around: Surroundings, window: tuple[int, int], firm: str) -> Book:
    told = around.told()
    moves = told.moves.filter(pl.col("at").is_between(*window) & (pl.col("type") != "DISBURSES") & (pl.col("type") != "REPAYS"))
    return Told(moves, told.owners, told.industries, pl.DataFrame(schema=ROLES)).book([firm])


class _Show:
    def __init__(self, book: Book, time_zone: str) -> None:
        self._moves = book.moves
        self._zone = time_zone

    def shape(self, kind: str, places: tuple[int, ...], others: int) -> Shape:
        amounts = self._moves.amount[list(places)]
        days = self._day(places[-1]) - self._day(places[0])
        payments = tuple(self._payment(place, hop) for hop, place in enumerate(places))
        return Shape(kind, payments, others, int(amounts.min()), days)

    def burst(self, kind: str, burst: Burst) -> Shape:
        days = self._day(burst.places[-1]) - self._day(burst.places[0])
        return Shape(kind, tuple(self._payment(place, 0) for place in burst.places), burst.others, burst.amount_fen, days)

    def _payment(self, place: int, hop: int) -> Payment:
        row = self._moves.table.row(place, named=True)
        plain = (row["rel"], row["type"], row["src"], row["dst"], row["at"], row["amount_fen"], row["purpose"] or "")
        return Payment(*plain, row["currency"] or "", row["amount_fen"], hop, 0)

    def _day(self, place: int) -> int:
        return day_of(int(self._moves.at[place]), self._zone).toordinal()
