"""The server store: Neo4j 5, asked in batches."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from cypher import statement
from graph.errors import UnavailableError
from graph.ontology import Ontology
from graph.projection import graph_types, node_columns, state_type
from graph.store import DEGREE_SCHEMA, EDGE_SCHEMA, FirmHit, Happenings, Hop, Moment, Window
from graph.stores.edges import degree_table, details_table, edge_table, happenings
from graph.stores.neo4j_session import Neo4jSession, Neo4jTarget, native
from graph.stores.questions import Questions, by_label, days, days_of, firm_hits

EXPORT_ROWS = 20_000


class Neo4jStore:
    """A `GraphReader` over a database that `build_neo4j` filled."""

    engine = "neo4j"

    def __init__(self, target: Neo4jTarget, ontology: Ontology) -> None:
        self.ontology = ontology
        self._questions = Questions(graph_types(ontology))
        self._session = Neo4jSession(target)

    @property
    def through_seq(self) -> int:
        rows = self._session.read(statement("read/neo4j_meta"))
        if not rows or not rows[0][1]:
            raise UnavailableError("No graph has been built in this Neo4j.", "Run 'yujing graph build --store neo4j'.")
        return int(rows[0][0])

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        rows = []
        for label, ids in by_label(anchors).items():
            if asked := self._questions.expand_each(label, hop):
                rows += self._session.read(asked, {"ids": ids, **days(hop.when)})
        return edge_table(rows, self._questions.types) if rows else EDGE_SCHEMA.empty_table()

    def details(self, anchors: Sequence[str], type_name: str, way: str, hop: Hop) -> pa.Table:
        kind = self._questions.kind(type_name)
        rows: list[list[Any]] = []
        for label, ids in by_label(anchors).items():
            if asked := self._questions.details_each(kind, label, way, hop.cap):
                rows += self._session.read(asked, {"ids": ids, **days(hop.when)})
        are_days = [False, False, *(field.type == pa.date32() for field in kind.columns)]
        return details_table([native(row, are_days) for row in rows], kind)

    def during(self, anchors: Sequence[str], ask: tuple[str, str], window: Window, columns: tuple[str, ...]) -> Happenings:
        kind = self._questions.kind(ask[0])
        rows: list[list[Any]] = []
        crowded: dict[str, int] = {}
        for label, ids in by_label(anchors).items():
            if kind.others(label, ask[1]):
                asked = self._questions.during_each(kind, label, ask[1], (window.cap + 1, columns))
                rows += self._session.read(asked, {"ids": ids, **days_of(window)})
        dates = {field.name for field in kind.columns if field.type == pa.date32()}
        are_days = [False, False, *(name in dates for name in columns)]
        table, full = happenings([native(row, are_days) for row in rows] if any(are_days) else rows, kind, columns, window.cap)
        for label, ids in by_label(full).items():
            counting = self._questions.during_count(kind, label, ask[1])
            crowded.update({one: int(self._session.read(counting, {"id": one, **days_of(window)})[0][0]) for one in ids})
        return Happenings(table, crowded)

    def degrees(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        rows = []
        for label, ids in by_label(anchors).items():
            if asked := self._questions.degree_each(label, hop):
                rows += self._session.read(asked, {"ids": ids, **days(hop.when)})
        return degree_table(rows) if rows else DEGREE_SCHEMA.empty_table()

    def states(self, ids: Sequence[str], when: Moment, only: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        found = {}
        for label, group in by_label(ids).items():
            kind = self._questions.types.get(state_type(label))
            if kind is None:
                continue
            fields = [field for field in kind.properties if not only or field.name in only]
            names = tuple(field.name for field in fields)
            asked = statement("read/neo4j_state_each", label=label, type=kind.name, properties=names)
            are_days = [field.type == pa.date32() for field in fields]
            for anchor, *values in self._session.read(asked, {"ids": group, **days(when)}):
                found[anchor] = dict(zip(names, native(values, are_days), strict=True))
        return found

    def relation(self, rel: str, type_name: str, when: Moment) -> dict[str, Any] | None:
        kind = self._questions.kind(type_name)
        schema = pa.schema([("src", pa.string()), ("dst", pa.string()), *kind.columns])
        rows = self._session.read(self._questions.relation(kind), {"id": rel, **days(when)})
        return dict(zip(schema.names, native(rows[0], _days(schema)), strict=True)) if rows else None

    def find_firms(self, text: str, limit: int = 20) -> list[FirmHit]:
        asked = {"text": text}
        exact = self._session.read(statement("read/find_firms", limit=limit), asked)
        part = self._session.read(statement("read/find_firms_by_part", limit=limit), asked)
        return firm_hits(exact + part, limit)

    def export(self, type_name: str, when: Moment | None = None) -> Iterator[pa.Table]:
        kind = self._questions.kind(type_name)
        schema = pa.schema([("src", pa.string()), ("dst", pa.string()), *kind.columns])
        for pair in kind.ends:
            asked = self._questions.export(kind, pair, when is not None)
            yield schema.empty_table()
            for rows in self._session.stream(asked, days(when) if when else {}, EXPORT_ROWS):
                yield _table(rows, schema)

    def export_nodes(self, entity: str) -> Iterator[pa.Table]:
        """Every node of a type, columns as `graph.projection.node_columns`."""
        columns = node_columns(self.ontology.entities[entity])
        asked = statement("read/export_nodes", label=entity, properties=tuple(field.name for field in columns))
        for rows in self._session.stream(asked, {}, EXPORT_ROWS):
            yield _table(rows, pa.schema(columns))

    def close(self) -> None:
        self._session.close()


def _table(rows: list[list[Any]], schema: pa.Schema) -> pa.Table:
    are_days = _days(schema)
    clean = [native(row, are_days) for row in rows] if any(are_days) else rows
    columns = zip(*clean, strict=True)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _days(schema: pa.Schema) -> list[bool]:
    return [field.type == pa.date32() for field in schema]
