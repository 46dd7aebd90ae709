"""Delimited text cut into rows with the exact line of each.

NumPy finds every separator, quote and line end of a block at once; only lines with an odd number of quotes (a field that
runs over several lines, or a stray quote) are looked at one by one. So one stray quote spoils its own line, never the rest.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from graph.errors import InputError
from ingest.readers.chunk import Chunk, broken_rows, name_columns
from ingest.readers.text import Block, read_blocks
from ingest.reasons import Reason

_LINES_OF_A_FIELD = 100
_Places = npt.NDArray[np.int64]
_NEWLINE, _RETURN = 10, 13


@dataclass(frozen=True)
class Dialect:
    """How a file is delimited: one-character separator, quote (empty: none), and the line its header stands on."""

    delimiter: str
    quote: str
    encoding: str
    header_row: int = 1


def read_delimited(path: Path, dialect: Dialect) -> Iterator[Chunk]:
    """The rows of a delimited text file; blank lines are no rows. InputError where it is not what it was declared to be."""
    columns: list[str] = []
    carried = b""
    for block in read_blocks(path, dialect.encoding):
        data = (carried + block.data).replace(b"\r\n", b"\n")
        line = block.first_line - carried.count(b"\n")
        if not columns:
            columns, data, line = _header(path, data, dialect)
        lines = _Lines(data, dialect, len(columns), line, block.last)
        carried = lines.carried
        yield _chunk(lines, columns, block)


def _header(path: Path, data: bytes, dialect: Dialect) -> tuple[list[str], bytes, int]:
    before = data.split(b"\n", dialect.header_row)
    if len(before) < dialect.header_row or not before[dialect.header_row - 1].strip():
        raise InputError(
            f"{path}, line {dialect.header_row}: there is no header.", "Give header_row in the manifest.", "header_row"
        )
    header = before[dialect.header_row - 1].decode()
    try:
        names = name_columns(next(_rows_of([header], dialect)))
    except csv.Error as problem:
        fix = "End every line in LF or CRLF, and see that this is the header."
        raise InputError(f"{path}, line {dialect.header_row}: this is no header: {problem}.", fix, "header_row") from None
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}, line {dialect.header_row}: the header names {twice} twice.", "Rename one of them.", twice[0])
    rest = before[dialect.header_row] if len(before) > dialect.header_row else b""
    return names, rest, dialect.header_row + 1


def _chunk(lines: "_Lines", columns: list[str], block: Block) -> Chunk:
    good = lines.good
    numbers = pl.Series("line", lines.numbers[good])
    bad = np.flatnonzero(~good & ~lines.blank)
    broken = broken_rows(
        [int(lines.numbers[i]) for i in bad],
        [Reason.STRAY_QUOTE if lines.misquoted[i] else Reason.FIELD_COUNT for i in bad],
        [lines.text(int(i)) for i in bad],
    )
    return Chunk(_parse(lines.only(good), columns, lines.dialect, len(numbers)), numbers, broken, block.bytes_read)


def _parse(data: bytes, columns: list[str], dialect: Dialect, rows: int) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    frame = pl.read_csv(
        data,
        has_header=False,
        new_columns=columns,
        separator=dialect.delimiter,
        quote_char=dialect.quote or None,
        infer_schema=False,
        empty_string_is_null=False,
        raise_if_empty=False,
    )
    return frame if frame.height == rows else _parse_slowly(data, columns, dialect)


def _parse_slowly(data: bytes, columns: list[str], dialect: Dialect) -> pl.DataFrame:
    """The standard library's reader: for the rare block that the fast one divides otherwise than `_Lines` did."""
    rows = [row for row in _rows_of(io.StringIO(data.decode(), newline=""), dialect) if row]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _rows_of(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE)


class _Lines:
    """One block's rows: where each begins and ends, how many fields it has, and whether its quotes are in order."""

    def __init__(self, data: bytes, dialect: Dialect, fields: int, first_line: int, last: bool) -> None:
        self.dialect = dialect
        self._fields = fields
        self._data = data if not data or data.endswith(b"\n") else data + b"\n"
        self.carried = b""
        self._bytes = np.frombuffer(self._data, np.uint8)
        self._newlines = np.flatnonzero(self._bytes == _NEWLINE)
        self._quotes, self._stray = self._settle_quotes(last)
        self._ends = self._newlines[self._outside(self._newlines)]
        self._starts = np.concatenate([np.zeros(1, np.int64), self._ends[:-1] + 1])[: len(self._ends)]
        self.numbers = first_line + np.searchsorted(self._newlines, self._starts)

    @cached_property
    def good(self) -> npt.NDArray[np.bool_]:
        """Rows with as many fields as the header, quotes in order."""
        separators = np.flatnonzero(self._bytes == ord(self.dialect.delimiter))
        separators = separators[self._outside(separators)]
        found = np.diff(np.searchsorted(separators, self._ends), prepend=0) + 1
        good: npt.NDArray[np.bool_] = (found == self._fields) & ~self.misquoted & ~self.blank
        return good

    @cached_property
    def blank(self) -> npt.NDArray[np.bool_]:
        """Lines with nothing on them: no rows."""
        blank: npt.NDArray[np.bool_] = self._ends == self._starts
        return blank

    @cached_property
    def misquoted(self) -> npt.NDArray[np.bool_]:
        """Rows in which a quote opens or closes where no field begins or ends."""
        wrong = np.zeros(len(self._ends), bool)
        wrong[np.searchsorted(self._ends, self._misplaced(self._bytes, self._quotes))] = True
        wrong[np.searchsorted(self._ends, self._newlines[self._stray])] = True
        return wrong

    def only(self, rows: npt.NDArray[np.bool_]) -> bytes:
        """The text of these rows alone."""
        if rows.all():
            return self._data
        lengths = self._ends - self._starts + 1
        return self._bytes[: int(lengths.sum())][np.repeat(rows, lengths)].tobytes()

    def text(self, row: int) -> str:
        """One row as it stands in the file, without its line end."""
        return self._data[self._starts[row] : self._ends[row]].decode()

    def _outside(self, places: _Places) -> npt.NDArray[np.bool_]:
        outside: npt.NDArray[np.bool_] = np.searchsorted(self._quotes, places) % 2 == 0
        return outside

    def _settle_quotes(self, last: bool) -> tuple[_Places, _Places]:
        """Where quotes stand that count, and the lines that hold a stray one (whose quotes do not)."""
        none = np.empty(0, np.int64)
        if not self.dialect.quote or self.dialect.quote.encode() not in self._data:
            return none, none
        quotes = np.flatnonzero(self._bytes == ord(self.dialect.quote))
        line_of = np.searchsorted(self._newlines, quotes)
        odd = np.flatnonzero(np.bincount(line_of, minlength=len(self._newlines)) % 2)
        stray, open_line = self._pair(odd.tolist(), last)
        if open_line >= 0:
            quotes, line_of = self._cut(open_line, quotes, line_of)
        strays = np.array(stray, np.int64)
        return quotes[~np.isin(line_of, strays)], strays

    def _pair(self, odd: list[int], last: bool) -> tuple[list[int], int]:
        """Odd lines that belong together make one row; the others are stray. Also the line that may go on in the next block."""
        stray: list[int] = []
        place = 0
        while place < len(odd):
            line = odd[place]
            partner = odd[place + 1] if place + 1 < len(odd) else -1
            if partner < 0 and not last and len(self._newlines) - line <= _LINES_OF_A_FIELD:
                return stray, line
            if partner >= 0 and partner - line <= _LINES_OF_A_FIELD and self._is_row(line, partner):
                place += 2
            else:
                stray.append(line)
                place += 1
        return stray, -1

    def _is_row(self, first: int, last: int) -> bool:
        start = self._newlines[first - 1] + 1 if first else 0
        part = self._bytes[start : self._newlines[last] + 1]
        quotes = np.flatnonzero(part == ord(self.dialect.quote))
        separators = np.flatnonzero(part == ord(self.dialect.delimiter))
        outside = np.searchsorted(quotes, separators) % 2 == 0
        return int(outside.sum()) + 1 == self._fields and not len(self._misplaced(part, quotes))

    def _misplaced(self, data: npt.NDArray[np.uint8], quotes: _Places) -> _Places:
        """Quotes that open after, or close before, anything but a separator, a line end or another quote."""
        opening, closing = quotes[0::2], quotes[1::2]
        allowed = np.array([ord(self.dialect.delimiter), _NEWLINE, ord(self.dialect.quote or '"')], np.uint8)
        before = np.where(opening > 0, data[opening - 1], _NEWLINE)
        after = data[np.minimum(closing + 1, len(data) - 1)]
        return np.concatenate([opening[~np.isin(before, allowed)], closing[~np.isin(after, allowed)]])

    def _cut(self, line: int, quotes: _Places, line_of: _Places) -> tuple[_Places, _Places]:
        """Leaves the lines from `line` on to the next block."""
        start = int(self._newlines[line - 1]) + 1 if line else 0
        self.carried, self._data = self._data[start:], self._data[:start]
        self._bytes = self._bytes[:start]
        self._newlines = self._newlines[:line]
        keep = line_of < line
        return quotes[keep], line_of[keep]
