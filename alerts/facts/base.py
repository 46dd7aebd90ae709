"""The fact base: a snapshot's rows as DuckDB tables, with circles and groups found, ready to be asked for any firm."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from alerts.facts.groups import blocks, circles
from alerts.facts.tables import BASE_TABLES, READ
from alerts.sources import Scores, Snapshot

NO_SCORES = pa.table(
    {
        "run_id": pa.array([], pa.string()),
        "firm": pa.array([], pa.string()),
        "as_of": pa.array([], pa.date32()),
        "horizon_days": pa.array([], pa.int32()),
        **{name: pa.array([], pa.float64()) for name in ("probability", "log_odds", "own", "contagion")},
        "top_relations": pa.array([], pa.list_(pa.struct([("type", pa.string()), ("rel", pa.string())]))),
        "model": pa.array([], pa.string()),
        "model_version": pa.array([], pa.string()),
    }
)


@dataclass(frozen=True)
class FactBase:
    """One day's rows in one DuckDB database. `cursor()` gives each caller its own connection, so threads may share it."""

    as_of: date
    ledger_seq: int
    feeds: Mapping[str, int]
    _database: duckdb.DuckDBPyConnection

    @classmethod
    def load(cls, snapshot: Snapshot, scores: Scores | None = None, threads: int = 2) -> "FactBase":
        """Reads the snapshot once (types in `tables.READ`) and builds the base tables. The score is the latest up to that day."""
        database = duckdb.connect(config={"threads": str(threads), "autoinstall_known_extensions": "false"})
        score_rows = scores.latest(snapshot.as_of) if scores else NO_SCORES
        feeds = {"score": score_rows.num_rows}
        for name in READ:
            rows = snapshot.read(name)
            feeds[name] = rows.num_rows
            database.register(f"snapshot_{name}", rows)
        database.register("history_BORROWS", snapshot.read_history("BORROWS"))
        database.register("score_rows", score_rows)
        for table in BASE_TABLES:
            if table.name in _BEFORE:
                _BEFORE[table.name](database)
            asks = {"as_of": snapshot.as_of} if "$as_of" in table.select else {}
            database.execute(f"CREATE TABLE {table.name} AS {table.select}", asks)
        for name in READ:
            database.unregister(f"snapshot_{name}")
        database.unregister("history_BORROWS")
        return cls(snapshot.as_of, snapshot.ledger_seq, feeds, database)

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of the caller's own over the same tables."""
        return self._database.cursor()

    def close(self) -> None:
        """Frees the tables."""
        self._database.close()


def _register_circles(database: duckdb.DuckDBPyConnection) -> None:
    database.register("circle_components", circles(database, "snapshot_GUARANTEES"))


def _register_blocks(database: duckdb.DuckDBPyConnection) -> None:
    ends = database.sql("SELECT party, other FROM tied").to_arrow_table()
    database.register("block_components", blocks(ends["party"], ends["other"]))


_BEFORE = {"circle": _register_circles, "block": _register_blocks}
"""What SciPy finds before a base table can be made of it."""
