"""Writes the adjacency of a generation out of the same Parquet files that its database is loaded from.

DuckDB sorts, within a bounded memory and spilling to disk; what comes out is streamed into files of a known size.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.projection.shape import DAYS, GraphType
from graph.stores.adjacency import NO_AMOUNT

MEMORY = "1GB"
_BATCH_ROWS = 131_072
_PLACE = "#"  # no property is called so


@dataclass(frozen=True)
class Piece:
    """The versions of one relation type (or of an entity's states) in one Parquet file."""

    kind: GraphType
    path: Path


def write_adjacency(folder: Path, nodes: Iterable[Path], pieces: Sequence[Piece], threads: int) -> None:
    """All files that `graph.stores.adjacency` reads, in `folder`, which is made."""
    folder.mkdir()
    with (
        tempfile.TemporaryDirectory(dir=folder.parent) as spill,
        duckdb.connect(config={"threads": threads, "memory_limit": MEMORY, "temp_directory": spill}) as engine,
    ):
        _write_ids(engine, folder, list(nodes))
        relations = [piece for piece in pieces if not piece.kind.state_of]
        names = sorted({piece.kind.name for piece in relations})
        codes = [(name, way) for name in names for way in ("in", "out")]
        (folder / "codes.json").write_text(json.dumps(codes))
        _write_rows(engine, folder, relations, {code: place for place, code in enumerate(codes)})
        for piece in pieces:
            if piece.kind.state_of:
                _write_states(engine, folder, piece)


def _write_ids(engine: duckdb.DuckDBPyConnection, folder: Path, nodes: list[Path]) -> None:
    told = " UNION ALL ".join(f"SELECT id FROM read_parquet('{_plain(path)}')" for path in nodes)
    engine.execute(f"""
        CREATE TABLE ids AS SELECT id, (row_number() OVER (ORDER BY id) - 1)::INTEGER AS number
        FROM (SELECT DISTINCT id FROM ({told or "SELECT NULL::VARCHAR AS id WHERE false"}))""")
    (count, width) = _one(engine, "SELECT count(*), coalesce(max(strlen(id)), 1) FROM ids")
    out = _new(folder / "ids.npy", f"S{width}", (count,))
    at = 0
    for batch in engine.sql("SELECT id FROM ids ORDER BY number").to_arrow_reader(_BATCH_ROWS):
        out[at : at + batch.num_rows] = _bytes(batch["id"])
        at += batch.num_rows


def _write_rows(
    engine: duckdb.DuckDBPyConnection, folder: Path, pieces: Sequence[Piece], codes: dict[tuple[str, str], int]
) -> None:
    """Both ways of every version, by entity, type and way; then the largest first, as a hop gives them."""
    sides = " UNION ALL ".join(_side(piece, way, codes[piece.kind.name, way]) for piece in pieces for way in ("in", "out"))
    engine.execute(f"CREATE TABLE sides AS {sides or _NO_SIDES}")
    count, width = _one(engine, "SELECT count(*), coalesce(max(strlen(rel)), 1) FROM sides")
    ((nodes,),) = engine.execute("SELECT count(*) FROM ids").fetchall()
    row = np.dtype([("other", "i4"), ("amount", "i8"), ("share", "f8"), ("rel", f"S{width}")])
    rows, days = _new(folder / "rows.npy", row, (count,)), _new(folder / "days.npy", "i4", (count, 4))
    runs, at, many = _Runs(), 0, len(codes) or 1
    told = f"""
        SELECT anchor.number::BIGINT * {many} + code AS run, other.number AS other, rel, coalesce(amount, {NO_AMOUNT}) AS amount,
               coalesce(share, 'nan') AS share, {", ".join(DAYS)}
        FROM sides JOIN ids anchor ON anchor.id = sides.anchor JOIN ids other ON other.id = sides.other
        ORDER BY run, sides.amount DESC NULLS LAST, rank DESC NULLS LAST, rel, valid_from"""
    for batch in engine.sql(told).to_arrow_reader(_BATCH_ROWS):
        place = slice(at, at + batch.num_rows)
        for name in ("other", "amount", "share"):
            rows[name][place] = batch[name].to_numpy()
        rows["rel"][place] = _bytes(batch["rel"])
        days[place] = np.stack([batch[day].to_numpy() for day in DAYS], axis=1)
        runs.see(batch["run"].to_numpy(), at)
        at += batch.num_rows
    engine.execute("DROP TABLE sides")
    keys = np.concatenate(runs.keys)
    np.save(folder / "node_runs.npy", np.searchsorted(keys // many, np.arange(nodes + 1)))
    np.save(folder / "run_code.npy", (keys % many).astype(np.int16))
    np.save(folder / "run_start.npy", np.concatenate([*runs.starts, [count]]))


@dataclass
class _Runs:
    """Where runs begin among sorted rows, portion by portion."""

    keys: list[npt.NDArray[np.int64]] = field(default_factory=lambda: [np.empty(0, np.int64)])
    starts: list[npt.NDArray[np.int64]] = field(default_factory=lambda: [np.empty(0, np.int64)])
    last: int = -1

    def see(self, run: npt.NDArray[np.int64], at: int) -> None:
        begins = np.flatnonzero(np.diff(run, prepend=self.last))
        self.keys.append(run[begins])
        self.starts.append(begins + at)
        self.last = int(run[-1])


def _side(piece: Piece, way: str, code: int) -> str:
    kind = piece.kind
    anchor, other = ("src", "dst") if way == "out" else ("dst", "src")
    amount = f'"{kind.amount}"' if kind.amount else "NULL"
    share = f'"{kind.share}"' if kind.share else "NULL"
    rank = "NULL" if kind.amount else share
    return f"""
        SELECT {anchor} AS anchor, {other} AS other, {code} AS code, id AS rel, {amount}::BIGINT AS amount,
               {share}::DOUBLE AS share, {rank}::DOUBLE AS rank, {", ".join(DAYS)}
        FROM read_parquet('{_plain(piece.path)}')"""


_NO_SIDES = f"""
    SELECT NULL::VARCHAR AS anchor, NULL::VARCHAR AS other, 0 AS code, NULL::VARCHAR AS rel, NULL::BIGINT AS amount,
           NULL::DOUBLE AS share, NULL::DOUBLE AS rank, {", ".join(f"0 AS {day}" for day in DAYS)} WHERE false"""


def _write_states(engine: duckdb.DuckDBPyConnection, folder: Path, piece: Piece) -> None:
    """The states of one entity type, sorted by the number of the entity."""
    told = f"""
        SELECT ids.number AS "{_PLACE}", s.* EXCLUDE (src, dst, version)
        FROM read_parquet('{_plain(piece.path)}') s JOIN ids ON ids.id = s.src
        ORDER BY ids.number, s.valid_from, s.known_from"""
    properties = [field.name for field in piece.kind.properties]
    schema = pa.schema([pa.field("id", pa.string()), *piece.kind.properties])
    entities, days = [], []
    with pa.OSFile(str(folder / f"states-{piece.kind.state_of}.arrow"), "wb") as file, pa.ipc.new_file(file, schema) as out:
        for batch in engine.sql(told).to_arrow_reader(_BATCH_ROWS):
            out.write_table(pa.Table.from_batches([batch]).select(["id", *properties]).cast(schema))
            entities.append(batch[_PLACE].to_numpy())
            days.append(np.stack([batch[day].to_numpy() for day in DAYS], axis=1))
    np.save(folder / f"states-{piece.kind.state_of}-entity.npy", np.concatenate(entities))
    np.save(folder / f"states-{piece.kind.state_of}-days.npy", np.concatenate(days))


def _new(file: Path, dtype: npt.DTypeLike, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """A file of a known size to be filled; one of no size cannot be mapped, and is saved empty."""
    if 0 in shape:
        np.save(file, np.empty(shape, dtype))
        return np.empty(shape, dtype)
    return np.lib.format.open_memmap(file, "w+", dtype, shape)


def _bytes(column: pa.Array) -> npt.NDArray[np.bytes_]:
    return np.array(column.cast(pa.binary()).to_pylist(), np.bytes_)


def _one(engine: duckdb.DuckDBPyConnection, select: str) -> tuple[int, int]:
    ((first, second),) = engine.execute(select).fetchall()
    return int(first), int(second)


def _plain(path: Path) -> str:
    return str(path).replace("'", "''")
