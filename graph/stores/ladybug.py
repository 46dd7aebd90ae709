"""The embedded store: LadybugDB generations opened read-only, a few connections each, moved on when `current` moves."""

import queue
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import ladybug
import pyarrow as pa

from cypher import statement, union
from cypher.loader import Statement
from graph.errors import UnavailableError
from graph.ledger.keeping import OntologyFile
from graph.ontology import Ontology
from graph.projection import graph_types, node_columns, state_type
from graph.store import DEGREE_SCHEMA, EDGE_SCHEMA, FirmHit, Happenings, Hop, Moment, Window
from graph.stores.adjacency import FOLDER, Adjacency, StateRows
from graph.stores.edges import degree_table, details_table, edge_table, happenings
from graph.stores.generations import Held, current_name, hold_current
from graph.stores.questions import Questions, by_label, days, days_of, firm_hits

READ_POOL_BYTES = 512 << 20
CONNECTIONS = 4

Rows = list[list[Any]]


class LadybugStore:
    """A `GraphReader` over the generation in use under `root`. Thread-safe; open it after a fork, not before."""

    engine = "ladybug"

    def __init__(self, root: Path, pool_bytes: int = READ_POOL_BYTES) -> None:
        self._root = root
        self._pool_bytes = pool_bytes
        self._lock = threading.Lock()
        self._open: _Generation | None = None
        with self._generation():
            pass  # says at once when there is no graph

    @property
    def ontology(self) -> Ontology:
        with self._generation() as generation:
            return generation.ontology

    @property
    def through_seq(self) -> int:
        with self._generation() as generation:
            return generation.held.manifest.through_seq

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """Out of the adjacency of the generation; one that was built before there was any asks the database."""
        with self._generation() as generation:
            if generation.adjacency:
                for name in hop.types:
                    generation.questions.kind(name)
                return generation.adjacency.expand(anchors, hop)
        return self.expand_in_database(anchors, hop)

    def expand_in_database(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """The same as `expand`, asked of LadybugDB."""
        with self._generation() as generation, generation.connection() as connection:
            rows: list[tuple[Any, ...]] = []
            for label, ids in by_label(anchors).items():
                rows += _expand(connection, generation.questions, (label, ids), hop)
            kinds = generation.questions.types
        return edge_table(rows, kinds) if rows else EDGE_SCHEMA.empty_table()

    def details(self, anchors: Sequence[str], type_name: str, way: str, hop: Hop) -> pa.Table:
        with self._generation() as generation, generation.connection() as connection:
            kind = generation.questions.kind(type_name)
            rows: list[tuple[Any, ...]] = []
            for label, ids in by_label(anchors).items():
                if asked := generation.questions.details(kind, label, way, hop.cap):
                    rows += connection.each(asked, ids, days(hop.when))
        return details_table(rows, kind)

    def during(self, anchors: Sequence[str], ask: tuple[str, str], window: Window, columns: tuple[str, ...]) -> Happenings:
        with self._generation() as generation, generation.connection() as connection:
            questions, kind = generation.questions, generation.questions.kind(ask[0])
            rows: list[tuple[Any, ...]] = []
            crowded: dict[str, int] = {}
            for label, ids in by_label(anchors).items():
                if kind.others(label, ask[1]):
                    asked = questions.during(kind, label, ask[1], (window.cap + 1, columns))
                    rows += connection.each(asked, ids, days_of(window))
            table, full = happenings(rows, kind, columns, window.cap)
            for label, ids in by_label(full).items():
                counted = connection.each(questions.during_count(kind, label, ask[1]), ids, days_of(window))
                crowded.update({row[0]: int(row[1]) for row in counted})
        return Happenings(table, crowded)

    def degrees(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        with self._generation() as generation:
            if generation.adjacency:
                for name in hop.types:
                    generation.questions.kind(name)
                return generation.adjacency.degrees(anchors, hop)
        return self.degrees_in_database(anchors, hop)

    def degrees_in_database(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """The same as `degrees`, asked of LadybugDB."""
        with self._generation() as generation, generation.connection() as connection:
            rows: list[tuple[Any, ...]] = []
            for label, ids in by_label(anchors).items():
                if asked := _union(generation.questions.branches("degree", label, hop, "parameter")):
                    rows += connection.each(asked, ids, days(hop.when))
        return degree_table(rows) if rows else DEGREE_SCHEMA.empty_table()

    def states(self, ids: Sequence[str], when: Moment, only: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        with self._generation() as generation:
            if generation.adjacency:
                for label, group in by_label(ids).items():
                    found |= generation.stated(label, group, when, only)
                return found
        return self.states_in_database(ids, when)

    def states_in_database(self, ids: Sequence[str], when: Moment) -> dict[str, dict[str, Any]]:
        """The same as `states`, asked of LadybugDB."""
        found = {}
        with self._generation() as generation, generation.connection() as connection:
            for label, group in by_label(ids).items():
                if state_type(label) not in generation.questions.types:
                    continue
                names = [field.name for field in generation.questions.types[state_type(label)].properties]
                for row in connection.each(generation.questions.state(label), group, days(when)):
                    found[row[0]] = dict(zip(names, row[3:], strict=True))
        return found

    def relation(self, rel: str, type_name: str, when: Moment) -> dict[str, Any] | None:
        with self._generation() as generation, generation.connection() as connection:
            kind = generation.questions.kind(type_name)
            names = ["src", "dst", *(field.name for field in kind.columns)]
            rows = connection.rows(generation.questions.relation(kind), {"id": rel, **days(when)})
        return dict(zip(names, rows[0], strict=True)) if rows else None

    def find_firms(self, text: str, limit: int = 20) -> list[FirmHit]:
        with self._generation() as generation, generation.connection() as connection:
            asked = {"text": text}
            exact = connection.rows(statement("read/find_firms", limit=limit), asked)
            part = connection.rows(statement("read/find_firms_by_part", limit=limit), asked)
        return firm_hits(exact + part, limit)

    def export(self, type_name: str, when: Moment | None = None) -> Iterator[pa.Table]:
        with self._generation() as generation, generation.connection() as connection:
            kind = generation.questions.kind(type_name)
            schema = pa.schema([("src", pa.string()), ("dst", pa.string()), *kind.columns])
            for pair in kind.ends:
                asked = generation.questions.export(kind, pair, when is not None)
                table = connection.arrow(asked, days(when) if when else {})
                yield table.cast(schema)

    def export_nodes(self, entity: str) -> Iterator[pa.Table]:
        """Every node of a type, columns as `graph.projection.node_columns`."""
        with self._generation() as generation, generation.connection() as connection:
            columns = node_columns(generation.ontology.entities[entity])
            asked = statement("read/export_nodes", label=entity, properties=tuple(field.name for field in columns))
            yield connection.arrow(asked, {}).cast(pa.schema(columns))

    def close(self) -> None:
        with self._lock:
            if self._open:
                self._open.retire()
                self._open = None

    @contextmanager
    def _generation(self) -> Iterator["_Generation"]:
        """The generation in use; an older one goes away when its last query ends."""
        with self._lock:
            if self._open is None or self._open.held.folder.name != current_name(self._root):
                newer = _Generation(hold_current(self._root), self._pool_bytes)
                if self._open:
                    self._open.retire()
                self._open = newer
            generation = self._open
            generation.enter()
        try:
            yield generation
        finally:
            generation.leave()


class _Generation:
    """An open generation: closed once it is retired and its last query has ended."""

    def __init__(self, held: Held, pool_bytes: int) -> None:
        self.held = held
        self.ontology = OntologyFile(held.folder / "ontology.json").read()
        self.questions = Questions(graph_types(self.ontology))
        try:
            self._database = ladybug.Database(
                held.database, buffer_pool_size=pool_bytes, max_num_threads=CONNECTIONS, read_only=True
            )
        except RuntimeError as problem:
            held.release()
            raise UnavailableError(f"The graph in {held.folder} does not open: {problem}", "Run 'yujing graph build'.") from problem
        there = held.folder / FOLDER
        self.adjacency = Adjacency(there) if there.is_dir() else None
        self._states = {
            name: StateRows(there, name) for name in self.ontology.entities if (there / f"states-{name}.arrow").exists()
        }
        self._idle: queue.LifoQueue[_Connection] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._idle.put(_Connection(self._database))
        self._users = 1  # the store itself
        self._lock = threading.Lock()

    def stated(self, label: str, ids: Sequence[str], when: Moment, only: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The states of entities of one type out of the adjacency: all properties, or those of `only` that the type has."""
        if label not in self._states or self.adjacency is None:
            return {}
        names = [field.name for field in self.questions.types[state_type(label)].properties]
        names = [name for name in names if not only or name in only]
        return self._states[label].read(self.adjacency.ids.numbers(ids), when, names)

    def enter(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users:
                return
        for _ in range(CONNECTIONS):
            self._idle.get().close()
        self._database.close()
        self.held.release()

    def retire(self) -> None:
        self.leave()

    @contextmanager
    def connection(self) -> Iterator["_Connection"]:
        connection = self._idle.get()
        try:
            yield connection
        except RuntimeError as problem:
            raise UnavailableError(f"The embedded graph failed: {problem}", "Run 'yujing graph build'.") from problem
        finally:
            self._idle.put(connection)


class _Connection:
    """One connection with the statements that it has prepared. One thread: small questions answer faster so."""

    def __init__(self, database: ladybug.Database) -> None:
        self._connection = ladybug.Connection(database, num_threads=1)
        self._prepared: dict[Statement, ladybug.PreparedStatement] = {}

    def rows(self, asked: Statement, parameters: dict[str, Any]) -> Rows:
        return cast(Rows, self._execute(asked, parameters).get_all())

    def each(self, asked: Statement, ids: Sequence[str], parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of one primary-key statement for each id, the id before each."""
        return [(one, *row) for one in ids for row in self.rows(asked, {"id": one, **parameters})]

    def arrow(self, asked: Statement, parameters: dict[str, Any]) -> pa.Table:
        return self._execute(asked, parameters).get_as_arrow()

    def close(self) -> None:
        self._connection.close()

    def _execute(self, asked: Statement, parameters: dict[str, Any]) -> ladybug.QueryResult:
        if asked not in self._prepared:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # preparing once is what makes a hop fast
                self._prepared[asked] = self._connection.prepare(asked)
        return cast(ladybug.QueryResult, self._connection.execute(self._prepared[asked], parameters))


def _expand(connection: "_Connection", questions: Questions, anchors: tuple[str, list[str]], hop: Hop) -> list[tuple[Any, ...]]:
    """Each anchor by one statement for all types and each way; those that reach the limit again, type by type."""
    label, ids = anchors
    near, exact = questions.near(label, hop), _union(questions.branches("expand", label, hop, "parameter"))
    if exact is None:
        return []
    rows = []
    for anchor in ids:
        asked = {"id": anchor, **days(hop.when)}
        told = [(each, connection.rows(each.asked, asked)) for each in near]
        if any(len(found) > hop.cap for _, found in told):
            rows += [(anchor, *row) for row in connection.rows(exact, asked)]
        else:
            rows += [each.edge(anchor, row) for each, found in told for row in found]
    return rows


def _union(branches: list[Statement]) -> Statement | None:
    return union(branches) if branches else None
