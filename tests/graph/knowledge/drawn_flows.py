"""Payments drawn by hand, short names in: N… are loan notes, all others accounts of the firm that has the name's first letter,
but for those that begin with X, of which no owner is known."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from graph.knowledge.flows.ends import ENDS, HOWS
from graph.knowledge.flows.fifo import trace_fifo
from graph.knowledge.flows.moves import MOVES
from graph.knowledge.flows.parties import GROUP, GUARANTOR
from graph.knowledge.flows.pro_rata import trace_pro_rata
from graph.knowledge.flows.query import DAY_US, Direction, FlowBounds, Method
from graph.knowledge.flows.reading import Book, Starts, Traced
from graph.knowledge.flows.told import INDUSTRIES, OWNERS, ROLES, Told

Paid = tuple[str, str, int, float] | tuple[str, str, int, float, str]
"""(payer, payee, fen, day) or (…, purpose); a day may have a fraction."""

T0 = int(datetime(2026, 1, 5).timestamp()) * 1_000_000


TO_THE_FEN = FlowBounds(smallest_fen=1)


def name(key: str) -> str:
    return f"LoanNote-{key}" if key.startswith("N") else f"Account-{key}"


def rel(number: int) -> str:
    return f"p{number:04d}"


def told(
    paid: Sequence[Paid],
    group: Iterable[tuple[str, str]] = (),
    guarantor: Iterable[tuple[str, str]] = (),
    trades: Iterable[tuple[str, str]] = (),
) -> Told:
    """Payment number n has the id `rel(n)`. A note that pays disburses, a note that is paid is repaid."""
    rows = []
    for number, (src, dst, fen, day, *more) in enumerate(paid):
        kind = "DISBURSES" if src.startswith("N") else "REPAYS" if dst.startswith("N") else "TRANSFERS"
        rows.append((rel(number), kind, name(src), name(dst), fen, T0 + int(day * DAY_US), more[0] if more else None, "CNY"))
    keys = sorted({key for src, dst, *_ in paid for key in (src, dst) if key[0] not in "NX"})
    roles = [(f"Firm-{a}", f"Firm-{b}", GROUP) for a, b in group] + [(f"Firm-{a}", f"Firm-{b}", GUARANTOR) for a, b in guarantor]
    return Told(
        pl.DataFrame(rows, MOVES, orient="row"),
        pl.DataFrame([(name(key), f"Firm-{key[0]}") for key in keys], OWNERS, orient="row"),
        pl.DataFrame([(f"Firm-{firm}", code) for firm, code in trades], INDUSTRIES, orient="row"),
        pl.DataFrame(roles, ROLES, orient="row"),
    )


def starts_of(book: Book, number: int, bounds: FlowBounds, direction: Direction = "forward", borrower: str = "A") -> Starts:
    place = np.array([book.moves.find(rel(number))])
    what = place, np.array([book.moves.number(f"Firm-{borrower}")]), book.moves.amount[place]
    return Starts.of(book.moves, what, bounds, direction)


def trace(
    world: Told,
    number: int = 0,
    *,
    bounds: FlowBounds = TO_THE_FEN,
    method: Method = "fifo",
    direction: Direction = "forward",
    borrower: str = "A",
) -> tuple[Book, Traced]:
    """One payment of the world, traced."""
    book = world.book([f"Firm-{borrower}"])
    run = trace_fifo if method == "fifo" else trace_pro_rata
    return book, run(book, starts_of(book, number, bounds, direction, borrower), bounds, direction)


def ends(found: tuple[Book, Traced]) -> dict[str, int]:
    """Fen by end."""
    columns = found[1].columns("ends")
    sums: dict[str, int] = {}
    for end, amount in zip(columns["end"].tolist(), columns["amount"].tolist(), strict=True):
        sums[ENDS[end]] = sums.get(ENDS[end], 0) + amount
    return sums


def hows(found: tuple[Book, Traced]) -> dict[str, int]:
    """Fen by how it ended."""
    columns = found[1].columns("ends")
    sums: dict[str, int] = {}
    for how, amount in zip(columns["how"].tolist(), columns["amount"].tolist(), strict=True):
        sums[HOWS[how]] = sums.get(HOWS[how], 0) + amount
    return sums


def carried(found: tuple[Book, Traced]) -> dict[str, int]:
    """Traced fen by payment."""
    book, columns = found[0], found[1].columns("flows")
    sums: dict[str, int] = {}
    for place, amount in zip(columns["place"].tolist(), columns["amount"].tolist(), strict=True):
        key = str(book.moves.table["rel"][place])
        sums[key] = sums.get(key, 0) + amount
    return sums
