"""How notes ended, read from a later snapshot: the first declared end that holds, with the row that says so."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.snapshot import Snapshot
from models.maturity.notes import DueNotes, as_rows
from models.targets import Target
from models.workspace import Workspace

OPEN, UNTOLD = -1, -2
"""Not yet settled on the last day known: censored, never good. Settled, and no row says how."""


@dataclass(frozen=True)
class Endings:
    """Of each day's notes the place of its end among `target.ends`, or OPEN, or UNTOLD. `evidence`: id of the row, else empty."""

    target: Target
    ends: tuple[NDArray[np.int64], ...]
    evidence: tuple[NDArray[np.object_], ...]


def read_endings(later: Snapshot, target: Target, days: Sequence[DueNotes]) -> Endings:
    """The ends of all `days` at once."""
    work = Workspace(later)
    try:
        due = as_rows(days)
        work.put("_due", due)
        found = [
            work.query(f"SELECT day, note, min(evidence) AS evidence FROM ({end.sql}) GROUP BY day, note") for end in target.ends
        ]
    finally:
        work.close()
    place = {key: row for row, key in enumerate(zip(due["day"].to_pylist(), due["note"].to_pylist(), strict=True))}
    ends, evidence = np.full(len(due), UNTOLD), np.full(len(due), "", object)
    for code in reversed(range(len(found))):  # the first declared end that holds is written last
        _write(found[code], place, code, (ends, evidence))
    settled = due["due_on"].to_numpy() + np.timedelta64(target.settled_days, "D") <= np.datetime64(later.as_of)
    ends[~settled] = OPEN
    cuts = np.cumsum([len(day) for day in days])[:-1]
    return Endings(target, tuple(np.split(ends, cuts)), tuple(np.split(evidence, cuts)))


def _write(
    rows: pa.Table, place: dict[tuple[object, object], int], code: int, into: tuple[NDArray[np.int64], NDArray[np.object_]]
) -> None:
    for day, note, row in zip(*(rows[c].to_pylist() for c in ("day", "note", "evidence")), strict=True):
        if (day, note) in place:
            into[0][place[day, note]], into[1][place[day, note]] = code, row
