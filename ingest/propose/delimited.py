"""Delimited text of unknown form: encoding, delimiter and header found out, and rows sampled from its head and all along it."""

import csv
import gzip
import io
import statistics
import zlib
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graph.errors import InputError
from ingest.propose.look import Look
from ingest.readers.chunk import name_columns

_WHOLE = 24 << 20  # bytes of text that are looked at whole
_HEAD = 4 << 20
_SPREAD, _PIECE = 32, 64 << 10  # pieces read all along a larger file
_PACKED = 48 << 20  # a packed file cannot be sought in: so much of its text is unpacked
_TITLES = 12
_DELIMITERS = ",\t|;^~\x01"
_BINARY = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"PAR1", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class _Text:
    head: bytes
    pieces: tuple[bytes, ...]
    size: int  # of the text, estimated where packed and not whole
    whole: bool


def look_at_text(path: Path, name: str) -> Look:
    """A sample of one text file and how it is written. InputError where it is empty, binary, or no table."""
    raw = _read(path)
    encoding, note = _encoding(path, raw)
    text = _decode(raw.head, encoding, whole=raw.whole)
    delimiter = _delimiter(text)
    start = list(csv.reader(io.StringIO(text[: 1 << 20]), delimiter=delimiter))[:200]
    header_row = header_place(start)
    names = name_columns(start[header_row - 1]) if start else []
    check_header(path, names, start[header_row:])
    body = text.split("\n", header_row)[-1] if text.count("\n") >= header_row else ""
    frame = _parse([body, *(_decode(piece, encoding, whole=False) for piece in raw.pieces)], names, delimiter)
    rows = frame.height if raw.whole else _estimate(raw, frame.height)
    return Look(name, frame, rows, raw.whole, path, encoding=encoding, delimiter=delimiter, header_rows=(header_row,), notes=note)


def _read(path: Path) -> _Text:
    size = path.stat().st_size
    if not size:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    try:
        if path.suffix.lower() == ".gz":
            return _read_packed(path, size)
        with path.open("rb") as file:
            if size <= _WHOLE:
                return _checked(path, _Text(file.read(), (), size, whole=True))
            head = file.read(_HEAD)
            pieces = []
            for number in range(_SPREAD):
                file.seek(_HEAD + (size - _HEAD - _PIECE) * number // (_SPREAD - 1))
                pieces.append(file.read(_PIECE))
            return _checked(path, _Text(head[: head.rfind(b"\n") + 1], tuple(map(_inner_lines, pieces)), size, whole=False))
    except (OSError, EOFError, zlib.error) as problem:
        raise InputError(f"{path}: the file cannot be read: {problem}.", "Transfer the file again.", "path") from problem


def _read_packed(path: Path, size: int) -> _Text:
    with path.open("rb") as file, gzip.GzipFile(fileobj=file) as stream:
        data = stream.read(_PACKED)
        if len(data) < _PACKED:
            return _checked(path, _Text(data, (), len(data), whole=True))
        estimate = int(size * len(data) / max(file.tell(), 1))
    return _checked(path, _Text(data[: data.rfind(b"\n") + 1], (), estimate, whole=False))


def _checked(path: Path, text: _Text) -> _Text:
    if text.head.startswith(_BINARY) or b"\0" in text.head[: 1 << 16]:
        raise InputError(f"{path}: this is binary or UTF-16, not delimited text.", "Export it as UTF-8 or GB18030 CSV.", "path")
    if not text.head.strip():
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    return text


def _inner_lines(piece: bytes) -> bytes:
    """The whole lines of a piece cut out anywhere."""
    return piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1]


def _encoding(path: Path, raw: _Text) -> tuple[str, tuple[str, ...]]:
    data = raw.head
    if data.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig", ()
    for encoding in ("utf-8", "gb18030"):
        if all(_reads_as(part, encoding) for part in (data, *raw.pieces)):
            doubt = encoding == "gb18030" and not _looks_chinese(data)
            return encoding, (f"encoding: reads as {encoding}, yet hardly as Chinese" if doubt else "",) if doubt else ()
    from charset_normalizer import from_bytes

    best = from_bytes(data[: 1 << 18]).best()
    said = f", it reads as {best.encoding}" if best else ""
    raise InputError(f"{path}: this is neither UTF-8 nor GB18030{said}.", "Export it as UTF-8.", "encoding")


def _reads_as(data: bytes, encoding: str) -> bool:
    """Whether the data decodes, but for a character cut in two at its end."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError as problem:
        return problem.start >= len(data) - 4 and len(data) > 4
    return True


def _looks_chinese(data: bytes) -> bool:
    text = data[: 1 << 16].decode("gb18030", "ignore")
    wide = [char for char in text if ord(char) > 127]
    usual = sum("\u4e00" <= char <= "\u9fff" or "\u3000" <= char <= "\u303f" or "\uff00" <= char <= "\uffef" for char in wide)
    return usual >= 0.8 * len(wide)


def _decode(data: bytes, encoding: str, *, whole: bool) -> str:
    text = data.decode(encoding, "strict" if whole else "ignore")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _delimiter(text: str) -> str:
    """The delimiter that cuts most lines into the same number of fields, more than one."""
    lines = [line for line in text[: 1 << 18].split("\n") if line.strip()][:100]

    def fit(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = statistics.mode(counts) if counts else 1
        return (sum(c == usual for c in counts) / len(counts) if usual > 1 else 0.0, usual)

    return max(_DELIMITERS, key=lambda d: (round(fit(d)[0], 1), fit(d)[1])) if lines else ","


def header_place(rows: list[list[str]]) -> int:
    """The line (1 is the first) that the header stands on: the first as wide as the table, its cells filled and unlike."""
    widths = [len([cell for cell in row if cell.strip()]) for row in rows]
    full = max(len(row) for row in rows) if rows else 0
    for place, row in enumerate(rows[:_TITLES]):
        cells = [cell.strip() for cell in row if cell.strip()]
        wide = widths[place] >= max(2, 0.8 * full) or (full < 2 and cells)
        if wide and len(set(cells)) >= 0.6 * len(cells) and sum(map(_is_figure, cells)) < 0.5 * len(cells):
            return place + 1
    return 1


def check_header(path: Path, names: list[str], rows: list[list[str]]) -> None:
    """Refuses what has no header, or only one."""
    named = [name for name in names if not name.startswith("#")]
    if not named or sum(map(_is_figure, named)) >= 0.5 * len(named):
        raise InputError(f"{path}: no line looks like a header.", "Add a header line that names the columns.", "header_row")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path}: the header names {twice} twice.", "Rename one of them.", twice[0])
    if len(names) < 2 and not any(len(row) > 1 for row in rows):
        raise InputError(f"{path}: only one column is found; this is no table.", "Export it as delimited text.", "delimiter")


def _is_figure(cell: str) -> bool:
    plain = cell.strip().replace(",", "").rstrip("%")
    return (
        bool(plain)
        and plain.replace(".", "").replace("-", "").replace("/", "").replace(":", "").replace(" ", "").isdigit()
        and len(plain) > 1
    )


def _parse(texts: list[str], names: list[str], delimiter: str) -> pl.DataFrame:
    width = len(names)
    rows = [row for text in texts for row in csv.reader(io.StringIO(text), delimiter=delimiter) if len(row) == width]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(pl.all().str.strip_chars())


def _estimate(raw: _Text, rows: int) -> int:
    seen = len(raw.head) + sum(map(len, raw.pieces))
    return int(rows * raw.size / max(seen, 1))
