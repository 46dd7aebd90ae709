"""Workbooks of any kind, sheet by sheet: titles above, and headers of several rows that merged cells hold together."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import polars as pl

from graph.errors import InputError
from ingest.propose.delimited import check_header, header_place
from ingest.propose.look import Look, SetAside, stripped
from ingest.readers.excel import open_workbook, read_excel, sheet_rows

_START = 200
_TITLE_SHARE = 0.8  # a merged cell as wide as this part of the table is a title above it
_Merged = tuple[tuple[int, int], tuple[int, int]]
"""Top left and bottom right, row and column from 0."""


def look_at_sheets(path: Path, name: str) -> tuple[list[Look], list[SetAside]]:
    """Every sheet that holds something, whole; of several those that are no tables are set aside. InputError where it is one."""
    book = open_workbook(path)
    several = len(book.sheet_names) > 1
    looks: list[Look] = []
    aside: list[SetAside] = []
    for title in book.sheet_names:
        sheet = book.get_sheet_by_name(title)
        start = list(islice(sheet_rows(path, sheet), _START))
        if not any(cell for row in start for cell in row):
            continue
        merged = [each for each in sheet.merged_cell_ranges or [] if not _is_title(each, start)]
        place = header_place(_spread(start, merged))
        rows = _merged_header(merged, place, len(start)) or (place,)
        try:
            frame = pl.concat([chunk.frame for chunk in read_excel(path, title, rows)])
            check_header(path, frame.columns, start[rows[-1] :])
        except InputError as problem:
            if not several:
                raise
            aside.append(SetAside(f"{name}#{title}", problem.message.removeprefix(f"{path}: ")))
            continue
        only = title if several else ""
        looks.append(Look(name, stripped(frame), frame.height, True, path, only, form="workbook", header_rows=rows))
    return looks, aside


def _is_title(merged: _Merged, start: list[list[str]]) -> bool:
    """A cell about as wide as the table."""
    full = max(map(len, start))
    return full > 1 and merged[1][1] - merged[0][1] + 1 >= max(2, _TITLE_SHARE * full)


def _spread(start: list[list[str]], merged: Iterable[_Merged]) -> list[list[str]]:
    """The first rows, what a cell merged across says in all cells that it covers."""
    rows = [list(row) for row in start]
    for (top, left), (_, right) in merged:
        if top < len(rows):
            rows[top][left : right + 1] = rows[top][left : left + 1] * len(rows[top][left : right + 1])
    return rows


def _merged_header(merged: Iterable[_Merged], place: int, height: int) -> tuple[int, ...]:
    """The rows (1 is the first) that a header with merged cells stands on; empty where no merged cell makes it one.

    A cell merged across heads the row below it, one merged downwards holds its rows together; what adjoins belongs together.
    Cells merged below `place`, where the header would stand without them, are rows of the table.
    """
    bands = sorted((top, bottom + (right > left)) for (top, left), (bottom, right) in merged)
    first, last = -1, -1
    for top, bottom in bands:
        if first < 0:
            first, last = top, bottom
        elif top <= last:
            last = max(last, bottom)
    return tuple(range(first + 1, last + 2)) if 0 <= first < min(last, place) and last < height else ()
