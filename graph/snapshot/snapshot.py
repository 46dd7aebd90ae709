"""Snapshot: the ledger as it was known on a day."""

from datetime import date

import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from graph.ledger import Ledger
from graph.snapshot.as_of import Cutoff
from graph.snapshot.shape import shape


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

    def read(self, name: str) -> pa.Table:
        """The same as an Arrow table."""
        table: pa.Table = self.table(name).to_pyarrow()
        return table
