"""Text files as UTF-8 blocks that end with a line: opened, unpacked, and held to the encoding they were declared in."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from graph.errors import InputError

BLOCK = 8 << 20
_LONGEST_LINE = 64 << 20
_MAGIC = {
    b"PK\x03\x04": "a zip or xlsx file",
    b"\xd0\xcf\x11\xe0": "an old Excel (xls) file",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF file",
    b"\x1f\x8b": "a gzip file",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"\x89PNG": "a picture",
}
_OTHER = {"utf-8": "gb18030", "gb18030": "utf-8"}


@dataclass(frozen=True)
class Block:
    """Whole lines as UTF-8. `first_line` is the number of the first one; `bytes_read` how far in the file we are."""

    data: bytes
    first_line: int
    bytes_read: int
    last: bool


def read_blocks(path: Path, encoding: str) -> Iterator[Block]:
    """The file in blocks of some megabytes, `\\n` ended. InputError where it is empty, cut off, binary or otherwise encoded."""
    name, line, rest, returns = encoding.removesuffix("-sig"), 1, b"", False
    with path.open("rb") as file:
        _refuse_empty(path)
        stream = _unpacked(path, file)
        while True:
            fresh = _read(path, stream)
            if line == 1 and not rest:
                _refuse_binary(path, fresh)
                returns = (
                    b"\r" in fresh[:-1] and b"\n" not in fresh
                )  # lines that end in CR alone, as old Macintosh programs wrote them
            data = rest + (fresh.replace(b"\r", b"\n") if returns else fresh)
            cut = data.rfind(b"\n") + 1 if fresh else len(data)
            if fresh and not cut:
                _refuse_endless(path, data, line)
                rest = data
                continue
            whole, rest = data[:cut], data[cut:]
            text = _as_utf8(path, whole, name, line)
            yield Block(text, line, file.tell(), last=not fresh)
            if not fresh:
                return
            line += whole.count(b"\n")


def _refuse_empty(path: Path) -> None:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")


def _unpacked(path: Path, file: BufferedReader) -> BinaryIO:
    if path.suffix.lower() != ".gz":
        return file
    if file.peek(2)[:2] != b"\x1f\x8b":
        raise InputError(f"{path}: the name ends in .gz but this is no gzip file.", "Rename it, or compress it.", "path")
    return cast(BinaryIO, gzip.GzipFile(fileobj=file))


def _read(path: Path, stream: BinaryIO) -> bytes:
    try:
        return stream.read(BLOCK)
    except EOFError:
        raise InputError(f"{path}: the gzip file is cut off before its end.", "Transfer the file again.", "path") from None
    except (gzip.BadGzipFile, zlib.error) as problem:
        raise InputError(f"{path}: the gzip file is damaged: {problem}.", "Transfer the file again.", "path") from problem


def _refuse_binary(path: Path, start: bytes) -> None:
    if not start:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "")
    if not kind and b"\0" in start[: 1 << 16]:
        kind = "a binary file"
    if kind:
        raise InputError(f"{path}: this is {kind}, not delimited text.", "Export it as CSV, or declare its real format.", "format")


def _refuse_endless(path: Path, data: bytes, line: int) -> None:
    if len(data) > _LONGEST_LINE:
        raise InputError(f"{path}, line {line}: no line ends within 64 MiB.", "Check that this is delimited text.", "format")


def _as_utf8(path: Path, data: bytes, encoding: str, first_line: int) -> bytes:
    if encoding == "utf-8" and data.isascii():
        return data
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = first_line + data.count(b"\n", 0, problem.start)
        hint = _OTHER[encoding] if _reads_as(data, _OTHER[encoding]) else "the encoding the file was written in"
        raise InputError(f"{path}, line {line}: this is not {encoding}.", f"Declare encoding: {hint}.", "encoding") from None
    if encoding == "utf-8":
        return data.removeprefix(b"\xef\xbb\xbf") if first_line == 1 else data
    if first_line == 1 and not data.isascii() and _reads_as(data, "utf-8"):
        raise InputError(f"{path}: the file is UTF-8 but declared {encoding}.", "Declare encoding: utf-8.", "encoding")
    return text.removeprefix("\ufeff").encode()


def _reads_as(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
