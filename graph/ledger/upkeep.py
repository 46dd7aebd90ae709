"""Upkeep of the ledger's files: fewer and sorted ones by `optimize`, and the unused ones gone by `vacuum`. No row ever goes.

Both hold the writing lock. A table's new files replace its old ones in one Delta commit, after it was counted and hashed
that they say the same; so whoever reads sees the one set or the other, and a job killed anywhere changed nothing. Old files
stay until no reader can have listed them: a file goes only if an earlier run had seen it unused, before every reader that
lives began and longer ago than the time it is kept. Only personal values are ever forgotten, by their own erasure.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.transaction import AddAction, RemoveAction
from filelock import FileLock, Timeout

from graph.clock import now_us
from graph.errors import ConflictError
from graph.ledger.book import Ledger
from graph.ledger.counts import missing_rows
from graph.ledger.delta import files_of
from graph.ledger.readers import oldest_reader_us
from graph.ontology import EntityType, FactType, RelationType

_HOUR_US = 3_600_000_000
_CLOCKS_APART_US = 600_000_000  # so far may the clocks of two machines that share the ledger be apart
_ROW_GROUP = 131_072
_NIBBLES = 4  # of each end: 65,536 cells, more than any table has row groups
_STAGED = ".rewriting-"
_UNUSED = ".unused.json"
_MEASURED = ("id", "src", "dst", "subject", "record", "valid_from", "recorded_at", "batch_seq")  # of these a file tells its bounds


@dataclass(frozen=True)
class UpkeepOptions:
    """`file_mb`: how large files should become, in MiB; files under half of that are brought together. `whole`: rewrite
    every file, so that the table is sorted throughout."""

    file_mb: int = 256
    whole: bool = False
    threads: int = 2
    memory_limit: str = "4GB"
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Rewritten:
    """What became of one table: files and bytes before and after, and how many rows of attempts that never counted went."""

    files_before: int
    files_after: int
    bytes_before: int
    bytes_after: int
    dead_rows: int = 0


@dataclass(frozen=True)
class Vacuumed:
    """Files and bytes removed, and how many are unused but may still be read."""

    files: int
    bytes: int
    waiting: int


@contextmanager
def _alone(ledger: Ledger, what: str) -> Iterator[None]:
    """The ledger's writing lock. ConflictError while anyone writes."""
    holder = ledger.root / "writer.json"
    try:
        with FileLock(ledger.root / "writer.lock", timeout=0):
            holder.write_text(json.dumps({"batch": what, "process": os.getpid()}), "utf-8")
            yield
    except Timeout:
        raise ConflictError(f"The ledger {ledger.root} is being written.", "Wait until that is done, then run again.") from None


def optimize(ledger: Ledger, options: UpkeepOptions | None = None) -> dict[str, Rewritten]:
    """Brings small files together, sorted so that a firm's rows lie side by side, and drops rows of attempts that never
    counted. By table; tables that need nothing are not named. ConflictError while anyone writes."""
    chosen = options or UpkeepOptions()
    out = {}
    with _alone(ledger, "optimize"):
        for folder in tables_of(ledger):
            chosen.progress(folder)
            done = _Rewriting(ledger, folder, chosen).run()
            if done:
                out[folder] = done
        _note_unused(ledger)
    return out


def vacuum(ledger: Ledger, keep_hours: float, *, dry_run: bool = False) -> Vacuumed:
    """Removes files that no version in use needs and no reader can have listed, unused for `keep_hours` at least.

    Leftovers of killed runs too; and what was erased of the personal values, where its erasure was cut short.
    ConflictError while anyone writes, or if the ledger's own counts do not add up: then nothing is removed.
    """
    with _alone(ledger, "vacuum"):
        _check_whole(ledger)
        seen = _note_unused(ledger)
        before = now_us() - int(keep_hours * _HOUR_US)
        reader = oldest_reader_us(ledger.root)
        if reader is not None:
            before = min(before, reader - _CLOCKS_APART_US)
        gone = [ledger.root / name for name, since in seen.items() if since <= before]
        freed = sum(path.stat().st_size for path in gone if path.exists())
        if not dry_run:
            for path in gone:
                path.unlink(missing_ok=True)
            for folder in tables_of(ledger):
                for staged in (ledger.root / folder).glob(f"{_STAGED}*"):
                    _remove_empty(staged)
            _note_unused(ledger)
            _finish_erasing(ledger.root / "personal")
    return Vacuumed(len(gone), freed, len(seen) - len(gone))


def tables_of(ledger: Ledger) -> list[str]:
    """The folders of the ledger's tables that were ever written; `personal` is another's."""
    return [name for name in ("batches", "identity", *ledger.ontology.types) if ledger.files(name).paths]


class _Rewriting:
    """One table's files, some of them or all, written anew."""

    def __init__(self, ledger: Ledger, folder: str, options: UpkeepOptions) -> None:
        self._ledger, self._folder, self._options = ledger, folder, options
        self._path = ledger.root / folder
        self._table = DeltaTable(str(self._path))
        self._sizes = {Path(file): Path(file).stat().st_size for file in files_of(self._table)}

    def run(self) -> Rewritten | None:
        with _engine(self._options, self._ledger.root) as engine:
            engine.execute("CREATE TABLE counted (attempt VARCHAR)")
            batches = self._ledger.batches()
            engine.register("told_batches", batches)
            engine.execute("INSERT INTO counted SELECT attempt FROM told_batches")
            chosen = self._chosen(engine)
            if not chosen:
                return None
            return self._replace(engine, chosen)

    def _chosen(self, engine: duckdb.DuckDBPyConnection) -> list[Path]:
        """The files to write anew: small ones where there are several, and those with rows that do not count."""
        if self._options.whole:
            return sorted(self._sizes)
        small = {path for path, size in self._sizes.items() if size < self._options.file_mb * 2**20 // 2}
        dead = {Path(name) for (name,) in engine.sql(self._dead("DISTINCT filename", sorted(self._sizes))).fetchall()}
        return sorted((small if len(small) > 1 else set()) | dead)

    def _dead(self, what: str, files: Sequence[Path]) -> str:
        if self._folder == "batches":
            return f"SELECT {what} FROM (SELECT '' AS filename) WHERE false"
        return f"SELECT {what} FROM {_parquet(files, 'filename = true')} ANTI JOIN counted USING (attempt)"

    def _replace(self, engine: duckdb.DuckDBPyConnection, chosen: list[Path]) -> Rewritten:
        rows = f"SELECT * FROM {_parquet(chosen)}"
        counted = rows if self._folder == "batches" else f"{rows} SEMI JOIN counted USING (attempt)"
        dead = engine.sql(self._dead("count(*)", chosen)).fetchall()
        staged = self._path / f"{_STAGED}{secrets.token_hex(8)}"
        written = self._write(engine, counted, staged)
        if written:
            self._compare(engine, counted, f"SELECT * FROM {_parquet(written)}")
        self._commit(chosen, written)
        shutil.rmtree(staged, ignore_errors=True)
        kept = sum(size for path, size in self._sizes.items() if path not in set(chosen))
        return Rewritten(
            len(self._sizes),
            len(self._sizes) - len(chosen) + len(written),
            sum(self._sizes.values()),
            kept + sum(path.stat().st_size for path in written),
            dead[0][0] if dead else 0,
        )

    def _write(self, engine: duckdb.DuckDBPyConnection, rows: str, staged: Path) -> list[Path]:
        """New files of sorted rows in the table's own folder, safe on disk; no version names them yet."""
        engine.execute(f"""
            COPY ({rows} ORDER BY {self._order()}) TO '{_quoted(staged)}'
            (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {_ROW_GROUP},
             FILE_SIZE_BYTES '{self._options.file_mb}MiB', FILENAME_PATTERN 'part_{{uuid}}')
        """)
        out = []
        for file in sorted(staged.glob("*.parquet")):
            if pq.read_metadata(file).num_rows:
                _flush(file)
                out.append(file.rename(self._path / file.name))
        _flush(self._path)
        return out

    def _order(self) -> str:
        kind = self._ledger.ontology.types.get(self._folder)
        match kind:
            case RelationType():
                # Ids are hashes in hex: digits of both ends in turn are a Z-order, so that either end prunes.
                turns = ", ".join(f"substr({end}, {digit}, 1)" for digit in range(1, _NIBBLES + 1) for end in ("src", "dst"))
                return f"{turns}, src, dst, id, valid_from, recorded_at NULLS LAST"
            case FactType():
                return "subject, id, valid_from, recorded_at NULLS LAST"
            case EntityType():
                return "id, valid_from, recorded_at NULLS LAST"
        return "batch_seq" if self._folder == "batches" else "record, recorded_at NULLS LAST"

    def _compare(self, engine: duckdb.DuckDBPyConnection, before: str, after: str) -> None:
        """Both say the same, row for row: the number of rows and the sum of their hashes."""
        sums = [
            engine.sql(f"SELECT count(*), coalesce(sum(hash(t)::HUGEINT), 0)::VARCHAR FROM ({rows}) t").fetchall()[0]
            for rows in (before, after)
        ]
        if sums[0] != sums[1]:
            raise ConflictError(
                f"{self._folder}: the rewritten files do not say what the old ones say; the old ones stay.",
                "See whether the disk is sound, then run again.",
            )

    def _commit(self, old: list[Path], new: list[Path]) -> None:
        now_ms = now_us() // 1000
        gone = [
            RemoveAction(
                path=path.relative_to(self._path).as_posix(), data_change=False, deletion_timestamp=now_ms, size=self._sizes[path]
            )
            for path in old
        ]
        added = [AddAction(path.name, path.stat().st_size, {}, now_ms, False, _statistics(path)) for path in new]
        self._table.create_write_transaction([*gone, *added], mode="append", schema=self._table.schema())


@contextmanager
def _engine(options: UpkeepOptions, root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own: unlike the ledger's it keeps the order of rows. It spills beside the ledger's data."""
    spill = root / f".spill-{secrets.token_hex(8)}"
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": options.threads,
        "memory_limit": options.memory_limit,
        "temp_directory": str(spill),
        "autoinstall_known_extensions": False,
    }
    try:
        with duckdb.connect(config=config) as engine:
            yield engine
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _note_unused(ledger: Ledger) -> dict[str, int]:
    """Files that no table names any more, and since when that has been known; kept beside the tables."""
    kept = ledger.root / _UNUSED
    before: dict[str, int] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    now, unused = now_us(), {}
    for folder in tables_of(ledger):
        named = {Path(path) for path in ledger.files(folder).paths}
        for path in (ledger.root / folder).rglob("*.parquet"):
            if path not in named and "_delta_log" not in path.parts:
                name = path.relative_to(ledger.root).as_posix()
                unused[name] = before.get(name, now)
    draft = kept.with_suffix(".json.new")
    draft.write_text(json.dumps(unused), "utf-8")
    _flush(draft)
    draft.replace(kept)
    return unused


def _check_whole(ledger: Ledger) -> None:
    """Every batch has as many rows as it said when it was committed, or nothing may be removed."""
    wrong = missing_rows(ledger)
    if wrong:
        first = wrong[0]
        raise ConflictError(
            f"{first['type']}: batch {first['batch']} wrote {first['written']} rows, {first['found']} are there; nothing removed.",
            "Run 'yujing ledger check', and restore the table from a backup.",
        )


def _finish_erasing(personal: Path) -> None:
    """What an erasure deleted goes from the disk too, where it was killed before it did that."""
    if (personal / "_delta_log").is_dir() and DeltaTable.is_deltatable(str(personal)):
        DeltaTable(str(personal)).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)


def _statistics(file: Path) -> str:
    """The statistics of a Delta file: how many rows, and the bounds of the columns that readers look rows up by."""
    told = pq.read_metadata(file)
    lows: dict[str, object] = {}
    highs: dict[str, object] = {}
    for number, name in enumerate(told.schema.names):
        if name in _MEASURED:
            groups = [told.row_group(i).column(number).statistics for i in range(told.num_row_groups)]
            if all(each is not None and each.has_min_max for each in groups):
                lows[name], highs[name] = min(each.min for each in groups), max(each.max for each in groups)
    said = {"numRecords": told.num_rows, "minValues": lows, "maxValues": highs, "nullCount": {}}
    return json.dumps(said, default=str)


def _remove_empty(folder: Path) -> None:
    if not any(folder.rglob("*.parquet")):
        shutil.rmtree(folder, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _parquet(files: Sequence[Path], option: str = "filename = false") -> str:
    """Files as DuckDB reads them: columns that only some have are null in the others."""
    listed = ", ".join(f"'{_quoted(file)}'" for file in files)
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false, {option})"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
