"""The ledger as graph stores hold it: nodes, and versions of relations as rectangles on two clocks. Loaded by all."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.compute as pc

from graph.knowledge.book import KnowledgeBook
from graph.ledger import Ledger
from graph.ontology import EntityType, Lasting, Ontology, RelationType
from graph.projection.derived import DerivedVersions, KnowledgeRange
from graph.projection.entities import build_states
from graph.projection.rectangles import Rectangles, day_number, known_day
from graph.projection.shape import DAYS, GraphType, graph_types, node_columns
from graph.store import OPEN_DAY

_ENDS = ("src_type", "src", "dst_type", "dst")
_TOLD_LAST = "recorded_at, batch_seq, line, content, feed"


class Projection:
    """What a store built to `through_seq` must hold. With `since`, only ids that changed after that batch. Not thread-safe.

    `knowledge` does the same for derived relations: the runs of the knowledge book that count, and those that a store has.

    It runs on the ledger's own DuckDB engine, so its memory is that engine's limit, and larger books spill to disk.
    """

    def __init__(
        self, ledger: Ledger, ledger_seq: int | None = None, since: int | None = None, knowledge: KnowledgeRange | None = None
    ) -> None:
        self.ledger = ledger
        self.through_seq = ledger.latest_seq if ledger_seq is None else ledger_seq
        self.partial = since is not None
        self._since = since or 0
        self.ontology: Ontology = ledger.ontology
        self.types: Mapping[str, GraphType] = graph_types(self.ontology)
        self._connection: duckdb.DuckDBPyConnection = ledger.backend.con.cursor()
        self._select_of: dict[str, str] = {}
        self._held: dict[str, bool] = {}
        book = KnowledgeBook.beside(ledger)
        self._derived = DerivedVersions(self._connection, book, self.through_seq, knowledge or KnowledgeRange())
        self._build_moves()

    def close(self) -> None:
        """Frees the temporary tables."""
        self._connection.close()

    def __enter__(self) -> "Projection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hold(self, keys: Iterable[list[str]]) -> None:
        """Takes the ids of nodes, or the versions, that a store has already: `nodes` and `Versions.leave_out_held` go by them."""
        self._connection.execute("CREATE OR REPLACE TEMP TABLE held (key VARCHAR)")
        for portion in keys:
            self._connection.register("portion", pa.table({"key": pa.array(portion, pa.string())}))
            self._connection.execute("INSERT INTO held FROM portion")
            self._connection.unregister("portion")

    def nodes(self, entity: str, batch_rows: int = 50_000, *, without_held: bool = False) -> pa.RecordBatchReader:
        """Every entity of a type that was ever told or referred to: `id` and what it is looked up by, latest known."""
        kind = self.ontology.entities[entity]
        if not self._mentions(entity):
            return pa.schema(node_columns(kind)).empty_table().to_reader()
        select = self._nodes_sql(kind)
        if without_held:
            select = f"SELECT n.* FROM ({select}) n ANTI JOIN held ON held.key = n.id"
        return self._reader(select, batch_rows)

    def write_nodes(self, entity: str, path: Path) -> int:
        """The same as a Parquet file, or CSV where `path` says so; returns how many. Where there are none, no file."""
        if not self._mentions(entity):
            return 0
        return self._write(self._nodes_sql(self.ontology.entities[entity]), path)

    @contextmanager
    def versions(self, type_name: str) -> Iterator["Versions"]:
        """All versions of one relation type (or `STATE_<Entity>`), for the length of a `with` block."""
        kind = self.types[type_name]
        if not self._build_versions(kind):
            yield Versions(self, kind, empty=True)
            return
        try:
            yield Versions(self, kind)
        finally:
            self._connection.execute("DROP TABLE IF EXISTS versions; DROP TABLE IF EXISTS changed")

    @property
    def knowledge_seq(self) -> int:
        """The newest run of the knowledge book that this projection has."""
        return self._derived.through

    def _build_versions(self, kind: GraphType) -> bool:
        """`versions`, and `changed` of a partial projection; False where there is nothing of this type."""
        if kind.derived:
            if not self._derived.build(kind, kind.derived):
                return False
            self._find_changed(self._derived.changed(kind, kind.derived, self._since))
            return True
        if not self._holds(kind.state_of or kind.name):
            return False
        if kind.state_of:
            self._build_state_versions(kind)
        else:
            self._build_relation_versions(kind)
        return True

    def _build_moves(self) -> None:
        """`moves`: to which entity each moved record belonged from day to day; before its first move to none but itself."""
        known = known_day("recorded_at", self.ledger.time_zone)
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE moves AS
            WITH told AS (
                SELECT record, entity, {known} AS known, batch_seq FROM ({self._sql(self.ledger.identity(self.through_seq))})
                QUALIFY row_number() OVER (PARTITION BY record, known ORDER BY recorded_at DESC, batch_seq DESC, entity DESC) = 1)
            SELECT record, entity, known AS known_from, batch_seq,
                   coalesce(lead(known) OVER (PARTITION BY record ORDER BY known), {OPEN_DAY}) AS known_to
            FROM told
            UNION ALL SELECT record, NULL, 0, 0, min(known) FROM told GROUP BY record""")
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE new_moves AS SELECT DISTINCT record FROM moves WHERE batch_seq > {self._since}""")

    def _build_relation_versions(self, kind: GraphType) -> None:
        relation = self.ontology.relations[kind.name]
        self._find_changed(
            f"SELECT DISTINCT id FROM ({self._rows(kind.name)}) WHERE batch_seq > {self._since} "
            "OR src IN (FROM new_moves) OR dst IN (FROM new_moves)"
        )
        self._build_rectangles(kind, relation, "id IN (SELECT id FROM changed)" if self.partial else "true")
        columns = ", ".join(f'"{field.name}"' for field in kind.properties)
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE versions AS
            WITH ended AS (
                SELECT r.* REPLACE (
                       coalesce(s.entity, r.src_type || '-' || r.src) AS src, coalesce(d.entity, r.dst_type || '-' || r.dst) AS dst,
                       greatest(r.known_from, coalesce(s.known_from, 0), coalesce(d.known_from, 0)) AS known_from,
                       least(r.known_to, coalesce(s.known_to, {OPEN_DAY}), coalesce(d.known_to, {OPEN_DAY})) AS known_to)
                FROM rectangles r
                LEFT JOIN moves s ON s.record = r.src AND s.known_from < r.known_to AND r.known_from < s.known_to
                LEFT JOIN moves d ON d.record = r.dst AND d.known_from < r.known_to AND r.known_from < d.known_to)
            SELECT {", ".join(_ENDS)}, md5(concat_ws('|', id, feed, valid_from, known_from, src, dst)) AS version, id,
                   {", ".join(DAYS)}{", " if columns else ""}{columns}
            FROM ended WHERE known_from < known_to""")
        self._connection.execute("DROP TABLE rectangles")

    def _build_state_versions(self, kind: GraphType) -> None:
        entity = self.ontology.entities[kind.state_of]
        label = f"'{entity.name}'"
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP VIEW homes AS
            SELECT DISTINCT r.id AS record, coalesce(m.entity, {label} || '-' || r.id) AS entity,
                   (r.batch_seq > {self._since} OR r.id IN (FROM new_moves)) AS touched
            FROM ({self._rows(entity.name)}) r LEFT JOIN {self._moves_of(entity)} m ON m.record = r.id""")
        self._find_changed("SELECT DISTINCT entity AS id FROM homes WHERE touched")
        chosen = "id IN (SELECT record FROM homes WHERE entity IN (SELECT id FROM changed))" if self.partial else "true"
        self._build_rectangles(kind, entity, chosen)
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE pieces AS
            SELECT r.* REPLACE (greatest(r.known_from, coalesce(m.known_from, 0)) AS known_from,
                                least(r.known_to, coalesce(m.known_to, {OPEN_DAY})) AS known_to),
                   coalesce(m.entity, {label} || '-' || r.id) AS entity
            FROM rectangles r
            LEFT JOIN {self._moves_of(entity)} m ON m.record = r.id AND m.known_from < r.known_to AND r.known_from < m.known_to""")
        self._connection.execute("DROP TABLE rectangles")
        build_states(self._connection, kind.properties)
        columns = ", ".join(f'"{field.name}"' for field in kind.properties)
        wanted = "SEMI JOIN changed ON changed.id = states.entity" if self.partial else ""
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE versions AS
            SELECT {label} AS src_type, entity AS src, {label} AS dst_type, entity AS dst,
                   md5(concat_ws('|', entity, valid_from, known_from)) AS version, entity AS id, {", ".join(DAYS)}, {columns}
            FROM states {wanted}""")
        self._connection.execute("DROP TABLE states; DROP VIEW homes")

    def _build_rectangles(self, kind: GraphType, told: EntityType | RelationType, chosen: str) -> None:
        ends = ["stub"] if kind.state_of else list(_ENDS)
        kept = [*ends, *(f'"{field.name}"' for field in kind.properties if field.name != "stub")]
        valid_to = str(OPEN_DAY) if told.lasting is Lasting.HAPPENING else day_number("valid_to")
        self._connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE told AS
            SELECT id, feed, {day_number("valid_from")} AS valid_from, {valid_to} AS valid_to,
                   {known_day("recorded_at", self.ledger.time_zone)} AS known, action, content, line, batch_seq, recorded_at,
                   {", ".join(kept)}
            FROM ({self._rows(told.name)}) WHERE {chosen}""")
        Rectangles(self._connection, told.lasting).build()

    def _find_changed(self, select: str) -> None:
        if self.partial:
            self._connection.execute(f"CREATE OR REPLACE TEMP TABLE changed AS {select}")

    def _nodes_sql(self, kind: EntityType) -> str:
        """Ends that no row of their own ever told are nodes too: a bulk load stops at a dangling end."""
        looked_up = [field.name for field in node_columns(kind)[1:]]
        place = f"row({_TOLD_LAST})"
        values = "".join(f', arg_max("{name}", {place}) FILTER ("{name}" IS NOT NULL) AS "{name}"' for name in looked_up)
        columns = "".join(f', "{name}"' for name in looked_up)
        moves, new = self._moves_of(kind), f"batch_seq > {self._since}"
        told = f"""
            SELECT coalesce(m.entity, '{kind.name}-' || r.id) AS id, r.* EXCLUDE (id)
            FROM ({self._rows(kind.name)}) r LEFT JOIN {moves} m ON m.record = r.id AND m.known_to = {OPEN_DAY}"""
        wanted = [f"SELECT '{kind.name}-' || record AS id FROM ({self._referred_to(kind)})"]
        wanted.append(f"SELECT entity FROM {moves} WHERE starts_with(entity, '{kind.name}-') AND {new}")
        if self.partial:  # a record that moved tells of its entity, which is not called like it
            wanted.append(f"SELECT id FROM ({told}) WHERE {new}")
        return f"""
            WITH wanted AS (SELECT DISTINCT id FROM ({" UNION ALL ".join(wanted)})),
            named AS (SELECT id{values} FROM ({told}) {"SEMI JOIN wanted USING (id)" if self.partial else ""} GROUP BY id)
            SELECT id{columns} FROM wanted LEFT JOIN named USING (id)"""

    def _referred_to(self, kind: EntityType) -> str:
        """Records that rows tell of, or that are ends of them; of a partial projection those told of since, and new ends.

        An end that was told of before has its node already; most ends of new rows have.
        """
        new = f"batch_seq > {self._since}"
        own = f"SELECT id AS record FROM ({self._rows(kind.name)})"
        ends = []
        for relation in self.ontology.relations.values():
            for column, place in (("src", 0), ("dst", 1)):
                if any(pair[place] == kind.name for pair in relation.ends) and self._holds(relation.name):
                    rows = self._rows(relation.name)
                    ends.append(f"SELECT {column} AS record FROM ({rows}) WHERE {column}_type = '{kind.name}' AND {new}")
        before = f"ANTI JOIN ({own} WHERE NOT {new}) USING (record)" if self.partial else ""
        named = f"SELECT record FROM ({' UNION ALL '.join(ends)}) {before} UNION ALL" if ends else ""
        return f"SELECT DISTINCT record FROM ({named} {own} WHERE {new})"

    def _moves_of(self, kind: EntityType) -> str:
        return "moves" if kind.resolved else "(FROM moves WHERE false)"

    def _rows(self, type_name: str) -> str:
        if type_name not in self._select_of:
            self._select_of[type_name] = self._sql(self.ledger.table(type_name, self.through_seq))
        return self._select_of[type_name]

    def _mentions(self, entity: str) -> bool:
        ends = (name for name, relation in self.ontology.relations.items() if any(entity in pair for pair in relation.ends))
        return self._holds(entity) or any(map(self._holds, ends))

    def _holds(self, type_name: str) -> bool:
        if type_name not in self._held and not (self.ledger.root / type_name).is_dir():
            self._held[type_name] = False
        if type_name not in self._held:
            self._held[type_name] = self._connection.execute(f"SELECT 1 FROM ({self._rows(type_name)}) LIMIT 1").fetchall() != []
        return self._held[type_name]

    def _sql(self, table: ibis.Table) -> str:
        return str(ibis.to_sql(table, dialect="duckdb"))

    def _reader(self, select: str, batch_rows: int) -> pa.RecordBatchReader:
        return self._connection.sql(select).to_arrow_reader(batch_rows)

    def _write(self, select: str, path: Path) -> int:
        """In CSV null is nothing between two delimiters, an empty text is quoted, a quote is doubled, infinity is spelt out."""
        form = "FORMAT csv, HEADER false" if path.suffix == ".csv" else "FORMAT parquet, COMPRESSION snappy"
        if path.suffix == ".csv":
            told = self._connection.sql(select)
            numbers = [name for name, kind in zip(told.columns, told.types, strict=True) if str(kind) == "DOUBLE"]
            spelt = ", ".join(f'{_spelt(name)} AS "{name}"' for name in numbers)
            select = f"SELECT *{f' REPLACE ({spelt})' if spelt else ''} FROM ({select})"
        ((count,),) = self._connection.execute(f"COPY ({select}) TO '{path}' ({form})").fetchall()
        return int(count)


def _spelt(name: str) -> str:
    """A number as Java reads it."""
    special = f"""WHEN "{name}" = 'inf' THEN 'Infinity' WHEN "{name}" = '-inf' THEN '-Infinity' WHEN isnan("{name}") THEN 'NaN'"""
    return f'CASE {special} ELSE "{name}"::VARCHAR END'


class Versions:
    """The versions of one type, as its projection holds them until the `with` block ends."""

    def __init__(self, projection: Projection, kind: GraphType, *, empty: bool = False) -> None:
        self._projection = projection
        self._empty = empty
        self.kind = kind

    @property
    def count(self) -> int:
        if self._empty:
            return 0
        ((count,),) = self._projection._connection.execute("SELECT count(*) FROM versions").fetchall()
        return int(count)

    def pairs(self) -> list[tuple[str, str]]:
        """Which end pairs there are any versions of."""
        if self._empty:
            return []
        select = "SELECT DISTINCT src_type, dst_type FROM versions ORDER BY ALL"
        return [(str(src), str(dst)) for src, dst in self._projection._connection.execute(select).fetchall()]

    def read(self, batch_rows: int = 50_000) -> pa.RecordBatchReader:
        """Columns `src`, `dst`, then `kind.columns`."""
        if self._empty:
            return self._schema.empty_table().to_reader()
        return self._projection._reader(f"SELECT {self._columns()} FROM versions", batch_rows)

    def write(self, pair: tuple[str, str], path: Path) -> int:
        """Those of one end pair as a Parquet file, or CSV where `path` says so, columns as `read`; returns how many."""
        where = f"src_type = '{pair[0]}' AND dst_type = '{pair[1]}'"
        return self._projection._write(f"SELECT {self._columns()} FROM versions WHERE {where}", path)

    def leave_out_held(self) -> None:
        """Forgets the versions that `Projection.hold` was told."""
        if not self._empty:
            self._projection._connection.execute("DELETE FROM versions WHERE version IN (SELECT key FROM held)")

    def in_turn(self, pair: tuple[str, str], turns: list[list[int]], wanted: range, batch_rows: int) -> pa.RecordBatchReader:
        """Of one end pair those whose turn is wanted, columns as `read` and `turn`: `turns[a][b]` of the heaps of their ends."""
        heaps, flat = len(turns), [turn for row in turns for turn in row]
        turn = f"{flat}[1 + CAST(hash(src) % {heaps} * {heaps} + hash(dst) % {heaps} AS INTEGER)]"
        where = f"src_type = '{pair[0]}' AND dst_type = '{pair[1]}' AND turn BETWEEN {wanted.start} AND {wanted.stop - 1}"
        select = f"SELECT {self._columns()}, {turn} AS turn FROM versions WHERE {where}"
        return self._projection._reader(select, batch_rows)

    def changes(self, batch_rows: int = 10_000) -> Iterator[pa.Table]:
        """Of a partial projection: the changed ids in order, each with all its versions, or with nulls where none is left.

        No id is split between two tables.
        """
        if self._empty:
            return
        columns = ", ".join(["v.src_type", "v.dst_type", "v.src", "v.dst", *(f'v."{f.name}"' for f in self.kind.columns)])
        select = f"SELECT c.id AS changed, {columns} FROM changed c LEFT JOIN versions v ON v.id = c.id ORDER BY c.id"
        rest: pa.Table | None = None
        for batch in self._projection._reader(select, batch_rows):
            table = pa.Table.from_batches([batch])
            table = pa.concat_tables([rest, table]) if rest else table
            last = table["changed"][-1]
            whole = pc.index(table["changed"], last).as_py()
            rest = table.slice(whole)
            if whole:
                yield table.slice(0, whole)
        if rest:
            yield rest

    @property
    def _schema(self) -> pa.Schema:
        return pa.schema([("src", pa.string()), ("dst", pa.string()), *self.kind.columns])

    def _columns(self) -> str:
        return ", ".join(["src", "dst", *(f'"{field.name}"' for field in self.kind.columns)])
