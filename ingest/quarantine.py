"""Rows that were not taken, each with its place and reason: for machines as Parquet, for officers as a workbook."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils.exceptions import IllegalCharacterError

from ingest.desk.again import recognise
from ingest.parts import LINE_BITS, text_sql
from ingest.reasons import Reason
from ingest.reread import Reread
from ingest.stage import Source, Staged

COLUMNS = ("file", "sheet", "line", "column", "value", "reason", "sentence")
WORKBOOK_ROWS = 100_000
_HEADINGS = ("文件 file", "表 sheet", "行 line", "列 column", "值 value", "原因 reason", "说明 sentence")
_WIDTHS = (34, 14, 10, 18, 28, 18, 70)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Quarantine:
    """The folder of one batch: `quarantine.parquet`, `quarantine.xlsx`, `originals.parquet`, `summary.json`.

    For the desk `rows.parquet`, the refused rows whole, `manifest.yaml`, by which they were read, and `seen.parquet`, which of
    them earlier batches of `feed` refused alike: `again` is how many. A repair has no feed: its rows were not delivered.
    """

    def __init__(self, folder: Path, engine: duckdb.DuckDBPyConnection, manifest: Path, reread: Reread, feed: str = "") -> None:
        self.folder, self.again, self._feed = folder, 0, feed
        self._engine, self._manifest, self._reread = engine, manifest, reread
        self._written = False

    def write(self, staged: Staged, sources: Sequence[Source]) -> None:
        """Writes what was refused, and what was tidied as it stood before; once."""
        if self._written:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        with _registered(self._engine, sources):
            if "issues" in staged.files:
                path = self.folder / "quarantine.parquet"
                self._copy(issues_sql(staged, "issues"), path)
                _write_workbook(path, self.folder / "quarantine.xlsx")
                self._write_rows(staged)
                self.again = recognise(self.folder, self._feed, self._engine) if self._feed else 0
            if "warnings" in staged.files:
                self._copy(issues_sql(staged, "warnings"), self.folder / "warnings.parquet")
            if "originals" in staged.files:
                self._copy(_placed(staged, "originals", "o.column, o.original, o.read"), self.folder / "originals.parquet")
        self._written = True

    def _write_rows(self, staged: Staged) -> None:
        """The refused rows whole, and the manifest they were read by: what it takes to repair them."""
        self._reread.complete(staged)
        self._copy(_placed(staged, "raw", "s.place, o.header, o.cells, o.text", order="o.row"), self.folder / "rows.parquet")
        shutil.copyfile(self._manifest, self.folder / "manifest.yaml")

    def write_summary(self, summary: dict[str, Any]) -> None:
        """Writes `summary.json`, last: its being there says that the batch came to its end."""
        self._write_json("summary.json", summary)

    def write_refusal(self, refusal: dict[str, Any]) -> None:
        """Writes `refused.json` instead, where nothing of the batch was loaded."""
        self._write_json("refused.json", refusal)

    def _write_json(self, name: str, told: dict[str, Any]) -> None:
        draft = self.folder / f"{name}.new"
        draft.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", "utf-8")
        draft.replace(self.folder / name)

    def _copy(self, sql: str, path: Path) -> None:
        self._engine.execute(f"COPY ({sql}) TO {text_sql(str(path))} (FORMAT parquet, COMPRESSION zstd)")


class _registered:  # noqa: N801 - reads as a verb
    """Sources and reasons as tables while a quarantine is written."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, sources: Sequence[Source]) -> None:
        self._engine = engine
        self._tables = {
            "issue_sources": pl.DataFrame(
                [(s.number, s.file, s.sheet, s.place) for s in sources],
                schema={"number": pl.Int64, "file": pl.String, "sheet": pl.String, "place": pl.Int64},
                orient="row",
            ),
            "issue_reasons": pl.DataFrame({"reason": [str(r) for r in Reason], "sentence": [r.sentence for r in Reason]}),
        }

    def __enter__(self) -> None:
        for name, frame in self._tables.items():
            self._engine.register(name, frame.to_arrow())

    def __exit__(self, *_: object) -> None:
        for name in self._tables:
            self._engine.unregister(name)


def issues_sql(staged: Staged, name: str) -> str:
    """Issues with their places and sentences, in the order of the files."""
    return _placed(staged, name, "o.column, o.value, o.reason, r.sentence", "LEFT JOIN issue_reasons r ON r.reason = o.reason")


def _placed(staged: Staged, name: str, columns: str, join: str = "", order: str = "o.row, o.column") -> str:
    files = ", ".join(text_sql(str(path)) for path in staged.files[name])
    return f"""
        SELECT s.file, nullif(s.sheet, '') AS sheet, o.row & {(1 << LINE_BITS) - 1} AS line, {columns}
        FROM read_parquet([{files}]) o JOIN issue_sources s ON s.number = o.row >> {LINE_BITS} {join} ORDER BY {order}
    """


def _write_workbook(source: Path, path: Path) -> None:
    frame = pl.scan_parquet(source).head(WORKBOOK_ROWS).collect()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("隔离 quarantine")
    sheet.freeze_panes = "A2"
    for place, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFG"[place]].width = width
    headings = [WriteOnlyCell(sheet, heading) for heading in _HEADINGS]
    for cell in headings:
        cell.font = Font(bold=True)
    sheet.append(headings)
    for row in frame.select(COLUMNS).iter_rows():
        sheet.append([_harmless(sheet, value) for value in row])
    if frame.height == WORKBOOK_ROWS:
        sheet.append([f"只列前{WORKBOOK_ROWS}条，其余见quarantine.parquet。The rest is in quarantine.parquet."])
    book.save(path)


def _harmless(sheet: Any, value: object) -> object:
    """Text as text: never a formula, whatever it begins with, and without what a workbook cannot hold."""
    if not isinstance(value, str):
        return value
    text = "'" + value if value.startswith(_FORMULA) else value
    try:
        cell = WriteOnlyCell(sheet, text[:32_000])
    except IllegalCharacterError:
        cell = WriteOnlyCell(sheet, "".join(c if c.isprintable() else "�" for c in text[:32_000]))
    cell.data_type = "s"
    return cell
