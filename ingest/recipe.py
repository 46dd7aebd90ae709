"""From drafts to rows of the ledger: ids and contents are hashed by DuckDB, what is the same for all rows is never spelt out."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from graph.clock import OPEN_END, START_OF_TIME
from graph.ledger.schema import content_columns, schema_of
from graph.ledger.versions import content_sql
from graph.ontology import EntityType, Kind
from ingest.currencies import CODES
from ingest.parts import text_sql
from ingest.plan import YieldPlan

_SMALL = frozenset({"action", "currency"})
_SQL_TYPES = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "date32[day]": "DATE"}
Constant = str | date | bool | None


@dataclass(frozen=True)
class Stamp:
    """What every row of a load bears."""

    feed: str
    batch: str
    attempt: str


@dataclass(frozen=True)
class Recipe:
    """How the drafts of one yield of one source become rows of the ledger."""

    plan: YieldPlan
    stamp: Stamp
    file: str
    sheet: str

    @cached_property
    def schema(self) -> pa.Schema:
        """The ledger's columns of the type."""
        return schema_of(self.plan.kind)

    @cached_property
    def constants(self) -> dict[str, Constant]:
        """The columns that are the same in all rows. A column that is neither here nor in the draft is null."""
        same = constants_of(self.plan)
        if isinstance(self.plan.kind, EntityType):
            same |= {"stub": False, "source": self.plan.ends[0].source}
        else:
            same |= {f"{end.role}_type": end.type for end in self.plan.ends}
        stamp = {"feed": self.stamp.feed, "batch": self.stamp.batch, "attempt": self.stamp.attempt}
        return {**same, **stamp, "file": self.file, "sheet": self.sheet or None}

    @cached_property
    def few(self) -> list[str]:
        """Columns of few distinct values, which are written as places in a list."""
        choices = {p.name for p in self.plan.kind.properties if p.kind is Kind.CHOICE}
        return sorted({*self.constants, *choices, *_SMALL} & set(self.schema.names))

    def hashes_sql(self, there: set[str], *, repeated: bool) -> str:
        """The query over `staged_rows` that gives `id` and `content` of each row, in order.

        Where rows may be equal (`_often`), the n-th of them (n > 1) has an id of its own, and `base` tells whose it was.
        """
        said = ", ".join(f'{self._sql(name, there)} AS "{name}"' for name in content_columns(self.plan.kind))
        kept = ", row, _often" if repeated else ""
        told = f"SELECT {self._id()} AS id, {said}{kept} FROM staged_rows"
        hashed = f"SELECT id, {content_sql(self.plan.kind)} AS content{kept} FROM ({told})"
        if not repeated:
            return hashed
        return f"""
            WITH said AS ({hashed}),
            placed AS (SELECT id, row, dense_rank() OVER (PARTITION BY id ORDER BY content, row) AS n FROM said WHERE _often),
            repeats AS (SELECT DISTINCT id, row, {repeat_id_sql("id")} AS own FROM placed WHERE n > 1)
            SELECT coalesce(own, id) AS id, content, CASE WHEN own IS NOT NULL THEN id END AS base
            FROM said LEFT JOIN repeats USING (id, row) ORDER BY row
        """

    def table(self, rows: pa.Table, hashes: pa.Table) -> pa.Table:
        """The rows in the ledger's schema, constants as dictionaries of one value."""
        columns = {name: hashes[name] for name in ("id", "content")}
        columns |= {name: rows[name] for name in self.schema.names if name in rows.column_names and name not in columns}
        if "id_key" in rows.column_names:
            columns["key"] = rows["id_key"]
        arrays = [_column(columns.get(f.name), self.constants.get(f.name), f, rows.num_rows) for f in self.schema]
        return pa.table(dict(zip(self.schema.names, arrays, strict=True)))

    def _id(self) -> str:
        if isinstance(self.plan.kind, EntityType):
            return "id"
        said = (self.plan.type_name, self.stamp.feed, *(end.type for end in self.plan.ends))
        return f"substr(sha256({' || chr(31) || '.join(map(text_sql, said))} || chr(31) || _ident), 1, 32)"

    def _sql(self, name: str, there: set[str]) -> str:
        kind = _SQL_TYPES[str(self.schema.field(name).type)]
        if name in there:
            return f'"{name}"'
        value = self.constants.get(name)
        return f"{text_sql(str(value))}::{kind}" if value is not None else f"NULL::{kind}"


def constants_of(plan: YieldPlan) -> dict[str, Constant]:
    """The clocks, action and currency of a yield where no column tells them; its drafts leave these out."""
    same: dict[str, Constant] = {}
    if plan.valid_from is None:
        same["valid_from"] = START_OF_TIME
    if plan.valid_to is None:
        same["valid_to"] = OPEN_END
    if plan.recorded_at is None:
        same["recorded_at"] = None
    if not (plan.spec.close or plan.spec.retract):
        same["action"] = "state"
    if plan.currency is not None and plan.currency.value.constant in CODES:
        same["currency"] = plan.currency.value.constant
    return same


def repeat_id_sql(base: str) -> str:
    """The id of the n-th equal row, n > 1."""
    return f"substr(sha256({base} || chr(31) || n), 1, 32)"


def _column(told: Any, constant: Constant, field: pa.Field, rows: int) -> pa.Array | pa.ChunkedArray:
    if told is not None:
        return told.cast(field.type)
    if constant is None:
        return pa.nulls(rows, field.type)
    if pa.types.is_string(field.type):
        return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), rows), pa.array([constant], pa.string()))
    return pa.repeat(pa.scalar(constant, field.type), rows)
