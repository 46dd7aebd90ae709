"""Snapshot: the ledger as it was known on a day."""

from collections.abc import Sequence
from datetime import date

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from graph.clock import end_of_day_us
from graph.errors import InputError
from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff
from graph.ontology import EntityType
from graph.snapshot.engine import DuckDbEngine, Engine, Question, Workbench
from graph.snapshot.plans import Plan


class Snapshot:
    """All types as of a day: true on it, and known by its end in the bank's time zone. Repeatable by `ledger_seq`.

    `engine`: who computes it, DuckDB unless said otherwise; what is said to be DuckDB's below stays there.
    """

    def __init__(self, ledger: Ledger, as_of: date, ledger_seq: int | None = None, engine: Engine | None = None) -> None:
        self.ledger = ledger
        self.engine = engine or DuckDbEngine(ledger)
        self.as_of = as_of
        self.ledger_seq = ledger.latest_seq if ledger_seq is None else ledger_seq
        self.ontology = ledger.ontology
        self._cutoff = Cutoff.end_of(as_of, ledger.time_zone)

    @property
    def backend(self) -> Backend:
        """The calling thread's Ibis connection to the ledger's DuckDB."""
        return self.ledger.backend

    def table(self, name: str) -> ibis.Table:
        """An entity, relation or fact type as an Ibis expression; columns in docs/architecture.md. InputError for no such type."""
        return self.engine.table(self.question(name))

    def history(self, name: str) -> ibis.Table:
        """A relation or fact type with every state that began by `as_of`, ended or not, as known then. InputError for others."""
        return self.engine.table(self.question(name, past=True))

    def read(self, name: str) -> pa.Table:
        """`table` as Arrow."""
        return self.engine.rows(self.question(name))

    def read_history(self, name: str) -> pa.Table:
        """`history` as Arrow."""
        return self.engine.rows(self.question(name, past=True))

    def about(self, name: str, column: str, ids: Sequence[str]) -> pa.Table:
        """The rows of `read(name)` whose `column` (id, src, dst, subject) is one of `ids`, without reading the book for them."""
        kind = self.ontology.get(name)
        plan = Plan(kind, about=column)
        if column not in ("id", "src", "dst", "subject") or column not in plan.schema:
            raise InputError(f"{name} has no end called '{column}'.", "Ask by id, src, dst or subject.", column)
        return self.engine.rows(self._asked(plan), ids)

    def sql(self, name: str, *, past: bool = False) -> str:
        """The DuckDB query of `table` (of `history`, when the past is asked for), to stand in a larger one."""
        return DuckDbEngine(self.ledger).sql(self.question(name, past=past))

    @property
    def known_us(self) -> int:
        """The last instant, in UTC microseconds, of which the snapshot knows."""
        return end_of_day_us(self.as_of, self.ledger.time_zone)

    def workbench(self) -> Workbench:
        """Named tables and SELECTs over them, on the snapshot's engine. Close it after use."""
        return self.engine.workbench()

    def question(self, name: str, *, past: bool = False) -> Question:
        """What `table` (`history`, when the past is asked for) asks its engine, to be loaded into a workbench."""
        return self._asked(self._plan(name, past=past))

    def connect(self, *names: str) -> duckdb.DuckDBPyConnection:
        """A DuckDB connection of its own with the named types as views, computed there when asked for. Close it after use."""
        connection: duckdb.DuckDBPyConnection = self.ledger.backend.con.cursor()
        for name in names:
            connection.execute(f'CREATE TEMP VIEW "{name}" AS {self.sql(name)}')
        return connection

    def _plan(self, name: str, *, past: bool = False) -> Plan:
        kind = self.ontology.get(name)
        if past and isinstance(kind, EntityType):
            fix = "Ask for the history of a relation or fact type."
            raise InputError(f"{name} is an entity type: its states are merged.", fix, name)
        return Plan(kind, ended_too=past)

    def _asked(self, plan: Plan) -> Question:
        return Question(plan, self.ledger_seq, self._cutoff)
