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


class Delivered(Protocol):
    """The last delivery of a file: when (UTC microseconds), in which batch, how many rows."""

    @property
    def at(self) -> int: ...

    @property
    def batch(self) -> str: ...

    @property
    def rows(self) -> int: ...


class FeedFile(Protocol):
    """One file of a feed on a day (`ingest.feeds.FeedFile`): its state, since when, and which ontology types it fills."""

    @property
    def feed(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def sheet(self) -> str: ...

    @property
    def state(self) -> str: ...

    @property
    def since(self) -> date | None: ...

    @property
    def last(self) -> Delivered | None: ...

    @property
    def rows_before(self) -> int | None: ...

    @property
    def reason(self) -> str: ...

    @property
    def types(self) -> tuple[str, ...]: ...


class Feeds(Protocol):
    """How the feeds stood on a day (`ingest.feeds.FeedBook`)."""

    def files(self) -> Sequence[FeedFile]:
        """Every file that was delivered by then."""


class Walker(Protocol):
    """One bounded step over relations (`graph.store.GraphReader.expand`)."""

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """EDGE_SCHEMA rows of the anchors' relations."""
