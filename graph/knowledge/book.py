"""The knowledge book: append-only Delta tables, one for each table of each kind, and `runs`, whose row comes last.

Rows of a run lie in files of their own (`run=<id>`); a run counts once its line in `runs` is there. So a computation killed
anywhere leaves nothing that is seen, and run again ends the same. A run whose inputs equal an earlier one's points at that
one's rows (`rows_run`).
"""

import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import BloomFilterProperties, ColumnProperties, WriterProperties, write_deltalake
from filelock import FileLock, Timeout

from graph.clock import now_us
from graph.errors import ConflictError, InputError, NotComputedError
from graph.knowledge.kind import KnowledgeTable
from graph.ledger import Ledger
from graph.ledger.delta import Files, TableFiles, append

RUNS = pa.schema(
    [
        ("run", pa.string()),
        ("run_seq", pa.int64()),
        ("kind", pa.string()),
        ("version", pa.string()),
        ("as_of", pa.date32()),
        ("ledger_seq", pa.int64()),
        ("fingerprint", pa.string()),
        ("rows_run", pa.string()),  # whose rows these are: its own, or an earlier run's with the same inputs
        ("tables", pa.string()),  # JSON: of each table its rows, files and columns
        ("rows", pa.int64()),
        ("seconds", pa.float64()),
        ("peak_mb", pa.int64()),
        ("recorded_at", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Part:
    """One table of one run: how many rows, in which files under the book, with which columns."""

    rows: int
    files: tuple[str, ...]
    schema: pa.Schema


@dataclass(frozen=True)
class Run:
    """One kind, computed for one day over the ledger up to `ledger_seq`."""

    run: str
    run_seq: int
    kind: str
    version: str
    as_of: date
    ledger_seq: int
    fingerprint: str
    rows_run: str
    tables: dict[str, Part]
    rows: int
    seconds: float
    peak_mb: int
    recorded_at: int = 0

    @property
    def reused(self) -> bool:
        return self.rows_run != self.run


class KnowledgeBook:
    """The book under `root`. Reading is safe between threads and beside a writer; one process writes at a time."""

    def __init__(self, root: Path, engine: duckdb.DuckDBPyConnection | None = None) -> None:
        self.root = root.resolve()
        self._engine = engine or duckdb.connect(config={"threads": 2, "memory_limit": "1GB"})
        self._runs_files = TableFiles(self.root / "runs")
        self._lock = threading.Lock()
        self._read: tuple[Files, tuple[Run, ...]] = (Files(), ())

    @classmethod
    def beside(cls, ledger: Ledger) -> "KnowledgeBook":
        """The book of the home that the ledger is in: `knowledge/` beside `ledger/`."""
        return cls(ledger.root.parent / "knowledge")

    def runs(self) -> tuple[Run, ...]:
        """Every run that counts, in the order of their `run_seq`."""
        with self._lock:
            files = self._runs_files.current()
            if files is not self._read[0]:
                self._read = files, self._parse(files)
            return self._read[1]

    @property
    def last_seq(self) -> int:
        """The `run_seq` of the newest run; 0 where nothing was computed yet."""
        runs = self.runs()
        return runs[-1].run_seq if runs else 0

    def find(self, table: str, as_of: date, ledger_seq: int | None = None) -> Run:
        """The newest run of a table's kind for that day (over exactly `ledger_seq`, where one is told). NotComputedError."""
        for run in reversed(self.runs()):
            if table in run.tables and run.as_of == as_of and ledger_seq in {None, run.ledger_seq}:
                return run
        seen = f"{as_of}" if ledger_seq is None else f"{as_of} over ledger_seq {ledger_seq}"
        raise NotComputedError(f"'{table}' was not computed for {seen}.", f"Run 'yujing knowledge --as-of {as_of}'.", "as_of")

    def read(self, table: str, as_of: date, ledger_seq: int | None = None) -> pa.Table:
        """All rows of a table on a day. NotComputedError where no run gave them."""
        return self.rows(self.find(table, as_of, ledger_seq), table)

    def about(self, table: str, column: str, ids: Sequence[str], as_of: date, ledger_seq: int | None = None) -> pa.Table:
        """The rows whose `column` is one of `ids`: only the files of that run are looked into."""
        run = self.find(table, as_of, ledger_seq)
        columns = run.tables[table].schema.names
        if column not in columns:
            raise InputError(f"'{table}' has no column '{column}'.", f"It has {', '.join(columns)}.", "column")
        if not run.tables[table].files:
            return self.rows(run, table)
        # Literals, not a parameter: DuckDB looks into zone maps and bloom filters only for constants that it sees.
        wanted = ", ".join(_quoted(one) for one in dict.fromkeys(ids)) or "NULL"
        return self._query(f'SELECT * FROM {self._source(run, table)} WHERE "{column}" IN ({wanted})').cast(
            run.tables[table].schema
        )

    def history(self, table: str, column: str, ids: Sequence[str], through: date) -> pa.Table:
        """The rows of every computed day up to `through` whose `column` is one of `ids`, with the day as `as_of`.

        Of each day the newest run; a day that points at the rows of an earlier one tells nothing new.
        """
        runs: dict[date, Run] = {run.as_of: run for run in self.runs() if table in run.tables and run.as_of <= through}
        day_of: dict[str, date] = {}
        schema: pa.Schema | None = None
        for day in sorted(runs):
            for file in runs[day].tables[table].files:
                day_of.setdefault(str(self.root / file), day)
                schema = runs[day].tables[table].schema
        if schema is None:
            raise NotComputedError(f"'{table}' was not computed up to {through}.", "Run 'yujing knowledge'.", "as_of")
        wanted = ", ".join(_quoted(one) for one in dict.fromkeys(ids)) or "NULL"
        listed = ", ".join(_quoted(path) for path in day_of)
        source = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true, filename = true)"
        found = self._query(f'SELECT * FROM {source} WHERE "{column}" IN ({wanted})')
        days = pa.array([day_of[path] for path in found["filename"].to_pylist()], pa.date32())
        return found.select(schema.names).cast(schema).append_column("as_of", days).sort_by("as_of")

    def first_days(self, table: str, column: str, ids: Sequence[str], through: date) -> dict[str, date]:
        """Of each of `ids` the first computed day up to `through` whose newest run has it in `column`."""
        days: dict[date, Run] = {run.as_of: run for run in self.runs() if table in run.tables and run.as_of <= through}
        day_of: dict[str, date] = {}
        for day in sorted(days):
            for file in days[day].tables[table].files:
                day_of.setdefault(str(self.root / file), day)
        if not day_of:
            return {}
        listed = ", ".join(_quoted(path) for path in day_of)
        wanted = ", ".join(_quoted(one) for one in dict.fromkeys(ids)) or "NULL"
        source = f"read_parquet([{listed}], hive_partitioning = false, filename = true)"
        found = self._query(f'SELECT DISTINCT "{column}" AS one, filename FROM {source} WHERE "{column}" IN ({wanted})').to_pylist()
        return {row["one"]: day_of[row["filename"]] for row in sorted(found, key=lambda r: day_of[r["filename"]], reverse=True)}

    def rows(self, run: Run, table: str) -> pa.Table:
        """All rows of one table of one run."""
        if not run.tables[table].files:
            return run.tables[table].schema.empty_table()
        return self._query(f"SELECT * FROM {self._source(run, table)}").cast(run.tables[table].schema)

    def source(self, run: Run, table: str) -> str:
        """The same as something to stand behind FROM in DuckDB; empty where the run has no such rows."""
        return self._source(run, table) if run.tables[table].files else ""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """The only writer. ConflictError while another process computes."""
        self.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.root / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ConflictError(f"Another process is computing knowledge in {self.root}.", "Wait until it is done.") from None
        try:
            yield
        finally:
            lock.release()

    def append_table(self, run: str, table: KnowledgeTable, rows: pa.Table) -> Part:
        """Writes one table of a run that is not seen yet; to be called within `writing`."""
        if not rows.num_rows:
            return Part(0, (), table.schema)
        path = self.root / table.name
        rows = rows.select(table.schema.names).cast(table.schema).sort_by([(table.lookup[0], "ascending")])
        stamped = rows.append_column("run", pa.repeat(pa.scalar(run), rows.num_rows))
        writing = _writing(table, rows.num_rows)
        write_deltalake(path, stamped, mode="append", partition_by=["run"], schema_mode="merge", writer_properties=writing)
        found = (path / f"run={run}").glob("*.parquet")  # no attempt ever shares a run's folder
        return Part(rows.num_rows, tuple(sorted(str(file.relative_to(self.root)) for file in found)), table.schema)

    def commit(self, run: Run) -> Run:
        """Makes a run count; to be called within `writing`, last."""
        row = {name: getattr(run, name) for name in RUNS.names if name != "tables"}
        row["tables"] = json.dumps({name: _plain(part) for name, part in run.tables.items()})
        row["recorded_at"] = now_us()
        append(self.root / "runs", pa.Table.from_pylist([row], RUNS))
        return self.runs()[-1]

    def _parse(self, files: Files) -> tuple[Run, ...]:
        if not files.paths:
            return ()
        listed = ", ".join(_quoted(path) for path in files.paths)
        found = []
        for row in self._query(f"SELECT * FROM read_parquet([{listed}], hive_partitioning = false) ORDER BY run_seq").to_pylist():
            parts = {name: _part(*plain) for name, plain in json.loads(row.pop("tables")).items()}
            found.append(Run(**row, tables=parts))
        return tuple(found)

    def _source(self, run: Run, table: str) -> str:
        listed = ", ".join(_quoted(str(self.root / file)) for file in run.tables[table].files)
        return f"read_parquet([{listed}], hive_partitioning = false)"

    def _query(self, sql: str) -> pa.Table:
        with self._engine.cursor() as cursor:
            result: pa.Table = cursor.sql(sql).to_arrow_table()
        return result


def _plain(part: Part) -> tuple[int, tuple[str, ...], str]:
    return part.rows, part.files, b64encode(part.schema.serialize().to_pybytes()).decode()


def _part(rows: int, files: list[str], schema: str) -> Part:
    return Part(rows, tuple(files), pa.ipc.read_schema(pa.py_buffer(b64decode(schema))))


def _writing(table: KnowledgeTable, rows: int) -> WriterProperties:
    """Bloom filters on what a table is looked up by: one firm's rows are found without reading the others'."""
    group = min(rows, 131_072)
    bloom = ColumnProperties(bloom_filter_properties=BloomFilterProperties(True, fpp=0.01, ndv=group))
    return WriterProperties(
        max_row_group_size=131_072,
        compression="ZSTD",
        compression_level=1,
        column_properties=dict.fromkeys(table.lookup, bloom),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
