"""Loading Neo4j against Neo4j's own importer, against row-by-row MERGE, and against a plain UNWIND MERGE of the changed rows.

    python -m bench.neo4j [--relations 1000000] [--changed 20000] [--rows 300] [--sessions 2] [--json FILE]

A server of our own is started for this. The book is that of `bench.network`: a fifth as many firms as relations, hubs among
them; with the states of entities that is about 1.23 versions a relation. "Importer" is `neo4j-admin database import full` on
the very files that ours writes, without constraints, indexes or a server; ours begins at the ledger and ends with a running,
indexed, complete graph. Rows are relation versions; rates count them and the nodes alike.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from bench.network import _rows, write_book
from cypher.loader import Statement
from deploy.neo4j import server
from graph.ledger import BatchHeader, Ledger
from graph.projection import Projection
from graph.stores import (
    Neo4jBuildOptions,
    Neo4jHome,
    Neo4jImportOptions,
    Neo4jTarget,
    build_neo4j,
    import_neo4j,
)
from graph.stores.neo4j_files import ImportFolder
from graph.stores.neo4j_session import Neo4jSession

_WIPE = Statement("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
_MERGE_ONE = Statement(
    "MATCH (a:Firm {id: $src}) MATCH (b:Firm {id: $dst}) MERGE (a)-[r:GUARANTEES {version: $version}]->(b) SET r = $kept"
)
_MERGE_MANY = Statement(
    "UNWIND $rows AS row MATCH (a:Firm {id: row.src}) MATCH (b:Firm {id: row.dst}) "
    "MERGE (a)-[r:GUARANTEES {version: row.version}]->(b) SET r = row.kept"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relations", type=int, default=1_000_000)
    parser.add_argument("--changed", type=int, default=20_000, help="rows of the later load")
    parser.add_argument("--rows", type=int, default=300, help="how many rows are merged one by one")
    parser.add_argument("--sessions", type=int, default=2)
    parser.add_argument("--json", type=Path)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ledger, _ = write_book(root, told.relations)
        options = server.ServerOptions(root / "neo4j", heap="2g", page_cache="1g")
        with server.running(options) as running:
            if running.container:
                raise SystemExit("The server runs in a container: its files are not here.")
            found = _measure(ledger, running, root, told)
    print(_table(found))
    if told.json:
        told.json.write_text(json.dumps(found, indent=1))


def _measure(ledger: Ledger, running: server.RunningServer, root: Path, told: argparse.Namespace) -> dict[str, Any]:
    target = Neo4jTarget(running.uri, running.user, running.password)
    home = Neo4jHome.of(Path(running.home))
    found: dict[str, Any] = {"relations": told.relations}
    found["importer_s"], rows = _importer_alone(ledger, home, root / "prepared")
    found["rows"] = rows
    parts: list[tuple[float, str]] = []
    begun = time.perf_counter()
    noting = Neo4jImportOptions(root / "files", True, lambda part: parts.append((time.perf_counter() - begun, part)))
    found["import_s"] = _timed(lambda: import_neo4j(ledger, target, home, noting))
    found["import_steps_s"] = _steps(parts, found["import_s"])
    session = Neo4jSession(target)
    found["one_by_one_rate"] = _one_by_one(session, ledger, told.rows)
    _change(ledger, told.changed)
    changed = _changed_rows(ledger)
    found["changed"] = len(changed)
    found["later_s"] = _timed(lambda: build_neo4j(ledger, target))
    _change(ledger, told.changed, seed=2)
    found["unwind_merge_s"] = _timed(lambda: _merge_many(session, _changed_rows(ledger)))
    session.command(_WIPE, {})
    for name in ("constraints", "indexes"):
        _drop(session, name)
    found["driver_s"] = _timed(lambda: build_neo4j(ledger, target, Neo4jBuildOptions(sessions=told.sessions)))
    session.close()
    found["sessions"] = told.sessions
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found


def _importer_alone(ledger: Ledger, home: Neo4jHome, folder: Path) -> tuple[float, int]:
    """Into a throw-away copy of the database's place; the server is down meanwhile."""
    files = ImportFolder(folder)
    state = files.write(ledger)
    home.stop()
    arguments = [*files.arguments(state), "--overwrite-destination=true", "neo4j"]
    spent = _timed(lambda: home.import_full(arguments, files.folder))
    home.import_full([f"--nodes=Nothing={_empty(folder)}", "--overwrite-destination=true", "neo4j"], folder)
    home.start()
    return spent, sum(state.parts.values())


def _empty(folder: Path) -> str:
    (folder / "nothing.csv").write_text("id:ID\n")
    return "nothing.csv"


def _steps(parts: list[tuple[float, str]], whole: float) -> dict[str, float]:
    """Seconds by what was done: files, the stop, the importer, the start, constraints and indexes."""
    spent: dict[str, float] = {}
    ends = [at for at, _ in parts[1:]] + [whole]
    for (at, part), end in zip(parts, ends, strict=True):
        known = ("file", "stopping", "neo4j-admin", "starting", "index")
        kind = part.split()[0] if part.startswith(known) else "rest"
        spent[kind] = round(spent.get(kind, 0.0) + end - at, 2)
    return spent


def _one_by_one(session: Neo4jSession, ledger: Ledger, rows: int) -> float:
    """Rows a second, each in a transaction of its own, into the full database; what it merges is there already."""
    wanted = _plain(ledger, rows)
    begun = time.perf_counter()
    for row in wanted:
        session.write((_MERGE_ONE, row))
    return rows / (time.perf_counter() - begun)


def _merge_many(session: Neo4jSession, rows: list[dict[str, Any]]) -> None:
    for first in range(0, len(rows), 10_000):
        session.write((_MERGE_MANY, {"rows": rows[first : first + 10_000]}))


def _change(ledger: Ledger, count: int, seed: int = 1) -> None:
    """Half of the rows new guarantees, half another amount from another day on for guarantees that are there."""
    rng = np.random.default_rng(seed)
    held = ledger.backend.con.sql(f"SELECT id, src, dst FROM ({ledger.sql('GUARANTEES')}) ORDER BY id").to_arrow_table()
    places = rng.permutation(held.num_rows)[:count]
    ids = np.array(held["id"].to_pylist())[places]
    ids[: count // 2] = [f"NEW{seed}{n:016d}" for n in range(count // 2)]
    columns: dict[str, object] = {
        "id": ids,
        "src_type": "Firm",
        "src": np.array(held["src"].to_pylist())[places],
        "dst_type": "Firm",
        "dst": np.array(held["dst"].to_pylist())[places],
        "amount_fen": rng.integers(1, 10**10, count),
        "content": np.array([f"{seed}-{n}" for n in range(count)]),
        "valid_from": date(2025, 1 + seed, 1),
        "recorded_at": 1_735_689_600_000_000 + seed * 40 * 86_400_000_000,
    }
    with ledger.begin(BatchHeader("bench", "bench", backfill=True)) as writer:
        writer.append("GUARANTEES", _rows(ledger, "GUARANTEES", columns))
        writer.commit()


def _changed_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """What the last batch changed, as a plain MERGE takes it: all versions of the ids it told of."""
    with Projection(ledger, since=ledger.latest_seq - 1) as projection, projection.versions("GUARANTEES") as versions:
        names = [field.name for field in versions.kind.columns]
        return [row for table in versions.changes() for row in _as_rows(table, names)]


def _plain(ledger: Ledger, rows: int) -> list[dict[str, Any]]:
    with Projection(ledger) as projection, projection.versions("GUARANTEES") as versions:
        names = [field.name for field in versions.kind.columns]
        table = pa.Table.from_batches([next(iter(versions.read(rows)))])
    return _as_rows(table, names)


def _as_rows(table: pa.Table, names: list[str]) -> list[dict[str, Any]]:
    kept = table.select(names).to_pylist()
    ends = zip(table["src"].to_pylist(), table["dst"].to_pylist(), kept, strict=True)
    return [{"src": src, "dst": dst, "version": row["version"], "kept": row} for src, dst, row in ends]


def _drop(session: Neo4jSession, what: str) -> None:
    """A first load begins without constraints and indexes."""
    one = what.removesuffix("s") if what == "constraints" else "index"
    shown = f"SHOW {what.upper()} YIELD name, type" + (" WHERE type <> 'LOOKUP'" if what == "indexes" else "")
    for name, _ in session.read(Statement(shown)):
        session.command(Statement(f"DROP {one.upper()} `{name}`"), {})


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _table(found: dict[str, Any]) -> str:
    rows, changed = found["rows"], found["changed"]
    lines = [
        ("Neo4j's importer, files prepared, no indexes", found["importer_s"], rows, 1.0),
        ("ours by the importer, ledger to running graph", found["import_s"], rows, found["importer_s"] / found["import_s"]),
        (f"ours by the driver, {found['sessions']} sessions", found["driver_s"], rows, found["importer_s"] / found["driver_s"]),
        ("later load, plain UNWIND MERGE", found["unwind_merge_s"], changed, 1.0),
        ("later load, ours from the ledger", found["later_s"], changed, found["unwind_merge_s"] / found["later_s"]),
    ]
    text = [f"{found['relations']:,} relations, {rows:,} rows with nodes and states; peak of our process {found['peak_mb']:,} MB"]
    text += [f"{name:48}{spent:>9.1f} s{count / spent:>12,.0f} rows/s   x {ratio:.2f}" for name, spent, count, ratio in lines]
    single = found["one_by_one_rate"]
    text.append(f"{'row-by-row MERGE':48}{'':11}{single:>12,.0f} rows/s")
    text.append(
        f"driver against row-by-row: x {rows / found['driver_s'] / single:.1f}; steps of the import: {found['import_steps_s']}"
    )
    return "\n".join(text)


if __name__ == "__main__":
    main()
