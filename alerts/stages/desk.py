"""The desk: everything that decisions of one day may look at. Open one a day and ledger_seq, and keep it: it holds no lock."""

from dataclasses import dataclass

from alerts.requests import Capacity
from alerts.sources import Scores, Snapshot, Walker


@dataclass(frozen=True)
class Desk:
    """Snapshot, scores, graph and rule packs of one day. Safe to share between threads."""

    snapshot: Snapshot
    scores: Scores | None
    graph: Walker | None
    capacity: Capacity

    @classmethod
    def open(
        cls, snapshot: Snapshot, scores: Scores | None = None, graph: Walker | None = None, capacity: Capacity | None = None
    ) -> "Desk":
        """A desk over `snapshot`. Without `graph`, paths are walked over the snapshot's own relations."""
        return cls(snapshot, scores, graph, capacity or Capacity())
