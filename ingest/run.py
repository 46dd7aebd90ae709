"""One load from manifest to commit: read, check, settle, append, commit. Killed anywhere, the next run ends in the same graph."""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
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
from ingest.desk.feeding import FedBack
from ingest.engine import engine_for
from ingest.feeds.delivered import FileTold, HeaderChangedError, content_hash, refusals, remember_idle, told_of
from ingest.manifest import Manifest, Severity, SourceFile, read_manifest
from ingest.marks import read_marks, stop_if_overtaken
from ingest.parts import PartWriter
from ingest.plan import plan_file
from ingest.prefetch import ahead
from ingest.quarantine import Quarantine
from ingest.readers import Chunk, Connections, Input, Mark, Repaired, Surroundings, find_inputs
from ingest.recipe import Stamp
from ingest.refusal import named
from ingest.reread import Reread
from ingest.result import Counts, IngestResult
from ingest.room import room_on
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
    files: tuple[tuple[SourceFile, Input], ...]
    sources: tuple[Source, ...]
    began_at: Mapping[str, Mark] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def read_to(self) -> dict[str, Mark]:
        """How far every table and topic of the feed was read, this load included."""
        return {**self.began_at, **{each.name: mark for _, each in self.files if (mark := each.mark())}}

    def chunks(self, source: Source) -> Iterator[Chunk]:
        """The rows of a source once more."""
        spec, origin = self.files[source.number]
        return (_complete(chunk, spec.columns) for chunk in origin.chunks())


def ingest(
    manifest: Path,
    ledger: Ledger,
    vault: Vault,
    *,
    quarantine: Path,
    data_root: Path,
    connections: Connections = Connections(),  # noqa: B008 - frozen
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> IngestResult:
    """Loads one manifest's files, tables and topics as one batch.

    Paths in the manifest are relative to its folder, else to `data_root`; `connections` are the databases and clusters that
    it may name. Refused rows go to `quarantine/<batch>/`.
    InputError, and nothing committed, where a file or the manifest cannot be used or too many rows are bad;
    UnavailableError where a database or broker goes away, ConflictError where another process writes. `dry_run` does all but write.
    """
    began = time.perf_counter()
    with refusals(ledger, manifest, dry_run=dry_run):
        load = _prepare(manifest, ledger, data_root, connections)
        return _ingest(load, ledger, vault, quarantine, _Run(began, dry_run, progress))


@dataclass(frozen=True)
class _Run:
    began: float
    dry_run: bool
    progress: Progress


def _ingest(load: _Load, ledger: Ledger, vault: Vault, quarantine: Path, run: _Run) -> IngestResult:
    header = BatchHeader(load.manifest.name, load.path.name, load.manifest.version, load.hash, bool(load.manifest.backfill))
    dry_run = run.dry_run
    with (
        _folder(ledger, header.batch, dry_run=dry_run) as folder,
        _ledger_for(load, ledger, folder, dry_run=dry_run) as book,
        engine_for(book, folder) as engine,
    ):
        batch = book.begin(header)
        batch.engine = engine
        stamp = Stamp(header.feed, header.batch, batch.attempt)
        tokenise = tokeniser(vault, keep=not dry_run)
        keeper = Quarantine(quarantine / header.batch, engine, load.path, Reread(load.sources, load.chunks, tokenise), header.feed)
        outcome = _Outcome(load, header, Staged(folder), keeper, run.began, dry_run)
        try:
            with PartWriter() as writer:
                told = _stage(load, outcome.staged, Workshop(writer, book.time_zone, tokenise, stamp), run.progress)
            outcome = replace(outcome, told=tuple(told))
            return _settle(outcome, book, batch, Settler(book, outcome.staged, stamp, engine), run.progress)
        except Exception as problem:
            trouble = named(problem)
            if isinstance(trouble, YujingError):
                trouble.details = outcome.refused()
                outcome.keep_refusal(trouble)
            raise trouble from (None if trouble is problem else problem)


def feed_back(rows: FedBack, ledger: Ledger, vault: Vault, *, quarantine: Path, dry_run: bool = False) -> IngestResult:
    """Loads repaired rows of a quarantine as a batch of their own: same manifest, same checks; nothing closes by it.

    Rows that are bad still go to `quarantine/<batch>/`, of a dry run too.
    """
    began = time.perf_counter()
    loaded = [(rows.manifest.files[p.source.place], Repaired(p.source.file, p.source.sheet)) for p in rows.portions]
    sources = tuple(p.source for p in rows.portions)
    load = _Load(
        rows.manifest, rows.manifest_hash, rows.manifest_path, OntologyAdditions(), ledger.ontology, tuple(loaded), sources
    )
    manifest = rows.manifest
    header = BatchHeader(
        manifest.name, rows.manifest_name, manifest.version, rows.manifest_hash, bool(manifest.backfill), rows.batch
    )
    with _folder(ledger, header.batch, dry_run=dry_run) as folder, engine_for(ledger, folder) as engine:
        batch = ledger.begin(header)
        batch.engine = engine
        staged, stamp = Staged(folder), Stamp(header.feed, header.batch, batch.attempt)
        tokenise = tokeniser(vault, keep=not dry_run, passing=rows.passing)
        with PartWriter() as writer:
            rows.stage(staged, Workshop(writer, ledger.time_zone, tokenise, stamp))
        rows.settle_in(staged, ledger, engine)
        keeper = Quarantine(quarantine / header.batch, engine, rows.manifest_path, Reread(sources, rows.chunks, tokenise))
        outcome = _Outcome(load, header, staged, keeper, began, dry_run, about=rows.about)
        result = _settle(outcome, ledger, batch, Settler(ledger, staged, stamp, engine), SILENT)
        if dry_run:
            keeper.write(staged, sources)
        return result


@dataclass(frozen=True)
class _Outcome:
    load: _Load
    header: BatchHeader
    staged: Staged
    quarantine: Quarantine
    began: float
    dry_run: bool
    told: tuple[FileTold, ...] = ()  # what was delivered; nothing where rows are fed back
    about: Mapping[str, object] = field(default_factory=dict)  # what else the batch's summary says

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
            again=self.quarantine.again,
            files=tuple(source.file for source in self.load.sources),
            deliveries=tuple(each.to_json() for each in self.told),
            read_to=self.load.read_to,
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
            self.quarantine.write_refusal(trouble.as_json())


def _of_type(name: str, staged: Staged, settled: Settled) -> Counts:
    read, new, same = staged.seen[name], settled.new[name], settled.same[name]
    return Counts(read, new, same, read - new - same)


def _prepare(path: Path, ledger: Ledger, data_root: Path, connections: Connections) -> _Load:
    manifest, text_hash = read_manifest(path)
    additions = read_additions(path.parent / manifest.ontology) if manifest.ontology else OntologyAdditions()
    ontology = extend_ontology(ledger.ontology, additions)
    around = Surroundings(path.parent, data_root, manifest.name, ledger.time_zone, connections, read_marks(ledger, manifest.name))
    files: list[tuple[SourceFile, Input]] = []
    sources: list[Source] = []
    remarks: list[str] = []
    for place, spec in enumerate(manifest.files):
        plans = plan_file(manifest, place, ontology)
        check_constants(plans, ledger.time_zone)
        found, said = find_inputs(spec, around)
        remarks += said
        for each in found:
            files.append((spec, each))
            full, used = spec.feed == "full", frozenset(spec.columns)
            sources.append(Source(len(sources), each.name, each.sheet, plans, full, place, used))
    _check_feeds(manifest, sources)
    _check_names(files)
    return _Load(manifest, text_hash, path, additions, ontology, tuple(files), tuple(sources), around.read_to, tuple(remarks))


def _check_names(files: list[tuple[SourceFile, Input]]) -> None:
    """A table or topic is read once: how far is kept by its name."""
    names = [each.name for spec, each in files if not spec.path]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"manifest: {twice[0]} is read twice.", "Give each query a name of its own: name: ….", "sql")


def _check_feeds(manifest: Manifest, sources: list[Source]) -> None:
    full = {plan.type_name for source in sources if source.full for plan in source.plans}
    delta = {plan.type_name for source in sources if not source.full for plan in source.plans}
    if both := sorted(full & delta):
        said = f"manifest: {both[0]} comes from files of feed full and of feed delta: what has ended cannot be told."
        raise InputError(said, "Put them into two manifests.", "feed")


def _stage(load: _Load, staged: Staged, shop: Workshop, progress: Progress) -> list[FileTold]:
    staged.remarks += load.remarks
    total = sum(path.size for _, path in load.files)
    progress.begin("read", total)
    done = 0
    delivered: dict[int, _Delivered] = {}  # by spec: a pattern's files are one delivery
    for (spec, path), source in zip(load.files, load.sources, strict=True):
        stager, rows_before = Stager(source, staged, shop), staged.rows
        used, columns, before = spec.columns, set[str](), _mark(path)
        with ahead(path.chunks()) as chunks:
            for chunk in chunks:
                if not columns or not columns.issuperset(chunk.frame.columns):
                    columns |= _check_columns(chunk, spec, used | columns, path, staged)
                stager.take(_complete(chunk, used))
                progress.reach(done + chunk.bytes_read)
        if _mark(path) != before:
            raise InputError(f"{path}: the file changed while it was read.", "Load it again once it is written whole.", "path")
        rows = staged.rows - rows_before
        delivered.setdefault(id(spec), _Delivered(spec)).add(path, rows, columns)
        _check_count(rows, spec, path)
        if source.full and not rows:
            staged.remarks.append(
                f"{path}: a full feed without a row: nothing it told before is closed. Declare rows: {{min: 1}} to refuse it."
            )
        staged.remarks += path.remarks
        done += path.size
    return [each.told(load.manifest) for each in delivered.values()]


class _Delivered:
    def __init__(self, spec: SourceFile) -> None:
        self._spec = spec
        self._files: dict[Path, None] = {}  # sheets of one workbook are one file
        self._columns: set[str] = set()
        self._rows = 0

    def add(self, origin: Input, rows: int, columns: set[str]) -> None:
        if origin.file is not None:
            self._files[origin.file] = None
        self._columns |= columns
        self._rows += rows

    def told(self, manifest: Manifest) -> FileTold:
        content = content_hash([*self._files]) if self._files else ""
        return told_of(manifest, self._spec, sorted(self._columns), self._rows, content)


def _mark(origin: Input) -> tuple[int, ...]:
    """What differs once a file was written to, or another one put in its place."""
    if origin.file is None:
        return ()
    try:
        found = origin.file.stat()
    except FileNotFoundError:
        raise InputError(f"{origin}: the file vanished while the load ran.", "Put it back, and load it again.", "path") from None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check_columns(chunk: Chunk, spec: SourceFile, used: set[str], path: Input, staged: Staged) -> set[str]:
    """Crash or warn: a column that is gone, or new, is never absorbed. A watermark's own column is known."""
    there = set(chunk.frame.columns)
    expected = used | set(spec.ignore)
    for kind, names, severity in (
        ("missing", sorted(expected - there), spec.on_missing_column),
        ("new", sorted(there - expected - ({spec.watermark.column} if spec.watermark else set())), spec.on_new_column),
    ):
        if not names:
            continue
        said = f"{path}: {kind} column{'s' if len(names) > 1 else ''} {', '.join(names)}."
        if severity is Severity.WARN:
            staged.remarks.append(said)
        elif kind == "missing":
            found = ", ".join(chunk.frame.columns)
            raise HeaderChangedError(
                said, f"The header has: {found}. Check encoding, delimiter and header_row, or the manifest.", names[0], spec
            )
        else:
            raise HeaderChangedError(said, "Map it, list it under ignore, or declare on_new_column: warn.", names[0], spec)
    return there


def _complete(chunk: Chunk, used: set[str]) -> Chunk:
    """A missing column that the manifest bears with is empty."""
    gone = sorted(used - set(chunk.frame.columns))
    if not gone:
        return chunk
    empty = [pl.lit("").alias(name) for name in gone]
    return Chunk(chunk.frame.with_columns(empty), chunk.line, chunk.broken, chunk.bytes_read)


def _check_count(rows: int, spec: SourceFile, path: Input) -> None:
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
        stop_if_overtaken(ledger, load.manifest.name, load.began_at)
        ledger.extend(load.additions)
        progress.begin("compare", 0)
        settled, warnings = _settled(outcome, settler, ledger)
        outcome.quarantine.write(staged, load.sources)
        _stop_if_bad(outcome)
        batch_seq = None
        if settled.anything or load.read_to != load.began_at:
            progress.begin("write", 0)
            for name, files in settler.files().items():
                batch.adopt(name, files)
            batch_seq = batch.commit({**outcome.result(settled, warnings, None, 0).to_json(), **outcome.about})
    result = outcome.result(settled, warnings, batch_seq, ledger.latest_seq)
    if batch_seq is None and outcome.told:
        remember_idle(ledger, load.manifest, result.deliveries)
    outcome.quarantine.write_summary({**result.to_json(), **outcome.about})
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
        with tempfile.TemporaryDirectory(prefix="yujing-") as temporary, room_on(Path(temporary)):
            yield Path(temporary)
        return
    root = ledger.root / _STAGING
    _clear_left(root)
    folder = root / f"{batch}.{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        with room_on(folder):
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
