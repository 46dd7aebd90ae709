"""Does a store hold what the ledger says? Counts and checksums by type, and of what differs a few ids."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from graph.ledger import Ledger
from graph.projection import Projection, node_columns
from graph.store import GraphReader

SAMPLE = 5  # ids named of what differs
MEMORY = "1GB"


class ExportedStore(GraphReader, Protocol):
    """A store that can also be asked for its nodes."""

    def export_nodes(self, entity: str) -> Iterator[pa.Table]: ...


@dataclass(frozen=True)
class Fingerprint:
    """How many rows, and a checksum of all of them that does not depend on their order."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class TypeComparison:
    """One type in store and ledger; where they differ, some ids that only one of them has so."""

    store: Fingerprint
    ledger: Fingerprint
    missing: tuple[str, ...] = ()  # in the ledger so, not in the store
    surplus: tuple[str, ...] = ()  # in the store so, not in the ledger

    @property
    def equal(self) -> bool:
        return self.store == self.ledger


@dataclass(frozen=True)
class Verification:
    """A store against the ledger as of the store's own `through_seq`."""

    store: str
    through_seq: int
    ledger_seq: int
    types: dict[str, TypeComparison]

    @property
    def equal(self) -> bool:
        return all(each.equal for each in self.types.values())

    def as_json(self) -> dict[str, Any]:
        """Plain values, `equal` first."""
        types = {name: _plain(each) for name, each in self.types.items()}
        return {
            "equal": self.equal,
            "store": self.store,
            "through_seq": self.through_seq,
            "ledger_seq": self.ledger_seq,
            "types": types,
        }


def verify(store: ExportedStore, ledger: Ledger) -> Verification:
    """Compares nodes by entity type and versions by relation type (states of entities among them), every column of each."""
    through_seq = store.through_seq
    types = {}
    with tempfile.TemporaryDirectory() as spill, _engine(spill) as engine, Projection(ledger, through_seq) as projection:
        for entity in projection.ontology.entities.values():
            schema = pa.schema(node_columns(entity))
            sides = _Sides(store.export_nodes(entity.name), projection.nodes(entity.name), schema)
            types[entity.name] = _compare(engine, sides)
        for kind in projection.types.values():
            schema = pa.schema([("src", pa.string()), ("dst", pa.string()), *kind.columns])
            with projection.versions(kind.name) as versions:
                types[kind.name] = _compare(engine, _Sides(store.export(kind.name), versions.read(), schema))
    return Verification(store.engine, through_seq, ledger.latest_seq, types)


@dataclass(frozen=True)
class _Sides:
    stored: Iterable[pa.Table]
    told: Iterable[pa.RecordBatch]
    schema: pa.Schema


def _engine(spill: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"threads": "1", "memory_limit": MEMORY, "temp_directory": spill})


def _compare(engine: duckdb.DuckDBPyConnection, sides: _Sides) -> TypeComparison:
    """Both sides are hashed by one engine, portion by portion; of each row only its id and its hash are kept."""
    _hash_rows(engine, "store", sides.stored, sides.schema)
    _hash_rows(engine, "ledger", (pa.Table.from_batches([batch]) for batch in sides.told), sides.schema)
    prints = _fingerprint(engine, "store"), _fingerprint(engine, "ledger")
    if prints[0] == prints[1]:
        return TypeComparison(*prints)
    return TypeComparison(*prints, _only_in(engine, "ledger", "store"), _only_in(engine, "store", "ledger"))


def _hash_rows(connection: duckdb.DuckDBPyConnection, side: str, portions: Iterable[pa.Table], schema: pa.Schema) -> None:
    columns = ", ".join(f'"{name}"' for name in schema.names)
    connection.execute(f"CREATE OR REPLACE TABLE {side} (id VARCHAR, row_hash UBIGINT)")
    for portion in portions:
        if not portion.num_rows:
            continue
        connection.register("portion", portion.select(schema.names).cast(schema))
        connection.execute(f"INSERT INTO {side} SELECT id, hash({columns}) FROM portion")
        connection.unregister("portion")


def _fingerprint(connection: duckdb.DuckDBPyConnection, side: str) -> Fingerprint:
    """The sum of all row hashes modulo 2^64: no order, and unlike an exclusive or it sees a row that is there twice."""
    ((rows, total),) = connection.execute(f"SELECT count(*), sum(row_hash::HUGEINT) FROM {side}").fetchall()
    return Fingerprint(rows, f"{int(total or 0) % 2**64:016x}")


def _only_in(connection: duckdb.DuckDBPyConnection, side: str, other: str) -> tuple[str, ...]:
    select = f"SELECT DISTINCT id FROM (FROM {side} EXCEPT ALL FROM {other}) ORDER BY id LIMIT {SAMPLE}"
    return tuple(row[0] for row in connection.execute(select).fetchall())


def _plain(comparison: TypeComparison) -> dict[str, Any]:
    plain: dict[str, Any] = {"equal": comparison.equal, "rows": comparison.store.rows, "checksum": comparison.store.checksum}
    if not comparison.equal:
        plain["ledger_rows"] = comparison.ledger.rows
        plain["ledger_checksum"] = comparison.ledger.checksum
        plain["missing"] = list(comparison.missing)
        plain["surplus"] = list(comparison.surplus)
    return plain
