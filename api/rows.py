"""A snapshot's rows about a few entities, read without reading the book.

Where the day's tables are held (`api.held`) they answer. Else the ledger's rows are cut to the entities first, by a query so
plain that planning it costs next to nothing; the two clocks are then applied to the few rows that are left, by the snapshot's
own expressions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from api.held import HeldTables
from graph.clock import end_of_day_us
from graph.ids import ENTITY_SEPARATOR, record_of
from graph.ledger.schema import BATCH_SEQ, IDENTITY, ledger_schema
from graph.ontology import EntityType
from graph.snapshot import Snapshot
from graph.snapshot.plans import VARIABLE
from graph.snapshot.shape import shape

_CUT, _CUT_IDENTITY = "yujing_cut", "yujing_cut_identity"
_MOST_KNOWN = 10_000
_NAMING = ("id", "src", "dst", "subject")


@dataclass
class RowPlans:
    """The two clocks over cut rows, compiled: that costs a tenth of a second a type, once for every day and batch."""

    _texts: dict[tuple[str, str], str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def text(self, snapshot: Snapshot, type_name: str) -> str:
        """The SQL over `yujing_cut` and `yujing_cut_identity`."""
        question = type_name, snapshot.ontology.hash
        with self._lock:
            if question not in self._texts:
                self._texts[question] = _compile(snapshot, type_name)
            return self._texts[question]


class RowReader:
    """Rows of one snapshot by entity. Threads may share it: each has a connection of its own."""

    def __init__(self, snapshot: Snapshot, plans: RowPlans | None = None, held: HeldTables | None = None) -> None:
        self.snapshot = snapshot
        self.held = held
        self.plans = plans or RowPlans()
        self._moved: dict[tuple[str, ...], list[str]] = {}
        self._lock = Lock()

    def rows(self, type_name: str, column: str, entities: Iterable[str]) -> list[dict[str, Any]]:
        """Rows of `type_name` whose `column` (id, src, dst or subject) is one of `entities`, as `Snapshot.read` has them.

        A property's column may be named too, with its values in place of entities.

        By `id`, relations and facts are named by their own ids, and entities of other types are left aside.
        """
        own_only = column == "id" and isinstance(self.snapshot.ontology.get(type_name), EntityType)
        wanted = sorted({each for each in entities if not own_only or each.startswith(f"{type_name}-")})
        if not wanted:
            return []
        held = self.held.rows(type_name, column, wanted) if self.held else None
        return self._cut(type_name, column, wanted) if held is None else held

    def home(self, entity: str) -> str:
        """The entity that the one called so belongs to on this day: another, where its records were moved there."""
        if not entity.startswith(self._resolved) or not self._any_moved:
            return entity
        connection = self.snapshot.backend.con
        connection.execute(self._clocks())
        told = f"""SELECT entity FROM ({self._moved_sql}) WHERE record = $record AND recorded_at <= getvariable('yujing_known_us')
                   ORDER BY recorded_at DESC, batch_seq DESC, entity DESC LIMIT 1"""
        moved = connection.execute(told, {"record": record_of(entity)}).fetchall()
        return str(moved[0][0]) if moved else entity

    def _cut(self, type_name: str, column: str, wanted: list[str]) -> list[dict[str, Any]]:
        told = self._told(type_name, column, wanted)
        if not told.num_rows:
            return []
        connection = self.snapshot.backend.con
        connection.register(_CUT, told)
        connection.register(_CUT_IDENTITY, self._identity(told))
        connection.execute(self._clocks())
        held = connection.sql(self.plans.text(self.snapshot, type_name)).to_arrow_table()
        rows: list[dict[str, Any]] = held.filter(pc.is_in(held[column], pa.array(wanted, pa.string()))).to_pylist()
        return rows

    def _told(self, type_name: str, column: str, entities: Sequence[str]) -> pa.Table:
        """All that was ever told of the ids that, in some version, name these entities.

        By id, not by the column alone: a later version of the same id may speak of another entity.
        """
        told = self.snapshot.ledger.sql(type_name, self.snapshot.ledger_seq)
        ids = self._records(entities) if column in _NAMING else list(entities)
        if column != "id":
            naming = f"SELECT DISTINCT id FROM ({told}) WHERE {column} IN (SELECT unnest($wanted::VARCHAR[]))"
            ids = self._ask(naming, ids)["id"].to_pylist()
        return self._ask(f"SELECT * FROM ({told}) WHERE id IN (SELECT unnest($wanted::VARCHAR[]))", ids)

    def _records(self, entities: Sequence[str]) -> list[str]:
        """The records that may be these entities: their own, and every record that was ever moved to one of them."""
        own = [record_of(each) or each for each in entities]  # a relation's or fact's id is its record
        resolved = tuple(each for each in entities if each.startswith(self._resolved))
        return [*own, *self._moved_to(resolved)] if resolved and self._any_moved else own

    def _moved_to(self, entities: tuple[str, ...]) -> list[str]:
        with self._lock:
            known = self._moved.get(entities)
        if known is None:
            asked = f"SELECT DISTINCT record FROM ({self._moved_sql}) WHERE entity IN (SELECT unnest($wanted::VARCHAR[]))"
            known = self._ask(asked, entities)["record"].to_pylist()
            with self._lock:
                if len(self._moved) >= _MOST_KNOWN:
                    self._moved.clear()
                self._moved[entities] = known
        return known

    def _identity(self, told: pa.Table) -> pa.Table:
        """Where the records of these rows were moved to."""
        named = self._named(told) if self._any_moved else set()
        if not named:
            return IDENTITY.append(BATCH_SEQ).empty_table()
        moved = f"SELECT * FROM ({self._moved_sql}) WHERE record IN (SELECT unnest($wanted::VARCHAR[]))"
        return self._ask(moved, sorted(named))

    def _named(self, told: pa.Table) -> set[str]:
        """The records in these rows that may belong to another entity: of firms and persons, not of loan notes."""
        types = [prefix.removesuffix(ENTITY_SEPARATOR) for prefix in self._resolved]
        named: set[str] = set()
        for end in ("src", "dst", "subject"):
            if end in told.column_names:
                of_these = pc.is_in(told[f"{end}_type"], pa.array(types, pa.string()))
                named.update(told[end].filter(of_these).to_pylist())
        return named if {"src", "subject"} & set(told.column_names) else set(told["id"].to_pylist())

    @cached_property
    def _resolved(self) -> tuple[str, ...]:
        """How ids begin whose records may be moved: `Firm-`, `Person-`."""
        return tuple(f"{name}{ENTITY_SEPARATOR}" for name, kind in self.snapshot.ontology.entities.items() if kind.resolved)

    def _ask(self, text: str, wanted: Sequence[str]) -> pa.Table:
        return self.snapshot.backend.con.sql(text, params={"wanted": list(wanted)}).to_arrow_table()

    def _clocks(self) -> str:
        snapshot = self.snapshot
        known_us = end_of_day_us(snapshot.as_of, snapshot.ledger.time_zone)
        return f"SET VARIABLE yujing_day = DATE '{snapshot.as_of}'; SET VARIABLE yujing_known_us = {known_us}::BIGINT"

    @cached_property
    def _moved_sql(self) -> str:
        return self.snapshot.ledger.rows_sql("identity", IDENTITY, self.snapshot.ledger_seq)

    @cached_property
    def _any_moved(self) -> bool:
        """Whether any record ever left its own entity; mostly none did, and then nobody need look."""
        return bool(self._ask(f"SELECT record FROM ({self._moved_sql}) WHERE len($wanted) = 0 LIMIT 1", []).num_rows)


def _compile(snapshot: Snapshot, type_name: str) -> str:
    schema = ledger_schema(snapshot.ontology, type_name).append(BATCH_SEQ)
    told = ibis.table(ibis.Schema.from_pyarrow(schema), name=_CUT)
    identity = ibis.table(ibis.Schema.from_pyarrow(IDENTITY.append(BATCH_SEQ)), name=_CUT_IDENTITY)
    return str(snapshot.backend.compile(shape(snapshot.ontology.get(type_name), told, identity, VARIABLE)))
