"""The repair workbook: whole source rows, each with what is wrong with it, to be mended in place and handed in again.

A sheet for each source file: line, reason, the row as it stood where it could not be cut, then the file's own columns. Every
cell is text in a text format, so that nothing becomes a formula, a number or a date. A hidden sheet says where it all came from.
"""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from python_calamine import CalamineError, CalamineWorkbook

from graph.errors import InputError
from ingest.desk.reading import Glass, kinds_of
from ingest.desk.shelf import Case
from ingest.readers.excel import sheet_rows
from ingest.stage import Source

OURS = ("行 line", "原因 reason", "原行 the row as it stood")
ROWS = 100_000
_META, _FORM = "yujing", "yujing quarantine 1"
_BAD = PatternFill("solid", fgColor="FFC7CE")
_QUIET = PatternFill("solid", fgColor="EEEEEE")
_TITLE_LENGTH = 31
_NO_TITLE = re.compile(r"[^\w. -]")
_LONGEST = 32_000
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")


@dataclass(frozen=True)
class Row:
    """A row of a workbook that came back."""

    file: str
    sheet: str
    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Returned:
    """A workbook that came back: the batch it was downloaded from, and its rows."""

    batch: str
    rows: tuple[Row, ...]


def write_book(path: Path, batch: str, groups: Sequence[tuple[Source, Sequence[Case], str]], glass: Glass) -> None:
    """Writes refused rows by source, each group with the delimiter of its file."""
    book = Workbook(write_only=True)
    meta = [[_FORM], ["batch", batch]]
    for number, (source, cases, delimiter) in enumerate(groups, 1):
        title = f"{number} {_NO_TITLE.sub('_', Path(source.file).name)}"[:_TITLE_LENGTH]
        _write_sheet(book.create_sheet(title), source, cases, glass, delimiter)
        meta.append(["sheet", title, source.file, source.sheet, json.dumps(cases[0].header, ensure_ascii=False)])
    hidden = book.create_sheet(_META)
    hidden.sheet_state = "hidden"
    for row in meta:
        hidden.append([_text(hidden, value) for value in row])
    book.save(path)


def read_book(path: Path) -> Returned:
    """InputError where this is no repair workbook, or its columns were moved."""
    if not path.is_file():
        raise InputError(f"{path}: there is no such workbook.", "Give the one that 'yujing quarantine download' wrote.", "file")
    try:
        book = CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError) as problem:
        raise InputError(f"{path}: this is no readable workbook: {problem}.", "Save it as .xlsx.", "file") from problem
    told = _grid(path, book, _META) if _META in book.sheet_names else []
    if not told or told[0][:1] != [_FORM]:
        raise InputError(f"{path} is no repair workbook.", "Take what 'yujing quarantine download' writes.", "file")
    batch = next(row[1] for row in told if row[0] == "batch")
    rows = [row for _, *sheet in (r for r in told if r[0] == "sheet") for row in _rows(book, path, sheet)]
    return Returned(batch, tuple(rows))


def shown(cells: Sequence[str]) -> list[str]:
    """Cells as a workbook can hold them: what comes back equal was not touched."""
    return [_UNSEEN.sub("�", cell).replace("\r\n", "\n").replace("\r", "\n")[:_LONGEST] for cell in cells]


def cells_of(case: Case, source: Source, glass: Glass, delimiter: str) -> list[str]:
    """A refused row as its workbook shows it; one that could not be cut is cut as far as it goes."""
    if case.cells:
        seen = [glass.cell(cell, kind) for cell, kind in zip(case.cells, kinds_of(case, source), strict=True)]
    else:
        text = glass.text(case, source)
        hidden = bool(source.personal) and not glass.open
        seen = [] if hidden else next(csv.reader([text.replace("\n", " ")], delimiter=delimiter), [])
    width = len(case.header)
    return shown((seen + [""] * width)[:width])


def _write_sheet(sheet: Any, source: Source, cases: Sequence[Case], glass: Glass, delimiter: str) -> None:
    sheet.freeze_panes = "D2"
    for column, width in zip("ABC", (8, 60, 14), strict=True):
        sheet.column_dimensions[column].width = width
    headings = [_text(sheet, name) for name in (*OURS, *cases[0].header)]
    for cell in headings:
        cell.font = Font(bold=True)
    sheet.append(headings)
    for case in cases:
        sheet.append(_row(sheet, source, case, glass, delimiter))


def _row(sheet: Any, source: Source, case: Case, glass: Glass, delimiter: str) -> list[Any]:
    reason = "\n".join(f"{issue.column}: {issue.sentence}" if issue.column else issue.sentence for issue in case.issues)
    ours = [_text(sheet, str(case.at.line)), _text(sheet, reason), _text(sheet, glass.text(case, source))]
    for cell in ours:
        cell.fill = _QUIET
    cells = [_text(sheet, text) for text in cells_of(case, source, glass, delimiter)]
    wrong: dict[str, list[str]] = {}
    for issue in case.issues:
        wrong.setdefault(issue.column, []).append(issue.sentence)
    for cell, name in zip(cells, case.header, strict=True):
        if name in wrong:
            cell.fill = _BAD
            cell.comment = Comment("\n".join(wrong[name]), "yujing", width=320)
    return ours + cells


def _text(sheet: Any, text: str) -> Any:
    """Text that stays text, whatever it begins with and whoever edits it."""
    cell = WriteOnlyCell(sheet, shown([text])[0])
    cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell


def _rows(book: CalamineWorkbook, path: Path, sheet: list[str]) -> Iterator[Row]:
    title, file, inner, header = sheet[:4]
    names = json.loads(header)
    grid = _grid(path, book, title) if title in book.sheet_names else []
    if not grid:
        return
    width = len(OURS) + len(names)
    if grid[0][:width] != [*OURS, *shown(names)]:
        raise InputError(f"{path}, sheet '{title}': its columns are not those it was downloaded with.", "Mend cells only.", "file")
    for place, row in enumerate(grid[1:], 2):
        if not any(row):
            continue
        if not row[0].isdigit():
            raise InputError(
                f"{path}, sheet '{title}', row {place}: '{row[0]}' is no line.", "Leave the first column alone.", OURS[0]
            )
        yield Row(file, inner, int(row[0]), tuple((row + [""] * width)[len(OURS) : width]))


def _grid(path: Path, book: CalamineWorkbook, title: str) -> list[list[str]]:
    return list(sheet_rows(path, book.get_sheet_by_name(title)))
