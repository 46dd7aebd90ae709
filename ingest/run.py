"""One load from manifest to commit: read, check, settle, append, commit. Killed anywhere, the next run ends in the same graph."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import duckdb
import polars as pl

from graph.clock import day_of, now_us
from graph.errors import InputError, YujingError
from graph.ledger import BatchHeader, BatchWriter, Ledger
from graph.ontology import Ontology, extend_ontology, read_additions
from graph.ontology.load import OntologyAdditions
from graph.personal import Vault
from ingest.constants import check_constants
from ingest.engine import engine_for
from ingest.manifest import Manifest, Severity, SourceFile, read_manifest
from ingest.parts import PartWriter
from ingest.plan import plan_file
from ingest.prefetch import ahead
from ingest.quarantine import Quarantine
from ingest.readers import Chunk, read_chunks, sheet_of
from ingest.recipe import Stamp
from ingest.refusal import named, refusal_json
from ingest.result import Counts, IngestResult
from ingest.settle import FullFeed, Settled, Settler
from ingest.stage import Source, Staged, Stager, Workshop
from ingest.tokens import tokeniser

_STAGING = ".staging"


class Progress(Protocol):
    """Hears how far a load is."""

    def begin(self, what: str, total: int) -> None:
        """A stretch of work of `total` steps begins (bytes, or types)."""

    def reach(self, done: int) -> None:
        """So many of them are done."""


class _Silent:
    def begin(self, what: str, total: int) -> None: ...

    def reach(self, done: int) -> None: ...


SILENT: Progress = _Silent()


@dataclass(frozen=True)
class _Load:
    """A manifest that was found good: its text's hash, the ontology it adds to, its files and what their rows yield."""

    manifest: Manifest
    hash: str
    path: Path
    additions: OntologyAdditions
    ontology: Ontology
    files: tuple[tuple[SourceFile, Path], ...]
    sources: tuple[Source, ...]


def ingest(
    manifest: Path,
    ledger: Ledger,
    vault: Vault,
    *,
    quarantine: Path,
    data_root: Path,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> IngestResult:
    """Loads one manifest's files as one batch.

    Paths in the manifest are relative to its folder, else to `data_root`. Refused rows go to `quarantine/<batch>/`.
    InputError, and nothing committed, where a file or the manifest cannot be used or too many rows are bad;
    ConflictError where another process writes. `dry_run` does all but write.
    """
    began = time.perf_counter()
    load = _prepare(manifest, ledger, data_root)
    header = BatchHeader(load.manifest.name, load.path.name, load.manifest.version, load.hash, bool(load.manifest.backfill))
    with (
        _folder(ledger, header.batch, dry_run=dry_run) as folder,
        _ledger_for(load, ledger, folder, dry_run=dry_run) as book,
        engine_for(book, folder) as engine,
    ):
        batch = book.begin(header)
        stamp = Stamp(header.feed, header.batch, batch.attempt)
        keeper = Quarantine(quarantine / header.batch, engine)
        outcome = _Outcome(load, header, Staged(folder), keeper, began, dry_run)
        try:
            with PartWriter() as writer:
                shop = Workshop(writer, book.time_zone, tokeniser(vault, keep=not dry_run), stamp)
                _stage(load, outcome.staged, shop, progress)
            return _settle(outcome, book, batch, Settler(book, outcome.staged, stamp, engine), progress)
        except Exception as problem:
            trouble = named(problem)
            if isinstance(trouble, YujingError):
                trouble.details = outcome.refused()
                outcome.keep_refusal(trouble)
            raise trouble from (None if trouble is problem else problem)


@dataclass(frozen=True)
class _Outcome:
    load: _Load
    header: BatchHeader
    staged: Staged
    quarantine: Quarantine
    began: float
    dry_run: bool

    def result(self, settled: Settled, warnings: tuple[str, ...], batch_seq: int | None, ledger_seq: int) -> IngestResult:
        bad, reasons = _bad_rows(self.staged)
        rows = self.staged.rows
        fresh = rows - bad - settled.duplicate_rows
        return IngestResult(
            feed=self.load.manifest.name,
            batch=self.header.batch,
            rows=Counts(rows, fresh, settled.duplicate_rows, bad),
            types={name: _of_type(name, self.staged, settled) for name in sorted(self.staged.seen)},
            stubs=dict(settled.stubs),
            closed=dict(+settled.closed),
            reasons=reasons,
            warnings=warnings,
            tidied=self.staged.tidied,
            quarantine=None if self.dry_run else self.quarantine.folder,
            batch_seq=batch_seq,
            ledger_seq=ledger_seq,
            seconds=time.perf_counter() - self.began,
            dry_run=self.dry_run,
            backfill=bool(self.load.manifest.backfill),
            files=tuple(source.file for source in self.load.sources),
        )

    def refused(self) -> dict[str, Any]:
        """What was counted until the load was refused."""
        bad, reasons = _bad_rows(self.staged)
        return {
            "feed": self.load.manifest.name,
            "batch": self.header.batch,
            "dry_run": self.dry_run,
            "rows": {"read": self.staged.rows, "quarantined": bad},
            "reasons": reasons,
            "warnings": list(self.staged.remarks),
            "files": [source.file for source in self.load.sources],
            "quarantine": str(self.quarantine.folder) if bad and not self.dry_run else None,
            "seconds": round(time.perf_counter() - self.began, 3),
        }

    def keep_refusal(self, trouble: YujingError) -> None:
        """Leaves what was bad until then where it can be looked at; on a full disk there is no place for it."""
        if self.dry_run or not trouble.details["quarantine"]:
            return
        with suppress(OSError, duckdb.Error):
            self.quarantine.write(self.staged, self.load.sources)
            self.quarantine.write_refusal(refusal_json(trouble))


def _of_type(name: str, staged: Staged, settled: Settled) -> Counts:
    read, new, same = staged.seen[name], settled.new[name], settled.same[name]
    return Counts(read, new, same, read - new - same)


def _prepare(path: Path, ledger: Ledger, data_root: Path) -> _Load:
    manifest, text_hash = read_manifest(path)
    additions = read_additions(path.parent / manifest.ontology) if manifest.ontology else OntologyAdditions()
    ontology = extend_ontology(ledger.ontology, additions)
    files: list[tuple[SourceFile, Path]] = []
    sources: list[Source] = []
    for place, spec in enumerate(manifest.files):
        plans = plan_file(manifest, place, ontology)
        check_constants(plans, ledger.time_zone)
        for found in _find(spec, path.parent, data_root):
            files.append((spec, found))
            name = _name(found, path.parent, data_root)
            sources.append(Source(len(sources), name, sheet_of(found, spec), plans, spec.feed == "full"))
    _check_feeds(manifest, sources)
    return _Load(manifest, text_hash, path, additions, ontology, tuple(files), tuple(sources))


def _find(spec: SourceFile, beside: Path, data_root: Path) -> list[Path]:
    for folder in (beside, data_root):
        found = sorted(folder.glob(spec.path)) if any(c in spec.path for c in "*?[") else [folder / spec.path]
        if found and found[0].is_file():
            return found
    said = f"{spec.path}: there is no such file, neither beside the manifest nor under {data_root}."
    raise InputError(said, "Put it there, or set YUJING_DATA.", "path")


def _name(path: Path, beside: Path, data_root: Path) -> str:
    """What lineage calls a file: its path from where it was found, the same on every machine."""
    for folder in (beside, data_root):
        if path.is_relative_to(folder):
            return path.relative_to(folder).as_posix()
    return path.as_posix()


def _check_feeds(manifest: Manifest, sources: list[Source]) -> None:
    full = {plan.type_name for source in sources if source.full for plan in source.plans}
    delta = {plan.type_name for source in sources if not source.full for plan in source.plans}
    if both := sorted(full & delta):
        said = f"manifest: {both[0]} comes from files of feed full and of feed delta: what has ended cannot be told."
        raise InputError(said, "Put them into two manifests.", "feed")


def _stage(load: _Load, staged: Staged, shop: Workshop, progress: Progress) -> None:
    total = sum(path.stat().st_size for _, path in load.files)
    progress.begin("read", total)
    done = 0
    for (spec, path), source in zip(load.files, load.sources, strict=True):
        stager, rows_before = Stager(source, staged, shop), staged.rows
        used, columns, before = spec.columns, None, _mark(path)
        with ahead(read_chunks(path, spec)) as chunks:
            for chunk in chunks:
                columns = columns or _check_columns(chunk, spec, used, path, staged)
                stager.take(_complete(chunk, used))
                progress.reach(done + chunk.bytes_read)
        if _mark(path) != before:
            raise InputError(f"{path}: the file changed while it was read.", "Load it again once it is written whole.", "path")
        rows = staged.rows - rows_before
        _check_count(rows, spec, path)
        if source.full and not rows:
            staged.remarks.append(
                f"{path}: a full feed without a row: nothing it told before is closed. Declare rows: {{min: 1}} to refuse it."
            )
        done += path.stat().st_size


def _mark(path: Path) -> tuple[int, ...]:
    """What differs once a file was written to, or another one put in its place."""
    try:
        found = path.stat()
    except FileNotFoundError:
        raise InputError(f"{path}: the file vanished while the load ran.", "Put it back, and load it again.", "path") from None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_columns(chunk: Chunk, spec: SourceFile, used: set[str], path: Path, staged: Staged) -> set[str]:
    """Crash or warn: a column that is gone, or new, is never absorbed."""
    there = set(chunk.frame.columns)
    expected = used | set(spec.ignore)
    for kind, names, severity in (
        ("missing", sorted(expected - there), spec.on_missing_column),
        ("new", sorted(there - expected), spec.on_new_column),
    ):
        if not names:
            continue
        said = f"{path}: {kind} column{'s' if len(names) > 1 else ''} {', '.join(names)}."
        if severity is Severity.WARN:
            staged.remarks.append(said)
        elif kind == "missing":
            found = ", ".join(chunk.frame.columns)
            raise InputError(said, f"The header has: {found}. Check encoding, delimiter and header_row, or the manifest.", names[0])
        else:
            raise InputError(said, "Map it, list it under ignore, or declare on_new_column: warn.", names[0])
    return there


def _complete(chunk: Chunk, used: set[str]) -> Chunk:
    """A missing column that the manifest bears with is empty."""
    gone = sorted(used - set(chunk.frame.columns))
    if not gone:
        return chunk
    empty = [pl.lit("").alias(name) for name in gone]
    return Chunk(chunk.frame.with_columns(empty), chunk.line, chunk.broken, chunk.bytes_read)


def _check_count(rows: int, spec: SourceFile, path: Path) -> None:
    if rows < spec.rows.min or (spec.rows.max is not None and rows > spec.rows.max):
        upto = f" to {spec.rows.max}" if spec.rows.max is not None else " or more"
        raise InputError(
            f"{path}: {rows} rows, where {spec.rows.min}{upto} were declared.", "Check that the file is whole.", "rows"
        )


def _settle(outcome: _Outcome, ledger: Ledger, batch: BatchWriter, settler: Settler, progress: Progress) -> IngestResult:
    load, staged = outcome.load, outcome.staged
    if outcome.dry_run:
        settled, warnings = _settled(outcome, settler, ledger)
        _stop_if_bad(outcome)
        return outcome.result(settled, warnings, None, ledger.latest_seq)
    with batch:
        ledger.extend(load.additions)
        progress.begin("compare", 0)
        settled, warnings = _settled(outcome, settler, ledger)
        outcome.quarantine.write(staged, load.sources)
        _stop_if_bad(outcome)
        batch_seq = None
        if settled.anything:
            progress.begin("write", 0)
            for name, files in settler.files().items():
                batch.adopt(name, files)
            batch_seq = batch.commit(outcome.result(settled, warnings, None, 0).to_json())
    result = outcome.result(settled, warnings, batch_seq, ledger.latest_seq)
    outcome.quarantine.write_summary(result.to_json())
    return result


def _settled(outcome: _Outcome, settler: Settler, ledger: Ledger) -> tuple[Settled, tuple[str, ...]]:
    load, staged = outcome.load, outcome.staged
    full = _full_feeds(load, ledger.time_zone)
    held_back = bool(full) and staged.uncut
    settled = settler.settle(refuse_unknown=load.manifest.on_unknown_end == "refuse", full=[] if held_back else full)
    warnings = list(staged.remarks)
    if held_back:
        warnings.append("Nothing was closed: a row of a full feed could not be cut into fields, so what it tells of is not known.")
    if staged.idle_rows:
        warnings.append(f"{staged.idle_rows} rows yield no record: no condition holds for them.")
    return settled, (*warnings, *settler.share_warnings())


def _full_feeds(load: _Load, time_zone: str) -> list[FullFeed]:
    today = day_of(now_us(), time_zone)
    ended: dict[date, set[str]] = {}
    for (spec, _), source in zip(load.files, load.sources, strict=True):
        if source.full:
            ended.setdefault(spec.as_of or today, set()).update(plan.type_name for plan in source.plans)
    return [FullFeed(frozenset(types), day) for day, types in sorted(ended.items())]


def _stop_if_bad(outcome: _Outcome) -> None:
    bad, reasons = _bad_rows(outcome.staged)
    rows, limit = outcome.staged.rows, outcome.load.manifest.max_bad_share
    if rows and bad / rows > limit:
        worst = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
        said = (
            f"{outcome.load.path}: {bad} of {rows} rows are bad ({worst}), more than max_bad_share {limit:g}; nothing was loaded."
        )
        see = "Load without --dry-run to have them listed" if outcome.dry_run else f"See {outcome.quarantine.folder}"
        raise InputError(said, f"{see}, then mend the files or the manifest.", "max_bad_share")


def _bad_rows(staged: Staged) -> tuple[int, dict[str, int]]:
    files = staged.files.get("issues", [])
    if not files:
        return 0, {}
    issues = pl.scan_parquet(files)
    count = int(issues.select(pl.col("row").n_unique()).collect().item())
    by_reason = issues.group_by("reason").agg(pl.col("row").n_unique()).sort(["row", "reason"], descending=[True, False]).collect()
    return count, dict(by_reason.iter_rows())


@contextmanager
def _folder(ledger: Ledger, batch: str, *, dry_run: bool) -> Iterator[Path]:
    """Where staged files lie while a load runs; what killed loads left is cleared away."""
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="yujing-") as temporary:
            yield Path(temporary)
        return
    root = ledger.root / _STAGING
    _clear_left(root)
    folder = root / f"{batch}.{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_left(root: Path) -> None:
    for left in root.glob("*.*"):
        try:
            os.kill(int(left.suffix[1:]), 0)
        except (ProcessLookupError, ValueError):
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            continue  # another user's process: alive


@contextmanager
def _ledger_for(load: _Load, ledger: Ledger, folder: Path, *, dry_run: bool) -> Iterator[Ledger]:
    """The ledger itself; for a dry run that adds types, a look-alike that knows them, over the same files."""
    if not dry_run or load.ontology.hash == ledger.ontology.hash:
        yield ledger
        return
    root = folder / "ledger"
    root.mkdir()
    for table in ledger.root.iterdir():
        if (table / "_delta_log").is_dir():
            (root / table.name).symlink_to(table, target_is_directory=True)
    look_alike = Ledger.open(root, time_zone=ledger.time_zone)
    look_alike.extend(load.additions)
    try:
        yield look_alike
    finally:
        look_alike.close()
