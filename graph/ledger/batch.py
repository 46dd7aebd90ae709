"""Writing: one batch at a time, seen whole or not at all."""

import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from graph.clock import now_us
from graph.errors import ConflictError, InputError
from graph.ledger import delta
from graph.ledger.matching import find_moves
from graph.ledger.schema import BATCHES, IDENTITY, ledger_schema

if TYPE_CHECKING:
    from graph.ledger.book import Ledger

_BATCHES_AT_ONCE = 4


def new_batch_id() -> str:
    """A batch id that sorts by the time it was begun."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class BatchHeader:
    """Which feed a batch is of, and by which manifest it was read."""

    feed: str
    manifest: str = ""
    manifest_version: str = ""
    manifest_hash: str = ""
    backfill: bool = False  # only then may rows bring their own recorded_at
    batch: str = field(default_factory=new_batch_id)


class BatchWriter:
    """Holds the ledger's only writing lock from `with` to the end of it. Without `commit`, nothing was written."""

    def __init__(self, ledger: "Ledger", header: BatchHeader) -> None:
        self._ledger = ledger
        self._lock = FileLock(ledger.root / "writer.lock")
        self._written: dict[str, int] = {}
        self._committed = False
        self.header = header
        self.attempt = secrets.token_hex(16)
        self.engine: duckdb.DuckDBPyConnection = ledger.backend.con  # what finds out whose records are one; a load lends its own

    def __enter__(self) -> "BatchWriter":
        holder = self._ledger.root / "writer.json"
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ConflictError(
                f"The ledger {self._ledger.root} is being written by {_named(holder)}.", "Wait until it is done, then run again."
            ) from None
        holder.write_text(json.dumps({"batch": self.header.batch, "process": os.getpid()}), "utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()

    def append(self, type_name: str, rows: pa.Table | pa.RecordBatchReader) -> int:
        """Appends rows of one type, in the ledger's schema; returns how many.

        Columns that are left out are null; `batch` and `attempt` are this writer's. InputError names a column that
        the type does not have or that holds something else.
        """
        self._check_open()
        schema = ledger_schema(self._ledger.ontology, type_name)
        reader = rows.to_reader() if isinstance(rows, pa.Table) else rows
        unknown = set(reader.schema.names) - set(schema.names)
        if unknown:
            raise InputError(f"{type_name} has no column {sorted(unknown)}.", "Declare it in the ontology first.", type_name)
        stamped = (self._stamped(batch, schema, type_name) for batch in reader if batch.num_rows)
        first = next(stamped, None)
        if first is None:
            return 0
        counted = _Counted()
        rest = counted.through(chain((first,), stamped))
        for head in rest:  # in portions: Delta's writer holds more memory the more rows one append has
            portion = chain((head,), islice(rest, _BATCHES_AT_ONCE - 1))
            delta.append(self._ledger.root / type_name, pa.RecordBatchReader.from_batches(schema, portion))
        self._written[type_name] = self._written.get(type_name, 0) + counted.rows
        return counted.rows

    def adopt(self, type_name: str, files: Sequence[Path]) -> int:
        """Takes over Parquet files of rows of one type as they are; returns how many rows.

        They hold exactly the columns of the ledger's schema, `batch` and `attempt` this writer's, and lie on the ledger's
        file system, from where they are moved. InputError where they hold anything else.
        """
        self._check_open()
        schema = ledger_schema(self._ledger.ontology, type_name)
        told = [(file, pq.read_metadata(file)) for file in files]
        full = [(file, about) for file, about in told if about.num_rows]
        for _, about in full:
            self._check_file(about, schema, type_name)
        if full:
            delta.adopt(self._ledger.root / type_name, [file for file, _ in full], schema)
        rows = sum(int(about.num_rows) for _, about in full)
        if rows:
            self._written[type_name] = self._written.get(type_name, 0) + rows
        return rows

    def _check_file(self, about: pq.FileMetaData, schema: pa.Schema, type_name: str) -> None:
        found = about.schema.to_arrow_schema()
        if {f.name: f.type for f in found} != {f.name: f.type for f in schema}:
            raise InputError(f"{type_name}: a file of other columns than the ledger's: {found.names}.", "Write it anew.", type_name)
        for group in range(about.num_row_groups):
            told = about.row_group(group).column(found.names.index("recorded_at")).statistics
            if not self.header.backfill and (told is None or told.null_count != about.row_group(group).num_rows):
                raise _brings_its_own(type_name)

    def append_identity(self, rows: pa.Table) -> None:
        """Appends decisions on who is who (see `graph.identity`), seen from this batch on."""
        self._check_open()
        if not rows.num_rows:
            return
        stamped = [self._stamped(b, IDENTITY, "identity") for b in rows.to_batches()]
        delta.append(self._ledger.root / "identity", pa.Table.from_batches(stamped, IDENTITY))

    def commit(self, summary: Mapping[str, Any] | None = None) -> int:
        """Makes every appended row visible at once; returns the new `batch_seq`. `summary` is kept as JSON."""
        self._check_open()
        for type_name in self._written:
            self.append_identity(find_moves(self._ledger, type_name, self.attempt, self.engine))
        last = self._ledger.last_commit()
        header = self.header
        row = {
            "batch": header.batch,
            "attempt": self.attempt,
            "batch_seq": last.batch_seq + 1,
            "feed": header.feed,
            "manifest": header.manifest,
            "manifest_version": header.manifest_version,
            "manifest_hash": header.manifest_hash,
            "ontology_hash": self._ledger.ontology.hash,
            "committed_at": max(now_us(), last.committed_at + 1),
            "backfill": header.backfill,
            "summary": json.dumps({"written": self._written, **(summary or {})}, ensure_ascii=False, sort_keys=True),
        }
        delta.append(self._ledger.root / "batches", self._one_row(row, BATCHES))
        self._committed = True
        return last.batch_seq + 1

    def _one_row(self, row: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
        """By DuckDB, as Arrow loads the whole of pandas to look at a Python value."""
        said = ", ".join(f'? AS "{name}"' for name in schema.names)
        told = self._ledger.backend.con.sql(f"SELECT {said}", params=[row[name] for name in schema.names])
        return told.to_arrow_table().cast(schema)

    def _check_open(self) -> None:
        if self._committed or not self._lock.is_locked:
            raise ConflictError(f"Batch {self.header.batch} is not open.", "Begin a new batch.")

    def _stamped(self, rows: pa.RecordBatch, schema: pa.Schema, type_name: str) -> pa.RecordBatch:
        own = {"batch": self.header.batch, "attempt": self.attempt}
        if "feed" in schema.names and "feed" not in rows.schema.names:
            own["feed"] = self.header.feed
        columns = [_column(rows, f, own, type_name) for f in schema]
        batch = pa.RecordBatch.from_arrays(columns, schema=schema)
        if not self.header.backfill and batch.column("recorded_at").null_count != batch.num_rows:
            raise _brings_its_own(type_name)
        return batch


def _brings_its_own(type_name: str) -> InputError:
    return InputError(f"{type_name} brings its own recorded_at.", "Only a feed declared 'backfill: assumed' may.", "recorded_at")


class _Counted:
    def __init__(self) -> None:
        self.rows = 0

    def through(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            yield batch


def _column(rows: pa.RecordBatch, field: pa.Field, own: Mapping[str, str], type_name: str) -> pa.Array:
    if field.name in own:
        return pa.repeat(pa.scalar(own[field.name], field.type), rows.num_rows)
    if field.name not in rows.schema.names:
        return pa.nulls(rows.num_rows, field.type)
    try:
        return rows.column(field.name).cast(field.type)
    except pa.ArrowInvalid as problem:
        raise InputError(f"{type_name}.{field.name}: {problem}.", f"It must be {field.type}.", field.name) from problem


def _named(holder: Path) -> str:
    try:
        told = json.loads(holder.read_text("utf-8"))
        return f"batch {told['batch']} (process {told['process']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
