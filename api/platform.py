"""What the app needs, and nothing else: opened by `yujing.wiring`, handed to `create_app`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Protocol

from alerts.journal import Journal
from alerts.requests import Capacity
from graph.knowledge import KnowledgeBook
from graph.ledger import Ledger
from graph.personal import Vault
from graph.store import GraphReader
from ingest.resolution.book import ResolutionBook
from models.scores import ScoreBook


@dataclass(frozen=True)
class Limits:
    """What one call may cost."""

    body_bytes: int = 1_000_000
    in_flight_seconds: float = 5.0  # how long a repeated call waits for the first one's answer
    scan_seconds: float = 10.0  # how long a scan is waited for before 202 is answered
    days: int = 4  # how many days are kept open at once


class BookSources(Protocol):
    """What answers out of the books are made of: a platform has it, and so has a command that asks once."""

    @property
    def ledger(self) -> Ledger: ...
    @property
    def vault(self) -> Vault: ...


class GraphSources(BookSources, Protocol):
    """The same for answers over the graph."""

    @property
    def store(self) -> GraphReader: ...


@dataclass(frozen=True)
class Books:
    """The books of one home, for a command."""

    ledger: Ledger
    vault: Vault


@dataclass(frozen=True)
class Opened(Books):
    """The same with its graph."""

    store: GraphReader


@dataclass(frozen=True)
class Platform:
    """The ledger, stores, scores and journal of one home. `today` is the bank's day: no later day may be asked for."""

    ledger: Ledger
    vault: Vault
    store: GraphReader  # follows the generations of an embedded store by itself
    scores: ScoreBook
    journal: Journal
    resolution: ResolutionBook
    today: Callable[[], date]
    capacity: Capacity = field(default_factory=Capacity)
    limits: Limits = field(default_factory=Limits)
    warm: bool = False  # open today when the process starts, so that the first caller need not wait
    demo: bool = False  # pages are open without a key on loopback, to read; the data are invented

    @cached_property
    def knowledge(self) -> KnowledgeBook:
        """The knowledge book of the home."""
        return KnowledgeBook.beside(self.ledger)
