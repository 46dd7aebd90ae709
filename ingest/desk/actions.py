"""What was done about refused rows: an append-only Delta table, `quarantine/actions`. The last action on a row is its status."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl
import pyarrow as pa

from graph.ledger.delta import TableFiles, append

ACTIONS = pa.schema(
    [
        pa.field("at", pa.int64()),  # UTC microseconds
        pa.field("by", pa.string()),
        pa.field("action", pa.string()),
        pa.field("feed", pa.string()),
        pa.field("batch", pa.string()),
        pa.field("file", pa.string()),
        pa.field("sheet", pa.string()),  # empty where the file has none
        pa.field("line", pa.int64()),
        pa.field("note", pa.string()),
        pa.field("workbook", pa.string()),
        pa.field("workbook_hash", pa.string()),  # sha256 of the workbook that was handed in
        pa.field("repair", pa.string()),  # the batch that took, or refused, the repaired row
        pa.field("changes", pa.string()),  # JSON: column, from, to; personal values as tokens
    ]
)
KEY = ("batch", "file", "sheet", "line")


class Status(StrEnum):
    """Where a refused row stands."""

    OPEN = "open"
    REPAIRED = "repaired"  # taken by a later batch, its repair
    PASSED_ON = "passed_on"  # its repair was refused: it is open there
    DISMISSED = "dismissed"  # needs no repair, somebody said why
    AGAIN = "again"  # delivered before and not changed: it stands where its first delivery does


@dataclass(frozen=True)
class Actions:
    """The table under the quarantine's root."""

    root: Path

    @property
    def path(self) -> Path:
        return self.root / "actions"

    def append(self, rows: Sequence[dict[str, object]]) -> None:
        """Keeps actions, all of them or none."""
        if rows:
            append(self.path, pa.Table.from_pylist(list(rows), ACTIONS))

    def all(self) -> pl.DataFrame:
        """Every action, in the order in which they were taken."""
        files = TableFiles(self.path).current().paths
        schema = pl.from_arrow(ACTIONS.empty_table())
        assert isinstance(schema, pl.DataFrame)
        return pl.concat([schema, *(pl.read_parquet(file) for file in files)]).sort("at", maintain_order=True)

    def standing(self) -> pl.DataFrame:
        """KEY, `status` and `repair` of every row that anything was done about."""
        last = self.all().group_by(KEY, maintain_order=True).last()
        return last.select(*KEY, pl.col("action").alias("status"), "repair")
