"""What runs a snapshot's queries: DuckDB in this process, or Spark when the book outgrows the machine. The same answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb
import ibis
import pyarrow as pa

from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff
from graph.ledger.schema import ledger_schema
from graph.snapshot.plans import Plan


@dataclass(frozen=True)
class Question:
    """One plan at one moment, over the ledger up to `ledger_seq`."""

    plan: Plan
    ledger_seq: int
    cutoff: Cutoff


class Workbench(Protocol):
    """Tables by name, and SELECTs over them in DuckDB's SQL; beyond that `clip(x, low, high)`, null for null."""

    def load(self, name: str, question: Question, without: Sequence[str] = ()) -> None:
        """The answer to a question as table `name`, columns `without` left out."""

    def told(self, name: str, type_name: str, ledger_seq: int) -> None:
        """The committed rows of a type up to `ledger_seq` as table `name`, as `Ledger.table` has them."""

    def put(self, name: str, rows: pa.Table) -> None:
        """Rows at hand as table `name`."""

    def keep(self, name: str, sql: str) -> None:
        """The rows of one SELECT as table `name`, in place of an earlier one."""

    def query(self, sql: str) -> pa.Table:
        """The rows of one SELECT."""

    def close(self) -> None:
        """Frees what the tables hold."""


class Engine(Protocol):
    """Answers questions about one ledger."""

    @property
    def name(self) -> str:
        """`duckdb` or `spark`."""

    def table(self, question: Question) -> ibis.Table:
        """The answer as an Ibis expression on the engine's own connection."""

    def rows(self, question: Question, wanted: Sequence[str] = ()) -> pa.Table:
        """The answer as Arrow; `wanted` are the ids that a plan `about` a column is asked for."""

    def workbench(self) -> Workbench:
        """An empty workbench of its own. Close it after use."""


class DuckDbEngine:
    """The ledger's own DuckDB engine, one connection a thread."""

    name = "duckdb"

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def table(self, question: Question) -> ibis.Table:
        return self._ledger.backend.sql(self.sql(question), schema=question.plan.schema)

    def rows(self, question: Question, wanted: Sequence[str] = ()) -> pa.Table:
        parameters = {"wanted": list(wanted)} if question.plan.about else None
        return self._ledger.backend.con.sql(self.sql(question), params=parameters).to_arrow_table()

    def workbench(self) -> "DuckDbWorkbench":
        return DuckDbWorkbench(self._ledger)

    def sql(self, question: Question) -> str:
        """The query, to stand in a larger one."""
        return question.plan.sql(self._ledger, question.ledger_seq, question.cutoff)


# DuckDB's least and greatest pass over NULL: a missing value would become the bound.
_CLIP = "CREATE OR REPLACE TEMP MACRO clip(x, low, high) AS CASE WHEN x IS NOT NULL THEN least(greatest(x, low), high) END"


class DuckDbWorkbench:
    """Temporary tables on a connection of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._con: duckdb.DuckDBPyConnection = ledger.backend.con.cursor()
        self._con.execute(_CLIP)

    def load(self, name: str, question: Question, without: Sequence[str] = ()) -> None:
        left_out = f"EXCLUDE ({', '.join(without)})" if without else ""
        rows = question.plan.sql(self._ledger, question.ledger_seq, question.cutoff)
        self.keep(name, f"SELECT * {left_out} FROM ({rows})")

    def told(self, name: str, type_name: str, ledger_seq: int) -> None:
        rows = self._ledger.rows_sql(type_name, ledger_schema(self._ledger.ontology, type_name), ledger_seq)
        self._con.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS {rows}')

    def put(self, name: str, rows: pa.Table) -> None:
        self._con.register("_arriving", rows)
        self.keep(name, "SELECT * FROM _arriving")
        self._con.unregister("_arriving")

    def keep(self, name: str, sql: str) -> None:
        self._con.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {sql}')

    def query(self, sql: str) -> pa.Table:
        return self._con.sql(sql).to_arrow_table()

    def close(self) -> None:
        self._con.close()
