"""Guarantee circles of a whole book against the plain NetworkX way, and one firm against one hand-written pattern.

    python -m bench.circles [--firms 10000 100000 1000000] [--peer-firms 10000 100000] [--one-firm] [--json FILE]

The book is drawn from a seed: 0.8 guarantees a firm, in communities of eight (pairs, rings, dense knots), chains between them that
never lead back, and one joint scheme of a hundredth of the firms (10,000 at the most). The NetworkX way has the joint scheme as
pairs, finds components and longest chains, and goes from circle to circle: the loss of each member, what returns by one dense
solve, the cheapest cut by one integer programme over all simple circles. It is spared circles of more than eight for these two.
One firm is asked over an embedded store built from the same book; the
hand-written pattern returns, of up to four guarantees onward, those that come back to the firm.
"""

import argparse
import json
import resource
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.optimize import Bounds, LinearConstraint, milp

from graph.knowledge.circles.assess import Assessment
from graph.knowledge.circles.kind import tables_of
from graph.knowledge.circles.told import Told
from graph.knowledge.lineage_of_sets import SETS

SPARED = 8
"""Members of a circle up to which the NetworkX way is asked for what returns and for the cut."""


@dataclass(frozen=True)
class Whole:
    """One size of book. `ratio`: how many times longer NetworkX takes; null where it was not asked."""

    firms: int
    guarantees: int
    circles: int
    in_circles: int
    seconds: float
    networkx_seconds: float | None
    ratio: float | None
    proven_cuts: float
    peak_mb: int


def draw(firms: int, seed: int = 20260331) -> Told:
    """Tables as `told_of` gives them; nothing is ingested."""
    rng = np.random.default_rng(seed)
    ids = np.array([f"Firm-{n:032x}" for n in range(firms)])
    block = 8 * rng.integers(0, firms // 8, firms * 6 // 10)
    src, dst = block + rng.integers(0, 8, len(block)), block + rng.integers(0, 8, len(block))
    left, right = np.sort(rng.integers(0, firms // 8, (2, firms // 5)), axis=0)
    onward = left < right
    src = np.concatenate([src, 8 * left[onward] + rng.integers(0, 8, onward.sum())])
    dst = np.concatenate([dst, 8 * right[onward] + rng.integers(0, 8, onward.sum())])
    apart = src != dst
    src, dst = src[apart], dst[apart]
    members = rng.choice(firms, min(10_000, firms // 100), replace=False)
    joint = np.concatenate([np.zeros(len(src), np.bool_), np.ones(len(members) - 1, np.bool_)])
    src = np.concatenate([src, np.full(len(members) - 1, members[0])])
    dst = np.concatenate([dst, members[1:]])
    order = np.lexsort((dst, src))
    src, dst, joint = src[order], dst[order], joint[order]
    guarantees = pa.table(
        {
            "id": np.array([f"g{n}" for n in range(len(src))]),
            "src": ids[src],
            "dst": ids[dst],
            "amount_fen": rng.integers(10**6, 10**10, len(src)),
            "liability": np.where(rng.random(len(src)) < 0.9, "joint_and_several", "ordinary"),
            "scheme": np.where(joint, "joint", "single"),
            "contract": np.where(joint, "J", ""),
        }
    )
    owes, told = np.flatnonzero(rng.random(firms) < 0.4), np.flatnonzero(rng.random(firms) < 0.7)
    debts = {"party": ids[owes], "note": owes.astype(str), "balance_fen": rng.integers(10**6, 10**10, len(owes))}
    net = {"party": ids[told], "net_assets_fen": rng.integers(-(10**8), 10**10, len(told)), "statement": told.astype(str)}
    elsewhere = {"party": ids[told], "elsewhere_fen": rng.integers(0, 10**9, len(told))}
    return Told(guarantees, pa.table(debts), pa.table(net), pa.table(elsewhere))


def plain(told: Told) -> float:
    """Seconds of the NetworkX way, from the same tables."""
    begun = time.perf_counter()
    owes = dict(zip(*(told.debts[name].to_pylist() for name in ("party", "balance_fen")), strict=True))
    net = dict(zip(*(told.net_assets[name].to_pylist() for name in ("party", "net_assets_fen")), strict=True))
    graph: nx.DiGraph[str] = nx.DiGraph()
    for src, dst, amount in zip(*(told.guarantees[name].to_pylist() for name in ("src", "dst", "amount_fen")), strict=True):
        fen = graph.edges[src, dst]["amount"] + amount if graph.has_edge(src, dst) else amount
        graph.add_edge(src, dst, amount=fen)
    scheme = told.guarantees.filter(pc.equal(told.guarantees["scheme"], "joint"))
    joint = sorted({*scheme["src"].to_pylist(), *scheme["dst"].to_pylist()})
    most = max(scheme["amount_fen"].to_pylist())
    graph.add_edges_from(((a, b) for a in joint for b in joint if a != b), amount=most)
    circles = [part for part in nx.strongly_connected_components(graph) if len(part) > 1]
    dag = nx.condensation(graph)
    for order in (dag, dag.reverse()):
        depth: dict[int, int] = {}
        for node in nx.topological_sort(order):
            depth[node] = 1 + max((depth[before] for before in order.predecessors(node)), default=-1)
    for members in circles:
        sum(owes.get(one, 0) for one in members)
        for one in members:
            pays = sum(min(tie["amount"], max(0, net.get(other, 0))) for other, _, tie in graph.in_edges(one, data=True))
            max(0, owes.get(one, 0) - pays)
        if len(members) <= SPARED:
            _returns(graph, sorted(members))
            _cut(graph.subgraph(members))
    return time.perf_counter() - begun


def _returns(graph: "nx.DiGraph[str]", members: list[str]) -> None:
    flow = nx.to_numpy_array(graph, members, weight="amount")
    given = np.array([sum(tie["amount"] for *_, tie in graph.out_edges(one, data=True)) for one in members])
    flow = flow / given[:, None]
    for at in range(len(members)):
        rest = np.delete(np.arange(len(members)), at)
        np.linalg.lstsq(np.eye(len(rest)) - flow[np.ix_(rest, rest)], flow[rest, at], rcond=None)


def _cut(graph: "nx.DiGraph[str]") -> None:
    arcs = {arc: at for at, arc in enumerate(graph.edges)}
    rows = [[arcs[arc] for arc in zip(circle, [*circle[1:], circle[0]], strict=True)] for circle in nx.simple_cycles(graph)]
    matrix = np.zeros((len(rows), len(arcs)))
    for at, row in enumerate(rows):
        matrix[at, row] = 1
    cost = np.array([tie["amount"] for _, _, tie in graph.edges(data=True)], np.float64)
    milp(
        cost / cost.max(), integrality=np.ones(len(arcs), np.int64), bounds=Bounds(0, 1), constraints=LinearConstraint(matrix, lb=1)
    )


def whole(firms: int, with_peer: bool) -> Whole:
    """All tables of the kind, identities of a first day included."""
    told = draw(firms)
    begun = time.perf_counter()
    tables = tables_of(Assessment(told), SETS.empty_table())
    seconds = time.perf_counter() - begun
    circles = tables["guarantee_circles"]
    exact = np.mean(circles["cut_fen"].to_numpy() == circles["cut_bound_fen"].to_numpy())
    peer = plain(told) if with_peer else None
    return Whole(
        firms,
        told.guarantees.num_rows,
        circles.num_rows,
        tables["guarantee_circle_members"].num_rows,
        round(seconds, 2),
        None if peer is None else round(peer, 2),
        None if peer is None else round(peer / seconds, 1),
        round(float(exact), 4),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


def one_firm(relations: int = 300_000, asked: int = 100) -> dict[str, object]:
    """Milliseconds for one firm over an embedded store, against the pattern on the same store."""
    import ladybug

    from api.rows import RowReader
    from bench.network import DAY, WHEN, measure, write_book
    from graph.knowledge.circles.one_firm import firm_answer
    from graph.snapshot import Snapshot
    from graph.stores import LadybugStore, build_ladybug
    from graph.stores.generations import current_name

    seen = f"r.valid_from <= {DAY} AND {DAY} < r.valid_to AND r.known_from <= {DAY} AND {DAY} < r.known_to"
    pattern = f"MATCH (a:Firm {{id: $id}})-[r:GUARANTEES*1..4 (r, n | WHERE {seen})]->(a) RETURN count(*)"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        ledger, firms = write_book(root, relations)
        build_ladybug(ledger, root / "graph")
        rows, store = RowReader(Snapshot(ledger, date(2026, 3, 31))), LadybugStore(root / "graph")
        some = firms[:: len(firms) // asked][:asked]
        ours = measure(lambda firm: firm_answer(store, rows, firm, WHEN).entities, some)
        database = ladybug.Database(root / "graph" / current_name(root / "graph") / "graph.lbug", read_only=True)
        connection = ladybug.Connection(database)
        connection.set_query_timeout(20_000)

        def theirs(firm: str) -> int:
            try:
                return len(connection.execute(pattern, {"id": firm}).get_all())  # type: ignore[union-attr]
            except RuntimeError:
                return -1

        return {"relations": relations, "ours": asdict(ours), "pattern": asdict(measure(theirs, some))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peer-firms", type=int, nargs="*", default=[10_000, 100_000], help="sizes that NetworkX is asked for")
    parser.add_argument("--one-firm", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    told: dict[str, object] = {"whole": []}
    rows: list[dict[str, object]] = []
    whole(1_000, with_peer=True)  # imports and first calls, of both
    for firms in options.firms:
        rows.append(asdict(whole(firms, firms in options.peer_firms)))
        print(json.dumps(rows[-1]), flush=True)
    told["whole"] = rows
    if options.one_firm:
        told["one_firm"] = one_firm()
        print(json.dumps(told["one_firm"]))
    if options.json:
        options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
