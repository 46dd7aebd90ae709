"""How tables are put on disk: encodings, delimiters, compression, workbooks; those of a large bank chunk by chunk, in parts."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import polars as pl
import pyarrow.parquet as pq

from yujing.bank.files import SourceTable
from yujing.bank.xlsx import write_xlsx

ROWS_A_PART = 1_000_000  # a workbook's sheet ends at 1,048,576; a part of text is kept to a size that an editor opens


@dataclass(frozen=True)
class Chunk:
    """Rows for one file: its path, whether they begin it, and how many rows (of the same sheet) stand before them."""

    path: str
    table: SourceTable
    opens: bool
    rows_before: int

    @property
    def place(self) -> str:
        return f"{self.path}#{self.table.sheet}" if self.table.sheet else self.path


def numbered(path: str, part: int | str) -> str:
    """`credit/借据.csv` as `credit/借据-0001.csv`."""
    pure = PurePosixPath(path)
    stem, _, ending = pure.name.partition(".")
    number = f"{part:04d}" if isinstance(part, int) else part
    return str(pure.with_name(f"{stem}-{number}.{ending}"))


class Layout:
    """Says which file each table's rows go to. A bank of one society has one file of each; a large one has parts.

    A workbook is written whole, so each society has workbooks of its own; other files go on until a part is full.
    """

    def __init__(self, *, in_parts: bool) -> None:
        self._in_parts = in_parts
        self._part: dict[str, int] = {}
        self._rows: dict[str, int] = {}

    def place(self, tables: Sequence[SourceTable]) -> list[Chunk]:
        """The tables of one society, in their files."""
        return [self._place(table) for table in tables]

    def _place(self, table: SourceTable) -> Chunk:
        if not self._in_parts:
            return Chunk(table.path, table, opens=True, rows_before=0)
        place, before, height = table.place, self._rows.get(table.place, 0), table.frame.height
        fresh = not self._part.get(place) or table.path.endswith(".xlsx") or before + height > ROWS_A_PART
        if fresh:
            self._part[place], before = self._part.get(place, 0) + 1, 0
        self._rows[place] = before + height
        return Chunk(numbered(table.path, self._part[place]), table, opens=fresh, rows_before=before)


class PartFiles:
    """Writes chunks into a folder. Parquet files stay open until another part begins, or until `close`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parquet: dict[str, tuple[str, pq.ParquetWriter]] = {}

    def write(self, chunks: Sequence[Chunk]) -> None:
        """Writes or appends every chunk; sheets of one workbook go together."""
        for path in dict.fromkeys(chunk.path for chunk in chunks):
            target = self._folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            parts = [chunk for chunk in chunks if chunk.path == path]
            if path.endswith(".xlsx"):
                write_xlsx(target, {part.table.sheet: part.table.frame for part in parts})
            elif path.endswith(".parquet"):
                self._write_parquet(parts[0])
            else:
                with target.open("wb" if parts[0].opens else "ab") as file:
                    file.write(_delimited(parts[0].table, header=parts[0].opens))

    def close(self) -> None:
        """Ends every open file."""
        for _, writer in self._parquet.values():
            writer.close()
        self._parquet.clear()

    def _write_parquet(self, chunk: Chunk) -> None:
        base, target = chunk.table.path, self._folder / chunk.path
        if chunk.path == base:
            chunk.table.frame.write_parquet(target, compression="zstd", statistics=False)
            return
        rows = chunk.table.frame.to_arrow()
        if chunk.opens:
            if base in self._parquet:
                self._parquet[base][1].close()
            self._parquet[base] = chunk.path, pq.ParquetWriter(target, rows.schema, compression="zstd")
        self._parquet[base][1].write_table(rows)


def _delimited(table: SourceTable, *, header: bool) -> bytes:
    """The rows as the file has them. Chunks of a gzip file are members of their own, which readers read as one file."""
    separator = "\t" if ".tsv" in table.path else ","
    ending = "\r\n" if table.encoding != "utf-8" else "\n"
    text = table.frame.write_csv(include_header=header, separator=separator, null_value="", line_terminator=ending)
    raw = text.encode(table.encoding if header else table.encoding.removesuffix("-sig"))
    return gzip.compress(raw, compresslevel=3, mtime=0) if table.path.endswith(".gz") else raw


class GrowingParquet:
    """One Parquet file that grows by a row group a society; of a single society as Polars writes it."""

    def __init__(self, path: Path, *, single: bool) -> None:
        self._path, self._single = path, single
        self._writer: pq.ParquetWriter | None = None

    def add(self, frame: pl.DataFrame) -> None:
        if self._single:
            frame.write_parquet(self._path, statistics=False)
            return
        rows = frame.to_arrow()
        self._writer = self._writer or pq.ParquetWriter(self._path, rows.schema, compression="zstd")
        self._writer.write_table(rows)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
