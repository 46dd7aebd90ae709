"""Snapshot: the ledger as it was known on a day."""

from datetime import date

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from graph.errors import InputError
from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff
from graph.ontology import EntityType
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
        kind = self.ontology.get(name)
        rows = self.ledger.table(name, self.ledger_seq)
        return shape(kind, rows, self.ledger.identity(self.ledger_seq), self._cutoff)

    def history(self, name: str) -> ibis.Table:
        """A relation or fact type with every state that began by `as_of`, ended or not, as known then. InputError for others."""
        kind = self.ontology.get(name)
        if isinstance(kind, EntityType):
            raise InputError(
                f"{name} is an entity type: its states are merged.", "Ask for the history of a relation or fact type.", name
            )
        rows = self.ledger.table(name, self.ledger_seq)
        return history(kind, rows, self.ledger.identity(self.ledger_seq), self._cutoff)

    def read(self, name: str) -> pa.Table:
        """The same as an Arrow table."""
        table: pa.Table = self.table(name).to_pyarrow()
        return table
