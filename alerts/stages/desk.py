"""The desk: everything that decisions of one day may look at. Open one a day and ledger_seq, and keep it."""

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from alerts.facts.base import FactBase
from alerts.facts.compute import keep_book
from alerts.requests import Capacity
from alerts.rules.load import Packs, shipped_packs
from alerts.sources import Feeds, Scores, Snapshot, Walker
from alerts.stages.walk import SnapshotWalker


@dataclass(frozen=True)
class Desk:
    """Facts of the whole book (`book`, as `book_facts` gives them), graph and rule packs of one day.

    Threads may share it: each call takes a connection of its own.
    """

    base: FactBase
    book: pa.Table
    graph: Walker
    packs: Packs
    capacity: Capacity
    feeds: Feeds | None = None

    @classmethod
    def open(
        cls,
        snapshot: Snapshot,
        scores: Scores | None = None,
        graph: Walker | None = None,
        *,
        packs: Packs | None = None,
        capacity: Capacity | None = None,
        feeds: Feeds | None = None,
    ) -> "Desk":
        """Reads the snapshot once. Without `graph`, paths are walked over the snapshot's own relations.

        `feeds`: how they stood that day; without, nothing is said of feeds.
        """
        base = FactBase.load(snapshot, scores)
        walker, capacity = graph or SnapshotWalker(base), capacity or Capacity()
        return cls(base, keep_book(base), walker, packs or shipped_packs(), capacity, feeds)

    @property
    def as_of(self) -> date:
        return self.base.as_of

    @property
    def ledger_seq(self) -> int:
        return self.base.ledger_seq

    def close(self) -> None:
        """Frees the tables."""
        self.base.close()
