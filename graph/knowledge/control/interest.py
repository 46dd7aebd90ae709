r"""Integrated ownership through any number of layers, cross-holdings and loops included.

With A the shares held directly (rows hold, columns are held), V = (I - A)^-1 sums over all ways of all lengths. What i owns of
j in the end, counting no way that comes back to i, is

    O_ij = V_ij / V_ii  (i != j),     O_ii = 1 - 1 / V_ii

(Brioschi, Buzzacchi, Colombo 1989; corrected for own cross-holdings by Baldone, Brioschi, Paleari 1998; Vitali, Glattfelder,
Battiston 2011, SI). Holdings within each strongly connected part are inverted by itself; between parts they form no loop, so the
sum over them ends. A part that nobody else owns (a all of b, b all of a) has no owner: its inner holdings are left
out.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array, eye_array
from scipy.sparse.csgraph import connected_components

from graph.knowledge.control.holdings import TOLERANCE, Bools, Floats, Ints, Matrix

SMALLEST = 1e-10  # what a way must at least come to, to be followed further
INVERTED = 1_000  # parts of more entities are summed up way by way instead
MOST_STEPS = 10_000
DENSE = 200  # entities


@dataclass(frozen=True)
class Interests:
    """Ready to answer `of(rows)`: V is never formed whole."""

    inner: csr_array  # (I - B)^-1 of the holdings B within parts
    onward: csr_array  # from a part to the next, then within it
    closed: Bools  # entities of parts that nobody outside owns

    @classmethod
    def build(cls, equity: Matrix) -> "Interests":
        """From direct shares."""
        a = equity.sparse
        part = np.asarray(connected_components(a, connection="strong")[1], np.int64)
        within = part[equity.src] == part[equity.dst]
        inside = np.bincount(equity.dst[within], equity.share[within], equity.size)
        open_part = np.zeros(part.max(initial=-1) + 1, np.bool_)
        open_part[part[inside < 1 - TOLERANCE]] = True
        closed = ~open_part[part]
        members = np.bincount(part, minlength=len(open_part))
        inverted = within & ~closed[equity.dst] & (members[part[equity.dst]] <= INVERTED)
        inner = _inverted(equity, inverted, part)
        outer = ~inverted & ~(within & closed[equity.dst])
        shape = a.shape
        between = csr_array((equity.share[outer], (equity.src[outer], equity.dst[outer])), shape=shape)
        return cls(inner, between @ inner, closed)

    def of(self, rows: Ints) -> csr_array:
        """O of these owners (rows, in that order) in every entity (columns)."""
        v = self._ways(_chosen(rows, self.inner.shape[0]))
        own = np.asarray(v[np.arange(len(rows)), rows]).ravel() if len(rows) else np.zeros(0)
        at = np.repeat(np.arange(len(rows)), np.diff(v.indptr))
        values = v.data / own[at]
        itself = v.indices == rows[at]
        values[itself] = 1 - 1 / own[at[itself]]
        found = csr_array((values, v.indices, v.indptr), shape=v.shape)
        found.eliminate_zeros()
        return found

    def weigh(self, at: Floats) -> Floats:
        """Of each entity the part of it that lies, over all ways, at the entities weighed: at^T V."""
        step = self.inner.T @ at
        onward, total = self.onward.T.tocsr(), step.copy()
        for _ in range(MOST_STEPS):
            step = onward @ step
            step[step < SMALLEST] = 0
            if not step.any():
                break
            total += step
        return np.asarray(total, np.float64)

    def ways(self, rows: Ints) -> csr_array:
        """V of these entities (rows) to every entity (columns)."""
        return self._ways(_chosen(rows, self.inner.shape[0]))

    def _ways(self, start: csr_array) -> csr_array:
        if self.onward.shape[0] <= DENSE and start.shape[0] <= DENSE:
            return self._dense_ways(start)
        step = start @ self.inner
        steps = [step.tocoo()]
        for _ in range(MOST_STEPS):
            step = step @ self.onward
            step.data[step.data < SMALLEST] = 0
            step.eliminate_zeros()
            if not step.nnz:
                break
            steps.append(step.tocoo())
        rows, columns = (np.concatenate([getattr(each, end) for each in steps]) for end in ("row", "col"))
        # Once at the end: adding two sparse arrays costs all that is in either, however little the step brought.
        return csr_array((np.concatenate([each.data for each in steps]), (rows, columns)), shape=start.shape)

    def _dense_ways(self, start: csr_array) -> csr_array:
        """The same around one firm, where making a sparse array costs more than all that is multiplied."""
        step, onward = (start @ self.inner).toarray(), self._dense_onward
        total = step.copy()
        for _ in range(MOST_STEPS):
            step = step @ onward
            step[step < SMALLEST] = 0
            if not step.any():
                break
            total += step
        return csr_array(total)

    @cached_property
    def _dense_onward(self) -> Floats:
        return np.asarray(self.onward.toarray(), np.float64)


def _chosen(rows: Ints, size: int) -> csr_array:
    return csr_array((np.ones(len(rows)), (np.arange(len(rows)), rows)), shape=(len(rows), size))


def _inverted(equity: Matrix, chosen: Bools, part: Ints) -> csr_array:
    """(I - B)^-1, B the chosen holdings within parts: parts of equal size are inverted together."""
    size = equity.size
    if not chosen.any():
        return csr_array(eye_array(size))
    looped = np.zeros(size, np.bool_)
    looped[part_members(part, np.unique(part[equity.dst[chosen]]))] = True
    members = np.flatnonzero(looped)
    members = members[np.argsort(part[members], kind="stable")]
    first = np.flatnonzero(np.r_[True, np.diff(part[members]) != 0])
    counts = np.diff(np.r_[first, len(members)])
    place = np.empty(size, np.int64)  # of each member its place within its part
    place[members] = np.arange(len(members)) - np.repeat(first, counts)
    block = np.empty(size, np.int64)
    block[members] = np.repeat(np.arange(len(first)), counts)
    plain = np.flatnonzero(~looped)
    rows, columns, values = [plain], [plain], [np.asarray(np.ones(len(plain)), np.float64)]
    src, dst, share = equity.src[chosen], equity.dst[chosen], equity.share[chosen]
    for count in np.unique(counts):
        blocks = np.flatnonzero(counts == count)
        number = np.full(len(first), -1)
        number[blocks] = np.arange(len(blocks))
        mine = number[block[dst]] >= 0
        dense = np.tile(np.eye(count), (len(blocks), 1, 1))
        dense[number[block[dst[mine]]], place[src[mine]], place[dst[mine]]] -= share[mine]
        inverse = np.linalg.inv(dense)
        of_block = members[first[blocks][:, None] + np.arange(count)]
        rows.append(np.repeat(of_block, count, axis=1).ravel())
        columns.append(np.tile(of_block, (1, count)).ravel())
        values.append(np.asarray(inverse.ravel(), np.float64))
    return csr_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape=(size, size))


def part_members(part: Ints, wanted: Ints) -> Ints:
    """The entities in the wanted parts."""
    chosen = np.zeros(part.max(initial=-1) + 1, np.bool_)
    chosen[wanted] = True
    return np.flatnonzero(chosen[part])
