"""Versions of derived relations out of the knowledge book: what each computed day said, joined where neighbours say the same."""

from dataclasses import dataclass
from datetime import date

import duckdb

from graph.knowledge.book import KnowledgeBook, Run
from graph.ontology import DerivedRelation
from graph.projection.shape import DAYS, GraphType
from graph.store import OPEN_DAY, whole_day


@dataclass(frozen=True)
class KnowledgeRange:
    """Which runs count: those up to `through` (None: all there are); and to which a store was built before, 0 for unknown."""

    through: int | None = None
    since: int = 0


@dataclass(frozen=True)
class _Span:
    """Days from one computed day to the next, on which the rows of one run hold."""

    since: int
    until: int
    run: Run


class DerivedVersions:
    """Builds `versions` (and which ids changed) of one derived relation on a projection's connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, book: KnowledgeBook, through_seq: int, range_: KnowledgeRange
    ) -> None:
        self._connection = connection
        self._book = book
        self._through_seq = through_seq
        self._since = range_.since
        self.through = book.last_seq if range_.through is None else range_.through

    def build(self, kind: GraphType, relation: DerivedRelation) -> bool:
        """The temporary table `versions`; False, and no table, where no run gave any."""
        spans = self._spans(relation.table, self._through_seq, self.through)
        if not spans:
            return False
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE versions AS {self._versions(kind, relation, spans)}")
        return True

    def changed(self, kind: GraphType, relation: DerivedRelation, ledger_since: int) -> str:
        """A query for the ids whose versions are others than those of the build before."""
        if not self._since:
            rows = " UNION ALL ".join(f"SELECT {_id(relation)} AS id FROM {source}" for source in self._sources(relation.table))
            return f"SELECT DISTINCT id FROM ({rows})" if rows else "SELECT NULL::VARCHAR AS id WHERE false"
        before = self._versions(kind, relation, self._spans(relation.table, ledger_since, self._since))
        return f"""
            WITH former AS MATERIALIZED ({before})
            SELECT DISTINCT id FROM ((FROM versions EXCEPT FROM former) UNION ALL (FROM former EXCEPT FROM versions))"""

    def _spans(self, table: str, through_seq: int, run_seq: int) -> list[_Span]:
        """Of each computed day its newest run; days in a row with the same rows are one span."""
        of_day: dict[date, Run] = {}
        for run in self._book.runs():
            if table in run.tables and run.ledger_seq <= through_seq and run.run_seq <= run_seq:
                of_day[run.as_of] = run
        days = sorted(of_day)
        begins = [day for n, day in enumerate(days) if not n or of_day[day].rows_run != of_day[days[n - 1]].rows_run]
        ends = [*(whole_day(day) for day in begins[1:]), OPEN_DAY]
        return [_Span(whole_day(day), end, of_day[day]) for day, end in zip(begins, ends, strict=False)]

    def _sources(self, table: str) -> list[str]:
        runs = {run.rows_run: run for run in self._book.runs() if table in run.tables}
        return [source for run in runs.values() if (source := self._book.source(run, table))]

    def _versions(self, kind: GraphType, relation: DerivedRelation, spans: list[_Span]) -> str:
        names = [f'"{field.name}"' for field in kind.properties]
        said = ", ".join(["src", "dst", "id", *names])
        branches = []
        for place, span in enumerate(spans):
            if source := self._book.source(span.run, relation.table):
                rows = f"{', '.join(['src', 'dst', *names])}, {_id(relation)} AS id FROM {source}"
                branches.append(f"SELECT {place} AS place, {span.since} AS since, {span.until} AS until, {rows}")
        told = " UNION ALL ".join(branches) or f"SELECT 0 AS place, 0 AS since, 0 AS until, {_nothing(kind)} WHERE false"
        columns = ", ".join([*(f'"{day}"' for day in DAYS), *names])
        return f"""
            SELECT split_part(src, '-', 1) AS src_type, src, split_part(dst, '-', 1) AS dst_type, dst,
                   md5(concat_ws('|', id, valid_from, known_from)) AS version, id, {columns}
            FROM (SELECT {said}, min(since)::INTEGER AS valid_from, max(until)::INTEGER AS valid_to,
                         min(since)::INTEGER AS known_from, max(until)::INTEGER AS known_to
                  FROM (SELECT *, place - row_number() OVER (PARTITION BY {said} ORDER BY place) AS island FROM ({told}))
                  GROUP BY {said}, island)"""


def _id(relation: DerivedRelation) -> str:
    """Ids like a ledger relation's: thirty-two hex digits of what identifies it."""
    columns = ", ".join(f'"{name}"' for name in ("src", "dst", *relation.key))
    return f"md5(concat_ws('|', '{relation.name}', {columns}))"


_DUCKDB = {"string": "VARCHAR", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "date32[day]": "DATE"}


def _nothing(kind: GraphType) -> str:
    ends = [f"NULL::VARCHAR AS {name}" for name in ("src", "dst")]
    own = [f'NULL::{_DUCKDB[str(field.type)]} AS "{field.name}"' for field in kind.properties]
    return ", ".join([*ends, *own, "NULL::VARCHAR AS id"])
