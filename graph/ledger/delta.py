"""Append-only Delta tables: the few operations that the ledger needs, and nothing else of Delta."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pyarrow as pa
from deltalake import DeltaTable, WriterProperties, write_deltalake

# A row group is held in memory until it is whole; Delta's own size, a million rows, would be held for hundreds of megabytes.
_WRITING = WriterProperties(max_row_group_size=131_072, compression="ZSTD", compression_level=1)


def append(path: Path, data: pa.Table | pa.RecordBatchReader) -> None:
    """Appends `data` in one atomic commit, creating the table or adding columns where needed.

    `data` has rows: a commit without any could add a column that no file has.
    """
    write_deltalake(str(path), data, mode="append", schema_mode="merge", writer_properties=_WRITING)


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
                self._known = Files(tuple(sorted(self._table.file_uris())), columns)
                self._version = self._table.version()
            return self._known
