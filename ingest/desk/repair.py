"""Repairs: a workbook that came back is read, what was changed is fed back, and what became of each row is kept for good.

A repair's batch is named after the rows it feeds, so that the same repair, run again or begun anew after a kill, is the same
batch: it adds nothing twice. Its rows keep the file and line of the original; `actions` says what was changed, by whom and when.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import polars as pl
from filelock import FileLock, Timeout

from graph.clock import now_us
from graph.errors import ConflictError, InputError
from graph.ledger import Ledger
from graph.personal import Vault
from ingest.desk.actions import Status
from ingest.desk.book import Returned, Row, cells_of, read_book, shown
from ingest.desk.feeding import FedBack, Portion
from ingest.desk.reading import Glass, Reading, kinds_of
from ingest.desk.shelf import Case, Place, Shelf, repair_of, root_of
from ingest.reasons import Reason
from ingest.run import feed_back
from ingest.stage import Source

_PlaceKey = tuple[str, str, int]


@dataclass(frozen=True)
class Options:
    """`retry`: rows that were not touched are tried again too. `override`: also against what a later batch said."""

    retry: bool = False
    override: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Repaired:
    """What a repair did. `untouched` rows were open and not changed, `settled` ones were not open any more."""

    batch: str  # the one that fed the rows back; empty where there was nothing to feed
    batch_seq: int | None
    repaired: tuple[Place, ...]
    still_bad: tuple[Place, ...]
    duplicates: int  # of the repaired: rows that say nothing new
    untouched: int
    settled: int
    dry_run: bool

    def to_json(self) -> dict[str, object]:
        return {
            "batch": self.batch,
            "batch_seq": self.batch_seq,
            "repaired": [str(place) for place in self.repaired],
            "still_bad": [str(place) for place in self.still_bad],
            "duplicates": self.duplicates,
            "untouched": self.untouched,
            "settled": self.settled,
            "dry_run": self.dry_run,
        }


@dataclass(frozen=True)
class _Mended:
    """A row to be fed back: where it stands now, its source, its cells, and what was changed (personal values as tokens)."""

    case: Case
    source: Source
    cells: tuple[str, ...]
    changes: tuple[dict[str, str], ...]


class Repairer:
    """Works on one shelf for one person."""

    def __init__(self, shelf: Shelf, ledger: Ledger, vault: Vault, by: str) -> None:
        self._shelf, self._ledger, self._vault, self._by = shelf, ledger, vault, by

    def repair(self, workbook: Path, options: Options | None = None) -> Repaired:
        """Feeds back the rows of a workbook that were mended.

        InputError for a workbook that is none of ours; ConflictError while somebody else repairs, or loads.
        """
        chosen = options or Options()
        returned = read_book(workbook)
        with locked(self._shelf.root):
            work = _Work(self._shelf, self._ledger, self._vault, returned)
            return self._feed(work, workbook, chosen)

    def _feed(self, work: "_Work", workbook: Path, options: Options) -> Repaired:
        mended = sorted(work.mended(options), key=lambda each: str(each.case.at))
        if not mended:
            return Repaired("", None, (), (), 0, work.untouched, work.settled, options.dry_run)
        digest = hashlib.sha256(workbook.read_bytes()).hexdigest()
        fed = work.fed_back(
            mended, options, {"repair": {"of": work.batch, "workbook": workbook.name, "sha256": digest, "by": self._by}}
        )
        with tempfile.TemporaryDirectory(prefix="yujing-repair-") as draft:
            root = Path(draft) if options.dry_run else self._shelf.root
            summary = self._committed(fed) if not options.dry_run else None
            summary = summary or feed_back(fed, self._ledger, self._vault, quarantine=root, dry_run=options.dry_run).to_json()
            bad = _bad_places(root / fed.batch)
        lines = [list(group) for _, group in groupby(mended, key=lambda each: each.case.at)]
        good = [each for each in lines if _key(each[0].case.at) not in bad]
        still = [each for each in lines if _key(each[0].case.at) in bad]
        if not options.dry_run:
            done = [(each, Status.REPAIRED) for each in good] + [(each, Status.PASSED_ON) for each in still]
            self._shelf.actions.append([self._action(each, status, fed.batch, workbook, digest) for each, status in done])
        return Repaired(
            fed.batch,
            summary["batch_seq"],
            tuple(each[0].case.at for each in good),
            tuple(each[0].case.at for each in still),
            summary["rows"]["duplicate"],
            work.untouched,
            work.settled,
            options.dry_run,
        )

    def _committed(self, fed: FedBack) -> dict[str, Any] | None:
        """The summary of a repair that was killed after its commit: only its word is missing, not its rows."""
        found = [row for row in self._ledger.batches().to_pylist() if row["batch"] == fed.batch]
        if not found:
            return None
        seq = found[-1]["batch_seq"]
        summary = {k: v for k, v in json.loads(found[-1]["summary"]).items() if k != "written"}
        summary |= {"batch_seq": seq, "ledger_seq": seq}
        path = self._shelf.root / fed.batch / "summary.json"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_suffix(".json.new")
            draft.write_text(json.dumps(summary, ensure_ascii=False, indent=1) + "\n", "utf-8")
            draft.replace(path)
        return summary

    def _action(self, line: Sequence[_Mended], status: Status, batch: str, workbook: Path, digest: str) -> dict[str, object]:
        return {
            **row_key(line[0].case),
            "at": now_us(),
            "by": self._by,
            "action": str(status),
            "workbook": workbook.name,
            "workbook_hash": digest,
            "repair": batch,
            "changes": json.dumps([change for each in line for change in each.changes], ensure_ascii=False),
        }


class _Work:
    """The rows of one workbook, held against where each stands now."""

    def __init__(self, shelf: Shelf, ledger: Ledger, vault: Vault, returned: Returned) -> None:
        self.batch = returned.batch
        self.untouched = self.settled = 0
        self._shelf, self._ledger, self._vault = shelf, ledger, vault
        self._reading = Reading.of(shelf, returned.batch, ledger.ontology)
        self._returned = returned
        self._heads_by_place = self._heads()
        heads = [case for each in self._heads_by_place.values() for case in each]
        self._masked = Glass.over([(case, self._reading.source(case)) for case in heads], vault, reveal=False)
        self._open = Glass(self._masked.values, True)

    def mended(self, options: Options) -> Iterator[_Mended]:
        """Open rows that were changed, or are to be tried again; of a line of JSON every element, for it was refused whole."""
        for place, group in groupby(sorted(self._returned.rows, key=_key), key=_key):
            rows, cases = list(group), self._heads_by_place.get(place, [])
            if len(rows) != len(cases):
                said = (
                    f"The workbook has {len(rows)} rows for line {place[2]} of {place[0]}; batch {self.batch} refused {len(cases)}."
                )
                raise InputError(said, "Mend cells only; add no rows, and take none away from a line of several.", "line")
            if cases[0].status is not Status.OPEN:
                self.settled += 1
                continue
            found = [self._compare(case, row) for case, row in zip(cases, rows, strict=True)]
            changed = any(each.changes for each in found)
            if changed or options.retry or (options.override and _only_superseded(cases[0])):
                yield from found
            else:
                self.untouched += 1

    def fed_back(self, mended: Sequence[_Mended], options: Options, about: dict[str, object]) -> FedBack:
        """The rows by source, in a batch named after what they say."""
        said = json.dumps([[str(e.case.at), e.cells, options.override] for e in mended], ensure_ascii=False)
        summary = self._shelf.summary(root_of(self.batch))
        return FedBack(
            batch=repair_of(self.batch, self._vault.token(said, "repair")[2:12]),  # keyed: it tells nobody what the cells hold
            manifest=self._reading.manifest.model_copy(update={"max_bad_share": 1.0}),
            manifest_hash=self._reading.hash,
            manifest_path=self._shelf.root / self.batch / "manifest.yaml",
            manifest_name=self._manifest_name(),
            portions=tuple(_portions(mended)),
            about=about,
            seen_seq=summary["batch_seq"] or summary["ledger_seq"],
            passing=self._erased(mended),
            override=options.override,
        )

    def _erased(self, mended: Sequence[_Mended]) -> frozenset[str]:
        """Tokens among the rows whose values are gone."""
        sealed = {
            cell for e in mended for cell, kind in zip(e.case.cells, kinds_of(e.case, e.source), strict=False) if kind and cell
        }
        return frozenset(sealed - self._masked.values.keys())

    def _manifest_name(self) -> str:
        root = root_of(self.batch)
        return next((b["manifest"] for b in self._ledger.batches().to_pylist() if b["batch"] == root), "manifest.yaml")

    def _heads(self) -> dict[_PlaceKey, list[Case]]:
        """Where each row of the batch stands now: there, or in the repair that was refused last."""
        heads: dict[_PlaceKey, list[Case]] = {}
        for case in self._shelf.cases(self.batch):
            heads.setdefault(_key(case.at), []).append(case)
        for place, (case, *_) in heads.items():
            if case.status is Status.PASSED_ON:
                at = self._shelf.chain(case)[-1].at
                heads[place] = [each for each in self._shelf.cases(at.batch, [at.line], at.file) if each.at == at]
        return heads

    def _compare(self, case: Case, row: Row) -> _Mended:
        source = self._reading.source(case)
        delimiter = self._reading.delimiter(case.source)
        before = case.cells or tuple(cells_of(case, source, self._open, delimiter))
        kinds = kinds_of(case, source)
        masked, plain = (cells_of(case, source, glass, delimiter) for glass in (self._masked, self._open))
        cells, changes = [], []
        for name, kind, kept, hidden, open_, now in zip(case.header, kinds, before, masked, plain, shown(row.cells), strict=True):
            if now in (hidden, open_):
                cells.append(self._open.values.get(kept, kept) if kind else kept)
                continue
            cells.append(now)
            told = self._vault.token(now, kind) if kind and now else now
            was = kept if not kind or case.cells else (self._vault.token(kept, kind) if kept else "")
            changes.append({"column": name, "from": was, "to": told})
        return _Mended(case, source, tuple(cells), tuple(changes))


def dismiss(shelf: Shelf, cases: Sequence[Case], by: str, reason: str) -> int:
    """Says why open rows need no repair; returns how many were open."""
    if not reason.strip():
        raise InputError("Why is missing.", "Give --reason: it is kept with the row.", "reason")
    return _mark(shelf, cases, by, reason, (Status.OPEN, Status.DISMISSED))


def reopen(shelf: Shelf, cases: Sequence[Case], by: str, reason: str) -> int:
    """Takes a dismissal back; returns how many rows were dismissed."""
    return _mark(shelf, cases, by, reason, (Status.DISMISSED, Status.OPEN))


def _mark(shelf: Shelf, cases: Sequence[Case], by: str, note: str, step: tuple[Status, Status]) -> int:
    with locked(shelf.root):
        cases = [shelf.chain(case)[-1] if case.first else case for case in cases]
        standing = {tuple(row[:4]): row[4] for row in shelf.actions.standing().iter_rows()}
        chosen = [
            c for c in cases if standing.get(tuple(row_key(c)[k] for k in ("batch", "file", "sheet", "line")), "open") == step[0]
        ]
        told = {"at": now_us(), "by": by, "action": str(step[1]), "note": note}
        shelf.actions.append([{**row_key(case), **told} for case in chosen])
        return len(chosen)


def row_key(case: Case) -> dict[str, object]:
    """The columns by which an action names its row."""
    at = case.at
    return {"feed": case.feed, "batch": at.batch, "file": at.file, "sheet": at.sheet, "line": at.line}


def locked(root: Path) -> "_Locked":
    """One desk works at a time. ConflictError while another does."""
    return _Locked(root)


class _Locked:
    def __init__(self, root: Path) -> None:
        self._lock = FileLock(root / "desk.lock")

    def __enter__(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise ConflictError("Somebody else is repairing.", "Wait until it is done, then run again.") from None

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _portions(mended: Sequence[_Mended]) -> Iterator[Portion]:
    def place(each: _Mended) -> tuple[int, str, str, tuple[str, ...]]:
        return each.case.source, each.case.at.file, each.case.at.sheet, each.case.header

    for number, (_, group) in enumerate(groupby(sorted(mended, key=lambda e: (*place(e), e.case.at.line)), key=place)):
        rows = list(group)
        one = rows[0].source
        source = Source(number, one.file, one.sheet, one.plans, False, one.place, one.used)
        yield Portion(source, rows[0].case.header, tuple(r.case.at.line for r in rows), tuple(r.cells for r in rows))


def _bad_places(folder: Path) -> set[_PlaceKey]:
    path = folder / "quarantine.parquet"
    if not path.exists():
        return set()
    return {(file, sheet or "", line) for file, sheet, line in pl.read_parquet(path, columns=["file", "sheet", "line"]).iter_rows()}


def _only_superseded(case: Case) -> bool:
    return all(issue.reason == Reason.SUPERSEDED for issue in case.issues)


def _key(at: Place | Row) -> _PlaceKey:
    return at.file, at.sheet, at.line
