"""Says where a store, or the projection itself, and the Snapshot of a day differ: row for row, every property."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa

from graph.projection import GraphType, Projection
from graph.store import GraphReader, Moment, whole_day
from tests.worlds.build import World

Rows = list[tuple[Any, ...]]


def store_rows(store: GraphReader, kind: GraphType, day: str) -> Rows:
    when = Moment.of(date.fromisoformat(day))
    return _rows(pa.concat_tables(store.export(kind.name, when)), _columns(kind))


def projected_rows(projection: Projection, kind: GraphType, days: Iterable[str]) -> dict[str, Rows]:
    """The versions of the projection that hold on each day, by the one filter that stores use."""
    with projection.versions(kind.name) as versions:
        everything = versions.read().read_all()
    found = {}
    for text in days:
        day = whole_day(date.fromisoformat(text))
        valid = (pa.compute.field("valid_from") <= day) & (pa.compute.field("valid_to") > day)
        known = (pa.compute.field("known_from") <= day) & (pa.compute.field("known_to") > day)
        found[text] = _rows(everything.filter(valid & known), _columns(kind))
    return found


def snapshot_rows(world: World, kind: GraphType, day: str, ledger_seq: int | None = None) -> Rows:
    table = world.snapshot(day, ledger_seq).read(kind.state_of or kind.name)
    if kind.state_of:
        return _rows(table, _columns(kind))
    whole = [pa.array([whole_day(d) for d in table[name].to_pylist()], pa.int32()) for name in ("valid_from", "valid_to")]
    table = table.drop_columns(["valid_from", "valid_to"])
    return _rows(table.append_column("valid_from", whole[0]).append_column("valid_to", whole[1]), _columns(kind))


def assert_equals_snapshots(store: GraphReader, world: World, days: Iterable[str]) -> None:
    with Projection(world.ledger) as projection:
        told = [kind for kind in projection.types.values() if _count(projection, kind)]
    for day in days:
        for kind in told:
            assert store_rows(store, kind, day) == snapshot_rows(world, kind, day), (kind.name, day)


def _count(projection: Projection, kind: GraphType) -> int:
    with projection.versions(kind.name) as versions:
        return versions.count


def _columns(kind: GraphType) -> list[str]:
    where = ["id"] if kind.state_of else ["id", "src", "dst", "valid_from", "valid_to"]
    return [*where, *(field.name for field in kind.properties)]


def _rows(table: pa.Table, columns: list[str]) -> Rows:
    plain = table.select(columns).to_pylist()
    return sorted((tuple(row.values()) for row in plain), key=repr)
