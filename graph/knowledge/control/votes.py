"""Control as a fixpoint: x and what x controls hold together more than half of the votes of y.

(Bellomarini, Magnanimi, Nicolini, Sallinger, EDBT 2020.) A start may be one entity or several that act in concert. Each round adds
the votes of what was newly controlled, for the starts that gained something only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from graph.knowledge.control.holdings import TOLERANCE, Ints

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
    held = csr_array(starts.astype(np.float64) @ votes)
    rows = np.arange(starts.shape[0])
    done_controls: list[tuple[Ints, csr_array]] = []
    done_votes: list[tuple[Ints, csr_array]] = []
    controls = csr_array(starts.astype(np.float64))
    while True:
        new = _over_half(held) - _over_half(held).multiply(controls)
        new = csr_array(new)
        new.eliminate_zeros()
        gained = np.diff(new.indptr) > 0
        done_controls.append((rows[~gained], controls[~gained]))
        done_votes.append((rows[~gained], held[~gained]))
        if not gained.any():
            break
        rows, new = rows[gained], new[gained]
        controls = csr_array(controls[gained] + new)
        held = csr_array(held[gained] + new @ votes)
    shape = starts.shape
    return Reach(_put_together(done_controls, shape), _put_together(done_votes, shape))


def _over_half(held: csr_array) -> csr_array:
    over = held.data > HALF + TOLERANCE
    kept = np.r_[0, np.cumsum(over)][held.indptr]
    return csr_array((np.ones(int(over.sum())), held.indices[over], kept), shape=held.shape)


def _put_together(parts: list[tuple[Ints, csr_array]], shape: tuple[int, int]) -> csr_array:
    """The rows of all parts in the order of their starts."""
    rows = [numbers[np.repeat(np.arange(len(numbers)), np.diff(part.indptr))] for numbers, part in parts]
    data, columns = [part.data for _, part in parts], [part.indices for _, part in parts]
    return csr_array((np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=shape)
