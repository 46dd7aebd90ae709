"""What every reader hands on: some rows of a file as text, with the lines they stand on."""

from dataclasses import dataclass

import polars as pl

from ingest.reasons import Reason

BROKEN = {"line": pl.Int64, "reason": pl.String, "text": pl.String, "column": pl.String}


@dataclass(frozen=True)
class Chunk:
    """`frame` holds only text columns, named as in the header, empty where a cell is; `line` is the place of each row.

    `broken` (columns line, reason, text, and the column to blame where it is one) are rows that could not be cut into fields.
    `bytes_read` is how far in the file, as it lies on disk, this chunk reaches: for progress only.
    """

    frame: pl.DataFrame
    line: pl.Series
    broken: pl.DataFrame
    bytes_read: int = 0

    @property
    def rows(self) -> int:
        """Source rows, the broken ones among them; rows that share a line are one."""
        return self.line.n_unique() + self.broken.height

    def above(self, line: int) -> "Chunk":
        """The rows that stand above a line."""
        return Chunk(
            self.frame.filter(self.line < line),
            self.line.filter(self.line < line),
            self.broken.filter(pl.col("line") < line),
            self.bytes_read,
        )


def no_broken() -> pl.DataFrame:
    """No broken row."""
    return pl.DataFrame(schema=BROKEN)


def broken_rows(lines: list[int], reasons: list[Reason], texts: list[str], columns: list[str] | None = None) -> pl.DataFrame:
    """Rows that could not be cut into fields; `columns`: the one to blame in each, empty where it is the whole line."""
    blamed = columns or [""] * len(lines)
    return pl.DataFrame({"line": lines, "reason": [str(r) for r in reasons], "text": texts, "column": blamed}, schema=BROKEN)


def name_columns(header: list[str]) -> list[str]:
    """Header cells without outer blanks; a nameless one is called by its place, `#1` being the first."""
    return [cell.strip("\ufeff\u3000 \t\r\n") or f"#{place}" for place, cell in enumerate(header, 1)]


def header_alone(names: list[str]) -> Chunk:
    """A first chunk without rows, so that columns are checked though there may be none."""
    return Chunk(pl.DataFrame(schema=dict.fromkeys(names, pl.String)), pl.Series("line", [], pl.Int64), no_broken())
