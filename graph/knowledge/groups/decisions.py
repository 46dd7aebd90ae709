"""What officers said of proposals: kept for good, reversible, read as it stood by the end of a day."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
from filelock import FileLock
from pyarrow.dataset import dataset

from graph.clock import end_of_day_us, now_us
from graph.errors import ConflictError, InputError
from graph.knowledge.groups.told import SAID
from graph.ledger import Ledger
from graph.ledger.delta import TableFiles, append
from graph.snapshot import Snapshot

Verdict = Literal["confirm", "reject", "undo"]
Status = Literal["pending", "confirmed", "rejected"]
_AFTER: dict[str, Status] = {"confirm": "confirmed", "reject": "rejected", "undo": "pending"}

DECISIONS = pa.schema(
    [
        ("id", pa.string()),  # of the proposal
        ("verdict", pa.string()),
        ("by", pa.string()),
        ("why", pa.string()),
        ("at", pa.int64()),
        ("taken_at", pa.int64()),  # the moment itself, whatever day the bank's clock stands on; null: not recorded then
        ("seq", pa.int64()),  # the order in which they were said: on a day that stands still all have one instant
    ]
)


@dataclass(frozen=True)
class Decision:
    """An officer's word on a proposal: who, why, when (UTC microseconds; `at` is what counts, `taken_at` the moment itself)."""

    id: str
    verdict: Verdict
    by: str
    why: str
    at: int
    taken_at: int | None
    seq: int

    @property
    def status(self) -> Status:
        return _AFTER[self.verdict]


class GroupDecisions:
    """The decisions under `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._files = TableFiles(root)

    @classmethod
    def beside(cls, ledger: Ledger) -> "GroupDecisions":
        """Those of the home that the ledger is in."""
        return cls(ledger.root.parent / "decisions" / "groups")

    def decide(self, proposal_id: str, verdict: Verdict, by: str, why: str, at: int | None = None) -> Decision:
        """Adds a word. ConflictError where it is decided already, or open and to be undone; InputError without a reason."""
        if not why.strip():
            raise InputError("A decision needs a reason.", "Say why in a few words.", "why")
        self._root.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root.with_suffix(".lock")):
            every = self._all()
            told = [each.status for each in every if each.id == proposal_id]
            status = told[-1] if told else "pending"
            if verdict == "undo" and status == "pending":
                raise ConflictError(f"Proposal '{proposal_id}' is open: there is nothing to undo.", "", "verdict")
            if verdict != "undo" and status != "pending":
                raise ConflictError(f"Proposal '{proposal_id}' is {status}.", "Undo that first.", "verdict")
            taken_at = now_us()
            said = Decision(proposal_id, verdict, by, why, at or taken_at, taken_at, every[-1].seq + 1 if every else 1)
            append(self._root, pa.Table.from_pylist([said.__dict__], DECISIONS))
        return said

    def history(self, proposal_id: str) -> list[Decision]:
        """Every word on a proposal, oldest first."""
        return [each for each in self._all() if each.id == proposal_id]

    def by_day(self, snapshot: Snapshot) -> list[Decision]:
        """The word that stood on each proposal by the end of the snapshot's day."""
        end = end_of_day_us(snapshot.as_of, snapshot.ledger.time_zone)
        return list({each.id: each for each in self._all() if each.at <= end}.values())

    def by_end_of(self, snapshot: Snapshot) -> pa.Table:
        """The same as SAID."""
        rows = [{"id": each.id, "status": each.status} for each in self.by_day(snapshot) if each.status != "pending"]
        return pa.Table.from_pylist(rows, SAID)

    def _all(self) -> list[Decision]:
        paths = self._files.current().paths
        if not paths:
            return []
        with duckdb.connect() as engine:
            engine.register("told", dataset(list(paths), schema=DECISIONS))
            rows: list[dict[str, Any]] = engine.sql("SELECT * FROM told ORDER BY seq").to_arrow_table().to_pylist()
        return [Decision(**row) for row in rows]


def said_by(snapshot: Snapshot) -> pa.Table:
    """What counts on the snapshot's day."""
    return GroupDecisions.beside(snapshot.ledger).by_end_of(snapshot)
