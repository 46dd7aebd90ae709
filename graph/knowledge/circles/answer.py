"""What is answered about circles: one circle with all that was found of it, one firm's place among guarantees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import NotFoundError
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.lineage_of_sets import without_later_births
from graph.network import Cut
from graph.store import Moment

Row = dict[str, Any]

_PARTS = ("members", "guarantees", "calls", "cuts")
TABLES = {"members": "guarantee_circle_members", "guarantees": "guarantee_circle_guarantees"}
TABLES |= {"calls": "guarantee_calls", "cuts": "guarantee_cuts"}


@dataclass(frozen=True)
class Circle:
    """Rows of the tables of `assess`, of one circle. `lineage`: what became of it, with the day; empty where no book tells."""

    told: Row
    members: tuple[Row, ...]
    guarantees: tuple[Row, ...]
    calls: tuple[Row, ...]
    cuts: tuple[Row, ...]
    lineage: tuple[Row, ...] = ()

    def mentioned(self) -> tuple[str, ...]:
        """Every entity that it names, each once."""
        named = [row["member"] for row in self.members] + [row["guarantor"] for row in self.calls]
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class FirmAnswer:
    """One firm's chain, and the circle that it is in if it is in one. `chain` is null where no guarantee names it.

    `complete`: all that decides it was walked, else a longer chain may be behind the cuts; `circle_complete`: so for the circle.
    """

    firm: str
    when: Moment
    version: str
    chain: Row | None
    circle: Circle | None
    entities: int
    complete: bool
    circle_complete: bool = True
    cuts: tuple[Cut, ...] = ()

    def mentioned(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([self.firm, *(self.circle.mentioned() if self.circle else ())]))


def circle_in(tables: Mapping[str, pa.Table], key: str) -> Circle:
    """Out of whole tables, by identity or number."""
    (told,) = _of("circle", key, tables["guarantee_circles"])
    return Circle(told, *(tuple(_of("circle", key, tables[TABLES[part]])) for part in _PARTS))


def circle_on(book: KnowledgeBook, identity: str, day: date, ledger_seq: int | None = None) -> Circle:
    """Out of the book. NotComputedError for a day without a run; NotFoundError for a circle that is not there on that day."""
    rows = book.about("guarantee_circles", "circle", [identity], day, ledger_seq).to_pylist()
    lineage = lineage_of(book, identity, day)
    if not rows:
        last = next((row for row in reversed(lineage) if row["event"] in {"ended", "absorbed"}), None)
        if last is None:
            raise NotFoundError(
                f"There is no guarantee circle '{identity}' on {day}.", "GET /v1/guarantee-circles lists them.", "id"
            )
        gone = f"was absorbed by {last['other']}" if last["other"] else "ended"
        raise NotFoundError(f"The guarantee circle '{identity}' {gone} on {last['as_of']}.", "Ask for an earlier day.", "id")
    members, guarantees, calls, cuts = (
        tuple(book.about(TABLES[part], "circle", [identity], day, ledger_seq).to_pylist()) for part in _PARTS
    )
    return Circle(rows[0], members, guarantees, calls, cuts, lineage)


def lineage_of(book: KnowledgeBook, identity: str, through: date) -> tuple[Row, ...]:
    """Every change of a circle up to a day, oldest first; days on which it was merely kept are left out.

    A day computed before an earlier one was calls a circle born that the earlier one has too: the earlier is its birth.
    """
    rows = book.history("guarantee_circle_lineage", "set", [identity], through)
    changed = rows.filter(pc.field("event") != "kept").sort_by(
        [("as_of", "ascending"), ("event", "ascending"), ("other", "ascending")]
    )
    return without_later_births(changed.to_pylist())


def _of(column: str, key: str, table: pa.Table) -> list[Row]:
    rows: list[Row] = table.filter(pc.field(column) == key).to_pylist()
    return rows
