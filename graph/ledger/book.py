"""The ledger: what the bank was told, when it was true and when it was known."""

import secrets
import threading
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.duckdb import Backend

from graph.ledger.batch import BatchHeader, BatchWriter
from graph.ledger.delta import Files, TableFiles
from graph.ledger.keeping import OntologyFile
from graph.ledger.readers import Lease
from graph.ledger.schema import BATCH_SEQ, BATCHES, IDENTITY, ledger_schema
from graph.ontology import Ontology
from graph.ontology.load import OntologyAdditions


@dataclass(frozen=True)
class Commit:
    """The last batch that counts: its number and its instant in UTC microseconds."""

    batch_seq: int
    committed_at: int


class Ledger:
    """One Delta table per ontology type, and the DuckDB engine that reads them. Safe to read from several threads."""

    def __init__(self, root: Path, time_zone: str, engine: duckdb.DuckDBPyConnection) -> None:
        self.root = root
        self.time_zone = time_zone
        self._engine = engine
        self._lease = Lease(root)
        self._local = threading.local()
        self._files: dict[str, TableFiles] = {}
        self._ontology = OntologyFile(root / "ontology.json")

    @classmethod
    def open(cls, root: Path, *, time_zone: str = "Asia/Shanghai", threads: int = 2, memory_limit: str = "4GB") -> "Ledger":
        """The ledger under `root`, created when absent. Beyond `memory_limit` DuckDB spills to disk below it."""
        root = root.resolve()
        root.mkdir(parents=True, exist_ok=True)
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": memory_limit,
            "temp_directory": str(root / f".spill-{secrets.token_hex(8)}"),  # engines share none; DuckDB makes it, but no parent
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
        ledger = cls(root, time_zone, duckdb.connect(config=config))
        ledger.extend(OntologyAdditions())
        return ledger

    @property
    def ontology(self) -> Ontology:
        """The core types and every addition that was ever ingested with."""
        return self._ontology.read()

    def extend(self, additions: OntologyAdditions) -> Ontology:
        """Adds a bank's types and properties for good. InputError where one is redefined."""
        return self._ontology.extend(additions)

    @property
    def backend(self) -> Backend:
        """The calling thread's own Ibis connection; all threads share one DuckDB engine and its memory."""
        if not hasattr(self._local, "backend"):
            self._local.backend = ibis.duckdb.from_connection(self._engine.cursor())
        backend: Backend = self._local.backend
        return backend

    def query(self, sql: str) -> ibis.Table:
        """Any DuckDB query as an Ibis expression on this thread's connection."""
        # Ibis asks for the columns by a call that DuckDB 2 no longer has, so they are asked for here.
        empty = self.backend.con.sql(f"SELECT * FROM ({sql}) LIMIT 0").to_arrow_table()
        return self.backend.sql(sql, schema=ibis.Schema.from_pyarrow(empty.schema))

    def stream(self, expression: ibis.Table, rows_per_batch: int = 122_880) -> pa.RecordBatchReader:
        """The rows of an expression a batch at a time, for results that should not be in memory whole."""
        return self.backend.con.cursor().sql(ibis.to_sql(expression, dialect="duckdb")).to_arrow_reader(rows_per_batch)

    @property
    def latest_seq(self) -> int:
        """The highest `batch_seq`; 0 when nothing was ever committed."""
        return self.last_commit().batch_seq

    def last_commit(self) -> Commit:
        """The last batch that counts, or zeros."""
        last = f"SELECT coalesce(max(batch_seq), 0), coalesce(max(committed_at), 0) FROM ({self._batches_sql()})"
        return Commit(*self.backend.con.sql(last).fetchall()[0])

    def batches(self) -> pa.Table:
        """Every committed batch in order, schema `graph.ledger.schema.BATCHES`."""
        table: pa.Table = self.backend.sql(self._batches_sql(), schema=ibis.Schema.from_pyarrow(BATCHES)).to_pyarrow()
        return table.sort_by("batch_seq").cast(BATCHES)

    def begin(self, header: BatchHeader) -> BatchWriter:
        """A writer for one batch, to be used in a `with`. ConflictError there while another process writes."""
        return BatchWriter(self, header)

    def table(self, type_name: str, ledger_seq: int | None = None) -> ibis.Table:
        """Committed rows of a type up to `ledger_seq`, `recorded_at` filled and `batch_seq` added. InputError for no such type."""
        return self._committed(type_name, ledger_schema(self.ontology, type_name), ledger_seq)

    def identity(self, ledger_seq: int | None = None) -> ibis.Table:
        """Which records were moved to which entities, schema IDENTITY with `batch_seq`."""
        return self._committed("identity", IDENTITY, ledger_seq)

    def pending(self, type_name: str, attempt: str) -> ibis.Table:
        """Rows that an attempt appended and has not committed yet: for its writer only."""
        schema = ledger_schema(self.ontology, type_name)
        sql = f"SELECT * FROM ({self._told_sql(type_name, schema)}) WHERE attempt = '{attempt}'"
        return self.backend.sql(sql, schema=ibis.Schema.from_pyarrow(schema))

    def close(self) -> None:
        """Frees the engine's memory, and says that nothing is read any more. A ledger left open says so when its process ends."""
        self._engine.close()
        self._lease.release()

    def sql(self, type_name: str, ledger_seq: int | None = None) -> str:
        """The DuckDB query behind `table`, to stand in a larger one."""
        return self.rows_sql(type_name, ledger_schema(self.ontology, type_name), ledger_seq)

    def rows_sql(self, folder: str, schema: pa.Schema, ledger_seq: int | None = None) -> str:
        """The same for a table whose schema is at hand; `folder` is a type, or `identity`."""
        upto = "" if ledger_seq is None else f"WHERE batch_seq <= {int(ledger_seq)}"
        return f"""
            SELECT r.* REPLACE (coalesce(r.recorded_at, b.committed_at) AS recorded_at), b.batch_seq
            FROM ({self._told_sql(folder, schema)}) r
            JOIN (SELECT attempt, batch_seq, committed_at FROM ({self._batches_sql()}) {upto}) b ON r.attempt = b.attempt
        """

    def _committed(self, folder: str, schema: pa.Schema, ledger_seq: int | None) -> ibis.Table:
        sql = self.rows_sql(folder, schema, ledger_seq)
        return self.backend.sql(sql, schema=ibis.Schema.from_pyarrow(schema.append(BATCH_SEQ)))

    def _batches_sql(self) -> str:
        return self._told_sql("batches", BATCHES)

    def files(self, folder: str) -> Files:
        """The Parquet files that a table consists of now; `folder` is a type, `identity` or `batches`."""
        return self._files.setdefault(folder, TableFiles(self.root / folder)).current()

    def _told_sql(self, folder: str, schema: pa.Schema) -> str:
        return _select(self.files(folder), schema)


def _select(files: Files, schema: pa.Schema) -> str:
    columns = ", ".join(f'"{f.name}"' if f.name in files.columns else f'NULL::{_duckdb_type(f.type)} AS "{f.name}"' for f in schema)
    if not files.paths:
        return f"SELECT {columns} WHERE false"
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path in files.paths)
    return f"SELECT {columns} FROM read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _duckdb_type(kind: pa.DataType) -> str:
    names = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.float64(): "DOUBLE", pa.bool_(): "BOOLEAN", pa.date32(): "DATE"}
    return names[kind]
