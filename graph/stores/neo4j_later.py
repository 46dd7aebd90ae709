"""A later load of a Neo4j database: of the ids that changed, what is there is compared with what the ledger says now.

Each transaction takes whole ids: what is gone goes, what is new comes, what says something else is set, and the rest is
not touched. Repeated, it finds nothing to do.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from cypher import statement
from graph.projection import GraphType, Projection, node_columns
from graph.stores.neo4j_rows import listed
from graph.stores.neo4j_schema import await_schema, declare_nodes, declare_relations
from graph.stores.neo4j_session import Ask, Neo4jSession, as_native

Held = dict[str, dict[str, Any]]


class LaterLoad:
    """Writes what changed since the batch that a partial projection begins after."""

    def __init__(self, session: Neo4jSession, projection: Projection, batch_rows: int) -> None:
        self._session = session
        self._projection = projection
        self._batch_rows = batch_rows

    def nodes(self, entity: str) -> int:
        """Nodes that are new or are looked up by something else now; returns how many."""
        fields = node_columns(self._projection.ontology.entities[entity])
        columns = [field.name for field in fields]
        count, declared = 0, False
        for batch in self._projection.nodes(entity, self._batch_rows):
            if not declared:
                declare_nodes(self._session, self._projection.ontology, entity)
                await_schema(self._session)
                declared = True
            count += self._session.transact(partial(_write_nodes, entity, columns, batch))
        return count

    def relations(self, name: str) -> int:
        """Versions created, set or removed."""
        count, declared = 0, False
        with self._projection.versions(name) as versions:
            for table in versions.changes(self._batch_rows):
                if not declared:
                    declare_relations(self._session, name)
                    await_schema(self._session)
                    declared = True
                count += self._session.transact(_relations_of(versions.kind, table))
        return count


def _write_nodes(entity: str, columns: list[str], batch: pa.RecordBatch, ask: Ask) -> int:
    ids = batch["id"].to_pylist()
    held: Held = {row[0]: row[1] for row in ask(statement("read/neo4j_nodes_held", label=entity), {"ids": ids})}
    new = batch.filter(pc.invert(pc.is_in(batch["id"], pa.array(list(held), pa.string()))))
    if new.num_rows:
        told, rows = listed(new, columns)
        ask(statement("write/neo4j_nodes_new", label=entity, properties=told), {"rows": rows})
    changed = [
        row for row in batch.to_pylist() if row["id"] in held and any(held[row["id"]].get(name) != row[name] for name in columns)
    ]
    if changed:
        ask(statement("write/neo4j_nodes", label=entity), {"rows": changed})
    return int(new.num_rows) + len(changed)


def _relations_of(kind: GraphType, table: pa.Table) -> Callable[[Ask], int]:
    """Brings some whole ids to what `table` says."""
    names = [field.name for field in kind.columns]
    present = table.filter(pc.is_valid(table["version"]))
    ids = pc.unique(table["changed"]).to_pylist()

    def work(ask: Ask) -> int:
        held: Held = {row[0]: row[1] for row in ask(statement("read/neo4j_relations_held", type=kind.name), {"ids": ids})}
        is_held = pc.is_in(present["version"], pa.array(list(held), pa.string()))
        new = present.filter(pc.invert(is_held))
        kept = present.filter(is_held).select(names).to_pylist()
        gone = set(held) - {row["version"] for row in kept}
        changed = [row for row in kept if as_native(held[row["version"]]) != {k: v for k, v in row.items() if v is not None}]
        if gone:
            ask(statement("write/neo4j_relations_gone", type=kind.name), {"versions": list(gone)})
        if changed:
            ask(statement("write/neo4j_relations_again", type=kind.name), {"rows": changed})
        _create(ask, kind, new)
        return len(gone) + len(changed) + int(new.num_rows)

    return work


def _create(ask: Ask, kind: GraphType, new: pa.Table) -> None:
    names = [field.name for field in kind.columns]
    for pair in new.group_by(["src_type", "dst_type"]).aggregate([]).to_pylist():
        src, dst = pair["src_type"], pair["dst_type"]
        told, rows = listed(new.filter((pc.field("src_type") == src) & (pc.field("dst_type") == dst)), names, ("src", "dst"))
        ask(statement("write/neo4j_relations_new", type=kind.name, src=src, dst=dst, properties=told), {"rows": rows})
