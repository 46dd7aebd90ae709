"""Writing staged Parquet parts, one behind the other, in a thread: DuckDB hashes and writes while Polars checks on.

A part holds the ledger's columns and nothing else, so that it can become a file of the ledger as it is. Where its rows came
from is read off its name (`INVOICES-000012-000003.parquet`: the 12th part, of the 3rd source) and their places in it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

LINE_BITS = 40
"""A source row's number is its file's place in the load, shifted by these, plus its line."""
_WAITING = 2
_DIGITS = 6
_FORMAT = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1"
_WRITING = {"compression": "zstd", "compression_level": 1, "store_schema": False}


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


def repeat_id_sql(base: str) -> str:
    """The id of the n-th equal row, n > 1."""
    return f"substr(sha256({base} || chr(31) || n), 1, 32)"


def _listed(paths: Sequence[Path]) -> str:
    return ", ".join(text_sql(str(path)) for path in paths)


_NUMBERED = f"""
    WITH placed AS (SELECT place, id, dense_rank() OVER (PARTITION BY id ORDER BY content, place) AS n FROM often_told)
    SELECT place, CASE WHEN n = 1 THEN id ELSE {repeat_id_sql("id")} END AS id, CASE WHEN n > 1 THEN id END AS base
    FROM placed ORDER BY place
"""


@dataclass(frozen=True)
class Draft:
    """Rows that were checked, and how they become a part.

    `hashes` is the query for their `id` and `content`, `finish` puts rows and these together in the ledger's schema, `few` are
    columns of few distinct values. `often` marks rows that may be equal to others: the n-th (n > 1) gets an id of its own, and
    `bases` will tell whose it was.
    """

    rows: pl.DataFrame
    hashes: str
    finish: Callable[[pa.Table, pa.Table], pa.Table]
    few: Sequence[str]
    path: Path
    often: pl.Series | None = None
    bases: Path | None = None


class PartWriter:
    """Writes parts. At most two wait, so memory stays bounded."""

    def __init__(self) -> None:
        self._engine = duckdb.connect(config={"threads": 1, "memory_limit": "256MB", "autoinstall_known_extensions": False})
        self._pool = ThreadPoolExecutor(1, "yujing-parts")
        self._waiting: deque[Future[None]] = deque()

    def __enter__(self) -> "PartWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Waits for the last part; what went wrong in writing is raised here, unless something else already was."""
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        self._engine.close()
        while self._waiting and error is None:
            self._waiting.popleft().result()

    def put(self, draft: Draft) -> None:
        """Writes a draft, soon."""
        while len(self._waiting) >= _WAITING:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._write, draft))

    def _write(self, draft: Draft) -> None:
        rows = draft.rows.to_arrow()
        hashes = self._ask("staged_rows", rows, draft.hashes)
        if draft.often is not None and draft.bases:
            hashes = self._numbered(hashes, draft.often.to_arrow(), draft.bases)
        pq.write_table(draft.finish(rows, hashes), draft.path, use_dictionary=draft.few, **_WRITING)

    def _numbered(self, hashes: pa.Table, often: pa.Array, bases: Path) -> pa.Table:
        places = pc.indices_nonzero(often)
        told = self._ask("often_told", hashes.take(places).append_column("place", places), _NUMBERED)
        pq.write_table(told.filter(pc.is_valid(told["base"])).select(["id", "base"]), bases)
        ids = pc.replace_with_mask(hashes["id"].combine_chunks(), often, told["id"].combine_chunks())
        return hashes.set_column(hashes.schema.get_field_index("id"), "id", ids)

    def _ask(self, name: str, rows: pa.Table, sql: str) -> pa.Table:
        self._engine.register(name, rows)
        try:
            return self._engine.sql(sql).to_arrow_table()
        finally:
            self._engine.unregister(name)


def text_sql(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
