"""Writing staged Parquet parts, one behind the other, in a thread: DuckDB hashes and writes while Polars checks on.

A part holds the ledger's columns and nothing else, so that it can become a file of the ledger as it is. Where its rows came
from is read off its name (`INVOICES-000012-000003.parquet`: the 12th part, of the 3rd source) and their places in it.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import duckdb
import polars as pl

LINE_BITS = 40
"""A source row's number is its file's place in the load, shifted by these, plus its line."""
_WAITING = 2
_DIGITS = 6
_FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"


def part_name(type_name: str, number: int, source: int) -> str:
    """What the file of a part is called."""
    return f"{type_name}-{number:0{_DIGITS}d}-{source:0{_DIGITS}d}.parquet"


def parts_sql(paths: Sequence[Path]) -> str:
    """The records of staged parts, each with two numbers more.

    `record`: its part, shifted, plus its place; `row`: its source, shifted, plus its line.
    """
    tail = len(".parquet")
    number = f"substr(filename, -{tail + 2 * _DIGITS + 1}, {_DIGITS})::BIGINT << {LINE_BITS}"
    source = f"substr(filename, -{tail + _DIGITS}, {_DIGITS})::BIGINT << {LINE_BITS}"
    placed = f"({number}) + file_row_number AS record, ({source}) + line AS row"
    read = f"read_parquet([{_listed(paths)}], filename = true, file_row_number = true)"
    return f"(SELECT * EXCLUDE (filename, file_row_number), {placed} FROM {read})"


def files_sql(paths: Sequence[Path]) -> str:
    """The rows of any other Parquet files."""
    return f"read_parquet([{_listed(paths)}])"


def copy_sql(sql: str, path: Path) -> str:
    """The statement that writes a query's rows as the ledger's files are written."""
    return f"COPY ({sql}) TO {text_sql(str(path))} ({_FORMAT})"


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(text_sql(str(path)) for path in paths)


class PartWriter:
    """Writes what queries make of the table `staged_rows`. At most two parts wait, so memory stays bounded."""

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

    def put(self, rows: pl.DataFrame, statements: Sequence[str]) -> None:
        """Runs `statements` over `rows`, soon."""
        while len(self._waiting) >= _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._write, rows, statements))

    def _write(self, rows: pl.DataFrame, statements: Sequence[str]) -> None:
        self._connection.register("staged_rows", rows.to_arrow())
        for statement in statements:
            self._connection.execute(statement)
        self._connection.unregister("staged_rows")


def text_sql(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
