"""From drafts to rows of the ledger: ids and contents are hashed by DuckDB, what is the same for all rows is never spelt out."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl
import pyarrow as pa

from graph.clock import OPEN_END, START_OF_TIME
from graph.currencies import CODES
from graph.ledger.schema import content_columns, schema_of
from graph.ledger.versions import content_sql
from graph.ontology import EntityType, Kind
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

    def hashes_sql(self, there: set[str]) -> str:
        """The query over `staged_rows` that gives `id` and `content` of each row, in order."""
        said = ", ".join(f'{self._sql(name, there)} AS "{name}"' for name in content_columns(self.plan.kind))
        return f"SELECT id, {content_sql(self.plan.kind)} AS content FROM (SELECT {self._id()} AS id, {said} FROM staged_rows)"

    def with_constants(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Drafts with the columns that are the same in all rows, texts as categories of one value."""
        same = {name: value for name, value in self.constants.items() if name in self.schema.names and value is not None}
        return rows.with_columns(**{name: _constant(value) for name, value in same.items()})

    def table(self, rows: pa.Table, hashes: pa.Table) -> pa.Table:
        """Drafts with constants, and their hashes, in the ledger's schema."""
        told = {name: rows[name] for name in rows.column_names} | {name: hashes[name] for name in ("id", "content")}
        if isinstance(self.plan.kind, EntityType):
            told["key"] = rows["id_key"]
        arrays = [_column(told[f.name], f) if f.name in told else pa.nulls(rows.num_rows, f.type) for f in self.schema]
        return pa.Table.from_arrays(arrays, self.schema.names)

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


def _constant(value: Constant) -> pl.Expr:
    return pl.lit(value, pl.Enum([value])) if isinstance(value, str) else pl.lit(value)


def _column(told: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    return told if pa.types.is_dictionary(told.type) else told.cast(field.type)
