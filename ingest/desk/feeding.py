"""Repaired rows on their way back: the same manifest, the same checks, and two things that only a single row can get wrong.

A row that comes late must not undo what a later batch has said of the same state; and of equal rows that are kept, told apart
by an occurrence number, it must take the next number of its file, as it would have had there.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from graph.ids import SEPARATOR
from graph.ledger import Ledger
from graph.ledger.schema import schema_of
from ingest.desk.shelf import root_of
from ingest.manifest import Manifest
from ingest.parts import copy_sql, files_sql, parts_sql
from ingest.problems import ISSUES
from ingest.readers import Chunk
from ingest.readers.chunk import no_broken
from ingest.reasons import Reason
from ingest.stage import Part, Source, Staged, Stager, Workshop

_MORE = 16


@dataclass(frozen=True)
class Portion:
    """Rows of one source, ready to be read again: lines in order, cells by header."""

    source: Source
    header: tuple[str, ...]
    lines: tuple[int, ...]
    cells: tuple[tuple[str, ...], ...]

    def chunk(self) -> Chunk:
        """As a reader would hand it on."""
        frame = pl.DataFrame(self.cells, schema=dict.fromkeys(self.header, pl.String), orient="row")
        return Chunk(frame, pl.Series("line", self.lines, pl.Int64), no_broken())


@dataclass(frozen=True)
class FedBack:
    """Everything that `ingest.run.feed_back` needs: the batch's name, how to read, what, and how to speak of it."""

    batch: str
    manifest: Manifest
    manifest_hash: str
    manifest_path: Path
    manifest_name: str  # what the file was called when the rows were refused
    portions: tuple[Portion, ...]
    about: Mapping[str, object]  # goes into the batch's summary
    seen_seq: int  # what the ledger held when the rows were refused
    passing: frozenset[str] = frozenset()  # tokens of erased values: they can no longer be computed
    override: bool = False

    def chunks(self, source: Source) -> Iterator[Chunk]:
        """The rows of a source once more."""
        yield self.portions[source.number].chunk()

    def stage(self, staged: Staged, shop: Workshop) -> None:
        """Checks every row as an ordinary load does."""
        for portion in self.portions:
            Stager(portion.source, staged, shop).take(portion.chunk())

    def settle_in(self, staged: Staged, ledger: Ledger, engine: duckdb.DuckDBPyConnection) -> None:
        """Refuses what a later batch has said otherwise, and numbers equal rows."""
        if not self.override:
            _refuse_superseded(staged, _Told(ledger, engine, self.manifest.name, root_of(self.batch), self.seen_seq))
        _number_repeats(staged, ledger, engine, root_of(self.batch))


@dataclass(frozen=True)
class _Told:
    """What the ledger was told by a feed: in the batch that refused the rows, and after it."""

    ledger: Ledger
    engine: duckdb.DuckDBPyConnection
    feed: str
    batch: str
    seen_seq: int

    def otherwise(self, part: Part) -> pl.DataFrame:
        """Rows of a part whose state, told without an instant of its own, was told differently there; schema ISSUES."""
        found: pa.Table = self.engine.sql(
            f"""
            WITH repaired AS (SELECT row, id, valid_from, content FROM {parts_sql([part.path])} WHERE recorded_at IS NULL),
            told AS (
                SELECT r.row, l.file, l.line, l.batch = $batch OR starts_with(l.batch, $batch || '-r') AS own
                FROM repaired r JOIN ({self.ledger.sql(part.type_name)}) l USING (id, valid_from)
                WHERE l.feed = $feed AND l.content <> r.content AND (own OR l.batch_seq > $seen)
            )
            SELECT row, '' AS "column", any_value(file || ':' || line) AS value,
                   CASE WHEN bool_or(own) THEN '{Reason.CONFLICT}' ELSE '{Reason.SUPERSEDED}' END AS reason
            FROM told GROUP BY row""",
            params={"batch": self.batch, "feed": self.feed, "seen": self.seen_seq},
        ).to_arrow_table()
        return pl.DataFrame(pl.from_arrow(found), schema=ISSUES)


def _refuse_superseded(staged: Staged, told: _Told) -> None:
    found = [told.otherwise(part) for part in staged.parts if not part.plan.counted]
    late = pl.concat([pl.DataFrame(schema=ISSUES), *found]).unique(["row"], maintain_order=True)
    if not late.height:
        return
    staged.keep(late, "issues")
    told.engine.register("late", late.select("row").to_arrow())
    for part in list(staged.parts):
        _rewrite(staged, part, told.engine, f"SELECT * FROM {parts_sql([part.path])} ANTI JOIN late USING (row)")
    told.engine.unregister("late")


def _number_repeats(staged: Staged, ledger: Ledger, engine: duckdb.DuckDBPyConnection, batch: str) -> None:
    bases = staged.files.pop("bases", [])
    for name in sorted({part.type_name for part in staged.parts if part.plan.counted}):
        parts = [part for part in staged.parts if part.type_name == name and part.plan.counted]
        first = f"LEFT JOIN {files_sql(bases)} USING (id)" if bases else "LEFT JOIN (SELECT '' AS id, '' AS base) USING (id)"
        told = f"SELECT record, id, coalesce(base, id) AS first, content, row FROM {parts_sql([p.path for p in parts])} {first}"
        rows = engine.sql(f"{told} ORDER BY first, content, row").to_arrow_table()
        named = _Numbers(ledger, name, batch).name(rows["first"].to_pylist())
        engine.register("renamed", pa.table({"record": rows["record"], "new_id": pa.array(named, pa.string())}))
        for part in parts:
            renamed = f"SELECT * REPLACE (new_id AS id) FROM {parts_sql([part.path])} JOIN renamed USING (record)"
            _rewrite(staged, part, engine, renamed)
        engine.unregister("renamed")


@dataclass(frozen=True)
class _Numbers:
    """Occurrence numbers that the batch, or an earlier repair of it, has not used."""

    ledger: Ledger
    type_name: str
    batch: str

    def name(self, firsts: Sequence[str]) -> list[str]:
        """An id for each row; `firsts` (the ids of first occurrences) come in order."""
        wanted = {first: firsts.count(first) for first in dict.fromkeys(firsts)}
        free = {first: self._free(first, count) for first, count in wanted.items()}
        return [next(free[first]) for first in firsts]

    def _free(self, first: str, count: int) -> Iterator[str]:
        tried, found = 0, list[str]()
        while len(found) < count:
            ids = [_nth(first, n) for n in range(tried + 1, tried + count + _MORE)]
            tried += len(ids)
            taken = self._taken(ids)
            found += [each for each in ids if each not in taken]
        return iter(found)

    def _taken(self, ids: Sequence[str]) -> set[str]:
        rows = self.ledger.sql(self.type_name)
        told = f"SELECT DISTINCT id FROM ({rows}) WHERE list_contains(?, id) AND (batch = ? OR starts_with(batch, ?))"
        found = self.ledger.backend.con.execute(told, [list(ids), self.batch, f"{self.batch}-r"]).fetchall()
        return {each for (each,) in found}


def _nth(first: str, n: int) -> str:
    """As `ingest.parts.repeat_id_sql` has it."""
    return first if n == 1 else hashlib.sha256(f"{first}{SEPARATOR}{n}".encode()).hexdigest()[:32]


def _rewrite(staged: Staged, part: Part, engine: duckdb.DuckDBPyConnection, sql: str) -> None:
    """A part with other rows, still in the ledger's form; an emptied one leaves the load."""
    path = part.path.with_name(f"f{part.path.name}")
    columns = ", ".join(f'"{name}"' for name in schema_of(part.plan.kind).names)
    engine.execute(copy_sql(f"SELECT {columns} FROM ({sql})", path))
    place = staged.parts.index(part)
    if pq.read_metadata(path).num_rows:
        staged.parts[place] = replace(part, path=path)
    else:
        del staged.parts[place]
