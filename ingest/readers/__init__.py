"""Readers: every format as chunks of text rows with exact lines, in memory that does not grow with the file."""

from collections.abc import Iterator
from pathlib import Path

from ingest.manifest import SourceFile
from ingest.readers.chunk import Chunk
from ingest.readers.delimited import Dialect, read_delimited
from ingest.readers.excel import read_excel, sheet_name
from ingest.readers.parquet import read_parquet

__all__ = ["Chunk", "format_of", "read_chunks", "sheet_of"]

_SUFFIXES = {".csv": "csv", ".txt": "csv", ".tsv": "tsv", ".xlsx": "xlsx", ".xlsm": "xlsx", ".parquet": "parquet"}


def format_of(path: Path, declared: str) -> str:
    """The format a file is read as: declared, else by its name (`.gz` aside)."""
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return declared or _SUFFIXES.get(plain.suffix.lower(), "csv")


def sheet_of(path: Path, spec: SourceFile) -> str:
    """The sheet that lineage names; empty for what has no sheets."""
    return sheet_name(path, spec.sheet) if format_of(path, spec.format) == "xlsx" else ""


def read_chunks(path: Path, spec: SourceFile) -> Iterator[Chunk]:
    """The rows of one file, as declared."""
    match format_of(path, spec.format):
        case "xlsx":
            return read_excel(path, spec.sheet, spec.header_row)
        case "parquet":
            return read_parquet(path)
        case form:
            delimiter = spec.delimiter or ("\t" if form == "tsv" else ",")
            return read_delimited(path, Dialect(delimiter, spec.quote, spec.encoding, spec.header_row))
