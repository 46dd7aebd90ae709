"""What a file, a sheet or a table looks like: its form, its header, and a bounded sample of its rows as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl


@dataclass(frozen=True)
class Table:
    """Where a database table is: the manifest's `sql:` entry."""

    url: str
    table: str
    database: str = ""


@dataclass(frozen=True)
class Look:
    """One source as it was looked at.

    `frame` holds text columns only, empty where a cell is; `rows` is how many there are in all (estimated where `whole` is false).
    `day` is when the source was last written.
    `keys` and `links` (column -> table, column) are what a database declares; elsewhere empty.
    """

    name: str
    frame: pl.DataFrame
    rows: int
    whole: bool
    path: Path | None = None
    sheet: str = ""
    table: Table | None = None
    form: str = "csv"
    encoding: str = ""
    delimiter: str = ""
    header_rows: tuple[int, ...] = (1,)
    day: str = ""
    notes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What the source is called, without folder and ending: what its type is read by."""
        if self.table:
            return self.table.table
        stem = self.path.name.split(".")[0] if self.path else self.name
        return f"{stem} {self.sheet}".strip() if self.sheet else stem

    @property
    def label(self) -> str:
        """How it is named to people."""
        return f"{self.name}#{self.sheet}" if self.sheet else self.name


@dataclass(frozen=True)
class SetAside:
    """A source that no draft could be made for, and why."""

    name: str
    reason: str


def stripped(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells without outer blanks, none of them null."""
    return frame.with_columns(pl.all().fill_null("").str.strip_chars())
