"""The exposure network to three hops against one hand-written variable-length pattern, on the same store and the same firms.

    python -m bench.network [--relations 1000000] [--firms 100] [--json FILE] [--neo4j URI USER PASSWORD]

The book is generated from a seed (ends by a power law, so that hubs exist), written through the real ledger and built by the
real builders. The hand-written pattern returns distinct neighbours only, which favours it; ours returns names, every edge with
its amount, and what was cut. The pattern has no bound, so its answer near a hub is larger; it is asked a second time for as
many entities as ours shows at most, whichever it finds first. All sizes are reported.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import ladybug
import numpy as np
import pyarrow as pa

from cypher.loader import Statement
from graph.ledger import BatchHeader, Ledger
from graph.ledger.schema import ledger_schema
from graph.store import GraphReader, Moment
from graph.stores import LadybugStore, Neo4jStore, Neo4jTarget, build_ladybug, build_neo4j
from graph.stores.generations import current_name
from graph.stores.neo4j_session import Neo4jSession
from graph.walks import NetworkQuery, exposure_network

WHEN = Moment.of(date(2026, 3, 31))
MIX = {"GUARANTEES": 0.2, "HOLDS_SHARES": 0.3, "SUPPLIES": 0.4, "SERVES_AS": 0.1}
PEER_TIMEOUT_S = 20.0
DAY = 20260331

_SEEN = f"r.valid_from <= {DAY} AND {DAY} < r.valid_to AND r.known_from <= {DAY} AND {DAY} < r.known_to"
_SEEN_ALL = _SEEN.replace("r.", "x.")
PEER = {
    "ladybug": f"""
        MATCH (a:Firm {{id: $id}})-[r:{"|".join(MIX)}*1..3 (r, n | WHERE {_SEEN})]-(b:Firm|Person)
        RETURN DISTINCT b.id""",
    "neo4j": f"""
        MATCH (a:Firm {{id: $id}})-[r:{"|".join(MIX)}*1..3]-(b)
        WHERE all(x IN r WHERE {_SEEN_ALL})
        RETURN DISTINCT b.id""",
}


MOST = 300  # what `NetworkQuery` shows at most
_BOUND = f" LIMIT {MOST}"


@dataclass(frozen=True)
class Measured:
    """Milliseconds over all firms asked, and how many neighbours an answer has at the median."""

    p50_ms: float
    p99_ms: float
    entities_p50: int
    timed_out: int = 0


@dataclass(frozen=True)
class Result:
    store: str
    relations: int
    build_s: float
    ours: Measured
    pattern: Measured
    bounded_pattern: Measured
    p50_ratio: float
    p99_ratio: float
    peak_memory_mb: int


def write_book(root: Path, relations: int, seed: int = 20260331) -> tuple[Ledger, list[str]]:
    """A ledger of so many relations among a fifth as many firms and persons; returns it with the firms' entity ids."""
    rng, ledger = np.random.default_rng(seed), Ledger.open(root / "ledger")
    counts = {"Firm": relations // 5, "Person": relations // 30}
    records = {label: np.array([f"{n:032x}" for n in rng.permutation(count)]) for label, count in counts.items()}
    with ledger.begin(BatchHeader("bench", "bench", backfill=True)) as writer:
        for label, ids in records.items():
            writer.append(label, _rows(ledger, label, {"id": ids, "source": "bench", "key": ids, "stub": False, "name": ids}))
        for name, part in MIX.items():
            count = int(relations * part)
            starts = "Person" if name == "SERVES_AS" else "Firm"
            columns: dict[str, object] = {
                "id": np.array([f"{name}{n:020d}" for n in range(count)]),
                "src_type": starts,
                "src": _by_power_law(rng, records[starts], count),
                "dst_type": "Firm",
                "dst": rng.choice(records["Firm"], count),
            }
            amount = {"GUARANTEES": "amount_fen", "SUPPLIES": "annual_fen"}.get(name)
            columns |= {amount: rng.integers(1, 10**10, count)} if amount else {}
            columns |= {"equity_share": rng.random(count)} if name == "HOLDS_SHARES" else {}
            writer.append(name, _rows(ledger, name, columns))
        writer.commit()
    return ledger, [f"Firm-{record}" for record in records["Firm"]]


def measure(ask: Callable[[str], int], firms: list[str]) -> Measured:
    """Asks for each firm once; an answer below zero is one that took too long."""
    for firm in firms[:3]:
        ask(firm)
    spent, sizes = [], []
    for firm in firms:
        begun = time.perf_counter()
        sizes.append(ask(firm))
        spent.append((time.perf_counter() - begun) * 1000)
    p50, p99 = np.percentile(spent, [50, 99])
    return Measured(round(float(p50), 1), round(float(p99), 1), int(np.median(sizes)), sum(size < 0 for size in sizes))


def compare(
    reader: GraphReader, patterns: tuple[Callable[[str], int], Callable[[str], int]], firms: list[str], built: tuple[int, float]
) -> Result:
    """Ours, the pattern and the bounded pattern for the same firms; the ratios are to the pattern without a bound."""

    def ours(firm: str) -> int:
        return len(exposure_network(reader, firm, NetworkQuery(WHEN, depth=3, types=tuple(MIX), max_nodes=MOST)).nodes)

    mine, theirs, bounded = (measure(ask, firms) for ask in (ours, *patterns))
    ratios = round(mine.p50_ms / theirs.p50_ms, 3), round(mine.p99_ms / theirs.p99_ms, 3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Result(reader.engine, *built, mine, theirs, bounded, *ratios, peak)


def ladybug_pattern(root: Path, bound: str = "") -> Callable[[str], int]:
    """The hand-written pattern on the generation in use, with all threads the machine has."""
    held = [_open(root)]

    def ask(firm: str) -> int:
        try:
            return len(held[-1][1].execute(PEER["ladybug"] + bound, {"id": firm}).get_all())  # type: ignore[union-attr]
        except RuntimeError as stopped:
            if not any(cause in str(stopped) for cause in ("Interrupted", "buffer pool is full")):
                raise
            database, connection = held.pop()  # what was interrupted keeps its memory: all that follows would fail
            connection.close()
            database.close()
            held.append(_open(root))
            return -1

    return ask


def _open(root: Path) -> tuple[ladybug.Database, ladybug.Connection]:
    database = ladybug.Database(root / current_name(root) / "graph.lbug", buffer_pool_size=1 << 30, read_only=True)
    connection = ladybug.Connection(database)
    connection.set_query_timeout(int(PEER_TIMEOUT_S * 1000))
    return database, connection


def neo4j_pattern(target: Neo4jTarget, bound: str = "") -> Callable[[str], int]:
    """The hand-written pattern on the server."""
    session = Neo4jSession(target)
    return lambda firm: len(session.read(Statement(PEER["neo4j"] + bound), {"id": firm}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relations", type=int, default=1_000_000)
    parser.add_argument("--firms", type=int, default=100, help="how many firms are asked for")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--neo4j", nargs=3, metavar=("URI", "USER", "PASSWORD"), help="an empty database to fill and ask")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ledger, firms = write_book(root, options.relations)
        asked = firms[:: max(1, len(firms) // options.firms)][: options.firms]
        if options.neo4j:
            target = Neo4jTarget(*options.neo4j)
            report = build_neo4j(ledger, target)
            reader: GraphReader = Neo4jStore(target, ledger.ontology)
            patterns = neo4j_pattern(target), neo4j_pattern(target, _BOUND)
        else:
            report = build_ladybug(ledger, root / "graph")
            reader = LadybugStore(root / "graph")
            patterns = ladybug_pattern(root / "graph"), ladybug_pattern(root / "graph", _BOUND)
        result = compare(reader, patterns, asked, (options.relations, report.seconds))
    print(_table(result))
    if options.json:
        options.json.write_text(json.dumps(asdict(result), indent=1))


def _rows(ledger: Ledger, type_name: str, columns: dict[str, object]) -> pa.Table:
    schema = ledger_schema(ledger.ontology, type_name)
    ids = columns["id"]
    told = 1_735_689_600_000_000  # 2025-01-01
    always = {
        "valid_from": date(2025, 1, 1),
        "valid_to": date(9999, 12, 31),
        "recorded_at": told,
        "action": "state",
        "feed": "bench",
    }
    filled = {**always, "content": ids, "file": "bench", "sheet": "", "line": 1, **columns}
    count = len(ids)  # type: ignore[arg-type]
    arrays = [
        _array(filled[field.name], count, field.type) if field.name in filled else pa.nulls(count, field.type) for field in schema
    ]
    present = [a if f.name not in {"batch", "attempt"} else pa.nulls(count, f.type) for a, f in zip(arrays, schema, strict=True)]
    return pa.Table.from_arrays(present, schema=schema)


def _array(value: object, count: int, kind: pa.DataType) -> pa.Array:
    return pa.array(value, kind) if isinstance(value, np.ndarray) else pa.repeat(pa.scalar(value, kind), count)


def _by_power_law(rng: np.random.Generator, ids: np.ndarray, count: int) -> np.ndarray:
    """A few begin very many relations, most only one or two."""
    places = (len(ids) * rng.random(count) ** 2.2).astype(np.int64)
    return np.asarray(ids[places])


def _table(result: Result) -> str:
    lines = [f"{result.store}: {result.relations:,} relations, built in {result.build_s:,.0f} s, peak {result.peak_memory_mb:,} MB"]
    lines.append(f"{'':28}{'p50 ms':>10}{'p99 ms':>10}{'entities p50':>14}{'too slow':>10}")
    measured = {
        "exposure network, 3 hops": result.ours,
        "variable-length pattern": result.pattern,
        f"pattern, LIMIT {MOST}": result.bounded_pattern,
    }
    for name, each in measured.items():
        lines.append(f"{name:28}{each.p50_ms:>10,.1f}{each.p99_ms:>10,.1f}{each.entities_p50:>14,}{each.timed_out:>10}")
    lines.append(f"{'ratio (goal 0.7 and 0.3)':28}{result.p50_ratio:>10}{result.p99_ratio:>10}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
