"""Control as a fixpoint: x and what x controls hold together more than half of the votes of y.

(Bellomarini, Magnanimi, Nicolini, Sallinger, EDBT 2020.) A start may be one entity or several that act in concert. Each round adds
the votes of what was newly controlled, for the starts that gained something only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from graph.knowledge.control.holdings import TOLERANCE, Ints, among

HALF = 0.5


@dataclass(frozen=True)
class Reach:
    """Rows are starts. `controls`: what each controls, itself included. `votes`: what each commands in every entity."""

    controls: csr_array
    votes: csr_array


def one_by_one(entities: Ints, size: int) -> csr_array:
    """A start for each entity."""
    return csr_array((np.ones(len(entities), np.bool_), (np.arange(len(entities)), entities)), shape=(len(entities), size))


def reach(starts: csr_array, votes: csr_array) -> Reach:
    """The least fixpoint from each start, `votes` with rows that hold and columns that are held."""
    count, size = starts.shape
    rows, held = np.arange(count), csr_array(starts.astype(np.float64) @ votes)
    controls = _keys(np.arange(count), starts)
    done_controls, done_votes = [], []
    while True:
        # Keys (row times size plus column), not sparse arrays: for one firm, making those took most of the time.
        over = held.data > HALF + TOLERANCE
        row = np.repeat(np.arange(len(rows)), np.diff(held.indptr))[over]
        key = rows[row] * size + held.indices[over]
        fresh = ~among(key, controls)
        gained = np.zeros(len(rows), np.bool_)
        gained[row[fresh]] = True
        goes_on = np.zeros(count, np.bool_)
        goes_on[rows[gained]] = True
        ended = ~goes_on[controls // max(size, 1)]
        done_controls.append(controls[ended])
        done_votes.append((rows[~gained], held[~gained]) if gained.any() else (rows, held))
        if not gained.any():
            break
        place = np.cumsum(gained) - 1
        into = (np.ones(int(fresh.sum())), (place[row[fresh]], held.indices[over][fresh]))
        new = csr_array(into, shape=(int(gained.sum()), size))
        rows, held = rows[gained], csr_array(held[gained] + new @ votes)
        controls = np.concatenate([controls[~ended], key[fresh]])
    found = np.concatenate(done_controls)
    ones = np.ones(len(found)), (found // max(size, 1), found % max(size, 1))
    return Reach(csr_array(ones, shape=starts.shape), _put_together(done_votes, starts.shape))


def _keys(rows: Ints, entries: csr_array) -> Ints:
    row = np.repeat(rows, np.diff(entries.indptr))
    return np.asarray(row * entries.shape[1] + entries.indices, np.int64)[entries.data > 0]


def _put_together(parts: list[tuple[Ints, csr_array]], shape: tuple[int, int]) -> csr_array:
    """The rows of all parts in the order of their starts."""
    if len(parts) == 1:
        return parts[0][1]
    rows = [numbers[np.repeat(np.arange(len(numbers)), np.diff(part.indptr))] for numbers, part in parts]
    data, columns = [part.data for _, part in parts], [part.indices for _, part in parts]
    return csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
