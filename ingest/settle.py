"""Stage two: what the staged records say together and against the ledger. All of it is SQL over Parquet, so memory is bounded.

In order: equal rows get their occurrence numbers; records are compared with the ledger and each other; rows in conflict or
with an unknown end leave, whole, and the rest is compared again until none leaves; then stubs and closings are made.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import ibis
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from graph.clock import OPEN_END, START_OF_TIME
from graph.ledger import Ledger
from graph.ledger.matching import FOREVER_US
from graph.ledger.schema import ledger_schema
from graph.ledger.versions import CONFLICT, NEW, classify_sql, closings, content_sql
from ingest.disputes import conflict_sql, differing_sql, unknown_sql
from ingest.parts import LINE_BITS, copy_sql, files_sql, parts_sql, repeat_id_sql, text_sql
from ingest.plan import YieldPlan, columns_of
from ingest.recipe import Stamp
from ingest.stage import Part, Staged

_HELD = "HOLDS_SHARES"
_SHOWN = 5
_TOLERANCE = 1e-6
_IN_CONFLICT = f"SELECT DISTINCT type FROM {{}} WHERE status = '{CONFLICT}' ORDER BY type"


@dataclass(frozen=True)
class FullFeed:
    """Types whose files tell everything, so that what they no longer tell has ended on a day."""

    types: frozenset[str]
    ended_on: date


@dataclass
class Settled:
    """What is new, type by type, and what was refused on the way."""

    new: Counter[str] = field(default_factory=Counter)
    same: Counter[str] = field(default_factory=Counter)
    stubs: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    duplicate_rows: int = 0

    @property
    def anything(self) -> bool:
        """Whether the ledger has anything to learn."""
        return bool(self.new.total() + self.stubs.total() + self.closed.total())


class Settler:
    """Settles one load against the ledger, under the ledger's writing lock.

    Its tables lie in the load's own engine (and spill from there): `same` holds the records that say nothing new, `named`
    the distinct ends that rows name.
    """

    def __init__(self, ledger: Ledger, staged: Staged, stamp: Stamp, engine: duckdb.DuckDBPyConnection) -> None:
        self._ledger, self._staged, self._stamp = ledger, staged, stamp
        self._connection = engine
        self._stub_sql: dict[str, str] = {}
        self._closings: dict[str, Path] = {}
        self._refused = False

    def settle(self, *, refuse_unknown: bool, full: Sequence[FullFeed]) -> Settled:
        """Everything up to, but not including, the writing."""
        self._number_repeats()
        self._compare()
        while self._refuse(unknown=refuse_unknown):
            self._compare()
        settled = Settled()
        self._count(settled)
        self._make_stubs(settled)
        for each in full:
            self._close(each, settled)
        return settled

    def files(self) -> dict[str, list[Path]]:
        """What the ledger has to learn, by type: files of its rows. Parts in which all is new are these as they are."""
        files = {name: self._new_files(name) for name in self._types()}
        for name, sql in self._stub_sql.items():
            files.setdefault(name, []).append(self._written(name, sql, f"{name}-stubs.parquet"))
        for name, path in self._closings.items():
            files.setdefault(name, []).append(path)
        return files

    def _new_files(self, name: str) -> list[Path]:
        held = {n for (n,) in self._rows(f"SELECT DISTINCT record >> {LINE_BITS} FROM same WHERE type = {text_sql(name)}")}
        parts = [part for part in self._staged.parts if part.type_name == name]
        files = [part.path for part in parts if part.number not in held]
        if mixed := [part.path for part in parts if part.number in held]:
            rest = f"SELECT * FROM {parts_sql(mixed)} ANTI JOIN same USING (record)"
            files.append(self._written(name, rest, f"{name}-rest.parquet"))
        return files

    def _written(self, name: str, sql: str, file: str) -> Path:
        """Rows of one type in a file as the ledger has them."""
        path = self._staged.folder / file
        self._run(copy_sql(f"SELECT {self._columns(name)} FROM ({sql})", path))
        return path

    # -- equal rows -----------------------------------------------------------------------------------------------------

    def _number_repeats(self) -> None:
        """Equal rows are numbered within each part already; those that stand in several parts are numbered over all."""
        for name in sorted({part.type_name for part in self._staged.parts if part.plan.counted}):
            parts = [part for part in self._staged.parts if part.type_name == name and part.plan.counted]
            if len(parts) == 1:
                continue
            told = f"SELECT *, id AS first, record >> {LINE_BITS} AS part FROM {parts_sql([p.path for p in parts])}"
            if bases := self._staged.files.get("bases"):
                told = f"SELECT t.* REPLACE (coalesce(base, id) AS first) FROM ({told}) t LEFT JOIN {files_sql(bases)} USING (id)"
            self._run(f"""
                CREATE OR REPLACE TABLE again AS
                WITH spread AS (  -- by hashes, which are short; two ids that share one do no harm
                    SELECT hash(first) AS h FROM ({told}) GROUP BY h HAVING min(part) <> max(part)
                ),
                placed AS (
                    SELECT part, row, id, first, dense_rank() OVER (PARTITION BY first ORDER BY content, row) AS n
                    FROM ({told}) WHERE hash(first) IN (SELECT h FROM spread)
                ),
                named AS (SELECT *, CASE WHEN n = 1 THEN first ELSE {repeat_id_sql("first")} END AS new_id FROM placed)
                SELECT DISTINCT part, row, id, new_id FROM named WHERE id <> new_id
            """)
            touched = {number for (number,) in self._rows("SELECT DISTINCT part FROM again")}
            for part in [part for part in parts if part.number in touched]:
                renamed = f"SELECT row, id, new_id FROM again WHERE part = {part.number}"
                named = "SELECT * REPLACE (coalesce(new_id, id) AS id) FROM {part}"
                self._rewrite(part, f"{named} LEFT JOIN ({renamed}) USING (row, id)")
            self._run("DROP TABLE again")

    def _rewrite(self, part: Part, sql: str) -> None:
        path = self._written(part.type_name, sql.format(part=parts_sql([part.path])), f"x{part.path.name}")
        part.path.unlink()
        self._staged.parts[self._staged.parts.index(part)] = replace(part, path=path)

    # -- against the ledger and each other ------------------------------------------------------------------------------

    def _compare(self) -> None:
        self._run("CREATE OR REPLACE TABLE same (record BIGINT, row BIGINT, type VARCHAR, status VARCHAR)")
        for name in self._types():
            compared = classify_sql(self._ledger, name, self._read(name))
            told = f"SELECT record, row, {text_sql(name)}, _status FROM ({compared}) WHERE _status <> '{NEW}'"
            self._run(f"INSERT INTO same {told}")

    def _refuse(self, *, unknown: bool) -> bool:
        """Takes the rows out that cannot stand; whether there were any."""
        queries = [sql for (name,) in self._rows(_IN_CONFLICT.format("same")) for sql in self._conflicts(name)]
        if unknown and self._find_unknown():
            queries += [sql for name in self._types() if not self._is_entity(name) for sql in self._unknown_ends(name)]
        if not queries:
            return False
        issues = self._table(
            "SELECT DISTINCT * FROM ("
            + " UNION ALL ".join(f'SELECT row, "column", value, reason FROM ({sql})' for sql in queries)
            + ")"
        )
        if not issues.num_rows:
            return False
        self._refused = True
        self._staged.keep(pl.DataFrame(issues), "issues")
        self._connection.register("bad", issues.select(["row"]))
        for part in list(self._staged.parts):
            hit = f"SELECT count(*) FROM {parts_sql([part.path])} SEMI JOIN bad USING (row)"
            if self._number(hit):
                self._mention(part)
                self._rewrite(part, "SELECT * FROM {part} ANTI JOIN bad USING (row)")
        self._connection.unregister("bad")
        return True

    def _mention(self, part: Part) -> None:
        """A record that is refused was told nevertheless: a full feed that tells it has not ended it."""
        path = part.path.with_name(f"{part.path.stem}-mentioned.parquet")
        self._run(f"COPY (SELECT id FROM {parts_sql([part.path])} SEMI JOIN bad USING (row)) TO {text_sql(str(path))}")
        self._staged.mentioned.setdefault(part.type_name, []).append(path)

    def _conflicts(self, name: str) -> Iterator[str]:
        """Queries for the issues of a type's rows in conflict, one for each yield that told some."""
        self._name_ends()
        clash = f"SELECT record FROM same WHERE status = '{CONFLICT}' AND type = {text_sql(name)}"
        disputed = f"SELECT * FROM {self._read(name)} SEMI JOIN ({clash}) USING (record)"
        for plan, parts in self._by_plan(name):
            numbers = ", ".join(str(part.number) for part in parts)
            differing = f"(SELECT * FROM ({differing_sql(plan, disputed)}) WHERE record >> {LINE_BITS} IN ({numbers}))"
            yield conflict_sql(plan, differing, "named")

    def _find_unknown(self) -> bool:
        """The table `unknown`: ends that neither the ledger nor this load tells of; whether there are any."""
        self._name_ends()
        known = self._known_records()
        self._run(
            f"CREATE OR REPLACE TABLE unknown AS SELECT type, record, key FROM named ANTI JOIN ({known}) k USING (type, record)"
        )
        return bool(self._number("SELECT count(*) FROM unknown"))

    def _unknown_ends(self, name: str) -> Iterator[str]:
        for plan, parts in self._by_plan(name):
            yield unknown_sql(plan, parts_sql([part.path for part in parts]), "unknown")

    def _by_plan(self, name: str) -> Iterator[tuple[YieldPlan, list[Part]]]:
        parts = [part for part in self._staged.parts if part.type_name == name]
        for plan in {id(part.plan): part.plan for part in parts}.values():
            yield plan, [part for part in parts if part.plan is plan]

    # -- counting -------------------------------------------------------------------------------------------------------

    def _count(self, settled: Settled) -> None:
        for name, records in self._rows("SELECT type, count(*) FROM same GROUP BY type"):
            settled.same[name] = records
        for name in self._types():
            settled.new[name] = self._number(f"SELECT count(*) FROM {self._read(name)}") - settled.same[name]
        if settled.same.total():
            said = " UNION ALL ".join(f"SELECT row FROM {self._read(name)}" for name in self._types())
            settled.duplicate_rows = self._number(f"""
                WITH same AS (SELECT row, count(*) AS records FROM same GROUP BY row),
                said AS (SELECT row, count(*) AS records FROM ({said}) SEMI JOIN same USING (row) GROUP BY row)
                SELECT count(*) FROM same JOIN said USING (row, records)
            """)

    # -- shares ---------------------------------------------------------------------------------------------------------

    def share_warnings(self) -> tuple[str, ...]:
        """Firms of which this load's open states say that more than the whole is held, with the rows that say so."""
        if _HELD not in self._types():
            return ()
        found = self._rows(f"""
            WITH open AS (SELECT * FROM {self._read(_HELD)} WHERE action = 'state' AND valid_to = DATE '{OPEN_END}'),
            last AS (SELECT * FROM open QUALIFY row_number() OVER (PARTITION BY id ORDER BY valid_from DESC, row DESC) = 1)
            SELECT dst, sum(equity_share) AS held, list(file || ':' || line ORDER BY row)[1:{_SHOWN}], count(*) OVER () FROM last
            GROUP BY dst HAVING held > 1 + {_TOLERANCE} ORDER BY held DESC, dst LIMIT {_SHOWN}
        """)
        said = [f"Firm-{dst}: shares sum to {held:.4f} ({', '.join(rows)})." for dst, held, rows, _ in found]
        return (f"{found[0][3]} firms whose shares sum to more than 1.", *said) if found else ()

    # -- stubs and closings ---------------------------------------------------------------------------------------------

    def _make_stubs(self, settled: Settled) -> None:
        """Ends that nothing tells of, or that a backfilled row names before anything told of them, become stubs."""
        self._name_ends()
        kinds = [name for (name,) in self._rows("SELECT DISTINCT type FROM named ORDER BY type")]
        for name in kinds:
            kind = self._ledger.ontology.get(name)
            nulls = ", ".join(f'NULL::{duck} AS "{column}"' for column, duck in columns_of(kind))
            known = f"SELECT record, min(known_at) AS known_from FROM ({self._known_records(name)}) GROUP BY record"
            fresh = f"""
                SELECT {self._marks()}, record AS id, DATE '{START_OF_TIME}' AS valid_from, DATE '{OPEN_END}' AS valid_to,
                    recorded_at, 'state' AS action, true AS stub, source, key, {nulls}
                FROM named LEFT JOIN ({known}) USING (record)
                WHERE type = {text_sql(name)} AND (known_from IS NULL OR recorded_at < known_from)
            """
            sql = f"SELECT *, {content_sql(kind)} AS content FROM ({fresh})"
            settled.stubs[name] = self._number(f"SELECT count(*) FROM ({sql})")
            if settled.stubs[name]:
                self._stub_sql[name] = sql
        settled.stubs += Counter()

    def _close(self, full: FullFeed, settled: Settled) -> None:
        for name in sorted(full.types):
            told = [*self._paths(name), *self._staged.mentioned.get(name, [])]
            if told:
                own = f"{text_sql(self._stamp.batch)} AS batch, {text_sql(self._stamp.attempt)} AS attempt"
                ended = ibis.to_sql(closings(self._ledger, name, self._stamp.feed, told, full.ended_on), dialect="duckdb")
                path = self._written(name, f"SELECT * REPLACE ({own}) FROM ({ended})", f"{name}-closings.parquet")
                settled.closed[name] = pq.read_metadata(path).num_rows
                self._closings[name] = path

    def _name_ends(self) -> None:
        """The distinct ends that rows still in the load name, with the first moment one did."""
        files = self._staged.files.get("ends", [])
        source = (
            files_sql(files) if files else "(SELECT '' AS type, '' AS record, '' AS source, '' AS key, 0 AS recorded_at LIMIT 0)"
        )
        still = f"SEMI JOIN ({' UNION ALL '.join(self._ends())}) USING (type, record)" if self._refused and self._ends() else ""
        self._run(f"""
            CREATE OR REPLACE TABLE named AS
            SELECT type, record, min(source) AS source, min(key) AS key, min(recorded_at) AS recorded_at
            FROM {source} {still} GROUP BY type, record
        """)

    def _ends(self) -> list[str]:
        named = []
        for name in self._types():
            columns = ledger_schema(self._ledger.ontology, name).names
            roles = [role for role in ("src", "dst", "subject") if role in columns]
            named += [f"SELECT {role}_type AS type, {role} AS record FROM {self._read(name)}" for role in roles]
        return named

    def _known_records(self, only: str = "") -> str:
        """Records that the ledger or this load tells of: type, record, and the instant (null recorded_at: after all others)."""
        kinds = [only] if only else [name for (name,) in self._rows("SELECT DISTINCT type FROM named ORDER BY type")]
        said = []
        for name in kinds:
            mine = f" UNION ALL SELECT id, coalesce(recorded_at, {FOREVER_US}) FROM {self._read(name)}" if self._paths(name) else ""
            both = f"SELECT id, recorded_at FROM ({self._ledger.sql(name)}){mine}"
            said.append(f"SELECT {text_sql(name)} AS type, id AS record, recorded_at AS known_at FROM ({both})")
        return " UNION ALL ".join(said) or "SELECT '' AS type, '' AS record, 0 AS known_at WHERE false"

    # -- DuckDB ---------------------------------------------------------------------------------------------------------

    def _types(self) -> list[str]:
        return sorted({part.type_name for part in self._staged.parts})

    def _paths(self, name: str) -> list[Path]:
        return [part.path for part in self._staged.parts if part.type_name == name]

    def _read(self, name: str) -> str:
        return parts_sql(self._paths(name))

    def _columns(self, name: str) -> str:
        own = ledger_schema(self._ledger.ontology, name).names
        return ", ".join(f'"{column}"' for column in own)

    def _is_entity(self, name: str) -> bool:
        return name in self._ledger.ontology.entities

    def _marks(self) -> str:
        """Lineage of what no row of a file says."""
        own = {"feed": self._stamp.feed, "batch": self._stamp.batch, "attempt": self._stamp.attempt}
        said = [f"{text_sql(text)} AS {name}" for name, text in own.items()]
        return ", ".join([*said, "NULL::VARCHAR AS file", "NULL::VARCHAR AS sheet", "NULL::BIGINT AS line"])

    def _run(self, sql: str) -> None:
        self._connection.execute(sql)

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self._connection.execute(sql).fetchall()
        return rows

    def _table(self, sql: str) -> pa.Table:
        return self._connection.sql(sql).to_arrow_table()

    def _number(self, sql: str) -> int:
        return int(self._rows(sql)[0][0])
