"""Group clients of a whole book, by arrays against plain NetworkX, and connected clients down the chains of dependence.

python -m bench.groups [--firms 10000 100000] [--peer 100000]
"""

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import networkx as nx
import numpy as np
import polars as pl
import pyarrow as pa

from graph.knowledge.control.assess import Assessment
from graph.knowledge.control.holdings import Told
from graph.knowledge.groups.connected import Linked, connect
from graph.knowledge.groups.grouping import group
from graph.knowledge.groups.settings import settings
from graph.knowledge.groups.told import SAID, Ground

_T = TypeVar("_T")
_END = {"id": pl.String, "src": pl.String, "dst": pl.String}


@dataclass(frozen=True)
class Measured:
    """`groups_s` and `networkx_s`: from tables of controllers and kin to groups; ours with every reason and its proof.

    `processor_s`: of all threads for groups and connected clients, which other work on the machine lengthens less.
    """

    firms: int
    control_pairs: int
    groups: int
    control_s: float
    groups_s: float
    connected_s: float
    processor_s: float
    networkx_s: float | None
    peak_memory_mb: int


def told_of(firms: int, seed: int = 7) -> tuple[Told, pl.DataFrame]:
    """Trees of firms: of ten, four are held by an earlier one nearby, three by a person; some persons have kin. With the kin."""
    rng = np.random.default_rng(seed)
    number = np.arange(firms)
    draw = rng.random(firms)
    below = (draw < 0.4) & (number % 20 > 0)
    mother = number - 1 - (rng.integers(0, 1 << 30, firms) % np.maximum(number % 20, 1))
    person = (draw >= 0.4) & (draw < 0.7)
    owner = rng.integers(0, firms // 2 + 1, firms)
    firm_ids, person_ids = (np.array([f"{kind}-{n:032x}" for n in number]) for kind in ("Firm", "Person"))
    src = np.r_[firm_ids[mother[below]], person_ids[owner[person]], person_ids[owner]]
    dst = np.r_[firm_ids[number[below]], firm_ids[number[person]], firm_ids]
    share = np.r_[np.full(int(below.sum() + person.sum()), 0.6), np.full(firms, 0.3)]
    ids = [f"h{n}" for n in range(len(src))]
    holdings = pl.DataFrame({"id": ids, "src": src, "dst": dst, "equity_share": share}).with_columns(
        voting_share=pl.lit(None, pl.Float64)
    )
    kin_count = firms // 20
    pairs = rng.integers(0, firms // 2 + 1, (kin_count, 2))
    kin = pl.DataFrame(
        {"id": [f"k{n}" for n in range(kin_count)], "src": person_ids[pairs[:, 0]], "dst": person_ids[pairs[:, 1]]}
    ).with_columns(degree=pl.lit(1, pl.Int64), kinship=pl.lit(None, pl.String))
    firm = pl.DataFrame({"id": firm_ids, "name": firm_ids}).with_columns(
        uscc=pl.lit(None, pl.String),
        state_owned=pl.lit(False),
        registered_capital_fen=pl.Series(number),
        currency=pl.lit("CNY"),
    )
    none = pl.DataFrame(schema=_END)
    posts = none.with_columns(role=pl.lit(None, pl.String))
    return Told(*map(arrow, (holdings, none, none, posts, firm))), kin


def arrow(rows: pl.DataFrame) -> pa.Table:
    """As a snapshot gives it."""
    told = rows.to_arrow()
    plain = [pa.field(f.name, pa.string()) if pa.types.is_large_unicode(f.type) else f for f in told.schema]
    return told.cast(pa.schema(plain))


def measure(firms: int, peer: bool) -> Measured:
    """One size."""
    told, kin = told_of(firms)
    (controllers, findings), control_s = timed(lambda: ((found := Assessment(told)).controllers(), found.findings()))
    groups = pa.schema([("id", pa.string()), ("name", pa.string())]).empty_table()
    others = arrow(kin), arrow(pl.DataFrame(schema=_END)), groups
    begun = time.process_time()
    found, groups_s = timed(lambda: group(Ground.of(told, controllers, findings, others, SAID.empty_table()), settings()))
    linked = Linked(found.group_of(), found.ties.control.select("src", "dst"), dependences(firms, told))
    _, connected_s = timed(lambda: connect(linked))
    processor_s = round(time.process_time() - begun, 3)
    networkx_s = None
    if peer:
        sets, networkx_s = timed(lambda: by_networkx(controllers, kin))
        assert len(sets) == found.groups.height
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(
        firms, controllers.num_rows, found.groups.height, control_s, groups_s, connected_s, processor_s, networkx_s, peak
    )


def by_networkx(controllers: pa.Table, kin: pl.DataFrame) -> list[frozenset[str]]:
    """The plain way: edges one by one into a graph, its components, those with two firms and more. Reasons are not told."""
    graph: nx.Graph[str] = nx.Graph()
    for row in controllers.to_pylist():
        graph.add_edge(row["src"], row["dst"])
    for row in kin.iter_rows(named=True):
        if row["src"] in graph and row["dst"] in graph:
            graph.add_edge(row["src"], row["dst"])
    sets = (frozenset(node for node in part if node.startswith("Firm-")) for part in nx.connected_components(graph))
    return [each for each in sets if len(each) > 1]


def dependences(firms: int, told: Told) -> pl.DataFrame:
    """A tenth of the firms sell mostly to another; half of it is confirmed."""
    rng = np.random.default_rng(11)
    ids = np.asarray(told.firms["id"].to_numpy(zero_copy_only=False))
    pairs = rng.integers(0, firms, (firms // 10, 2))
    rows = pl.DataFrame(
        {"id": [f"p{n}" for n in range(len(pairs))], "dependent": ids[pairs[:, 0]].astype(str), "on": ids[pairs[:, 1]].astype(str)}
    )
    return rows.with_columns(status=pl.Series(np.where(rng.random(len(pairs)) < 0.5, "confirmed", "pending").tolist()))


def timed(work: Callable[[], _T]) -> tuple[_T, float]:
    begun = time.perf_counter()
    done = work()
    return done, round(time.perf_counter() - begun, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--firms", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--peer", type=int, default=100_000, help="largest size at which NetworkX is asked too")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results = [measure(firms, firms <= options.peer) for firms in options.firms]
    columns = {
        "firms": 10,
        "pairs": 11,
        "groups": 9,
        "control s": 11,
        "groups s": 10,
        "connected s": 13,
        "processor s": 13,
        "NetworkX s": 12,
    }
    print("".join(f"{name:>{width}}" for name, width in {**columns, "peak MB": 9}.items()))
    for each in results:
        peer = "" if each.networkx_s is None else f"{each.networkx_s:,.2f}"
        times = f"{each.control_s:>11,.2f}{each.groups_s:>10,.2f}{each.connected_s:>13,.2f}{each.processor_s:>13,.2f}"
        print(f"{each.firms:>10,}{each.control_pairs:>11,}{each.groups:>9,}{times}{peer:>12}{each.peak_memory_mb:>9,}")
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in results], indent=1))


if __name__ == "__main__":
    main()
