"""The cheapest cut: guarantees to give up so that no circle is left, at the least sum of amounts (minimum feedback arc set).

    exact      pairs, and circles with one way round, by looking; up to eight members by the best of their orders (`cut_small`);
               up to EXACT arcs by an integer programme: one 0/1 variable an
               arc, for each circle known so far a row that at least one of its arcs is cut, and rows added as long as what is
               left still holds a circle (Grötschel, Jünger, Reinelt, A cutting plane algorithm for the linear ordering
               problem, Operations Research 32, 1984). Proven optimal, else told as a bound with its gap.
    bounded    up to LOCAL arcs: of each circle found the least remaining cost is taken off all its arcs (Demetrescu and
               Finocchi, Information Processing Letters 86, 2003). What was taken off adds up to a lower bound, for no two units
               of it can be saved by one cut unit; the arcs that went to 0 are the cut.
    ordered    beyond: members by what they give less what they take, and of both directions the cheaper one is cut; the lower
               bound is what pairs that guarantee each other must give up.

In all of them arcs that close no circle any more are put back. No limit of time is used, so that an answer never depends on the
machine.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from graph.knowledge.circles.cut_small import MOST, best_orders
from graph.knowledge.circles.links import Bools, Ints

EXACT = 400  # arcs
LOCAL = 20_000
_ROUNDS = 60
_NODES = 20_000  # of the branch-and-bound tree, in one round


@dataclass(frozen=True)
class Cut:
    """Which arcs (by number), what they cost, and below which cost no cut can be. Equal: the cheapest there is."""

    arcs: Ints
    cost: int
    bound: int

    @property
    def exact(self) -> bool:
        return self.cost == self.bound


def cheapest_cuts(src: Ints, dst: Ints, cost: Ints, circle: Ints) -> list[Cut]:
    """Of each circle its cut, by its number; `circle` of each arc ascends, and each pair of a circle is there once.

    Nodes are whole numbers, each in one circle. Costs are whole numbers of 1 and more.
    """
    nodes, place = np.unique(np.concatenate([src, dst]), return_inverse=True)
    place = place.ravel()
    begins = np.searchsorted(circle, np.arange(int(circle.max(initial=-1)) + 2))
    of = np.zeros(len(nodes), np.int64)
    of[place[: len(src)]] = circle
    order = np.argsort(of, kind="stable")
    sizes = np.bincount(of, minlength=len(begins) - 1)
    local = np.zeros(len(nodes), np.int64)
    local[order] = np.arange(len(nodes)) - (np.cumsum(sizes) - sizes)[of[order]]
    every = _Every(local[place[: len(src)]], local[place[len(src) :]], cost, circle, begins)
    found: dict[int, Cut] = {}
    for n in range(3, MOST + 1):
        found |= every.small(np.flatnonzero((sizes == n) & (np.diff(begins) > n)), n)
    return [found.get(number) or every.one(number, int(sizes[number])) for number in range(len(sizes))]


@dataclass(frozen=True)
class _Every:
    """Arcs of all circles, those of one next to each other; nodes by their number within the circle."""

    src: Ints
    dst: Ints
    cost: Ints
    circle: Ints
    begins: Ints

    def one(self, number: int, size: int) -> Cut:
        part = slice(self.begins[number], self.begins[number + 1])
        cut = cheapest_cut(self.src[part], self.dst[part], self.cost[part], size)
        return Cut(cut.arcs + self.begins[number], cut.cost, cut.bound)

    def small(self, numbers: Ints, n: int) -> dict[int, Cut]:
        """Of circles of `n` nodes each."""
        if not len(numbers):
            return {}
        rank = np.full(len(self.begins), -1, np.int64)
        rank[numbers] = np.arange(len(numbers))
        mine = np.flatnonzero(rank[self.circle] >= 0)
        at, src, dst = rank[self.circle[mine]], self.src[mine], self.dst[mine]
        costs = np.zeros((len(numbers), n, n), np.int64)
        costs[at, src, dst] = self.cost[mine]
        place = best_orders(costs)
        backward = place[at, src] > place[at, dst]
        arcs, of = mine[backward], at[backward]
        ends = np.searchsorted(of, np.arange(len(numbers) + 1))
        parts = [arcs[begin:end] for begin, end in pairwise(ends.tolist())]
        sums = [int(self.cost[part].sum()) for part in parts]
        return {number: Cut(part, fen, fen) for number, part, fen in zip(numbers.tolist(), parts, sums, strict=True)}


def cheapest_cut(src: Ints, dst: Ints, cost: Ints, size: int) -> Cut:
    """Of one strongly connected graph of `size` nodes, each pair once. Costs are whole numbers of 1 and more."""
    if len(src) == size:  # one way round, so any one arc will do
        least = int(np.argmin(cost))
        return Cut(np.array([least]), int(cost[least]), int(cost[least]))
    graph = _Graph(src, dst, cost, size)
    if len(src) <= EXACT:
        return _programmed(graph)
    return _local(graph) if len(src) <= LOCAL else _ordered(graph)


@dataclass(frozen=True)
class _Graph:
    src: Ints
    dst: Ints
    cost: Ints
    size: int

    def without(self, cut: Bools) -> csr_array:
        kept = ~cut
        data = np.flatnonzero(kept) + 1  # the arc's number, so that a path can be told in arcs
        return coo_array((data, (self.src[kept], self.dst[kept])), shape=(self.size, self.size)).tocsr()

    def order(self, cut: Bools) -> Ints:
        """Of each node its place in an order in which all that is left leads onward."""
        left = self.without(cut)
        waiting = np.bincount(self.dst[~cut], minlength=self.size)
        place, at = np.zeros(self.size, np.int64), 0
        ready = np.flatnonzero(waiting == 0).tolist()
        while ready:
            node = ready.pop()
            place[node], at = at, at + 1
            for other in left.indices[left.indptr[node] : left.indptr[node + 1]].tolist():
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
        return place

    def told(self, cut: Bools, bound: int) -> Cut:
        cost = int(self.cost[cut].sum())
        return Cut(np.flatnonzero(cut), cost, min(max(bound, 0), cost))


def _put_back(graph: _Graph, cut: Bools, each: bool) -> Bools:
    """Arcs that close no circle, the dearest first; without `each` only those that one order shows at once."""
    place = graph.order(cut)
    cut = cut & ~(place[graph.src] < place[graph.dst])
    if each:
        for arc in sorted(np.flatnonzero(cut).tolist(), key=lambda one: (-int(graph.cost[one]), one)):
            reached = breadth_first_order(graph.without(cut), int(graph.dst[arc]), return_predecessors=False)
            if graph.src[arc] not in reached:
                cut[arc] = False
    return cut


def _programmed(graph: _Graph) -> Cut:
    from scipy.optimize import Bounds, LinearConstraint, milp

    arcs = len(graph.src)
    scale = max(1, int(graph.cost.max()))
    known: dict[frozenset[int], None] = dict.fromkeys(_circles(graph, np.zeros(arcs, np.bool_)))
    cut, bound = np.zeros(arcs, np.bool_), 0
    for _ in range(_ROUNDS):
        rows = np.repeat(np.arange(len(known)), [len(circle) for circle in known])
        columns = np.array([arc for circle in known for arc in sorted(circle)])
        matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(known), arcs))
        found = milp(
            graph.cost / scale * 1e4,
            integrality=np.ones(arcs, np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, lb=1),
            options={"mip_rel_gap": 0.0, "node_limit": _NODES},
        )
        if found.x is None:
            break
        cut = found.x > 0.5
        proven = found.status == 0
        told = int(graph.cost[cut].sum()) if proven else int(np.floor(found.mip_dual_bound * scale / 1e4))
        bound = max(bound, told)
        more = _circles(graph, cut)
        if not more:
            return graph.told(_put_back(graph, cut, each=True), bound)
        known |= dict.fromkeys(more)
    rest = _local(graph)
    return Cut(rest.arcs, rest.cost, min(rest.cost, max(bound, rest.bound)))


def _circles(graph: _Graph, cut: Bools) -> list[frozenset[int]]:
    """A shortest circle through each node that still is in one, as sets of arcs."""
    left = graph.without(cut)
    part = connected_components(left, directed=True, connection="strong")[1]
    crowded = np.flatnonzero(np.bincount(part)[part] > 1)
    found: dict[frozenset[int], None] = {}
    for node in crowded.tolist():
        order, back = breadth_first_order(left, node)
        closing = np.flatnonzero((graph.dst == node) & ~cut & np.isin(graph.src, order))
        rank = {one: at for at, one in enumerate(order.tolist())}
        last = min(closing.tolist(), key=lambda arc: rank[int(graph.src[arc])])
        arcs, at = [last], int(graph.src[last])
        while at != node:
            before = int(back[at])
            begin, end = left.indptr[before], left.indptr[before + 1]
            (step,) = left.data[begin:end][left.indices[begin:end] == at]
            arcs.append(int(step) - 1)
            at = before
        found[frozenset(arcs)] = None
    return list(found)


def _local(graph: _Graph) -> Cut:
    """One walk in depth; after a circle is closed it goes on from where the first arc of the circle went to 0."""
    rest = graph.cost.astype(np.int64).copy()
    gone = np.zeros(len(graph.src), np.bool_)
    order = np.lexsort((graph.dst, graph.src))
    begins = np.searchsorted(graph.src[order], np.arange(graph.size + 1)).tolist()
    out, heads = order.tolist(), graph.dst.tolist()
    pointer, state, bound = begins[:-1].copy(), [0] * graph.size, 0  # 0 not seen, 1 on the path, 2 done
    for root in range(graph.size):
        path: list[tuple[int, int]] = [(root, -1)] if not state[root] else []  # a node and the arc that led to it
        if path:
            state[root] = 1
        while path:
            node = path[-1][0]
            if pointer[node] == begins[node + 1]:
                state[node] = 2
                path.pop()
                if path:
                    pointer[path[-1][0]] += 1
                continue
            arc = out[pointer[node]]
            head = heads[arc]
            if gone[arc] or state[head] == 2:
                pointer[node] += 1
            elif state[head] == 0:
                state[head] = 1
                path.append((head, arc))
            else:
                begin = next(at for at in range(len(path) - 1, -1, -1) if path[at][0] == head)
                bound += _taken_off([*(one for _, one in path[begin + 1 :]), arc], rest, gone)
                _step_back(path, begin, gone, state)
    return graph.told(_put_back(graph, gone, each=len(graph.src) <= EXACT * 5), bound)


def _taken_off(circle: list[int], rest: Ints, gone: Bools) -> int:
    """Takes the least remaining cost off the arcs of a circle."""
    least = int(min(rest[circle]))
    rest[circle] -= least
    gone[[arc for arc in circle if rest[arc] == 0]] = True
    return least


def _step_back(path: list[tuple[int, int]], begin: int, gone: Bools, state: list[int]) -> None:
    """Shortens the path to before its first arc that is gone, of those behind `begin`."""
    for at in range(begin + 1, len(path)):
        if gone[path[at][1]]:
            for node, _ in path[at:]:
                state[node] = 0
            del path[at:]
            return


def _ordered(graph: _Graph) -> Cut:
    net = np.bincount(graph.src, graph.cost, graph.size) - np.bincount(graph.dst, graph.cost, graph.size)
    place = np.empty(graph.size, np.int64)
    place[np.lexsort((np.arange(graph.size), -net))] = np.arange(graph.size)
    backward = place[graph.src] > place[graph.dst]
    if graph.cost[backward].sum() > graph.cost[~backward].sum():
        backward = ~backward
    both = graph.without(np.zeros(len(graph.src), np.bool_))
    both.data = graph.cost[both.data - 1].astype(np.float64)
    bound = int(both.minimum(both.T.tocsr()).sum()) // 2
    return graph.told(_put_back(graph, backward, each=False), bound)
