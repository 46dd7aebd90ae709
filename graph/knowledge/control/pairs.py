"""Who controls whom: by one's own votes and those one controls, and jointly by acting in concert."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graph.knowledge.control.holdings import TOLERANCE, Bools, Floats, Holdings, Ints, among, components, distinct
from graph.knowledge.control.votes import HALF, Reach, one_by_one, reach


@dataclass(frozen=True)
class Pairs:
    """`src` controls `dst`, each pair once. `votes`: commanded there with all that it controls (and acts with, if `joint`)."""

    src: Ints
    dst: Ints
    votes: Floats
    joint: Bools
    size: int

    @cached_property
    def matrix(self) -> csr_array:
        """1 where the row controls the column."""
        return csr_array((np.ones(len(self.src)), (self.src, self.dst)), shape=(self.size, self.size))

    @cached_property
    def circle(self) -> Ints:
        """The number of the circle of control that each entity is in; most are alone in theirs."""
        return np.asarray(connected_components(self.matrix, connection="strong")[1], np.int64)

    @cached_property
    def in_circle(self) -> Bools:
        """Entities that control each other in a circle."""
        return np.asarray(np.bincount(self.circle)[self.circle] > 1)

    @cached_property
    def ultimate(self) -> Bools:
        """Pairs whose controller is itself controlled by nobody (but, in a circle, by the circle)."""
        if not len(self.src):
            return np.zeros(0, np.bool_)
        outer = self.circle[self.src] != self.circle[self.dst]
        below = np.zeros(self.circle.max() + 1, np.bool_)
        below[self.circle[self.dst[outer]]] = True
        return np.asarray(outer & ~below[self.circle[self.src]], np.bool_)


@dataclass(frozen=True)
class Control:
    """The fixpoints behind the pairs: of each holder by itself, and of each group that acts in concert."""

    pairs: Pairs
    holders: Ints
    alone: Reach  # a row a holder
    members: csr_array  # a row a group: who is in it, with those who control a member
    together: Reach  # a row a group

    def commanded(self, src: Ints, dst: Ints) -> Floats:
        """The votes that each `src` commands by itself in each `dst`."""
        row = np.searchsorted(self.holders, src)
        holds = among(src, self.holders)
        found = np.zeros(len(src))
        if holds.any():
            found[holds] = np.asarray(self.alone.votes[row[holds], dst[holds]]).ravel()
        return found


def control_of(holdings: Holdings) -> Control:
    """Both fixpoints, and the pairs that follow."""
    size, votes = holdings.size, holdings.votes.sparse
    holders = distinct(holdings.votes.src)
    alone = reach(one_by_one(holders, size), votes)
    src, dst = _beyond_starts(alone.controls, one_by_one(holders, size))
    single = Pairs(holders[src], dst, _at(alone.votes, src, dst), np.zeros(len(dst), np.bool_), size)
    members = _groups(holdings, single)
    if not members.shape[0]:
        nobody = csr_array(members.shape, dtype=np.float64)
        return Control(single, holders, alone, members, Reach(nobody, nobody))
    together = reach(members, votes)
    return Control(_joined(single, members, together), holders, alone, members, together)


def deadlocks(control: Control, holdings: Holdings) -> tuple[Ints, Ints]:
    """Firms that nobody controls and that two sides hold half of each: pairs of a party and such a firm.

    A side is one holder (not one that another party controls) or a group that acts in concert.
    """
    size = holdings.size
    held = np.bincount(control.pairs.dst, minlength=size) > 0
    half_alone = _halves(control.alone.votes, held, control.holders, size)
    half_together = _halves(control.together.votes, held, np.arange(control.members.shape[0]), control.members.shape[0])
    if half_alone.nnz + half_together.nnz < 2:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    above = control.pairs.matrix.T @ half_alone + control.members.astype(np.float64).T @ half_together
    half_alone = csr_array(half_alone - half_alone.multiply(above > 0))
    half_alone.eliminate_zeros()
    sides = np.bincount(half_alone.indices, minlength=size) + np.bincount(half_together.indices, minlength=size)
    parties = csr_array(half_alone + control.members.astype(np.float64).T @ half_together).tocoo()
    kept = sides[parties.col] > 1
    return np.asarray(parties.row[kept], np.int64), np.asarray(parties.col[kept], np.int64)


def _halves(votes: csr_array, held: Bools, rows: Ints, count: int) -> csr_array:
    found = votes.tocoo()
    half = (np.abs(found.data - HALF) <= TOLERANCE) & ~held[found.col]
    ends = (rows[found.row[half]], found.col[half])
    return csr_array((np.ones(int(half.sum())), ends), shape=(count, votes.shape[1]))


def _groups(holdings: Holdings, single: Pairs) -> csr_array:
    """Groups that act in concert, over however many agreements; whoever controls a member stands in its place too."""
    left, right = holdings.numbers["concert", "src"], holdings.numbers["concert", "dst"]
    if not len(left):
        return csr_array((0, holdings.size), dtype=np.bool_)
    group = components(left, right, holdings.size)
    member = distinct(np.r_[left[left != right], right[left != right]])
    number = np.full(group.max(initial=-1) + 1, -1, np.int64)
    found = distinct(group[member])
    number[found] = np.arange(len(found))
    of_entity = np.full(holdings.size, -1, np.int64)
    of_entity[member] = number[group[member]]
    behind = of_entity[single.dst] >= 0
    rows = np.r_[of_entity[member], of_entity[single.dst[behind]]]
    every = csr_array((np.ones(len(rows), np.int64), (rows, np.r_[member, single.src[behind]])), shape=(len(found), holdings.size))
    return csr_array(every > 0)


def _joined(single: Pairs, members: csr_array, together: Reach) -> Pairs:
    """The single pairs, and those that only acting in concert gives: each member of the group controls jointly."""
    group, dst = _beyond_starts(together.controls, members)
    alone = csr_array(members.astype(np.float64) @ single.matrix)
    only = np.asarray(alone[group, dst]).ravel() == 0 if len(group) else np.zeros(0, np.bool_)
    group, dst = group[only], dst[only]
    votes = _at(together.votes, group, dst)
    count = np.diff(members.indptr)[group]
    src = _ranges(members, group)
    dst, votes = np.repeat(dst, count), np.repeat(votes, count)
    order = np.lexsort((-votes, dst, src))
    src, dst, votes = src[order], dst[order], votes[order]
    first = np.r_[True, (np.diff(src) != 0) | (np.diff(dst) != 0)][: len(src)]
    src, dst, votes = src[first], dst[first], votes[first]
    joint = np.r_[single.joint, np.ones(len(src), np.bool_)]
    return Pairs(np.r_[single.src, src], np.r_[single.dst, dst], np.r_[single.votes, votes], joint, single.size)


def _beyond_starts(controls: csr_array, starts: csr_array) -> tuple[Ints, Ints]:
    """Row and column of what is controlled and was not in the start."""
    found = csr_array(controls - starts.astype(np.float64))
    found.eliminate_zeros()
    coo = found.tocoo()
    return np.asarray(coo.row, np.int64), np.asarray(coo.col, np.int64)


def _at(values: csr_array, rows: Ints, columns: Ints) -> Floats:
    return np.asarray(values[rows, columns], np.float64).ravel() if len(rows) else np.zeros(0)


def _ranges(members: csr_array, groups: Ints) -> Ints:
    """The members of each group in turn."""
    chosen = members[groups] if len(groups) else members[:0]
    return np.asarray(chosen.indices, np.int64)
