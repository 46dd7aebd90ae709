"""What alerts ask of snapshot, scores and graph: no more than these, so that a stage is tested on a tiny world."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol

import pyarrow as pa

from graph.store import Hop


class Snapshot(Protocol):
    """The ledger as it was known on a day (`graph.snapshot.Snapshot`)."""

    @property
    def as_of(self) -> date: ...

    @property
    def ledger_seq(self) -> int: ...

    def read(self, name: str) -> pa.Table:
        """The rows of one ontology type, with lineage."""

    def read_history(self, name: str) -> pa.Table:
        """The rows of one relation type that began by that day, ended or not."""


class Scores(Protocol):
    """The latest score of each firm known on a day (`models.scores.ScoreBook`)."""

    def latest(self, as_of: date) -> pa.Table:
        """One row a firm: run_id, firm, as_of, probability, log_odds, own, contagion, top_relations, model, model_version, …"""


class Walker(Protocol):
    """One bounded step over relations (`graph.store.GraphReader.expand`)."""

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """EDGE_SCHEMA rows of the anchors' relations."""
