"""One sheet of an xlsx workbook as rows of text. A sheet ends at 1,048,576 rows, and so does what this holds in memory."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from graph.errors import InputError
from ingest.readers.chunk import Chunk, name_columns, no_broken

_ROWS = 50_000
_EXACT = 1e15  # whole floats below this are written without exponent or ".0"


def read_excel(path: Path, sheet: str, header_row: int) -> Iterator[Chunk]:
    """The header alone, then the rows below it; wholly empty rows are none.

    Days come as `2017-07-18`, numbers in full, errors as shown.
    """
    rows = enumerate(_open(path, sheet).iter_rows(), 1)
    header = next((cells for number, cells in rows if number == header_row), None)
    if header is None or not any(cell != "" for cell in header):
        raise InputError(f"{path}, line {header_row}: there is no header.", "Give header_row in the manifest.", "header_row")
    names = name_columns([cell_text(cell) for cell in header])
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}, line {header_row}: the header names {twice} twice.", "Rename one of them.", twice[0])
    size = path.stat().st_size
    yield Chunk(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), pl.Series("line", [], pl.Int64), no_broken(), 0)
    while part := list(islice(rows, _ROWS)):
        filled = [(number, [cell_text(cell) for cell in cells]) for number, cells in part if any(cell != "" for cell in cells)]
        frame = pl.DataFrame([cells for _, cells in filled], schema=dict.fromkeys(names, pl.String), orient="row")
        yield Chunk(frame, pl.Series("line", [number for number, _ in filled], pl.Int64), no_broken(), size)


def sheet_name(path: Path, sheet: str) -> str:
    """The sheet that is read: the one named, else the only one."""
    return _open(path, sheet).name


def _open(path: Path, sheet: str) -> CalamineSheet:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    try:
        book = CalamineWorkbook.from_path(str(path))
    except (CalamineError, OSError) as problem:
        raise InputError(f"{path}: this is no readable workbook: {problem}.", "Save it as .xlsx.", "format") from problem
    names = book.sheet_names
    if not sheet and len(names) > 1:
        raise InputError(f"{path}: there are several sheets: {', '.join(names)}.", "Name one: sheet: …", "sheet")
    if sheet and sheet not in names:
        raise InputError(f"{path}: there is no sheet '{sheet}', only {', '.join(names)}.", "Name one of them.", "sheet")
    return book.get_sheet_by_name(sheet or names[0])


def cell_text(cell: Any) -> str:
    """A cell as text: whole numbers without a point, days as 2017-07-18."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < _EXACT:
            return str(int(cell))
        case datetime():
            return cell.isoformat(" ") if cell.time().isoformat() != "00:00:00" else cell.date().isoformat()
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
