"""The whole way of the data, in the order in which it happens.

    files -> ledger -> knowledge -> graph store -> models -> scores -> alerts

Each step is idempotent: run again, it finds its work done or does it to the same end.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alerts.journal.records import ScanRecorded
from alerts.said import Decision, ScanResult
from alerts.stages import Desk, scan
from graph.knowledge import KnowledgeBook, Run
from graph.knowledge.compute import compute_book
from graph.knowledge.kinds import all_kinds
from graph.ledger import Ledger
from graph.snapshot import Snapshot
from graph.stores import BuildReport, build_ladybug, build_neo4j
from graph.verify import Verification, verify
from ingest.feeds import FeedBook
from ingest.result import IngestResult
from ingest.run import Progress, ingest
from models.registry import Registry
from models.scorer import ModelScorer
from models.scores import ScoreBook
from models.training import Request, Trained, train
from yujing.settings import Settings
from yujing.wiring import connections, neo4j_target, open_journal, open_store, open_vault


@dataclass(frozen=True)
class Pipeline:
    """One home, one ledger, one day."""

    settings: Settings
    ledger: Ledger
    as_of: date

    @property
    def registry(self) -> Registry:
        return Registry(self.settings.models, self.settings.mlflow)

    @property
    def scores(self) -> ScoreBook:
        return ScoreBook(self.settings.scores)

    def snapshot(self) -> Snapshot:
        """What the bank knew by the end of the day: all that models and rules see."""
        return Snapshot(self.ledger, self.as_of)

    def load(self, manifest: Path, progress: Progress) -> IngestResult:
        """Files to ledger: every row is taken, known already, or quarantined with its reason."""
        settings = self.settings
        return ingest(
            manifest,
            self.ledger,
            open_vault(settings),
            quarantine=settings.quarantine,
            data_root=settings.data,
            connections=connections(settings),
            progress=progress,
        )

    def infer(self, tell: Callable[[str], None]) -> list[Run]:
        """Ledger to knowledge: who controls whom, and what else follows; only where its inputs changed."""
        return compute_book(KnowledgeBook.beside(self.ledger), self.snapshot(), all_kinds(), tell)

    def project(self) -> BuildReport:
        """Ledger and knowledge to graph store."""
        if self.settings.store == "neo4j":
            return build_neo4j(self.ledger, neo4j_target(self.settings))
        return build_ladybug(self.ledger, self.settings.graph)

    def check(self) -> Verification:
        """The graph store against the ledger."""
        with closing(open_store(self.settings, self.ledger)) as store:
            return verify(store, self.ledger)

    def learn(self, tell: Callable[[str], None]) -> Trained:
        """Snapshots of past days to models, compared on days that came after."""
        return train(self.ledger, self.registry, Request(self.as_of, threads=self.settings.threads), tell)

    def score(self, model: str = "") -> int:
        """The day's scores, by the promoted model or, as a shadow run, by another; returns how many."""
        registered = self.registry.load(model)
        shadow = bool(model) and (registered.manifest.name, registered.manifest.version) != self.registry.champion()
        return self.scores.append(ModelScorer(registered, shadow).score(self.snapshot()))

    def is_scored(self) -> bool:
        """The promoted model has said its word on this day, having seen all that the ledger holds."""
        rows = self.scores.latest(self.as_of).slice(0, 1).to_pylist()
        said = {(r["model"], r["model_version"], r["as_of"], r["ledger_seq"]) for r in rows}
        return (*self.registry.champion(), self.as_of, self.ledger.latest_seq) in said

    def _desk(self) -> Desk:
        snapshot = self.snapshot()
        return Desk.open(snapshot, self.scores, feeds=FeedBook(self.ledger, self.as_of, snapshot.ledger_seq))

    def watch(self, principal: str) -> tuple[ScanResult, ScanRecorded]:
        """Rules and scores over the book of the day: alerts, kept in the journal."""
        with closing(self._desk()) as desk, closing(open_journal(self.settings)) as journal:
            found = scan(desk)
            return found, journal.record_scan(found, principal)

    def decide(self, ask: Callable[[Desk], Decision], principal: str) -> Decision:
        """One application or drawdown, decided on what was known that day and kept in the journal."""
        with closing(self._desk()) as desk, closing(open_journal(self.settings)) as journal:
            return journal.record_decision(ask(desk), principal)
