"""Circles (strongly connected sets over guarantees) and chains (longest paths between them)."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from graph.knowledge.circles.links import Ints, Links


@dataclass(frozen=True)
class Arcs:
    """Guarantees as a graph: parties first, then a knot for each joint scheme. `cost`: the amount of each, at least 1 fen."""

    src: Ints
    dst: Ints
    cost: Ints
    size: int  # parties and knots


@dataclass(frozen=True)
class Rings:
    """`circle`: of each party and knot the number of its circle, -1 outside. Circles are numbered by their first member.

    above: guarantees on the longest chain that leads to a party; below: on the longest that leads from it. What lies in a
    circle counts as one: a circle of three that guarantees a firm is one guarantee above it.
    """

    arcs: Arcs
    circle: Ints
    count: int
    above: Ints
    below: Ints


def arcs_of(links: Links) -> Arcs:
    """Pairs, and two arcs a seat."""
    knot = links.size + links.seats.scheme
    src = np.concatenate([links.pairs.src, links.seats.member, knot])
    dst = np.concatenate([links.pairs.dst, knot, links.seats.member])
    cost = np.maximum(np.concatenate([links.pairs.amount, links.seats.gives, links.seats.takes]), 1)
    return Arcs(src, dst, cost, links.size + len(links.seats.contracts))


def rings_of(links: Links) -> Rings:
    """O(parties + guarantees) for circles; for chains one step of arrays for each level of the longest chain."""
    arcs = arcs_of(links)
    if not arcs.size:
        nothing = np.zeros(0, np.int64)
        return Rings(arcs, nothing, 0, nothing, nothing)
    matrix = coo_array((np.ones(len(arcs.src), np.int8), (arcs.src, arcs.dst)), shape=(arcs.size, arcs.size)).tocsr()
    part = connected_components(matrix, directed=True, connection="strong")[1].astype(np.int64)
    parties = part[: links.size]
    big = np.bincount(parties, minlength=part.max() + 1) > 1
    first = np.full(len(big), arcs.size, np.int64)
    np.minimum.at(first, parties, np.arange(links.size))
    order = np.argsort(np.where(big, first, arcs.size), kind="stable")
    number = np.full(len(big), -1, np.int64)
    number[order[: big.sum()]] = np.arange(big.sum())
    left, right = part[arcs.src], part[arcs.dst]
    above, below = _depth(left, right, len(big)), _depth(right, left, len(big))
    return Rings(arcs, number[part], int(big.sum()), above[parties], below[parties])


def _depth(src: Ints, dst: Ints, size: int) -> Ints:
    """Of each node of an acyclic graph (loops aside) the number of arcs on the longest path that ends there."""
    between = np.sort(src[src != dst] * size + dst[src != dst])
    between = between[np.diff(between, prepend=-1) > 0]
    left, right = between // size, between % size
    after = csr_array((np.ones(len(left), np.int8), (left, right)), shape=(size, size))
    waiting = np.bincount(right, minlength=size)
    depth = np.zeros(size, np.int64)
    ready, level = np.flatnonzero(waiting == 0), 0
    while len(ready):
        depth[ready] = level
        begins, ends = (after.indptr[ready + step].astype(np.int64) for step in (0, 1))
        reached = after.indices[_ranges(begins, ends)]
        touched, times = np.unique(reached, return_counts=True)
        waiting[touched] -= times
        ready, level = touched[waiting[touched] == 0], level + 1
    return depth


def _ranges(begins: Ints, ends: Ints) -> Ints:
    """All numbers from each begin up to its end, one after the other."""
    lengths = (ends - begins).astype(np.int64)
    starts = np.repeat(begins - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths) if len(lengths) else begins
    return np.asarray(starts + np.arange(lengths.sum()), np.int64)
