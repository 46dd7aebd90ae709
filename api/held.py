"""Whole snapshot tables of an open day, indexed by every column that names an entity, so that a firm's rows cost a millisecond.

A thread makes them one after the other, each when it is first asked for; till then the ledger itself answers (`api.rows`).
They lie in the ledger's own DuckDB engine, whose memory is bounded and spills to disk, and go when their day is let go.
"""

import weakref
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from threading import Lock
from typing import Any

import duckdb

from graph.ledger import Ledger
from graph.ontology import EntityType, FactType, LedgerType
from graph.snapshot import Snapshot

_MAKER = ThreadPoolExecutor(1, "held-tables")  # one at a time: whoever asks for a page should not wait for a core
_NUMBERS = count(1)


class HeldTables:
    """The tables of one snapshot, as far as they are made. Thread-safe."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._number = next(_NUMBERS)
        self._tables: dict[str, Future[str]] = {}
        self._lock = Lock()
        self._gone = weakref.finalize(self, _drop, self._tables, snapshot.ledger)

    def prepare(self, type_names: Iterable[str]) -> list[Future[str]]:
        """Has these tables made, in this order; the futures give their names in the engine."""
        with self._lock:
            if not self._gone.alive:
                return []
            for name in type_names:
                if name not in self._tables:
                    self._tables[name] = _MAKER.submit(_make, self._snapshot, name, f"held_{self._number}_{name}")
            return [self._tables[name] for name in type_names]

    def rows(self, type_name: str, column: str, entities: list[str]) -> list[dict[str, Any]] | None:
        """Rows as `Snapshot.read` has them whose `column` is one of `entities`; None while the table is not made."""
        made = next(iter(self.prepare([type_name])), None)
        if made is None or not made.done() or made.cancelled() or made.exception():
            return None
        connection = self._snapshot.backend.con
        connection.execute(f'SELECT * FROM "{made.result()}" WHERE "{column}" IN ?', [entities])
        names = [described[0] for described in connection.description or ()]
        return [dict(zip(names, row, strict=True)) for row in connection.fetchall()]

    def close(self) -> None:
        """Frees the tables; what is not made yet will not be."""
        with self._lock:
            self._gone()


def _make(snapshot: Snapshot, type_name: str, table: str) -> str:
    with snapshot.ledger.backend.con.cursor() as connection:
        connection.execute(f'CREATE TABLE "{table}" AS {snapshot.sql(type_name)}')
        for column in _named_by(snapshot.ontology.get(type_name)):
            connection.execute(f'CREATE INDEX "{table}_{column}" ON "{table}" ("{column}")')
    return table


def _named_by(kind: LedgerType) -> tuple[str, ...]:
    match kind:
        case EntityType():
            return ("id",)
        case FactType():
            return ("subject",)
    return "id", "src", "dst"


def _drop(tables: dict[str, Future[str]], ledger: Ledger) -> None:
    def drop(made: Future[str]) -> None:
        if made.cancelled() or made.exception():
            return
        with suppress(duckdb.Error), ledger.backend.con.cursor() as connection:  # the engine may have been closed before
            connection.execute(f'DROP TABLE "{made.result()}"')

    for made in tables.values():
        made.cancel()
        made.add_done_callback(drop)  # the one that is being made goes as soon as it is there
