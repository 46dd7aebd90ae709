"""A snapshot's rows about a few entities, read without reading the book: the cut comes before the two clocks are applied."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, partial
from threading import Lock
from typing import Any

import ibis

from graph.clock import end_of_day_us
from graph.ids import record_of
from graph.ontology import EntityType, LedgerType
from graph.snapshot import Snapshot
from graph.snapshot.plans import VARIABLE
from graph.snapshot.shape import shape

_MOST_PLANS = 400
Question = tuple[str, str, int, str]  # type, column, ledger_seq, hash of the ontology


@dataclass
class RowPlans:
    """Compiled questions: that costs a tenth of a second each, once for all days of a `ledger_seq`."""

    _texts: dict[Question, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def text(self, question: Question, compile_it: Callable[[], str]) -> str:
        """The SQL of a question, compiled by whoever asks it first."""
        with self._lock:
            if question not in self._texts:
                if len(self._texts) >= _MOST_PLANS:
                    self._texts.clear()
                self._texts[question] = compile_it()
            return self._texts[question]


class RowReader:
    """Rows of one snapshot by entity. Threads may share it."""

    def __init__(self, snapshot: Snapshot, plans: RowPlans | None = None) -> None:
        self.snapshot = snapshot
        self._plans = plans or RowPlans()

    def rows(self, type_name: str, column: str, entities: Iterable[str]) -> list[dict[str, Any]]:
        """Rows of `type_name` whose `column` (id, src, dst or subject) is one of `entities`, as `Snapshot.read` has them.

        By `id`, relations and facts are named by their own ids, and entities of other types are left aside.
        """
        kind = self.snapshot.ontology.get(type_name)
        own_only = column == "id" and isinstance(kind, EntityType)
        wanted = sorted({each for each in entities if not own_only or each.startswith(f"{type_name}-")})
        if not wanted:
            return []
        text = self._text(type_name, column, partial(self._compile, kind, column))
        return self._asked(text, {"records": self._records(wanted), "entities": wanted})

    def prepare(self, type_name: str, column: str) -> None:
        """Compiles a question before anyone asks it."""
        kind = self.snapshot.ontology.get(type_name)
        self._text(type_name, column, partial(self._compile, kind, column))

    def _records(self, entities: list[str]) -> list[str]:
        """The records that may be these entities: their own, and every record that was ever moved to one of them."""
        own = [record_of(each) or each for each in entities]  # a relation's or fact's id is its record
        if not self._any_moved:
            return own
        moved = self._asked(self._text("identity", "entity", self._compile_moved), {"entities": entities})
        return own + [row["record"] for row in moved]

    @cached_property
    def _any_moved(self) -> bool:
        """Whether any record ever left its own entity; mostly none did, and then nobody need look."""
        identity = self.snapshot.ledger.identity(self.snapshot.ledger_seq)
        return bool(identity.select("record").limit(1).to_pyarrow().num_rows)

    def _asked(self, text: str, asks: dict[str, list[str]]) -> list[dict[str, Any]]:
        snapshot = self.snapshot
        known_us = end_of_day_us(snapshot.as_of, snapshot.ledger.time_zone)
        connection = snapshot.backend.con
        connection.execute(f"SET VARIABLE yujing_day = DATE '{snapshot.as_of}'; SET VARIABLE yujing_known_us = {known_us}::BIGINT")
        found = connection.execute(text, asks)  # not `sql`: that would bind the text twice
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def _compile(self, kind: LedgerType, column: str) -> str:
        snapshot, ledger = self.snapshot, self.snapshot.ledger
        told = ledger.table(kind.name, snapshot.ledger_seq)
        record = self._parameter("records", "record")
        about = told.semi_join(record, told[column] == record.record)
        # By id, not by the column alone: a later version of the same id may speak of another entity.
        mine = told.semi_join(about, "id")
        held = shape(kind, mine, ledger.identity(snapshot.ledger_seq), VARIABLE)
        entity = self._parameter("entities", "entity")
        return str(snapshot.backend.compile(held.semi_join(entity, held[column] == entity.entity)))

    def _compile_moved(self) -> str:
        moved = self.snapshot.ledger.identity(self.snapshot.ledger_seq)
        entity = self._parameter("entities", "entity")
        found = moved.semi_join(entity, moved.entity == entity.entity).select("record").distinct()
        return str(self.snapshot.backend.compile(found))

    def _parameter(self, name: str, column: str) -> ibis.Table:
        """The parameter `$name`, a list, as a table of one column."""
        text = f"SELECT unnest(${name}::VARCHAR[]) AS {column}"
        return self.snapshot.backend.sql(text, schema=ibis.schema({column: "string"}))

    def _text(self, type_name: str, column: str, compile_it: Callable[[], str]) -> str:
        snapshot = self.snapshot
        return self._plans.text((type_name, column, snapshot.ledger_seq, snapshot.ontology.hash), compile_it)
