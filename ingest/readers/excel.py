"""A sheet of a workbook (xlsx, xls, xlsb, ods) as rows of text. A sheet ends at 1,048,576 rows, and so does what this holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from graph.errors import InputError
from ingest.readers.chunk import Chunk, header_alone, name_columns, no_broken
from ingest.readers.unvalued import unvalued
from ingest.readers.values import of_bool, of_float
from ingest.unreadable import DIGITS_LOST

_ROWS = 50_000
_KEPT = 1e15
"""A workbook keeps 15 digits of a number: of a longer one the last are lost before anybody reads it."""
_TEXTS = {b"<": "a web page or XML", b"\xef\xbb\xbf": "text", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF file"}


@dataclass(frozen=True)
class _Header:
    """The rows a header stands on, and what joins the parts of a name that stand one above the other."""

    rows: tuple[int, ...]
    separator: str


def read_excel(path: Path, sheet: str, header_row: int | tuple[int, ...] = 1, separator: str = "/") -> Iterator[Chunk]:
    """The header alone, then the rows below it; wholly empty rows are none.

    Days come as `2017-07-18`, numbers in full; cells without a value as words that a load refuses (`ingest.unreadable`).
    """
    header = _Header((header_row,) if isinstance(header_row, int) else header_row, separator)
    opened = _sheet(path, open_workbook(path), sheet)
    rows = enumerate(sheet_rows(path, opened), 1)
    names = _names(f"{path}, sheet {opened.name}" if sheet else str(path), opened, list(islice(rows, header.rows[-1])), header)
    size = path.stat().st_size
    yield header_alone(names)
    while part := list(islice(rows, _ROWS)):
        filled = [(number, cells) for number, cells in part if any(cells)]
        frame = pl.DataFrame([cells for _, cells in filled], schema=dict.fromkeys(names, pl.String), orient="row")
        yield Chunk(frame, pl.Series("line", [number for number, _ in filled], pl.Int64), no_broken(), size)


def sheet_rows(path: Path, sheet: CalamineSheet) -> Iterator[list[str]]:
    """All rows of a sheet from its top, as text."""
    left = sheet.start[1] if sheet.start else 0
    without: dict[int, list[tuple[int, str]]] = {}
    for (row, column), said in unvalued(path, sheet.name).items():
        without.setdefault(row, []).append((column - left, said))
    last, width = max(without, default=-1), sheet.width
    for number, cells in enumerate(chain(sheet.iter_rows(), repeat(None))):
        if cells is None and number > last:  # rows of such cells alone may stand below what the library sees
            return
        texts = [""] * width if cells is None else [cell_text(cell) for cell in cells]
        for column, said in without.get(number, ()):
            if 0 <= column < len(texts):  # beside the table there is no header, so nothing reads it
                texts[column] = said
        yield texts


def sheet_names(path: Path, sheet: str, wanted: Sequence[str] | None) -> list[str]:
    """The sheets that are read: those named or that fit a pattern, in the workbook's order; else the only one."""
    book = open_workbook(path)
    if not wanted:
        return [_sheet(path, book, sheet).name]
    for each in wanted:
        if not any(_fits(name, each) for name in book.sheet_names):
            raise InputError(f"{path}: no sheet fits '{each}', only {', '.join(book.sheet_names)}.", "Name one of them.", "sheets")
    return [name for name in book.sheet_names if any(_fits(name, each) for each in wanted)]


def _fits(name: str, wanted: str) -> bool:
    return name == wanted or fnmatchcase(name, wanted)


def _sheet(path: Path, book: CalamineWorkbook, sheet: str) -> CalamineSheet:
    names = book.sheet_names
    if not sheet and len(names) > 1:
        raise InputError(
            f"{path}: there are several sheets: {', '.join(names)}.", "Name one: sheet: …, or several: sheets: […].", "sheet"
        )
    if sheet and sheet not in names:
        raise InputError(f"{path}: there is no sheet '{sheet}', only {', '.join(names)}.", "Name one of them.", "sheet")
    try:
        return book.get_sheet_by_name(sheet or names[0])
    except CalamineError as problem:
        raise _damaged(path, problem) from problem


def open_workbook(path: Path) -> CalamineWorkbook:
    """A workbook of any kind. InputError, with the reason, for what is none, is damaged or locked."""
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    kind = next((kind for magic, kind in _TEXTS.items() if start.startswith(magic)), "")
    if kind:
        said = f"{path}: this is no readable workbook but {kind} under a workbook's name."
        raise InputError(said, "Open it in a spreadsheet program and save it as .xlsx, or declare its real format.", "format")
    try:
        with path.open("rb") as file:
            return CalamineWorkbook.from_filelike(file)  # by content: an .xls is often an .xlsx that was renamed
    except (CalamineError, OSError) as problem:
        if _is_locked(path):
            raise InputError(f"{path}: the workbook is locked with a password.", "Have it saved without one.", "path") from None
        raise _damaged(path, problem) from problem


def _is_locked(path: Path) -> bool:
    """Only when it is opened by its name does the library say so."""
    try:
        CalamineWorkbook.from_path(str(path))
    except PasswordError:
        return True
    except (CalamineError, OSError):
        return False
    return False


def _damaged(path: Path, problem: Exception) -> InputError:
    said = f"{path}: this is no readable workbook, or a damaged one: {problem}."
    return InputError(said, "Transfer it again, or save it as .xlsx.", "format")


def _names(called: str, sheet: CalamineSheet, rows: list[tuple[int, list[str]]], header: _Header) -> list[str]:
    """Column names, each joined from the parts that stand above it; a merged cell counts in every cell that it covers."""
    lines = ", ".join(str(number) for number in header.rows)
    by_number = {number: [cell.strip() for cell in cells] for number, cells in rows if number in header.rows}
    if len(by_number) < len(header.rows) or not any(by_number[header.rows[-1]]):
        raise InputError(f"{called}, line {lines}: there is no header.", "Give header_row in the manifest.", "header_row")
    if len(header.rows) > 1:
        _spread(sheet, by_number)
    names = name_columns([_joined(parts, header.separator) for parts in zip(*by_number.values(), strict=True)])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{called}, line {lines}: the header names {twice} twice.", "Rename one of them.", twice[0])
    return names


def _spread(sheet: CalamineSheet, by_number: dict[int, list[str]]) -> None:
    """Writes what a merged cell says into all cells it covers (a workbook keeps it in the first alone)."""
    left = sheet.start[1] if sheet.start else 0
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or []:
        said = by_number.get(top + 1, [])[first - left : first - left + 1]
        for number in range(top + 1, bottom + 2):
            if said and number in by_number:
                cells = by_number[number]
                cells[first - left : last - left + 1] = said * len(cells[first - left : last - left + 1])


def _joined(parts: tuple[str, ...], separator: str) -> str:
    """A part that repeats the one above it (a cell merged downwards) and an empty one say nothing."""
    said = [part for place, part in enumerate(parts) if part and (place == 0 or part != parts[place - 1])]
    return separator.join(said)


def cell_text(cell: Any) -> str:
    """A cell as text: whole numbers without a point, days as 2017-07-18; a number of too many digits says that it is one."""
    match cell:
        case str():
            return cell
        case bool():
            return of_bool(cell)
        case float():
            lost = cell.is_integer() and abs(cell) >= _KEPT
            return f"{DIGITS_LOST} {int(cell)}" if lost else of_float(cell)
        case datetime():
            return cell.isoformat(" ") if cell.time().isoformat() != "00:00:00" else cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
