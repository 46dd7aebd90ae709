"""Parquet as rows of text; typed columns are written out in full and read back by the same rules as any other text."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from graph.errors import InputError
from ingest.readers.chunk import Chunk, no_broken

_ROWS = 100_000


def read_parquet(path: Path) -> Iterator[Chunk]:
    """The columns alone, then the rows, the first being line 1. InputError for a damaged file or nested columns."""
    file = _open(path)
    nested = [f.name for f in file.schema_arrow if pa.types.is_nested(f.type) or pa.types.is_binary(f.type)]
    if nested:
        raise InputError(
            f"{path}: column {nested[0]} is {file.schema_arrow.field(nested[0]).type}.", "Flatten it first.", nested[0]
        )
    line, size = 1, path.stat().st_size
    yield Chunk(
        pl.DataFrame(schema=dict.fromkeys(file.schema_arrow.names, pl.String)), pl.Series([], dtype=pl.Int64), no_broken(), 0
    )
    try:
        for batch in file.iter_batches(_ROWS):
            frame = pl.DataFrame({name: _texts(batch.column(name)) for name in batch.schema.names})
            yield Chunk(frame, pl.Series("line", range(line, line + batch.num_rows), pl.Int64), no_broken(), size)
            line += batch.num_rows
    except (pa.ArrowInvalid, OSError) as problem:
        raise _damaged(path, problem) from problem


def _open(path: Path) -> pq.ParquetFile:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as problem:
        raise _damaged(path, problem) from problem


def _damaged(path: Path, problem: Exception) -> InputError:
    said = str(problem).splitlines()[0]
    return InputError(
        f"{path}: this is no readable Parquet file: {said}", "Transfer it again, or declare its real format.", "format"
    )


def _texts(column: pa.Array) -> pl.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_timestamp(kind):
        local = pc.local_timestamp(column) if kind.tz else column
        column = pc.strftime(local.cast(pa.timestamp("us")), "%Y-%m-%d %H:%M:%S")
    texts = column.cast(pa.string())
    series = pl.from_arrow(pc.fill_null(texts, ""))
    assert isinstance(series, pl.Series)
    return series
