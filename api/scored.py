"""What score a firm had on one day: the score table opened once, and of its runs only those looked into that may answer."""

from datetime import date
from functools import cached_property
from typing import Any

import pyarrow.dataset as ds
from deltalake import DeltaTable

from models.scores import ScoreBook


class DayScores:
    """The scores of promoted models for days up to `as_of`, as the book was when first asked. Thread-safe."""

    def __init__(self, book: ScoreBook, as_of: date) -> None:
        self._book = book
        self._as_of = as_of

    def newest(self, firm: str) -> dict[str, Any] | None:
        """The firm's newest row (SCORE_SCHEMA). Mostly the newest run has one; older runs are read only where it has none."""
        for runs in (self._runs[:1], self._runs[1:]):
            asked = (ds.field("firm") == firm) & ds.field("run_id").isin(runs)
            told = self._dataset.to_table(filter=asked).to_pylist() if runs else []
            if told:
                newest: dict[str, Any] = min(told, key=lambda row: runs.index(row["run_id"]))
                return newest
        return None

    @cached_property
    def _runs(self) -> list[str]:
        """Newest first."""
        told = self._book.runs().to_pylist()
        return [run["run_id"] for run in told if run["as_of"] <= self._as_of and not run["shadow"]]

    @cached_property
    def _dataset(self) -> ds.Dataset:
        return DeltaTable(self._book.root).to_pyarrow_dataset()
