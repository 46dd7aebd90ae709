"""Writing staged Parquet parts, one behind the other, in a thread: DuckDB hashes and writes while Polars checks on."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import duckdb
import polars as pl

_WAITING = 2


class PartWriter:
    """Writes what a query makes of the table `staged_rows`. At most two parts wait, so memory stays bounded."""

    def __init__(self, engine: duckdb.DuckDBPyConnection) -> None:
        self._connection = engine.cursor()
        self._pool = ThreadPoolExecutor(1, "yujing-parts")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Waits for the last part; what went wrong in writing is raised here, unless something else already was."""
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        self._connection.close()
        while self._waiting and error is None:
            self._waiting.popleft().result()

    def put(self, rows: pl.DataFrame, sql: str, path: Path) -> None:
        """Writes `sql` over `rows` to `path`, soon."""
        while len(self._waiting) >= _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._write, rows, sql, path))

    def _write(self, rows: pl.DataFrame, sql: str, path: Path) -> None:
        self._connection.register("staged_rows", rows.to_arrow())
        self._connection.execute(f"COPY ({sql}) TO {text_sql(str(path))} (FORMAT parquet, COMPRESSION lz4_raw)")
        self._connection.unregister("staged_rows")


def text_sql(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
