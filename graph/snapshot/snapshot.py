"""Snapshot: the ledger as it was known on a day."""

from datetime import date

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from graph.errors import InputError
from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff
from graph.ontology import EntityType
from graph.snapshot.plans import VARIABLE, Plan, run
from graph.snapshot.shape import history, shape


class Snapshot:
    """All types as of a day: true on it, and known by its end in the bank's time zone. Repeatable by `ledger_seq`."""

    def __init__(self, ledger: Ledger, as_of: date, ledger_seq: int | None = None) -> None:
        self.ledger = ledger
        self.as_of = as_of
        self.ledger_seq = ledger.latest_seq if ledger_seq is None else ledger_seq
        self.ontology = ledger.ontology
        self._cutoff = Cutoff.end_of(as_of, ledger.time_zone)

    @property
    def backend(self) -> Backend:
        """The calling thread's Ibis connection, on which `table` expressions run."""
        return self.ledger.backend

    def table(self, name: str) -> ibis.Table:
        """An entity, relation or fact type as an Ibis expression; columns in docs/architecture.md. InputError for no such type."""
        return self._expression(name, self._cutoff)

    def history(self, name: str) -> ibis.Table:
        """A relation or fact type with every state that began by `as_of`, ended or not, as known then. InputError for others."""
        return self._history_expression(name, self._cutoff)

    def read(self, name: str) -> pa.Table:
        """`table` as Arrow."""
        return run(self.ledger, self._plan(name, past=False), lambda: self._expression(name, VARIABLE), self._cutoff)

    def read_history(self, name: str) -> pa.Table:
        """`history` as Arrow."""
        return run(self.ledger, self._plan(name, past=True), lambda: self._history_expression(name, VARIABLE), self._cutoff)

    def _plan(self, name: str, *, past: bool) -> Plan:
        return (name, past, self.ledger_seq, self.ontology.hash)

    def _expression(self, name: str, cutoff: Cutoff) -> ibis.Table:
        kind = self.ontology.get(name)
        rows = self.ledger.table(name, self.ledger_seq)
        return shape(kind, rows, self.ledger.identity(self.ledger_seq), cutoff)

    def _history_expression(self, name: str, cutoff: Cutoff) -> ibis.Table:
        kind = self.ontology.get(name)
        if isinstance(kind, EntityType):
            fix = "Ask for the history of a relation or fact type."
            raise InputError(f"{name} is an entity type: its states are merged.", fix, name)
        rows = self.ledger.table(name, self.ledger_seq)
        return history(kind, rows, self.ledger.identity(self.ledger_seq), cutoff)
