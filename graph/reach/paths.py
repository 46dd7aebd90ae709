"""The k paths between two entities on which most risk moves, none longer than asked for, none through an entity twice.

Half of the length is widened from each end (`graph.reach.spread`), so every path lies in the ties that were met. Among these,
best first: a path begun is ranked by what it bears so far times the most that the rest can bear in the steps left (Hart,
Nilsson and Raphael 1968: the bound is exact but for turning back, so few are begun in vain).
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from graph.errors import InputError
from graph.network import RiskPath, RiskPaths, RiskStep
from graph.reach.figures import Means, NoFigures
from graph.reach.shares import Flow, flows
from graph.reach.spread import Going, Spread, spread
from graph.store import GraphReader, Hop
from graph.walks import PathQuery, exposure_types, relations_between

MOST_BEGUN = 50_000

Way = tuple[tuple[int, ...], float]


@dataclass(frozen=True)
class RiskPathQuery:
    """`walk`: which relations, on which day, how long and how wide; `k` paths."""

    walk: PathQuery
    k: int = 5


def risk_paths(reader: GraphReader, source: str, bearer: str, query: RiskPathQuery, means: Means | None = None) -> RiskPaths:
    """The `k` ways on which most of the risk of `source` can reach `bearer`. None: an empty answer.

    InputError for a bound below 1, and where both ends are one.
    """
    walk = query.walk
    if min(query.k, walk.max_length, walk.cap_per_hop, walk.max_frontier) < 1:
        raise InputError("The bounds of a search are at least 1.", "Use 1 or more.", "k")
    if source == bearer:
        raise InputError("Both ends are the same entity.", "Name two.", "to")
    types = walk.types or exposure_types(reader.ontology)
    hop, ways = Hop(types, walk.when, cap=walk.cap_per_hop), flows(reader.ontology, types)
    means, far = means or NoFigures(), walk.max_length // 2
    out = spread(reader, source, Going(hop, ways, means, "spreading", walk.max_length - far, walk.max_frontier))
    sides = [out]
    if far:
        sides.append(spread(reader, bearer, Going(hop, ways, means, "arriving", far, walk.max_frontier)))
    ties = _Ties(sides)
    found, whole = ties.best((source, bearer), query.k, walk.max_length)
    floor = max(side.floor for side in sides)
    cuts = tuple(dict.fromkeys(cut for side in sides for cut in side.cuts))
    sure = floor == 0 or (len(found) == query.k and found[-1][1] >= floor)
    edges = pa.concat_tables([table for side in sides for table in side.edges])
    return RiskPaths(tuple(ties.path(way, edges, ways) for way in found), whole and sure and not cuts, floor, cuts)


class _Ties:
    """What the sides met, as arrays: of each pair the strongest tie, `source` to `bearer` by number."""

    def __init__(self, sides: list[Spread]) -> None:
        out = sides[0].ties.rename({"near": "source", "far": "bearer"})
        into = [side.ties.rename({"far": "source", "near": "bearer"}).select(out.columns) for side in sides[1:]]
        told = pl.concat([out, *into]).sort(["share", "type"], descending=[True, False])
        best = told.unique(["source", "bearer"], keep="first", maintain_order=True)
        self.names = sorted({*best["source"].to_list(), *best["bearer"].to_list()})
        self.number = {name: place for place, name in enumerate(self.names)}
        ends = [(self.number[source], self.number[bearer]) for source, bearer in best.select("source", "bearer").iter_rows()]
        self.told = dict(zip(ends, best.select("share", "type", "assumed").iter_rows(), strict=True))
        pairs = np.array(ends, np.int64).reshape(-1, 2)
        self._source, self._bearer, self._shares = pairs[:, 0], pairs[:, 1], best["share"].to_numpy()

    def best(self, ends: tuple[str, str], k: int, length: int) -> tuple[list[Way], bool]:
        """Up to `k` ways, the strongest first, then the shorter, then by ids; and whether the search came to its end."""
        if not set(ends) <= self.number.keys():
            return [], True
        start, end = (self.number[one] for one in ends)
        rest, after = self._rest(end, length), self._after()
        begun: list[tuple[float, int, tuple[int, ...], float]] = [(-float(rest[length][start]), 0, (start,), 1.0)]
        found: list[Way] = []
        for _ in range(MOST_BEGUN):
            if not begun or len(found) == k:
                return found, True
            _, steps, way, share = heapq.heappop(begun)
            if way[-1] == end:
                found.append((way, share))
                continue
            for far, tie in after.get(way[-1], ()):
                bound = share * tie * float(rest[length - steps - 1][far]) if steps < length else 0.0
                if bound > 0 and far not in way:
                    heapq.heappush(begun, (-bound, steps + 1, (*way, far), share * tie))
        return found, False

    def path(self, way: Way, edges: pa.Table, flows: tuple[Flow, ...]) -> RiskPath:
        """A way with the relations of each step: those by which risk moves so, not what leads the other way."""
        ends_that_bear = {(flow.type, flow.bearer) for flow in flows}
        nodes = tuple(self.names[place] for place in way[0])
        steps = []
        for ends in pairwise(way[0]):
            share, kind, assumed = self.told[ends]
            source, bearer = self.names[ends[0]], self.names[ends[1]]
            told = relations_between(edges, (source, bearer), kind)
            moving = tuple(e for e in told if (kind, "src" if e.src == bearer else "dst") in ends_that_bear)
            steps.append(RiskStep(source, bearer, kind, share, assumed, moving))
        return RiskPath(nodes, tuple(steps), way[1])

    def _rest(self, end: int, length: int) -> list[npt.NDArray[np.float64]]:
        """Of every entity the most that can still reach the end, by how many steps are left."""
        none = np.zeros(len(self.names))
        none[end] = 1.0
        rest = [none]
        for _ in range(length):
            further = rest[-1].copy()
            np.maximum.at(further, self._source, self._shares * rest[-1][self._bearer])
            rest.append(further)
        return rest

    def _after(self) -> dict[int, list[tuple[int, float]]]:
        after = defaultdict(list)
        for (source, bearer), (share, _, _) in self.told.items():
            after[source].append((bearer, share))
        return after
