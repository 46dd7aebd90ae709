"""JSON objects as rows of text: nested fields by their path (`customer.id`), an array only where it is declared to be exploded.

Numbers stay as they are written, so no digit is lost; a field that is null or absent is an empty cell.
"""

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

import polars as pl

from ingest.readers.chunk import Chunk, broken_rows
from ingest.reasons import Reason

_Cells = dict[str, str]
_Object = tuple[tuple[str, Any], ...]


class _Broken(Exception):  # noqa: N818 - never leaves this file
    def __init__(self, reason: Reason, column: str = "") -> None:
        super().__init__()
        self.reason, self.column = reason, column


class Declared(Protocol):
    """What a manifest's entry says of the fields."""

    @property
    def explode(self) -> str:
        """The path of the array whose elements are rows; empty: none."""

    @property
    def element(self) -> str:
        """The column for an element's place."""

    @property
    def ignore(self) -> Sequence[str]:
        """Fields that are passed over."""

    @property
    def columns(self) -> AbstractSet[str]:
        """Fields in use."""


class JsonRows:
    """Turns texts of JSON objects into chunks that have every declared column; `seen` gathers the fields that were there.

    `arrays`: of them those that held one and are not exploded.
    """

    def __init__(self, spec: Declared) -> None:
        self._explode, self._element = spec.explode, spec.element
        self._ignored = frozenset(spec.ignore)
        self._used = sorted(spec.columns)
        self._strict = frozenset(self._used)
        self.seen: set[str] = set()
        self.arrays: set[str] = set()

    def chunk(self, texts: Iterable[tuple[int, str | bytes]], bytes_read: int = 0) -> Chunk:
        """One chunk of texts with their lines. Fields that are neither used nor ignored become columns too, to be told of."""
        rows: list[_Cells] = []
        lines: list[int] = []
        broken: list[tuple[int, Reason, str, str]] = []
        for line, text in texts:
            try:
                found = self._rows(text if isinstance(text, str) else _decoded(text))
            except _Broken as problem:
                shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
                broken.append((line, problem.reason, shown, problem.column))
                continue
            rows += found
            lines += [line] * len(found)
        self.seen |= set().union(*rows)
        columns = list(dict.fromkeys([*self._used, *sorted(self._ignored), *sorted(self.seen - {self._element})]))
        cells = {name: [row.get(name, "") for row in rows] for name in columns}
        frame = pl.DataFrame(cells, schema=dict.fromkeys(columns, pl.String))
        set_aside = broken_rows(*([each[n] for each in broken] for n in range(4)))  # type: ignore[arg-type]
        return Chunk(frame, pl.Series("line", lines, pl.Int64), set_aside, bytes_read)

    @property
    def unseen(self) -> list[str]:
        """Columns in use that no row had."""
        return [name for name in self._used if name not in self.seen and name != self._element]

    def _rows(self, text: str) -> list[_Cells]:
        row: _Cells = {}
        elements = self._flatten(_parsed(text), "", row)
        found = [row] if not self._explode else self._exploded(row, elements)
        if "\\u" in text:
            _refuse_halves(found)
        return found

    def _exploded(self, row: _Cells, elements: list[Any]) -> list[_Cells]:
        """A row for each element; one, without, where there is none."""
        found = []
        for place, element in enumerate(elements, 1):
            own = {**row, self._element: str(place)}
            if isinstance(element, tuple):
                self._flatten(element, f"{self._explode}.", own)
            else:
                own[self._explode] = _plain(element, self._explode)
            found.append(own)
        return found or [row]

    def _flatten(self, told: _Object, prefix: str, row: _Cells) -> list[Any]:
        """Writes an object's values into `row` by their paths; returns the elements of the array that is exploded."""
        elements: list[Any] = []
        for key, value in told:
            path = prefix + key
            if path in self._ignored:
                continue
            if path in row:
                raise _Broken(Reason.NOT_JSON, path)  # told twice, be it as {"a.b": …, "a": {"b": …}}
            if path == self._explode:
                if elements or (value is not None and not isinstance(value, list)):
                    raise _Broken(Reason.NESTED_VALUE, path)
                elements = value or []
            elif type(value) is str:
                row[path] = value
            elif isinstance(value, tuple):
                if path in self._strict:
                    raise _Broken(Reason.NESTED_VALUE, path)
                elements = self._flatten(value, f"{path}.", row) or elements
            elif isinstance(value, list) and path not in self._strict:
                row[path] = ""  # a new field; whether that is borne with is not for here to say
                self.arrays.add(path)
            else:
                row[path] = _plain(value, path)
        return elements


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _Broken(Reason.NOT_JSON) from None


def _plain(value: Any, path: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    raise _Broken(Reason.NESTED_VALUE, path)


def _refuse_halves(rows: list[_Cells]) -> None:
    r"""Half a surrogate pair (`\ud83d` alone) is no character."""
    try:
        for row in rows:
            for name, cell in row.items():
                name.encode()
                cell.encode()
    except UnicodeEncodeError:
        raise _Broken(Reason.NOT_JSON) from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# Objects come as tuples of pairs, so that a name told twice is seen; arrays alone are lists.
_decode = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=tuple).decode


def _parsed(text: str) -> _Object:
    try:
        told = _decode(text)
    except (ValueError, RecursionError):
        raise _Broken(Reason.NOT_JSON) from None
    if not isinstance(told, tuple):
        raise _Broken(Reason.NOT_JSON)
    return told
