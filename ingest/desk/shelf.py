"""The quarantine folders as one shelf: batches, the rows they refused, why, and where each row stands."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from graph.clock import from_us
from graph.errors import InputError, NotFoundError
from ingest.desk.actions import KEY, Actions, Status

_NUMBERS = ("line", "first_line", "times")
_ISSUES = ("file", "sheet", "line", "column", "value", "reason", "sentence")
SEEN = "seen.parquet"
_REPAIR_MARK = "-r"  # between a batch's name and its repair's


@dataclass(frozen=True)
class Place:
    """Where a refused row stands: the batch that refused it, and its place in the source file."""

    batch: str
    file: str
    sheet: str
    line: int

    def __str__(self) -> str:
        sheet = f"[{self.sheet}]" if self.sheet else ""
        return f"{self.batch}/{self.file}{sheet}:{self.line}"


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a row. `column` is empty where the row as a whole is."""

    column: str
    value: str
    reason: str
    sentence: str


@dataclass(frozen=True)
class Case:
    """A refused row as it stood: `cells` by `header`, or `text` where it could not be cut. Personal cells are tokens."""

    at: Place
    feed: str
    source: int  # which of the manifest's files
    header: tuple[str, ...]
    cells: tuple[str, ...]
    text: str
    issues: tuple[Issue, ...]
    status: Status
    repair: str = ""
    first: Place | None = None  # where it was refused first, if it was delivered before
    times: int = 1  # which delivery of the row this is


@dataclass(frozen=True)
class Shelf:
    """All that lies under the quarantine's root."""

    root: Path

    @property
    def actions(self) -> Actions:
        return Actions(self.root)

    def summaries(self) -> Iterator[dict[str, Any]]:
        """`summary.json` of every batch that came to its end, oldest first."""
        for path in sorted(self.root.glob("*/summary.json")):
            yield json.loads(path.read_text("utf-8"))

    def unfinished(self) -> list[str]:
        """Batches that were refused whole, or broken off: nothing of them was loaded, so nothing of them is to be repaired."""
        return sorted(path.parent.name for path in self.root.glob("*/quarantine.parquet") if not _is_done(path.parent))

    def summary(self, batch: str) -> dict[str, Any]:
        """NotFoundError, also where the batch was refused whole."""
        if _is_done(self.root / batch):
            found: dict[str, Any] = json.loads((self.root / batch / "summary.json").read_text("utf-8"))
            return found
        if batch in self.unfinished():
            said = f"Batch {batch} was refused whole or broken off: nothing of it was loaded."
            raise NotFoundError(said, "Mend the files or the manifest and load them again.", "batch")
        raise NotFoundError(f"There is no batch '{batch}' in {self.root}.", "yujing quarantine list names them.", "batch")

    def issues(self, batch: str) -> pl.DataFrame:
        """`quarantine.parquet` of a batch with `batch` and its `status`; a row a reason. Sheets are empty, never null."""
        path = self.root / batch / "quarantine.parquet"
        if not path.exists():
            return pl.DataFrame(
                schema={**dict.fromkeys(_ISSUES, pl.String), "line": pl.Int64, "batch": pl.String, "status": pl.String}
            )
        told = pl.read_parquet(path).select(*_ISSUES).with_columns(pl.col("sheet").fill_null(""), pl.lit(batch).alias("batch"))
        again = self._again(batch).select(*KEY, pl.lit(str(Status.AGAIN)).alias("status"))
        standing = pl.concat([self._standing.select(*KEY, "status"), again])
        return told.join(standing, on=KEY, how="left", maintain_order="left").with_columns(
            pl.col("status").fill_null(str(Status.OPEN))
        )

    def cases(self, batch: str, lines: Sequence[int] = (), file: str = "") -> list[Case]:
        """Refused rows of a batch with all that is known of them. InputError where the batch keeps no rows."""
        feed = str(self.summary(batch)["feed"])
        issues = self.issues(batch)
        if not issues.height:
            return []
        path = self.root / batch / "rows.parquet"
        if not path.exists():
            said = f"Batch {batch} kept reasons only, not whole rows: an earlier version loaded it."
            raise InputError(said, "Mend the rows at their source and load the file again.", "batch")
        rows = pl.scan_parquet(path).with_columns(pl.col("sheet").fill_null(""))
        if lines:
            rows = rows.filter(pl.col("line").is_in(list(lines)))
        if file:
            rows = rows.filter(pl.col("file") == file)
        grouped = issues.group_by("file", "sheet", "line", "status").agg(
            pl.struct("column", "value", "reason", "sentence").alias("issues")
        )
        joined = rows.collect().join(grouped, on=("file", "sheet", "line"), how="left", maintain_order="left")
        repairs = {tuple(row[:4]): row[4] for row in self._standing.select(*KEY, "repair").iter_rows()}
        firsts = {tuple(row[:4]): (Place(*row[4:8]), row[8]) for row in self._again(batch).iter_rows()}
        return [_case(row, feed, batch, repairs, firsts) for row in joined.iter_rows(named=True)]

    def case(self, batch: str, line: int, file: str = "") -> Case:
        """One refused row. NotFoundError; InputError where several files of the batch have that line."""
        found = self.cases(batch, [line], file)
        if not found:
            raise NotFoundError(
                f"Batch {batch} refused no line {line}{f' of {file}' if file else ''}.",
                f"yujing quarantine list --batch {batch} has their lines.",
                "line",
            )
        if len(found) > 1:
            names = ", ".join(f"{c.at.file}{f'[{c.at.sheet}]' if c.at.sheet else ''}" for c in found)
            raise InputError(f"Line {line} was refused in several files: {names}.", "Say which: --file …", "file")
        return found[0]

    def chain(self, case: Case) -> list[Case]:
        """The row where it was refused first, and the repairs of it that were refused in turn; it stands where the last does."""
        found = [self.case_at(case.first) if case.first else case]
        while found[-1].status is Status.PASSED_ON:
            last = found[-1]
            found.append(self.case_at(replace(last.at, batch=last.repair)))
        return found

    def case_at(self, at: Place) -> Case:
        """The refused row of a place that is known to have one."""
        return next(case for case in self.cases(at.batch, [at.line], at.file) if case.at.sheet == at.sheet)

    def deliveries(self, case: Case) -> list[Place]:
        """Where the same row was refused, its first delivery first."""
        first = case.first or case.at
        told = [first]
        for summary in self.summaries():
            if summary["feed"] == case.feed and summary["batch"] != first.batch:
                rows = self._again(summary["batch"]).filter(
                    *(pl.col(f"first_{name}") == getattr(first, name) for name in ("batch", "file", "sheet", "line"))
                )
                told += [Place(*row) for row in rows.select(*KEY).iter_rows()]
        return told

    def history(self, case: Case) -> list[dict[str, Any]]:
        """What was done about a row, oldest first, over all its repairs: who, when, why, and each cell from what to what."""
        told = []
        for each in self.chain(case):
            at = each.at
            mine = (pl.col("batch") == at.batch) & (pl.col("file") == at.file) & (pl.col("sheet") == at.sheet)
            for row in self.actions.all().filter(mine & (pl.col("line") == at.line)).iter_rows(named=True):
                changes = json.loads(row["changes"] or "[]")
                plain = {name: row[name] or "" for name in ("by", "action", "note", "workbook", "workbook_hash", "repair")}
                told.append({"at": from_us(row["at"]).isoformat(), "batch": at.batch, **plain, "changes": changes})
        return told

    def _again(self, batch: str) -> pl.DataFrame:
        """Rows of a batch that an earlier one, which is here still, refused first: KEY, `first_…`, `times`."""
        path = self.root / batch / SEEN
        columns = (*KEY, "first_batch", "first_file", "first_sheet", "first_line", "times")
        if not path.exists():
            return pl.DataFrame(schema={name: pl.Int64 if name in _NUMBERS else pl.String for name in columns})
        told = pl.read_parquet(path).with_columns(pl.lit(batch).alias("batch")).filter(pl.col("first_batch") != batch)
        here = [first for first in told["first_batch"].unique() if _is_done(self.root / first)]
        return told.filter(pl.col("first_batch").is_in(here)).select(columns)

    @cached_property
    def _standing(self) -> pl.DataFrame:
        return self.actions.standing()


def root_of(batch: str) -> str:
    """The batch that a repair, or a repair of a repair, goes back to."""
    return batch.partition(_REPAIR_MARK)[0]


def repair_of(batch: str, digest: str) -> str:
    """The name of the batch that feeds repaired rows of `batch` back."""
    return f"{root_of(batch)}{_REPAIR_MARK}{digest}"


def _is_done(folder: Path) -> bool:
    return (folder / "summary.json").exists()


def _case(
    row: dict[str, Any],
    feed: str,
    batch: str,
    repairs: dict[tuple[Any, ...], str],
    firsts: dict[tuple[Any, ...], tuple[Place, int]],
) -> Case:
    at = Place(batch, row["file"], row["sheet"], row["line"])
    key = (at.batch, at.file, at.sheet, at.line)
    issues = tuple(Issue(i["column"], i["value"] or "", i["reason"], i["sentence"]) for i in row["issues"] or ())
    return Case(
        at,
        feed,
        row["place"],
        tuple(row["header"]),
        tuple(cell or "" for cell in row["cells"]),
        row["text"] or "",
        issues,
        Status(row["status"] or Status.OPEN),
        repairs.get(key, ""),
        *firsts.get(key, (None, 1)),
    )
