"""What every algorithm here is given: checked sparse matrices, and rows of them picked without a loop."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graph.errors import InputError, YujingError

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
Flags = NDArray[np.bool_]


class NotConvergedError(YujingError):
    """An iteration did not come to rest: there is no number to give."""


def claims_matrix(creditor: Index, debtor: Index, amount: Floats, firms: int) -> sparse.csr_array:
    """claims[i, j] = what i has to get from j, fen: [firms, firms]; parallel rows add up, nothing stands on the diagonal.

    InputError for an amount that is negative or not finite, a firm that owes itself, and an end outside 0 to firms - 1.
    """
    amount = checked(amount, "amount")
    ends = np.concatenate([creditor, debtor])
    if len(ends) and (ends.min() < 0 or ends.max() >= firms):
        raise InputError(f"An end of a claim is none of the {firms} firms.", "Number firms from 0.", "firm")
    if (alone := np.flatnonzero(creditor == debtor)).size:
        raise InputError(f"Firm {int(creditor[alone[0]])} owes itself (row {int(alone[0])}).", "Leave such rows out.", "debtor")
    found = sparse.coo_array((amount, (creditor, debtor)), shape=(firms, firms)).tocsr()
    found.sum_duplicates()
    return found


def checked(values: Floats, field: str, *, negative: bool = False) -> Floats:
    """As float64. InputError names the first place that is not finite or, unless `negative` is allowed, below nothing."""
    values = np.asarray(values, np.float64)
    wrong = ~np.isfinite(values) if negative else ~(np.isfinite(values) & (values >= 0))
    if (at := np.flatnonzero(wrong)).size:
        value = float(values.ravel()[at[0]])
        said = "below nothing" if np.isfinite(value) else "no number"
        raise InputError(f"'{field}' holds {value} at position {int(at[0])}, which is {said}.", "Give finite amounts.", field)
    return values


def square(matrix: sparse.csr_array, field: str) -> sparse.csr_array:
    """A non-negative, finite CSR matrix without diagonal. InputError otherwise."""
    found = sparse.csr_array(matrix)
    if found.shape[0] != found.shape[1]:
        raise InputError(f"'{field}' is {found.shape[0]} by {found.shape[1]}.", "Rows and columns are the same firms.", field)
    checked(found.data, field)
    if (alone := np.flatnonzero(found.diagonal())).size:
        raise InputError(f"In '{field}' firm {int(alone[0])} owes itself.", "Leave such entries out.", field)
    return found


def leverage(claims: sparse.csr_array, equity: Floats) -> sparse.csr_array:
    """leverage[i, j] = claims[i, j] / equity[i]: the share of i's equity that is gone when j pays nothing (uncapped).

    A firm whose equity is infinite absorbs whatever arrives. InputError for equity of nothing or less: settle a floor first.
    """
    equity = np.asarray(equity, np.float64)
    if (at := np.flatnonzero(~(equity > 0))).size:
        raise InputError(f"Equity of firm {int(at[0])} is {float(equity[at[0]])}.", "Equity must be above nothing.", "equity")
    found = square(claims, "claims").copy()
    found.data = found.data / np.repeat(equity, np.diff(found.indptr))
    return found


def capped(matrix: sparse.csr_array) -> sparse.csr_array:
    """min(1, ·): the weights as Battiston et al. (2012) write them."""
    found = matrix.copy()
    found.data = np.minimum(found.data, 1.0)
    return found


def ranges(indptr: NDArray[np.integer], rows: Index) -> tuple[Index, Index]:
    """Positions of all entries of these rows, and for each the place of its row in `rows`."""
    start, count = indptr[rows].astype(np.int64), (indptr[rows + 1] - indptr[rows]).astype(np.int64)
    of = np.repeat(np.arange(len(rows), dtype=np.int64), count)
    ends = np.cumsum(count)
    return np.arange(int(ends[-1]) if len(ends) else 0, dtype=np.int64) + (start - ends + count)[of], of


def summed(of: Index, values: Floats | Flags, count: int) -> Floats:
    """Sum of the values of each number from 0 to count - 1. (NumPy's own gives integers where there is nothing to sum.)"""
    return np.bincount(of, np.asarray(values, np.float64), count).astype(np.float64, copy=False)


def offsets(sorted_rows: Index, rows: int) -> Index:
    """CSR offsets of rows that are sorted: [rows + 1]."""
    return np.searchsorted(sorted_rows, np.arange(rows + 1)).astype(np.int64)


def numbered(ids: Sequence[str]) -> dict[str, int]:
    """Position of each id."""
    return {one: at for at, one in enumerate(ids)}
