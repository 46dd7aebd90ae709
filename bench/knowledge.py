"""Ownership and control of a whole book against the plain way in Python, and of one firm against one hand-written pattern.

    python -m bench.knowledge [--sizes 10000,100000,1000000] [--plain 10000] [--firms 200] [--store-firms 20000] [--json FILE]

The book is drawn from a seed, as arrays: pyramids of a few layers, two persons a firm, some cross-holdings, votes apart from
equity, people who act in concert, and a few holders with thousands of firms. The plain way is what one writes first: NetworkX
for the graph, the fixpoint of control holder by holder in Python, and integrated ownership by walking up from each firm until what
is left of a way is below a millionth. It works out the same two things; ours gives the beneficial owners, verdicts and findings
besides. Each size runs in a process of its own, so that its peak memory is its own.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import ladybug
import networkx as nx
import numpy as np
import pyarrow as pa

from graph.knowledge.control.assess import Assessment
from graph.knowledge.control.holdings import Told
from graph.knowledge.control.kind import tables_of
from graph.knowledge.control.one_firm import control_answer
from graph.ledger import BatchHeader, Ledger
from graph.ledger.schema import ledger_schema
from graph.store import Moment
from graph.stores import LadybugStore, build_ladybug
from graph.stores.generations import current_name

WHEN = Moment.of(date(2026, 3, 31))
DAY = 20260331
SEED = 20260331
SMALLEST = 1e-6
LAYERS = 8  # what the hand-written pattern walks up at most

_SEEN = f"r.valid_from <= {DAY} AND {DAY} < r.valid_to AND r.known_from <= {DAY} AND {DAY} < r.known_to"
PATTERN = f"""
    MATCH (a:Firm {{id: $id}})<-[r:HOLDS_SHARES*1..{LAYERS} (r, n | WHERE {_SEEN})]-(b:Firm|Person)
    RETURN b.id, list_transform(rels(r), x -> x.equity_share)"""


@dataclass(frozen=True)
class Book:
    """One size: seconds of ours and, where it was asked, of the plain way; peak memory in MB."""

    firms: int
    holdings: int
    pairs: int
    seconds: float
    peak_mb: int
    plain_seconds: float | None = None
    ratio: float | None = None


@dataclass(frozen=True)
class OneFirm:
    """Milliseconds over the firms asked, out of an embedded store of so many firms."""

    store_firms: int
    asked: int
    ours_p50_ms: float
    ours_p99_ms: float
    pattern_p50_ms: float
    pattern_p99_ms: float


def draw(firms: int, seed: int = SEED) -> Told:
    """A book of so many firms, about two and a half holdings a firm."""
    rng = np.random.default_rng(seed)
    person, firm = np.arange(firms), np.arange(firms)
    has_parent = rng.random(firms) < 0.45
    # A parent comes earlier in the book, and the first ones are parents of very many: pyramids and hubs.
    parent = (firm * rng.random(firms) ** 3).astype(np.int64)
    has_parent &= parent < firm
    stake = rng.uniform(0.35, 0.8, firms)
    first = np.where(has_parent, (1 - stake) * rng.uniform(0.3, 1.0, firms), rng.uniform(0.4, 0.7, firms))
    second = np.maximum(0.0, (1 - np.where(has_parent, stake, 0.0) - first) * (rng.random(firms) < 0.85))
    crossed = np.flatnonzero(has_parent & (rng.random(firms) < 0.02))
    parts = [
        (_firm(parent[has_parent]), _firm(firm[has_parent]), stake[has_parent]),
        (_person(person), _firm(firm), first * 0.97),
        (_person(rng.integers(0, firms, firms))[second > 0.02], _firm(firm)[second > 0.02], second[second > 0.02] * 0.97),
        (
            _firm(crossed),
            _firm(parent[crossed]),
            np.full(len(crossed), 0.03) / (1 + np.bincount(parent[crossed], minlength=firms)[parent[crossed]]),
        ),
    ]
    src, dst, share = (np.concatenate([part[n] for part in parts]) for n in range(3))
    votes = np.where(rng.random(len(share)) < 0.04, np.minimum(share * 1.2, 1.0), share)
    ids = [f"{number:032x}" for number in range(len(src))]
    holdings = pa.table({"id": ids, "src": src, "dst": dst, "equity_share": share, "voting_share": votes})
    pairs = rng.choice(firms, firms // 50, replace=False)
    concert = _ends(_person(pairs), _person((pairs + 1) % firms))
    filed = _ends(_person(pairs), _firm(pairs))
    posts = _ends(_person(person), _firm(firm)).append_column("role", pa.array(np.where(person % 3, "manager", "director")))
    return Told(holdings, concert, filed, posts, _firms(_firm(firm)))


def plain(told: Told) -> int:
    """The plain way; returns how many pairs of control it finds."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    for row in told.holdings.to_pylist():
        src, dst = row["src"], row["dst"]
        known = graph.get_edge_data(src, dst, {"equity": 0.0, "votes": 0.0})
        graph.add_edge(src, dst, equity=known["equity"] + row["equity_share"], votes=known["votes"] + row["voting_share"])
    pairs = sum(len(_controlled(graph, holder)) for holder in list(graph) if graph.out_degree(holder))
    for firm in told.firms["id"].to_pylist():
        if firm in graph:
            _owned(graph, firm)
    return pairs


def _controlled(graph: "nx.DiGraph[str]", start: str) -> set[str]:
    held: dict[str, float] = defaultdict(float)
    mine, frontier = {start}, [start]
    while frontier:
        node = frontier.pop()
        for firm, edge in graph[node].items():
            held[firm] += edge["votes"]
            if held[firm] > 0.5 and firm not in mine:
                mine.add(firm)
                frontier.append(firm)
    return mine - {start}


def _owned(graph: "nx.DiGraph[str]", firm: str) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    frontier = {firm: 1.0}
    while frontier:
        above: dict[str, float] = defaultdict(float)
        for node, part in frontier.items():
            for owner in graph.predecessors(node):
                above[owner] += part * graph[owner][node]["equity"]
        frontier = {owner: part for owner, part in above.items() if part > SMALLEST}
        for owner, part in frontier.items():
            found[owner] += part
    return found


def measure(firms: int, with_plain: bool) -> Book:
    """One size, ours and where asked the plain way."""
    told = draw(firms)
    begun = time.perf_counter()
    tables = tables_of(Assessment(told))
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    book = Book(firms, told.holdings.num_rows, tables["controllers"].num_rows, round(seconds, 3), peak)
    if not with_plain:
        return book
    begun = time.perf_counter()
    plain(told)
    other = time.perf_counter() - begun
    return Book(**{**asdict(book), "plain_seconds": round(other, 3), "ratio": round(other / seconds, 1)})


def measure_one(firms: int, asked: int) -> OneFirm:
    """Answers about single firms out of an embedded store, and one variable-length pattern over the same."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ids = _write(root, firms)
        store = LadybugStore(root / "graph")
        some = [ids[n] for n in np.random.default_rng(SEED).choice(len(ids), asked, replace=False)]
        ours = _timed(lambda one: control_answer(store, one, WHEN), some)
        store.close()
        database = ladybug.Database(root / "graph" / current_name(root / "graph") / "graph.lbug", read_only=True)
        connection = ladybug.Connection(database, num_threads=1)
        pattern = _timed(lambda one: cast(ladybug.QueryResult, connection.execute(PATTERN, {"id": one})).get_all(), some)
        connection.close()
        database.close()
    return OneFirm(firms, asked, *ours, *pattern)


def _timed(ask: Callable[[str], Any], ids: list[str]) -> tuple[float, float]:
    for one in ids[:5]:
        ask(one)
    spent = []
    for one in ids:
        begun = time.perf_counter()
        ask(one)
        spent.append((time.perf_counter() - begun) * 1000)
    return round(float(np.percentile(spent, 50)), 2), round(float(np.percentile(spent, 99)), 2)


def _write(root: Path, firms: int) -> list[str]:
    """The drawn book through the real ledger and builder."""
    told, ledger = draw(firms), Ledger.open(root / "ledger")
    with ledger.begin(BatchHeader("bench", "bench", backfill=True)) as writer:
        for name, table in {"HOLDS_SHARES": told.holdings, "ACTS_WITH": told.concert.drop_columns("valid_from")}.items():
            writer.append(name, _rows(ledger, name, table))
        firm = told.firms.select(["id", "name"]).set_column(0, "id", pa.array([one[5:] for one in told.firms["id"].to_pylist()]))
        writer.append("Firm", _rows(ledger, "Firm", firm))
        writer.commit()
    build_ladybug(ledger, root / "graph")
    ids: list[str] = told.firms["id"].to_pylist()
    return ids


def _rows(ledger: Ledger, name: str, table: pa.Table) -> pa.Table:
    schema, count = ledger_schema(ledger.ontology, name), table.num_rows
    known: dict[str, Any] = {"valid_from": date(2020, 1, 1), "valid_to": date(9999, 12, 31), "recorded_at": 1_600_000_000_000_000}
    columns = {column: table[column] for column in table.column_names}
    for end in ("src", "dst"):
        if end in columns:
            split = [one.split("-") for one in columns[end].to_pylist()]
            columns[end], columns[f"{end}_type"] = pa.array([s[1] for s in split]), pa.array([s[0] for s in split])
    plain_values = {**known, "action": "state", "content": "", "stub": False, "file": "bench", "line": 1, "feed": "bench"}
    arrays = []
    for field in schema:
        if field.name in columns:
            arrays.append(columns[field.name].cast(field.type))
        elif field.name in plain_values:
            arrays.append(pa.repeat(pa.scalar(plain_values[field.name], field.type), count))
        else:
            arrays.append(pa.nulls(count, field.type))
    return pa.table(arrays, schema=schema)


def _firm(numbers: Any) -> Any:
    return np.array([f"Firm-{number:032x}" for number in numbers], dtype=object)


def _person(numbers: Any) -> Any:
    return np.array([f"Person-{number:032x}" for number in numbers], dtype=object)


def _ends(src: Any, dst: Any) -> pa.Table:
    ids = [f"{number:032x}" for number in range(len(src))]
    return pa.table(
        {"id": ids, "src": pa.array(src, pa.string()), "dst": pa.array(dst, pa.string()), "valid_from": [DAY] * len(ids)}
    )


def _firms(ids: Any) -> pa.Table:
    count = len(ids)
    capital = pa.array(np.random.default_rng(SEED).integers(10**7, 10**11, count))
    return pa.table(
        {
            "id": pa.array(ids, pa.string()),
            "name": pa.array(ids, pa.string()),
            "uscc": pa.nulls(count, pa.string()),
            "state_owned": pa.array(np.zeros(count, np.bool_)),
            "registered_capital_fen": capital,
            "currency": pa.repeat("CNY", count),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--plain", type=int, default=10_000, help="the size at which the plain way is asked too")
    parser.add_argument("--firms", type=int, default=200, help="single firms asked; 0: none")
    parser.add_argument("--store-firms", type=int, default=20_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: list[Book | OneFirm] = []
    for size in (int(text) for text in options.sizes.split(",") if text):
        # Spawned, for a forked process would carry what this one holds.
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            found.append(pool.submit(measure, size, size == options.plain).result())
        print(found[-1], flush=True)
    if options.firms:
        found.append(measure_one(options.store_firms, options.firms))
        print(found[-1])
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in found], indent=1))


if __name__ == "__main__":
    main()
