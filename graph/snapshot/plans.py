"""Snapshot queries for DuckDB. An expression costs a tenth of a second to compile, so each is compiled once for all days."""

from dataclasses import dataclass
from functools import lru_cache

import ibis
import pyarrow as pa

from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff
from graph.ledger.schema import BATCH_SEQ, IDENTITY, schema_of
from graph.ontology import EntityType, LedgerType
from graph.snapshot.shape import shape

_DAY, _KNOWN_US = "GETVARIABLE('yujing_day')", "GETVARIABLE('yujing_known_us')"


@ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), "date"))  # type: ignore[untyped-decorator]
def _day(variable: str) -> ibis.Value:
    """The day, wherever it will be filled in."""


@ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), "int64"))  # type: ignore[untyped-decorator]
def _instant(variable: str) -> ibis.Value:
    """The instant, wherever it will be filled in."""


VARIABLE = Cutoff(_day("yujing_day"), _instant("yujing_known_us"))


@dataclass(frozen=True)
class Plan:
    """What to read out of a snapshot.

    `about`: only rows whose column of that name (`id`, `src`, `dst`, `subject`) is one of the parameter `$wanted`. They are
    picked before the two clocks are applied, so that a firm's rows do not cost the book's.
    """

    kind: LedgerType
    ended_too: bool = False
    about: str = ""

    def sql(self, ledger: Ledger, ledger_seq: int, cutoff: Cutoff) -> str:
        """The DuckDB query at `cutoff`, over the ledger up to `ledger_seq`."""
        rows = ledger.rows_sql(self.kind.name, schema_of(self.kind), ledger_seq)
        compiled = _compiled(self.kind, self.ended_too)[0]
        at = compiled.replace(_DAY, f"DATE '{cutoff.day}'").replace(_KNOWN_US, f"{cutoff.known_us}")
        # The rows are read twice rather than kept: only the columns that are asked for, and whoever filters reads less.
        return f"""
            WITH told_identity AS MATERIALIZED ({ledger.rows_sql("identity", IDENTITY, ledger_seq)}),
            {self._picked(rows)},
            told_again AS MATERIALIZED (SELECT id FROM told_rows GROUP BY id HAVING count(*) > 1)
            SELECT * FROM ({at}) {f"WHERE {self.about} IN (SELECT unnest($wanted::VARCHAR[]))" if self.about else ""}
        """

    @property
    def schema(self) -> ibis.Schema:
        """The columns of the query."""
        return _compiled(self.kind, self.ended_too)[1]

    def _picked(self, rows: str) -> str:
        if not self.about:
            return f"told_rows AS NOT MATERIALIZED ({rows})"
        named = "unnest($wanted::VARCHAR[])"
        own_id = self.about == "id" and not isinstance(self.kind, EntityType)
        record = named if own_id else f"substr({named}, instr({named}, '-') + 1)"
        # By id, not by the column alone: a later version of the same id may speak of another entity.
        return f"""
            records AS (SELECT {record} AS record
                UNION SELECT record FROM told_identity WHERE entity IN (SELECT {named})),
            picked AS (SELECT DISTINCT id FROM ({rows}) WHERE {self.about} IN (SELECT record FROM records)),
            told_rows AS MATERIALIZED (SELECT * FROM ({rows}) WHERE id IN (SELECT id FROM picked))
        """


@lru_cache(maxsize=512)
def _compiled(kind: LedgerType, ended_too: bool) -> tuple[str, ibis.Schema]:
    def named(name: str, schema: pa.Schema) -> ibis.Table:
        return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)

    expression = shape(
        kind,
        named("told_rows", schema_of(kind).append(BATCH_SEQ)),
        named("told_identity", IDENTITY.append(BATCH_SEQ)),
        VARIABLE,
        again=named("told_again", pa.schema([("id", pa.string())])),
        ended_too=ended_too,
    )
    return str(ibis.to_sql(expression, dialect="duckdb")), expression.schema()
