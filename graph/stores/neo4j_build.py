"""Brings a Neo4j database up to a `ledger_seq`: batches that may be repeated, so that a killed build is simply run again.

`through_seq` moves only at the end. A later build touches the ids that changed since; each of its batches takes whole ids:
what the ledger no longer says goes and what it says now comes in one transaction.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from cypher import statement
from graph.errors import ConflictError
from graph.knowledge.book import KnowledgeBook
from graph.ledger import Ledger
from graph.projection import GraphType, KnowledgeRange, Projection, Versions, node_columns
from graph.stores.neo4j_session import Neo4jSession, Neo4jTarget, Step
from graph.stores.report import BuildReport


@dataclass(frozen=True)
class Neo4jBuildOptions:
    """How far a build goes, how many rows a transaction takes, and whether a database of others may be used."""

    ledger_seq: int | None = None
    batch_rows: int = 10_000
    adopt: bool = False
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class _Plan:
    """What there is to do: everything (`since` None), or what changed after `since`; `done` parts of a killed build are kept."""

    through_seq: int
    since: int | None
    knowledge: KnowledgeRange
    done: tuple[str, ...] = ()


def build_neo4j(ledger: Ledger, target: Neo4jTarget, options: Neo4jBuildOptions | None = None) -> BuildReport:
    """Writes what is missing. ConflictError for a database that is neither empty nor ours, or while another build runs."""
    options = options or Neo4jBuildOptions()
    begun = time.monotonic()
    lock = FileLock(ledger.root / "neo4j-build.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConflictError("Another process is building the graph in Neo4j.", "Wait until it is done.") from None
    session = Neo4jSession(target)
    try:
        plan = _plan(session, ledger, options)
        with Projection(ledger, plan.through_seq, plan.since, plan.knowledge) as projection:
            nodes, relations = _Writer(session, projection, plan, options).write()
    finally:
        session.close()
        lock.release()
    return BuildReport("neo4j", plan.through_seq, nodes, relations, round(time.monotonic() - begun, 3))


def _plan(session: Neo4jSession, ledger: Ledger, options: Neo4jBuildOptions) -> _Plan:
    target = ledger.latest_seq if options.ledger_seq is None else options.ledger_seq
    knowledge = KnowledgeBook.beside(ledger).last_seq
    meta = session.read(statement("read/neo4j_meta"))
    if not meta:
        _refuse_foreign(session, options.adopt)
        return _Plan(target, None, KnowledgeRange(knowledge))
    through, ontology, building_to, building_since, done, known, building_known = meta[0]
    if building_to is None:
        since = through if through <= target and ontology == ledger.ontology.hash else 0
        return _Plan(target, since, KnowledgeRange(knowledge, known or 0 if since else 0))
    since = min(building_since or 0, through)
    goes_on = (building_to, building_known) == (target, knowledge)
    return _Plan(target, since if since <= target else 0, KnowledgeRange(knowledge), tuple(done) if goes_on else ())


def _refuse_foreign(session: Neo4jSession, adopt: bool) -> None:
    if not adopt and (found := session.read(statement("read/neo4j_any_node"))):
        labels = ", ".join(found[0][0]) or "no label"
        raise ConflictError(
            f"This Neo4j database is not empty and was not built by Yujing (it has nodes with {labels}).",
            "Use an empty database, or pass --adopt to build beside what is there.",
        )


class _Writer:
    def __init__(self, session: Neo4jSession, projection: Projection, plan: _Plan, options: Neo4jBuildOptions) -> None:
        self._session = session
        self._projection = projection
        self._plan = plan
        self._options = options

    def write(self) -> tuple[dict[str, int], dict[str, int]]:
        """Nodes, then relations type by type; each finished part is noted, `through_seq` last."""
        begin = {"building_to": self._plan.through_seq, "since": self._plan.since or 0, "done": list(self._plan.done)}
        begin["knowledge"] = self._projection.knowledge_seq
        self._session.write((statement("write/neo4j_meta_begin"), begin))
        nodes = {name: self._part(f"nodes {name}", self._nodes, name) for name in self._projection.ontology.entities}
        relations = {name: self._part(name, self._relations, name) for name in self._projection.types}
        end = {"through_seq": self._plan.through_seq, "ontology": self._projection.ontology.hash}
        end["knowledge"] = self._projection.knowledge_seq
        self._session.write((statement("write/neo4j_meta_end"), end))
        return nodes, relations

    def _part(self, part: str, write: Callable[[str], int], name: str) -> int:
        if part in self._plan.done:
            return 0
        self._options.progress(part)
        count = write(name)
        if count:
            self._session.write((statement("write/neo4j_meta_done"), {"part": part}))
        return count

    def _nodes(self, entity: str) -> int:
        count = 0
        for batch in self._projection.nodes(entity, self._options.batch_rows):
            if not count:
                self._declare_nodes(entity)
            self._session.write((statement("write/neo4j_nodes", label=entity), {"rows": batch.to_pylist()}))
            count += batch.num_rows
        return count

    def _declare_nodes(self, entity: str) -> None:
        columns = [field.name for field in node_columns(self._projection.ontology.entities[entity])]
        self._session.declare(statement("schema/neo4j_node_id", label=entity))
        for name in columns[1:]:
            self._session.declare(statement("schema/neo4j_lookup", label=entity, property=name))
        if "name" in columns:
            self._session.declare(statement("schema/neo4j_name_text", label=entity))
        self._session.declare(statement("schema/neo4j_await"))

    def _relations(self, name: str) -> int:
        with self._projection.versions(name) as versions:
            count = 0
            batches = self._changes(versions) if self._projection.partial else self._all_new(versions)
            for steps, rows in batches:
                if not count:
                    self._declare_relations(name)
                self._session.write(*steps)
                count += rows
        return count

    def _declare_relations(self, name: str) -> None:
        self._session.declare(statement("schema/neo4j_version", type=name))
        self._session.declare(statement("schema/neo4j_relation_id", type=name))
        self._session.declare(statement("schema/neo4j_await"))

    def _all_new(self, versions: Versions) -> Iterator[tuple[list[Step], int]]:
        """A first build: nothing to look up, nothing to remove."""
        for src, dst in versions.pairs():
            create = statement("write/neo4j_relations_new", type=versions.kind.name, src=src, dst=dst)
            for batch in versions.of_pair((src, dst), self._options.batch_rows):
                yield [(create, {"rows": _rows(batch, versions.kind)})], batch.num_rows

    def _changes(self, versions: Versions) -> Iterator[tuple[list[Step], int]]:
        """Whole ids at a time: stale versions out, present ones in."""
        kind = versions.kind
        for table in versions.changes(self._options.batch_rows):
            present = table.filter(pc.is_valid(table["version"]))
            ids = pc.unique(table["changed"]).to_pylist()
            stale = statement("write/neo4j_stale", type=kind.name)
            steps: list[Step] = [(stale, {"ids": ids, "versions": present["version"].to_pylist()})]
            for pair in present.group_by(["src_type", "dst_type"]).aggregate([]).to_pylist():
                src, dst = pair["src_type"], pair["dst_type"]
                of_pair = present.filter((pc.field("src_type") == src) & (pc.field("dst_type") == dst))
                merge = statement("write/neo4j_relations", type=kind.name, src=src, dst=dst)
                steps.append((merge, {"rows": _rows(of_pair, kind)}))
            yield steps, max(present.num_rows, 1)


def _rows(table: pa.Table | pa.RecordBatch, kind: GraphType) -> list[dict[str, Any]]:
    """What the write statements take: ends and version to find a relation by, and all that it carries."""
    kept = table.select([field.name for field in kind.columns]).to_pylist()
    ends = zip(table["src"].to_pylist(), table["dst"].to_pylist(), kept, strict=True)
    return [{"src": src, "dst": dst, "version": row["version"], "kept": row} for src, dst, row in ends]
