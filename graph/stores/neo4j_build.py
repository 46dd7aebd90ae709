"""Brings a Neo4j database up to a `ledger_seq`, in steps that may be repeated: a killed build is simply run again.

A first load creates everything (`neo4j_first`), a later one touches the ids that changed since (`neo4j_later`). The meta
node says how far the database is: `through_seq`, moved last; `building_to` and `done` while a build runs; `building_since`
where that is a later one. `knowledge_seq` and `building_knowledge` say the same of the knowledge book's runs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from filelock import FileLock, Timeout

from cypher import statement
from graph.errors import ConflictError
from graph.knowledge.book import KnowledgeBook
from graph.ledger import Ledger
from graph.projection import KnowledgeRange, Projection
from graph.stores.neo4j_first import FirstLoad
from graph.stores.neo4j_lanes import Lanes
from graph.stores.neo4j_later import LaterLoad
from graph.stores.neo4j_schema import await_schema, declare_nodes, declare_relations
from graph.stores.neo4j_session import MARK, Neo4jSession, Neo4jTarget
from graph.stores.report import BuildReport

NODES = "nodes "  # what a part that holds nodes begins with


@dataclass(frozen=True)
class Neo4jBuildOptions:
    """How far a build goes, how many rows a transaction takes, how many sessions write, and whether others' data may be there."""

    ledger_seq: int | None = None
    batch_rows: int = 10_000
    sessions: int = 2
    adopt: bool = False
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class _Plan:
    """What there is to do: everything (`since` None), or what changed after `since`; `done` parts of a killed build are kept."""

    through_seq: int
    since: int | None
    knowledge: KnowledgeRange
    done: tuple[str, ...] = ()
    resumed: bool = False
    new_ontology: bool = False


class _Load(Protocol):
    def nodes(self, entity: str) -> int: ...
    def relations(self, name: str) -> int: ...


def build_neo4j(ledger: Ledger, target: Neo4jTarget, options: Neo4jBuildOptions | None = None) -> BuildReport:
    """Writes what is missing. ConflictError for a database that is neither empty nor ours, or while another build runs."""
    with building(ledger):
        session = Neo4jSession(target)
        try:
            return bring_up(session, ledger, options or Neo4jBuildOptions())
        finally:
            session.close()


@contextmanager
def building(ledger: Ledger) -> Iterator[None]:
    """The right to write to Neo4j from this ledger. ConflictError while another process has it."""
    lock = FileLock(ledger.root / "neo4j-build.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConflictError("Another process is building the graph in Neo4j.", "Wait until it is done.") from None
    try:
        yield
    finally:
        lock.release()


def bring_up(session: Neo4jSession, ledger: Ledger, options: Neo4jBuildOptions) -> BuildReport:
    """The work of `build_neo4j`, for who holds the lock. A killed first load is ended first, then what came since is written."""
    begun = time.monotonic()
    target = ledger.latest_seq if options.ledger_seq is None else options.ledger_seq
    nodes: dict[str, int] = dict.fromkeys(ledger.ontology.entities, 0)
    relations: dict[str, int] = {}
    while plan := _plan(session, ledger, target, options.adopt):
        with Projection(ledger, plan.through_seq, plan.since, plan.knowledge) as projection, Lanes(options.sessions) as lanes:
            relations = relations or dict.fromkeys(projection.types, 0)
            build = _Build(session, projection, plan, options)
            if plan.since is None:
                written = build.run(FirstLoad(session, projection, lanes, options.batch_rows, resumed=plan.resumed))
            else:
                written = build.run(LaterLoad(session, projection, options.batch_rows))
        for name, count in written.items():
            kind, label = (nodes, name.removeprefix(NODES)) if name.startswith(NODES) else (relations, name)
            kind[label] = kind.get(label, 0) + count
    return BuildReport("neo4j", target, nodes, relations, round(time.monotonic() - begun, 3))


def _plan(session: Neo4jSession, ledger: Ledger, target: int, adopt: bool) -> _Plan | None:
    """The next thing to do; None where the database is there."""
    meta = session.read(statement("read/neo4j_meta"))
    knowledge = KnowledgeBook.beside(ledger).last_seq
    if not meta:
        _refuse_foreign(session, adopt)
        return _Plan(target, 0 if adopt else None, KnowledgeRange(knowledge))
    through, ontology, building_to, building_since, done, known, building_knowledge = meta[0]
    if target < max(through, building_to or 0):
        raise ConflictError(
            f"This Neo4j database holds the ledger to ledger_seq {max(through, building_to or 0)}, and {target} was asked for.",
            "A graph of an earlier day needs no build: every question names its day. Else use an empty database.",
            "ledger_seq",
        )
    if building_to is None:
        new_ontology = ontology != ledger.ontology.hash
        if (through, known or 0) == (target, knowledge) and not new_ontology:
            return None
        return _Plan(target, through, KnowledgeRange(knowledge, known or 0), new_ontology=new_ontology)
    _end_what_was_left_open(session)
    if building_since is None:
        return _Plan(building_to, None, KnowledgeRange(building_knowledge or 0), tuple(done), resumed=True)
    goes_on = (building_to, building_knowledge) == (target, knowledge)  # derived relations are then compared one and all
    return _Plan(target, building_since, KnowledgeRange(knowledge), tuple(done) if goes_on else (), new_ontology=True)


def _refuse_foreign(session: Neo4jSession, adopt: bool) -> None:
    if not adopt and (found := session.read(statement("read/neo4j_any_node"))):
        labels = ", ".join(found[0][0]) or "no label"
        raise ConflictError(
            f"This Neo4j database is not empty and was not built by Yujing (it has nodes with {labels}).",
            "Use an empty database, or pass --adopt to build beside what is there.",
        )


def _end_what_was_left_open(session: Neo4jSession) -> None:
    """A transaction of a killed build could still commit after we have looked at what is there."""
    while left := session.read(statement("read/neo4j_left_open"), {"app": MARK}):
        session.command(statement("write/neo4j_terminate"), {"ids": [row[0] for row in left]})
        time.sleep(0.1)


class _Build:
    """One plan, part by part: nodes, then relations; each finished part is noted, `through_seq` last."""

    def __init__(self, session: Neo4jSession, projection: Projection, plan: _Plan, options: Neo4jBuildOptions) -> None:
        self._session = session
        self._projection = projection
        self._plan = plan
        self._progress = options.progress

    def run(self, load: _Load) -> dict[str, int]:
        """How many rows of each part were written."""
        begin = {"building_to": self._plan.through_seq, "since": self._plan.since, "done": list(self._plan.done)}
        begin["knowledge"] = self._projection.knowledge_seq
        self._session.write((statement("write/neo4j_meta_begin"), begin))
        ontology = self._projection.ontology
        written = {NODES + name: self._part(NODES + name, load.nodes, name) for name in ontology.entities}
        written |= {name: self._part(name, load.relations, name) for name in self._projection.types}
        self._declare([*self._plan.done, *(part for part, count in written.items() if count)])
        end = {"through_seq": self._plan.through_seq, "ontology": ontology.hash, "knowledge": self._projection.knowledge_seq}
        self._session.write((statement("write/neo4j_meta_end"), end))
        return written

    def _part(self, part: str, write: Callable[[str], int], name: str) -> int:
        if part in self._plan.done:
            return 0
        self._progress(part)
        count = write(name)
        if count:
            self._session.write((statement("write/neo4j_meta_done"), {"part": part}))
        return count

    def _declare(self, parts: list[str]) -> None:
        """After a first load what is unique and indexed; after a later one only what a new ontology looks entities up by."""
        if self._plan.since is not None:
            parts = [NODES + name for name in self._projection.ontology.entities] if self._plan.new_ontology else []
        for part in parts:
            self._progress(f"index {part}")
            if part.startswith(NODES):
                declare_nodes(self._session, self._projection.ontology, part.removeprefix(NODES))
            else:
                declare_relations(self._session, part)
        if parts:
            await_schema(self._session)
