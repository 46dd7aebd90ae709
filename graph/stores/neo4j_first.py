"""The first load of a Neo4j database by the driver: everything is created, nothing looked up, several sessions at once.

A killed load is resumed: of each unfinished part what is there is read and left out, so that nothing is created twice.
"""

from collections.abc import Iterator
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from cypher import statement
from cypher.loader import Statement
from graph.projection import GraphType, Projection, Versions, node_columns
from graph.stores.neo4j_lanes import Lanes, turns
from graph.stores.neo4j_rows import listed
from graph.stores.neo4j_schema import await_schema, declare_nodes
from graph.stores.neo4j_session import Neo4jSession

HELD_ROWS = 100_000


class FirstLoad:
    """Creates nodes, then relation versions. `resumed` says that some may be there."""

    def __init__(self, session: Neo4jSession, projection: Projection, lanes: Lanes, batch_rows: int, *, resumed: bool) -> None:
        self._session = session
        self._projection = projection
        self._lanes = lanes
        self._batch_rows = batch_rows
        self._resumed = resumed

    def nodes(self, entity: str) -> int:
        """All nodes of a type that are not there; returns how many. Their ids are unique and indexed when it returns."""
        columns = [field.name for field in node_columns(self._projection.ontology.entities[entity])]
        held = self._hold(statement("read/neo4j_node_ids", label=entity))
        count = 0
        for batch in self._projection.nodes(entity, self._batch_rows, without_held=self._resumed):
            self._lanes.give(count // self._batch_rows % self._lanes.count, partial(self._create_nodes, entity, columns, batch))
            count += batch.num_rows
        self._lanes.meet()
        if count or held:
            declare_nodes(self._session, self._projection.ontology, entity)
            await_schema(self._session)
        return count + held

    def relations(self, name: str) -> int:
        """All versions of a type that are not there; returns how many there are now."""
        with self._projection.versions(name) as versions:
            count = versions.count
            if count and self._hold(statement("read/neo4j_versions", type=name)):
                versions.leave_out_held()
            dealt = turns(self._lanes.count if count > self._batch_rows else 1)
            for pair in versions.pairs():
                self._pair(versions, pair, dealt)
        return count

    def _hold(self, asked: Statement) -> int:
        """Notes what is there; returns how many. Of a load that begins nothing is."""
        if not self._resumed:
            return 0
        count = 0

        def keys() -> Iterator[list[str]]:
            nonlocal count
            for rows in self._session.stream(asked, {}, HELD_ROWS):
                count += len(rows)
                yield [row[0] for row in rows]

        self._projection.hold(keys())
        return count

    def _create_nodes(self, entity: str, columns: list[str], batch: pa.RecordBatch) -> None:
        told, rows = listed(batch, columns)
        self._session.write((statement("write/neo4j_nodes_new", label=entity, properties=told), {"rows": rows}))

    def _pair(self, versions: Versions, pair: tuple[str, str], dealt: list[list[int]]) -> None:
        """Round by round, so that no two sessions ever want the same node."""
        lanes = len(dealt) // 2
        for first in range(0, lanes * (len(dealt) - 1), lanes):
            parts: list[list[pa.RecordBatch]] = [[] for _ in range(lanes)]
            for batch in versions.in_turn(pair, dealt, range(first, first + lanes), self._batch_rows):
                for lane, part in enumerate(parts):
                    part.append(batch.filter(pc.equal(batch["turn"], first + lane)))
                    if sum(map(len, part)) >= self._batch_rows:
                        self._create(versions.kind, pair, lane, part)
            for lane, part in enumerate(parts):
                self._create(versions.kind, pair, lane, part)
            self._lanes.meet()

    def _create(self, kind: GraphType, pair: tuple[str, str], lane: int, part: list[pa.RecordBatch]) -> None:
        """Gives a lane what has come together for it, and empties `part`."""
        table = pa.Table.from_batches(part) if part else None
        part.clear()
        if table:
            self._lanes.give(lane, partial(self._create_relations, kind, pair, table))

    def _create_relations(self, kind: GraphType, pair: tuple[str, str], table: pa.Table) -> None:
        told, rows = listed(table, [field.name for field in kind.columns], ("src", "dst"))
        create = statement("write/neo4j_relations_new", type=kind.name, src=pair[0], dst=pair[1], properties=told)
        self._session.write((create, {"rows": rows}))
