"""How entities stand in their relations, labels unseen: degrees, neighbourhoods of one and two steps, surroundings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from models.study.world import Floats, Index, World

HUB = 200  # a node that ties more than so many says little of each, and its pairs would be too many to hold
_TINY = 1e-12

Table = dict[str, Floats]


@dataclass(frozen=True)
class Shape:
    """`simple`: [nodes, nodes], 1 where any relation stands between two nodes. `block`: the connected part of each node."""

    world: World
    simple: sp.csr_matrix
    block: Index

    @classmethod
    def of(cls, world: World) -> "Shape":
        src = np.concatenate([np.empty(0, np.int64), *(c.src for c in world.channels)])
        dst = np.concatenate([np.empty(0, np.int64), *(c.dst for c in world.channels)])
        simple = _ones(src, dst, world.nodes)
        return cls(world, simple, connected_components(simple, directed=False)[1].astype(np.int64))


def _ones(src: Index, dst: Index, size: int) -> sp.csr_matrix:
    """Symmetric, without loops, every entry 1."""
    apart = src != dst
    one = sp.coo_matrix((np.ones(int(apart.sum())), (src[apart], dst[apart])), (size, size)).tocsr()
    both = (one + one.T).tocsr()
    both.data[:] = 1.0
    return both


def positions(shape: Shape) -> Table:
    """Degrees of several kinds, leaves, triangles, surroundings of two steps, and how an entity compares within its block."""
    world, simple = shape.world, shape.simple
    n, degree = world.size, _sums(simple)
    entity = np.arange(world.nodes) < n
    leaf, other = (degree == 1) & ~entity, (~entity).astype(np.float64)
    out: Table = {"neighbours": degree[:n]}
    out["other nodes"] = (simple @ other)[:n]
    out["neighbouring entities"] = degree[:n] - out["other nodes"]
    out["leaves"] = (simple @ leaf.astype(np.float64))[:n]
    out["share of leaves"] = _over(out["leaves"], out["other nodes"])
    relations = np.zeros(world.nodes)
    for channel in world.channels:
        relations += np.bincount(channel.src, minlength=world.nodes) + np.bincount(channel.dst, minlength=world.nodes)
    out["relations a neighbour"] = _over(relations[:n], degree[:n])
    out["mean degree of neighbours"] = _over((simple @ degree)[:n], degree[:n])
    out["largest degree of neighbours"] = _largest(simple[:n], degree)
    calm = _without_hubs(simple, degree)
    two = (calm @ calm).tocsr()
    out["within two steps"] = np.diff(two.indptr)[:n].astype(np.float64)
    out["triangles"] = _sums(two.multiply(calm).tocsr())[:n]
    out["pagerank"] = _pagerank(simple, degree)[:n] * len(degree)
    return {**out, **_blocks(shape, degree, leaf), **_roles(world)}


def channel_degrees(world: World) -> Table:
    """By channel and way: how many relations, and how much they amount to."""
    out: Table = {}
    n = world.size
    for channel in world.channels:
        for way, end in (("out", channel.src), ("in", channel.dst)):
            if not (end < n).any():
                continue
            out[f"{channel.name}.{way}"] = np.bincount(end, minlength=world.nodes)[:n].astype(np.float64)
            if (channel.weight > 0).any() and np.nanstd(channel.weight) > _TINY:
                amount = np.nan_to_num(np.maximum(channel.weight, 0))
                out[f"{channel.name}.{way} log amount"] = _weighed(end, np.log1p(amount), world.nodes)[:n]
                out[f"{channel.name}.{way} share"] = _top_share(end, amount, world.nodes)[:n]
    return out


def neighbourhoods(shape: Shape, frequent: Callable[[str, sp.csr_matrix], bool]) -> dict[str, sp.csr_matrix]:
    """By name, which entity hears which: [size, size], no loops. `frequent` says which relations get one of their own."""
    world, n = shape.world, shape.world.size
    degree = _sums(shape.simple)
    calm = _without_hubs(shape.simple, degree)
    out = {"direct": shape.simple[:n, :n].tocsr()}
    for channel in (c for c in world.channels if not c.other):
        forth = sp.coo_matrix((np.ones(len(channel.src)), (channel.src, channel.dst)), (n, n)).tocsr()
        for way, matrix in (("out", forth), ("in", forth.T.tocsr())):
            _offer(out, f"{channel.name}.{way}", matrix, frequent)
    across = calm[:n, n:].tocsr()
    out["through others"] = _plain(across @ across.T)
    out["two steps"] = _plain((calm @ calm)[:n, :n])
    return out


def _sums(matrix: sp.csr_matrix) -> Floats:
    """Of each row."""
    return np.asarray(matrix.sum(1), np.float64).ravel()


def _offer(out: dict[str, sp.csr_matrix], name: str, matrix: sp.csr_matrix, frequent: Callable[[str, sp.csr_matrix], bool]) -> None:
    plain = _plain(matrix)
    if frequent(name, plain):
        out[name] = plain


def _plain(matrix: sp.csr_matrix) -> sp.csr_matrix:
    out = matrix.tocoo()
    apart = (out.row != out.col) & (out.data != 0)
    plain = sp.coo_matrix((np.ones(int(apart.sum())), (out.row[apart], out.col[apart])), out.shape).tocsr()
    plain.data[:] = 1.0
    return plain


def _without_hubs(simple: sp.csr_matrix, degree: Floats) -> sp.csr_matrix:
    keep = sp.diags((degree <= HUB).astype(np.float64))
    out: sp.csr_matrix = (keep @ simple @ keep).tocsr()
    out.eliminate_zeros()
    return out


def _blocks(shape: Shape, degree: Floats, leaf: NDArray[np.bool_]) -> Table:
    n, block = shape.world.size, shape.block
    nodes, entities = np.bincount(block), np.bincount(block[:n], minlength=int(block.max()) + 1 if len(block) else 0)
    edges, leaves = _weighed(block, degree, len(nodes)) / 2, _weighed(block, leaf.astype(np.float64), len(nodes))
    at = block[:n]
    return {
        "nodes of its block": nodes[at].astype(np.float64),
        "entities of its block": entities[at].astype(np.float64),
        "relations a node of its block": _over(edges[at], nodes[at].astype(np.float64)),
        "share of leaves in its block": _over(leaves[at], nodes[at].astype(np.float64)),
    }


def _roles(world: World) -> Table:
    """Of other nodes at an entity: how many stand there in two or more channels, and how many entities they tie to."""
    n = world.size
    through = [c for c in world.channels if c.other]
    if not through:
        return {}
    ties = []
    for channel in through:
        ends = np.sort(np.column_stack([channel.src, channel.dst]), axis=1)  # entities are numbered first
        ties.append(np.unique(ends, axis=0))
    pairs, times = np.unique(np.vstack(ties), axis=0, return_counts=True)
    reach = np.bincount(pairs[:, 1], minlength=world.nodes).astype(np.float64)
    held = np.bincount(pairs[:, 0], minlength=n)[:n].astype(np.float64)
    several = _weighed(pairs[:, 0], (times > 1).astype(np.float64), n)[:n]
    spread = _weighed(pairs[:, 0], reach[pairs[:, 1]], n)[:n]
    return {
        "others in several roles": several,
        "share in several roles": _over(several, held),
        "entities an other ties": _over(spread, held),
    }


def _pagerank(simple: sp.csr_matrix, degree: Floats, steps: int = 40, damping: float = 0.85) -> Floats:
    """Brin and Page (1998), power iteration; nodes without relations keep the jump alone."""
    size = len(degree)
    share = (sp.diags(1.0 / np.maximum(degree, 1)) @ simple).T.tocsr()
    rank = np.full(size, 1.0 / max(size, 1))
    for _ in range(steps):
        rank = (1 - damping) / size + damping * (share @ rank)
    return rank


def _top_share(end: Index, amount: Floats, size: int) -> Floats:
    total, top = _weighed(end, amount, size), np.zeros(size)
    np.maximum.at(top, end, amount)
    return _over(top, total)


def _weighed(place: Index, weight: Floats, size: int) -> Floats:
    """Sum of weights at each place, [size] or more."""
    return np.asarray(np.bincount(place, weight, size), np.float64)


def _largest(matrix: sp.csr_matrix, values: Floats) -> Floats:
    """The largest value among each row's entries, NaN where it has none."""
    out = np.full(matrix.shape[0], np.nan)
    some = np.flatnonzero(np.diff(matrix.indptr))
    if len(some):
        out[some] = np.maximum.reduceat(values[matrix.indices], matrix.indptr[some])
    return out


def _over(above: Floats, below: Floats) -> Floats:
    """NaN where there is nothing to divide by."""
    out: Floats = np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
    return out
