"""Append-only Delta tables: the few operations that the ledger needs, and nothing else of Delta."""

from pathlib import Path
from threading import Lock

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake


def append(path: Path, data: pa.Table | pa.RecordBatchReader) -> None:
    """Appends `data` in one atomic commit, creating the table or adding columns where needed."""
    write_deltalake(str(path), data, mode="append", schema_mode="merge")


class TableFiles:
    """The Parquet files that a Delta table consists of now. Keeps the log it has read; safe between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._table: DeltaTable | None = None
        self._lock = Lock()

    def current(self) -> list[str]:
        """Absolute paths, sorted; empty where nothing was ever written."""
        with self._lock:
            if self._table is None:
                if not (self._path / "_delta_log").is_dir() or not DeltaTable.is_deltatable(str(self._path)):
                    return []
                self._table = DeltaTable(str(self._path))
            else:
                self._table.update_incremental()
            return sorted(self._table.file_uris())
