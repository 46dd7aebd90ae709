"""JSON objects as rows of text: nested fields by their path (`customer.id`), an array only where it is declared to be exploded.

Numbers stay as they are written, so no digit is lost; a field that is null or absent is an empty cell.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from ingest.manifest import SourceFile
from ingest.readers.chunk import Chunk, broken_rows
from ingest.reasons import Reason

ELEMENT_BITS = 14
"""Where an array is exploded, a row's place is its line, shifted by these, plus the element's place in the array."""
_MOST_ELEMENTS = 1 << ELEMENT_BITS
_Cells = dict[str, str]


class _Broken(Exception):  # noqa: N818 - never leaves this file
    def __init__(self, reason: Reason) -> None:
        super().__init__()
        self.reason = reason


class JsonRows:
    """Turns texts of JSON objects into chunks that have every declared column; `seen` gathers the fields that were there."""

    def __init__(self, spec: SourceFile) -> None:
        self._explode = spec.explode
        self._ignored = frozenset(spec.ignore)
        self._used = sorted(spec.columns)
        self._strict = frozenset(self._used)
        self._shift = ELEMENT_BITS if spec.explode else 0
        self.seen: set[str] = set()

    def chunk(self, texts: Iterable[tuple[int, str | bytes]], bytes_read: int = 0) -> Chunk:
        """One chunk of texts with their lines. Fields that are neither used nor ignored become columns too, to be told of."""
        rows: list[_Cells] = []
        lines: list[int] = []
        broken: list[tuple[int, Reason, str]] = []
        for line, text in texts:
            place = line << self._shift
            try:
                found = list(self._rows(text if isinstance(text, str) else _decoded(text)))
            except _Broken as problem:
                shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
                broken.append((place, problem.reason, shown))
                continue
            rows += found
            lines += range(place, place + len(found))
        self.seen |= set().union(*rows)
        columns = list(dict.fromkeys([*self._used, *sorted(self._ignored), *sorted(self.seen)]))
        cells = {name: [row.get(name, "") for row in rows] for name in columns}
        frame = pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String))
        set_aside = broken_rows([b[0] for b in broken], [b[1] for b in broken], [b[2] for b in broken])
        return Chunk(frame, pl.Series("line", lines, pl.Int64), set_aside, bytes_read)

    @property
    def unseen(self) -> list[str]:
        """Columns in use that no row had."""
        return [name for name in self._used if name not in self.seen]

    def _rows(self, text: str) -> Iterator[_Cells]:
        told = _parsed(text)
        row: _Cells = {}
        elements = self._flatten(told, "", row)
        if "\\u" in text:
            _refuse_halves(row)
        if not self._explode:
            yield row
            return
        if len(elements) > _MOST_ELEMENTS:
            raise _Broken(Reason.NESTED_VALUE)
        for element in elements or [None]:
            own: _Cells = {}
            if isinstance(element, dict):
                self._flatten(element, f"{self._explode}.", own)
            elif element is not None:
                own[self._explode] = _plain(element)
            _refuse_halves(own)
            yield {**row, **own}

    def _flatten(self, told: dict[str, Any], prefix: str, row: _Cells) -> list[Any]:
        """Writes an object's values into `row` by their paths; returns the elements of the array that is exploded."""
        elements: list[Any] = []
        for key, value in told.items():
            path = prefix + key
            if path in self._ignored:
                continue
            if path == self._explode:
                if value is not None and not isinstance(value, list):
                    raise _Broken(Reason.NESTED_VALUE)
                elements = value or []
            elif isinstance(value, dict):
                elements = self._flatten(value, f"{path}.", row) or elements
                if path in self._strict:
                    raise _Broken(Reason.NESTED_VALUE)
            elif path in row:
                raise _Broken(Reason.NOT_JSON)  # {"a.b": …, "a": {"b": …}}: told twice
            elif isinstance(value, list) and path not in self._strict:
                row[path] = ""  # a new field; whether that is borne with is not for here to say
            else:
                row[path] = _plain(value)
        return elements


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _Broken(Reason.NOT_JSON) from None


def _plain(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    raise _Broken(Reason.NESTED_VALUE)


def _refuse_halves(row: _Cells) -> None:
    r"""Half a surrogate pair (`\ud83d` alone) is no character."""
    try:
        for name, cell in row.items():
            name.encode()
            cell.encode()
    except UnicodeEncodeError:
        raise _Broken(Reason.NOT_JSON) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a field is named twice")
    return told


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


_decode = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_once).decode


def _parsed(text: str) -> dict[str, Any]:
    try:
        told = _decode(text)
    except (ValueError, RecursionError):
        raise _Broken(Reason.NOT_JSON) from None
    if not isinstance(told, dict):
        raise _Broken(Reason.NOT_JSON)
    return told
