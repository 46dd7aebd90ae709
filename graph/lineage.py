"""From anything in the graph back to the rows it was told by, and from a file or a batch to all that it told.

Ids are hashes, so no statistics of a file say that a row is not in it: one column of each table is looked through, never
whole rows, and only of what is found is more read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from graph.errors import InputError, NotFoundError
from graph.identity import records_of
from graph.ids import ENTITY_SEPARATOR, entity_id
from graph.ledger import Ledger
from graph.ledger.as_of import newest_first_sql
from graph.ledger.schema import content_columns
from graph.ontology import EntityType, FactType, Lasting, LedgerType, RelationType
from graph.projection import Projection
from graph.projection.rectangles import day_number, known_day
from graph.projection.shape import state_type

_HEX = re.compile(r"[0-9a-f]{32}")
_PLACE = re.compile(r"(.+):(\d+)")
_OWN = ("batch", "attempt", "feed", "file", "sheet")


@dataclass(frozen=True)
class Found:
    """What was asked for: records by type (an entity has one or more), and which entity they are of."""

    asked: str
    records: dict[str, tuple[str, ...]]
    entity: str = ""


@dataclass(frozen=True)
class Told:
    """One row of the ledger: what it says (`values`), on both clocks, where it came from, and what it changed.

    `changed`: for each column, the former and the new value, against the version of the same state told before, else the
    state before. `standing`: in_force, corrected (the same state was told again), ended or retracted, as known now.
    """

    type: str
    id: str
    action: str
    valid_from: date
    valid_to: date
    recorded_at: int
    batch_seq: int
    batch: str
    attempt: str
    feed: str
    file: str
    sheet: str
    line: int | None
    values: dict[str, Any]
    changed: dict[str, tuple[Any, Any]]
    standing: str


def find(ledger: Ledger, asked: str) -> Found:
    """What an id, or `FILE:LINE`, means. NotFoundError where nothing was ever told of it; InputError where it is neither."""
    label, _, record = asked.partition(ENTITY_SEPARATOR)
    if label in ledger.ontology.entities and _HEX.fullmatch(record):
        records = tuple(records_of(ledger, asked))
        told = _records(ledger, [label], "id", list(records))
        if told:
            return Found(asked, told, asked)
        raise NotFoundError(f"{asked} was never told of.", "Ids are shown by alerts, the API and yujing network.", "id")
    if _HEX.fullmatch(asked):
        types = list(ledger.ontology.types)
        told = _records(ledger, types, "id", [asked]) or _versions(ledger, asked)
        if not told:
            raise NotFoundError(
                f"{asked} is no id of anything that was told.", "Give a relation, fact, entity or version id.", "id"
            )
        return Found(asked, told, next((entity_id(t, r[0]) for t, r in told.items() if t in ledger.ontology.entities), ""))
    if place := _PLACE.fullmatch(asked):
        told = _at(ledger, place[1], int(place[2]))
        if not told:
            said = f"Nothing in the ledger was told by line {place[2]} of {place[1]}."
            raise NotFoundError(said, "It may be in quarantine, or have said nothing new: yujing explain file.", "row")
        return Found(asked, told)
    raise InputError(
        f"'{asked}' is no id and no FILE:LINE.", "Give 32 hex digits, Type-<32 hex digits>, or holdings.csv:17.", "row"
    )


def told_rows(ledger: Ledger, found: Found, day: date) -> list[Told]:
    """Every row that was ever told of it, in the order in which it was told; `standing` is that of `day`."""
    rows: list[Told] = []
    for name, ids in found.records.items():
        rows += _Rows(ledger, ledger.ontology.get(name)).read(ids, day)
    return sorted(rows, key=lambda row: (row.recorded_at, row.batch_seq, row.line or 0, row.type, row.id))


def batches_of(ledger: Ledger, names: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Committed batches by name, all of them or some: which manifest, when, what their summary says."""
    return {row["batch"]: row for row in ledger.batches().to_pylist() if not names or row["batch"] in names}


def moves_of(ledger: Ledger, records: Sequence[str]) -> list[dict[str, Any]]:
    """Which records were moved to which entity, when and why, oldest first."""
    moves = ledger.identity()
    rows: list[dict[str, Any]] = moves.filter(moves.record.isin(list(records))).order_by("recorded_at").to_pyarrow().to_pylist()
    return rows


def store_versions(ledger: Ledger, found: Found) -> list[dict[str, Any]]:
    """What a graph store built now holds of it: each version of a relation, or of an entity's state, with its four days."""
    versions: list[dict[str, Any]] = []
    for name, ids in found.records.items():
        kind = ledger.ontology.get(name)
        if isinstance(kind, FactType):
            continue  # facts stay in the ledger
        wanted = [found.entity] if isinstance(kind, EntityType) and found.entity else ids
        if isinstance(kind, EntityType) and not found.entity:
            moved = {row["record"]: row["entity"] for row in moves_of(ledger, list(ids))}
            wanted = sorted({moved.get(each, entity_id(name, each)) for each in ids})
        with _Chosen(ledger, wanted) as projection:
            shape = state_type(name) if isinstance(kind, EntityType) else name
            with projection.versions(shape) as read:
                versions += [{"type": shape, **row} for batch in read.read() for row in batch.to_pylist()]
    return versions


@dataclass(frozen=True)
class Fed:
    """What one batch told out of a file, of one type: rows by standing."""

    batch: str
    batch_seq: int
    file: str
    type: str
    rows: int
    in_force: int
    corrected: int
    ended: int
    retracted: int


def fed_by(ledger: Ledger, day: date, *, file: str = "", batch: str = "") -> list[Fed]:
    """What a file, a batch, or a file within a batch told, and how much of that stands on `day` as known now."""
    fed: list[Fed] = []
    for kind in ledger.ontology.types.values():
        if not (ledger.root / kind.name).is_dir():
            continue
        fed += [Fed(*row) for row in _Rows(ledger, kind).standing_of(day, file, batch)]
    return sorted(fed, key=lambda each: (each.batch_seq, each.file, each.type))


class _Chosen(Projection):
    """A projection of some ids alone."""

    def __init__(self, ledger: Ledger, ids: Sequence[str]) -> None:
        self._ids = list(ids)
        super().__init__(ledger, since=ledger.latest_seq)

    def _find_changed(self, select: str) -> None:
        self._connection.execute("CREATE OR REPLACE TEMP TABLE changed AS SELECT unnest(?::VARCHAR[]) AS id", [self._ids])


@dataclass(frozen=True)
class _Rows:
    """The rows of one type."""

    ledger: Ledger
    kind: LedgerType

    @property
    def _chain(self) -> str:
        return "id, feed, valid_from" if self.kind.lasting is Lasting.HAPPENING else "id, feed"

    def read(self, ids: Sequence[str], day: date) -> Iterator[Told]:
        """Rows of these ids; what each changed is told against what came before in its chain."""
        said = [name for name in content_columns(self.kind) if name not in ("action", "valid_to")]
        sql = self._standing("list_contains($ids, id)", f"DATE '{day}'")
        with self.ledger.backend.con.cursor() as connection:
            rows = connection.sql(
                f"SELECT * FROM ({sql}) ORDER BY recorded_at, batch_seq, line, content", params={"ids": list(ids)}
            )
            table = rows.to_arrow_table().to_pylist()
        before: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in table:
            same, chain = (row["id"], row["feed"], row["valid_from"]), (row["id"], row["feed"])
            former = before.get(same) or before.get(chain)
            before[same] = before[chain] = row
            yield self._told(row, said, former)

    def standing_of(self, day: date, file: str, batch: str) -> list[tuple[Any, ...]]:
        """Batch, batch_seq, file, type, rows, then rows by standing."""
        mine = " AND ".join([*(["file = $file"] if file else []), *(["batch = $batch"] if batch else [])])
        given = {name: value for name, value in (("file", file), ("batch", batch)) if value}
        told = self._standing(f"id IN (SELECT id FROM ({self.ledger.sql(self.kind.name)}) WHERE {mine})", f"DATE '{day}'")
        counts = ", ".join(f"count(*) FILTER (standing = '{each}')" for each in ("in_force", "corrected", "ended", "retracted"))
        found: list[tuple[Any, ...]] = self.ledger.backend.con.execute(
            f"""SELECT batch, batch_seq, coalesce(file, ''), '{self.kind.name}', count(*), {counts}
            FROM ({told}) WHERE {mine} GROUP BY ALL""",
            given,
        ).fetchall()
        return found

    def _standing(self, chosen: str, day: str) -> str:
        """Rows that are `chosen` (whole ids, always) with `standing`."""
        happens = self.kind.lasting is Lasting.HAPPENING
        ended = "false" if happens else f"least(valid_to, coalesce(_next, DATE '9999-12-31')) <= {day}"
        return f"""
            WITH mine AS (SELECT * FROM ({self.ledger.sql(self.kind.name)}) WHERE {chosen}),
            placed AS (
                SELECT *, row_number() OVER (PARTITION BY id, feed, valid_from ORDER BY {newest_first_sql()}) AS _place FROM mine),
            following AS (
                SELECT id, feed, valid_from, lead(valid_from) OVER (PARTITION BY {self._chain} ORDER BY valid_from) AS _next
                FROM placed WHERE _place = 1 AND action <> 'retract')
            SELECT placed.* EXCLUDE (_place),
                CASE WHEN _place > 1 THEN 'corrected' WHEN action = 'retract' THEN 'retracted'
                     WHEN {ended} THEN 'ended' ELSE 'in_force' END AS standing
            FROM placed LEFT JOIN following USING (id, feed, valid_from)"""

    def _told(self, row: dict[str, Any], said: Sequence[str], former: dict[str, Any] | None) -> Told:
        changed = {}
        if former:
            told = {name: (former[name], row[name]) for name in ("action", "valid_from", "valid_to", *said)}
            changed = {name: pair for name, pair in told.items() if pair[0] != pair[1]}
        return Told(
            type=self.kind.name,
            id=row["id"],
            action=row["action"],
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            recorded_at=row["recorded_at"],
            batch_seq=row["batch_seq"],
            values={name: row[name] for name in ("source", "key", *said) if row.get(name) is not None},
            changed=changed,
            standing=row["standing"],
            line=row["line"],
            **{name: row[name] or "" for name in _OWN},
        )


def _records(ledger: Ledger, types: Sequence[str], column: str, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Ids of rows, type by type, whose `column` is one of `wanted`."""
    found: dict[str, tuple[str, ...]] = {}
    for name in types:
        if (ledger.root / name).is_dir():
            sql = f"SELECT DISTINCT id FROM ({ledger.sql(name)}) WHERE {_among(column, wanted)} ORDER BY id"
            if rows := ledger.backend.con.execute(sql, list(wanted)).fetchall():
                found[name] = tuple(each for (each,) in rows)
    return found


def _among(column: str, wanted: Sequence[str]) -> str:
    return f"{column} IN ({', '.join('?' * len(wanted))})" if wanted else "false"


def _at(ledger: Ledger, file: str, line: int) -> dict[str, tuple[str, ...]]:
    """Ids that a line of a file told; `file` may also be the last part of its path."""
    found: dict[str, tuple[str, ...]] = {}
    for name in ledger.ontology.types:
        if (ledger.root / name).is_dir():
            sql = f"SELECT DISTINCT id FROM ({ledger.sql(name)}) WHERE line = ? AND (file = ? OR ends_with(file, ?)) ORDER BY id"
            if rows := ledger.backend.con.execute(sql, [line, file, f"/{file}"]).fetchall():
                found[name] = tuple(each for (each,) in rows)
    return found


def _versions(ledger: Ledger, version: str) -> dict[str, tuple[str, ...]]:
    """The relation that a graph store's version is of. The version that a correction cut to an end has none to be found by."""
    known = known_day("r.recorded_at", ledger.time_zone)
    moves = f"(SELECT record, entity, {known_day('recorded_at', ledger.time_zone)} AS known FROM ({_identity_sql(ledger)}))"
    for name, kind in ledger.ontology.types.items():
        if not (ledger.root / name).is_dir() or not isinstance(kind, RelationType):
            continue
        ends = "coalesce(s.entity, r.src_type || '-' || r.src), coalesce(d.entity, r.dst_type || '-' || r.dst)"
        since = f"greatest({known}, coalesce(s.known, 0), coalesce(d.known, 0))"
        sql = f"""
            SELECT DISTINCT r.id FROM ({ledger.sql(name)}) r
            LEFT JOIN {moves} s ON s.record = r.src LEFT JOIN {moves} d ON d.record = r.dst
            WHERE md5(concat_ws('|', r.id, r.feed, {day_number("r.valid_from")}, {since}, {ends})) = ?"""
        if rows := ledger.backend.con.execute(sql, [version]).fetchall():
            return {name: tuple(each for (each,) in rows)}
    return {}


def _identity_sql(ledger: Ledger) -> str:
    import ibis

    return str(ibis.to_sql(ledger.identity(), dialect="duckdb"))
