"""Structural contagion on a drawn book: `python -m bench.contagion [--firms N ...]`, ten relations a firm.

One round of linear DebtRank against a plain SciPy sparse mat-vec of the same matrix (goal: at most 2x), and against the same round
as a NetworkX loop over edges (goal: 200x faster; up to 100,000 firms, where a NetworkX graph still fits). Then whole runs: the
matrix out of rows, DebtRank to rest, Rogers-Veraart clearing, the default cascade with guarantee calls from 1% of firms, one Monte
Carlo run, and the impact of one firm failing alone (of 2,000 together, increments below 0.001 not passed on). Ends of relations
are drawn by a power law, amounts lognormal, equity so that a claim is some hundredths of it. Each size runs in a process of its
own, so its peak memory is its own. Goal: 1,000,000 firms and 10,000,000 relations within 16 GiB, ten times the book at most twelve
times the time.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable

import networkx as nx
import numpy as np
import pyarrow as pa

from bench.peak import peak_mib
from models.contagion.arrays import Floats, Index
from models.contagion.cascade import Losses, run_cascade
from models.contagion.clearing import Costs, clear
from models.contagion.debtrank import impacts, linear_debtrank, step
from models.contagion.guarantees import Guarantees
from models.contagion.network import TRADE, Claims, FirmNetwork, Sheets
from models.stress.compiled import Compiled
from models.stress.draws import Plan, draw

_LOOP_UP_TO = 100_000
_RUNS, _ALONE = 5, 2_000
_COLUMNS = ("matvec", "step", "loop", "network", "debtrank", "clearing", "cascade", "run", "impacts")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--firms", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    arguments.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.one:
        print(json.dumps(_measure(asked.firms[0])))
        return
    print(f"{'firms':>10} {'edges':>11} " + " ".join(f"{name:>10}" for name in _COLUMNS) + f" {'peak MiB':>9}  ratios")
    before: dict[str, float] = {}
    for firms in asked.firms:
        command = [sys.executable, "-m", "bench.contagion", "--one", "--firms", str(firms)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        shown = " ".join(f"{told[name] * 1000:>8.1f}ms" if told[name] else f"{'-':>10}" for name in _COLUMNS)
        ratios = f"step/matvec {told['step'] / told['matvec']:.2f}"
        if told["loop"]:
            ratios += f", loop/step {told['loop'] / told['step']:,.0f}"
        if before:
            grown = (f"{name} {told[name] / before[name]:.1f}x" for name in ("step", "debtrank", "clearing", "cascade"))
            ratios += f"; {firms / before['firms']:.0f}x the book: " + ", ".join(grown)
        print(f"{firms:>10,} {told['edges']:>11,.0f} {shown} {told['peak']:>9,.0f}  {ratios}", flush=True)
        before = told | {"firms": firms}


def _measure(firms: int) -> dict[str, float]:
    network = drawn(firms)
    begun = time.perf_counter()
    lever = network.leverage
    built = time.perf_counter() - begun
    rng = np.random.default_rng(1)
    first = rng.random(firms) < 0.01
    shock = np.where(first, 1.0, 0.0)
    h = np.minimum(1.0, shock + rng.random(firms) * 0.1)
    told: dict[str, float] = {"edges": float(lever.nnz), "network": built}
    told["matvec"], told["step"] = _side_by_side(lambda: lever @ h, lambda: step(lever, h, shock))
    told["loop"] = _loop(network, lever.nnz, h, shock) if firms <= _LOOP_UP_TO else 0.0
    told["debtrank"] = _best(lambda: linear_debtrank(lever, shock, tolerance=1e-9), 3)
    balances = network.balances(np.where(first, 1e15, 0.0))
    told["clearing"] = _best(lambda: clear(balances, Costs(0.8, 0.9)), 3)
    told["cascade"] = _best(lambda: run_cascade(network, first, Losses()), 3)
    compiled = Compiled(network, np.zeros(firms, np.bool_), np.zeros(firms), np.zeros(firms))
    plan = Plan(_RUNS, 0, 0.12, Losses())
    told["run"] = _best(lambda: draw(compiled, np.full(firms, 0.01), plan, {}), 1) / _RUNS
    alone = np.arange(0, firms, max(firms // _ALONE, 1), dtype=np.int64)
    told["impacts"] = _best(lambda: impacts(lever, network.sheets.credit, alone, floor=1e-3), 1) / len(alone)
    return told | {"peak": peak_mib()}


def drawn(firms: int) -> FirmNetwork:
    """Seven trade debts and three guarantees a firm; three in five firms owe the bank."""
    rng = np.random.default_rng(0)
    popular = (rng.pareto(1.5, firms) + 1).cumsum()

    def ends(count: int) -> tuple[Index, Index]:
        one = rng.integers(0, firms, count)
        other = np.searchsorted(popular, rng.random(count) * popular[-1]).astype(np.int64)
        return one[one != other], other[one != other]

    creditor, debtor = ends(7 * firms)
    guarantor, borrower = ends(3 * firms)
    equity = rng.lognormal(20, 1.0, firms)
    credit = np.where(rng.random(firms) < 0.6, rng.lognormal(19, 1.0, firms), 0.0)
    none = pa.nulls(0, pa.string())
    return FirmNetwork(
        firms=pa.array(np.arange(firms)).cast(pa.string()),
        about=pa.table({}),
        sheets=Sheets(
            equity=equity,
            assets=3 * equity,
            liabilities=2 * equity,
            cash=0.3 * equity,
            revenue=equity,
            credit=credit,
            collateral=0.5 * credit,
            realty=0.3 * credit,
            performing=np.ones(firms, np.bool_),
        ),
        claims=Claims(
            creditor, debtor, rng.lognormal(15, 1.0, len(debtor)), np.full(len(debtor), TRADE, np.int64), types=none, rels=none
        ),
        guarantees=Guarantees.of(
            guarantor, borrower, rng.lognormal(16, 1.0, len(borrower)), rng.random(len(borrower)) < 0.8, firms
        ),
        guarantee_rels=none,
        told={},
    )


def _loop(network: FirmNetwork, edges: int, h: Floats, shock: Floats) -> float:
    """One round over a NetworkX graph, as textbooks write it; checked against ours."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(network.size))
    matrix = network.leverage.tocoo()
    graph.add_weighted_edges_from(zip(matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True))
    assert graph.number_of_edges() == edges
    before, hit = h.tolist(), shock.tolist()
    begun = time.perf_counter()
    after = {}
    for creditor in graph:
        arriving = sum(told["weight"] * before[debtor] for debtor, told in graph[creditor].items())
        after[creditor] = min(1.0, hit[creditor] + arriving)
    took = time.perf_counter() - begun
    np.testing.assert_allclose([after[i] for i in range(network.size)], step(network.leverage, h, shock), rtol=1e-9)
    return took


def _side_by_side(one: Callable[[], object], other: Callable[[], object], times: int = 15) -> tuple[float, float]:
    """Turn by turn, so that what else the machine does hits both alike."""
    found = [(_best(one, 1), _best(other, 1)) for _ in range(times)]
    return min(each[0] for each in found), min(each[1] for each in found)


def _best(work: Callable[[], object], times: int = 7) -> float:
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)


if __name__ == "__main__":
    main()
