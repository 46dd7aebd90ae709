"""How a feed's quarantine goes from batch to batch: rates, reasons, what is new, and what got worse."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import binomtest

from ingest.desk.shelf import Shelf

_SURE = 0.01  # a rise that chance would give less often than this is told as one


@dataclass(frozen=True)
class Load:
    """One batch: rows read and refused, and refused rows by reason and by column and reason."""

    batch: str
    read: int
    refused: int
    reasons: dict[str, int]
    columns: dict[str, int]  # "column: reason"

    @property
    def rate(self) -> float:
        """Refused rows of those read, 0 to 1."""
        return self.refused / self.read if self.read else 0.0


@dataclass(frozen=True)
class Trend:
    """One feed over its batches, oldest first. `new`: what its last batch refused for the first time. `worse`: what rose there."""

    feed: str
    loads: tuple[Load, ...]
    new: tuple[str, ...]
    worse: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        loads = [{"batch": x.batch, "read": x.read, "refused": x.refused, "rate": x.rate, "reasons": x.reasons} for x in self.loads]
        return {"feed": self.feed, "batches": loads, "new": list(self.new), "worse": list(self.worse)}


def trends(shelf: Shelf, feed: str = "") -> list[Trend]:
    """Every feed (or one) over its loads; repairs are no loads."""
    loads: dict[str, list[Load]] = {}
    for summary in shelf.summaries():
        if "repair" not in summary and (not feed or summary["feed"] == feed):
            loads.setdefault(summary["feed"], []).append(_load(shelf, summary))
    return [Trend(name, tuple(told), tuple(_new(told)), tuple(_worse(told))) for name, told in sorted(loads.items())]


def _load(shelf: Shelf, summary: dict[str, Any]) -> Load:
    rows, columns = summary["rows"], Counter[str]()
    if rows["quarantined"]:
        issues = shelf.issues(summary["batch"]).select("file", "sheet", "line", "column", "reason").unique()
        for column, reason, count in issues.group_by("column", "reason").len().sort("column", "reason").iter_rows():
            columns[f"{column}: {reason}" if column else reason] += count
    return Load(summary["batch"], rows["read"], rows["quarantined"], summary["reasons"], dict(columns))


def _new(loads: Sequence[Load]) -> Iterator[str]:
    *before, last = loads
    if before:
        known = {name for load in before for name in load.columns}
        yield from (name for name in last.columns if name not in known)


def _worse(loads: Sequence[Load]) -> Iterator[str]:
    """What the last batch refuses more often than all before it together, by a one-sided binomial test."""
    *before, last = loads
    read = sum(load.read for load in before)
    if not read or not last.read:
        return
    names = dict.fromkeys(name for load in loads for name in load.columns)
    counts = [("all reasons", last.refused, sum(load.refused for load in before))]
    counts += [(name, last.columns.get(name, 0), sum(load.columns.get(name, 0) for load in before)) for name in names]
    for name, now, then in counts:
        usual = (then + 1) / (read + 2)  # never zero: a first one is new, and not yet worse
        if now / last.read > usual and binomtest(now, last.read, usual, alternative="greater").pvalue < _SURE:
            yield f"{name}: {now / last.read:.2%}, before {then / read:.2%}"
