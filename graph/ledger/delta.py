"""Append-only Delta tables: the few operations that the ledger needs, and nothing else of Delta."""

import json
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable, WriterProperties, write_deltalake
from deltalake.transaction import AddAction, RemoveAction

# A row group is held in memory until it is whole; Delta's own size, a million rows, would be held for hundreds of megabytes.
_WRITING = WriterProperties(max_row_group_size=131_072, compression="ZSTD", compression_level=1)


def append(path: Path, data: pa.Table | pa.RecordBatchReader) -> None:
    """Appends `data` in one atomic commit, creating the table or adding columns where needed.

    `data` has rows: a commit without any could add a column that no file has.
    """
    write_deltalake(str(path), data, mode="append", schema_mode="merge", writer_properties=_WRITING)


def adopt(path: Path, files: Sequence[Path], schema: pa.Schema) -> None:
    """Moves Parquet files, which have rows and exactly the columns of `schema`, into the table in one atomic commit.

    They must lie on the table's file system. Nothing is read or written again, but where the table lacks a column.
    """
    if not DeltaTable.is_deltatable(str(path)):
        DeltaTable.create(str(path), pa.schema(schema), mode="ignore")
    table = DeltaTable(str(path))
    if {field.name for field in table.schema().fields} != set(schema.names):
        append(path, pa.RecordBatchReader.from_batches(schema, _batches(files, schema)))
        return
    actions: list[AddAction | RemoveAction] = [_moved(file, path) for file in files]
    table.create_write_transaction(actions, mode="append", schema=table.schema())


def _moved(file: Path, table: Path) -> AddAction:
    name = f"part-{uuid.uuid4()}.parquet"
    rows = pq.read_metadata(file).num_rows
    size = file.stat().st_size
    file.replace(table / name)
    return AddAction(name, size, {}, int(time.time() * 1000), True, json.dumps({"numRecords": rows}))


def _batches(files: Sequence[Path], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches(columns=schema.names):
            yield pa.RecordBatch.from_arrays([batch.column(name) for name in schema.names], schema=schema)


def files_of(table: DeltaTable) -> list[str]:
    """The paths of a table's files as the file system has them: Delta gives them percent-encoded."""
    return [unquote(uri) for uri in table.file_uris()]


@dataclass(frozen=True)
class Files:
    """The Parquet files that a table consists of, sorted absolute paths, and the columns that some of them have."""

    paths: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()


class TableFiles:
    """Follows one Delta table. Keeps the log it has read; safe between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table: DeltaTable | None = None
        self._known = Files()
        self._version = -1
        self._lock = Lock()

    def current(self) -> Files:
        """The files now; none where nothing was ever written."""
        with self._lock:
            if self._table is None:
                if not (self._path / "_delta_log").is_dir() or not DeltaTable.is_deltatable(str(self._path)):
                    return self._known
                self._table = DeltaTable(str(self._path))
            else:
                self._table.update_incremental()
            if self._table.version() != self._version:
                columns = frozenset(field.name for field in self._table.schema().fields)
                self._known = Files(tuple(sorted(files_of(self._table))), columns)
                self._version = self._table.version()
            return self._known
