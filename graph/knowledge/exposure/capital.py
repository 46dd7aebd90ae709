"""The bank's own capital as known on a day: never a figure of another day without saying so."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from graph.knowledge.exposure.rules import CapitalName


@dataclass(frozen=True)
class Figure:
    """One figure, in fen, and since which day it is told; `row` tells it."""

    fen: int
    on: date
    row: str


@dataclass(frozen=True)
class Capital:
    """What each limit is a share of. `late`: the newest figure known is older than the end of the last quarter.

    `reason`: why a figure is absent: `no_capital_figure`, `several_capital_figures`, `capital_not_in_cny`.
    """

    day: date
    bank: str
    figures: dict[CapitalName, Figure]
    reason: str

    @property
    def late(self) -> bool:
        return any(figure.on < last_quarter_end(self.day) for figure in self.figures.values())


def last_quarter_end(day: date) -> date:
    """The last day of the quarter before the one that `day` is in."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)


def capital_of(rows: pa.Table, day: date) -> Capital:
    """Of every state of CapitalFigure that began by `day`, ended or not, as known then.

    The bank is the one firm that capital is told of, as the alert rules have it; with several, none is.
    """
    states = rows.to_pylist()
    now = [row for row in states if _holds(row, day)]
    banks = sorted({row["subject"] for row in now})
    if len(banks) != 1:
        return Capital(day, "", {}, "several_capital_figures" if banks else "no_capital_figure")
    if any((row["currency"] or "CNY") != "CNY" for row in now):
        return Capital(day, banks[0], {}, "capital_not_in_cny")
    last_quarter = [row for row in states if row["subject"] == banks[0] and _holds(row, last_quarter_end(day))]
    told: dict[CapitalName, Figure | None] = {
        "net_capital": _newest(now, "net_capital_fen"),
        "tier1": _newest(now, "tier1_net_fen"),
        "net_capital_last_quarter": _newest(last_quarter, "net_capital_fen"),
    }
    return Capital(day, banks[0], {name: figure for name, figure in told.items() if figure}, "no_capital_figure")


def _holds(row: dict[str, Any], day: date) -> bool:
    return bool(row["valid_from"] <= day < row["valid_to"])


def _newest(rows: list[dict[str, Any]], column: str) -> Figure | None:
    """As alerts choose it: the newest state, of equal ones the last told."""
    if not rows:
        return None
    row = max(rows, key=lambda each: (each["valid_from"], each["recorded_at"], each["batch_seq"], each["line"] or 0))
    return None if row[column] is None else Figure(row[column], row["valid_from"], row["id"])
