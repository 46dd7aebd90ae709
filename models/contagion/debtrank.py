"""DebtRank: how distress runs from debtors to creditors as a share of their equity.

    linear     h_i(t+1) = min(1, h_i(0) + sum_j L_ij h_j(t))
               Bardoscia, Battiston, Caccioli, Caldarelli, PLoS ONE 10 (2015)
    single hit h_i(t+1) = min(1, h_i(t) + sum_{j distressed at t} L_ij h_j(t)), each firm passing on once, in the round after it
               was first hit: Battiston, Puliga, Kaushik, Tasca, Caldarelli, Scientific Reports 2 (2012)
    threshold  as single hit, but only a firm that is gone (h = 1) passes anything on: Furfine's default cascade

Conventions. L_ij = claims_ij / equity_i >= 0: row i the creditor that bears, column j the debtor that fails (`arrays.leverage`).
Entries above 1 stay as they are, as in Bardoscia; Battiston's own min(1, ·) is `arrays.capped`. h is the lost share of the equity
before any shock: 0 untouched, 1 gone. The shock h(0) is passed on in full. A firm that is gone stays gone: it absorbs.
The linear form is written as the increments of the paper sum up: h(t+1) - h(t) carries h(t) - h(t-1), until a firm reaches 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats, Index, NotConvergedError, checked, square

TOLERANCE = 1e-12
MOST_ROUNDS = 10_000


@dataclass(frozen=True)
class Distress:
    """`h`: share of equity lost in the end, 0 to 1, [firms]; `arrived`: what came over claims, uncapped; `rounds` until rest."""

    h: Floats
    arrived: Floats
    rounds: int

    def lost(self, shock: Floats, weights: Floats) -> float:
        """R = sum((h - h(0)) w) / sum(w): the additional part of all value that is distressed (0 where nothing has weight)."""
        total = float(weights.sum())
        return float((self.h - shock) @ weights) / total if total else 0.0


def linear_debtrank(
    leverage: sparse.csr_array, shock: Floats, *, tolerance: float = TOLERANCE, most_rounds: int = MOST_ROUNDS
) -> Distress:
    """The least fixed point of the linear map, from the shock upwards.

    Comes to rest when no firm moved by more than `tolerance` in a round; NotConvergedError after `most_rounds`.
    """
    matrix, start = square(leverage, "leverage"), _shock(shock, leverage.shape[0])
    h = start.copy()
    for rounds in range(most_rounds):
        after = step(matrix, h, start)
        moved = float(np.abs(after - h).max(initial=0.0))
        h = after
        if moved <= tolerance:
            return Distress(h, matrix @ h, rounds)
    raise NotConvergedError(
        f"DebtRank still moves by {moved:.3g} after {most_rounds} rounds.",
        "Leverage has a spectral radius near 1: allow more rounds, or a larger tolerance.",
        "most_rounds",
    )


def step(leverage: sparse.csr_array, h: Floats, shock: Floats) -> Floats:
    """One round of the linear map: a sparse product and three passes over the firms."""
    after = np.asarray(leverage @ h, np.float64)
    after += shock
    np.minimum(after, 1.0, out=after)
    return after


def single_hit_debtrank(leverage: sparse.csr_array, shock: Floats, *, most_rounds: int = MOST_ROUNDS) -> Distress:
    """Each firm passes its distress on once."""
    return _once(leverage, shock, lambda h, passed: (h > 0) & ~passed, most_rounds)


def threshold_debtrank(leverage: sparse.csr_array, shock: Floats, *, most_rounds: int = MOST_ROUNDS) -> Distress:
    """Each firm passes its distress on once, when it is gone."""
    return _once(leverage, shock, lambda h, passed: (h >= 1) & ~passed, most_rounds)


def _once(leverage: sparse.csr_array, shock: Floats, ready: Callable[[Floats, Flags], Flags], most_rounds: int) -> Distress:
    by_debtor = square(leverage, "leverage").tocsc()
    h, arrived = _shock(shock, leverage.shape[0]), np.zeros(leverage.shape[0])
    passed = np.zeros(len(h), np.bool_)
    for rounds in range(most_rounds):
        active = ready(h, passed)
        if not active.any():
            return Distress(h, arrived, rounds)
        hit = by_debtor @ np.where(active, h, 0.0)
        arrived += hit
        h = np.minimum(1.0, h + hit)
        passed |= active
    raise NotConvergedError(f"DebtRank is not at rest after {most_rounds} rounds.", "Allow more rounds.", "most_rounds")


def impacts(leverage: sparse.csr_array, weights: Floats, only: Index | None = None, *, floor: float = 1e-6) -> Floats:
    """R_j of each firm in `only` (all by default) failing alone under the linear map: share of the weights of all, [len(only)].

    Whole columns of firms at once, sparse. An increment below `floor` of a firm's equity is counted but not passed on, so the
    answer is from below, and off by what such crumbs would have moved. NotConvergedError after MOST_ROUNDS.
    """
    matrix, weights = square(leverage, "leverage"), checked(weights, "weights")
    firms = np.arange(matrix.shape[0], dtype=np.int64) if only is None else only
    reaching = firms[np.diff(matrix.tocsc().indptr)[firms] > 0]
    found = np.zeros(matrix.shape[0])
    total = float(weights.sum()) or 1.0
    batch = _BATCH
    at = 0
    while at < len(reaching):
        seeds = reaching[at : at + batch]
        answer = _batch_impacts(matrix, weights, seeds, floor)
        if answer is None:
            batch = max(batch // 4, 1)
            continue
        found[seeds] = answer / total
        at += len(seeds)
    return found[firms]


_BATCH = 2_048
_MOST_ENTRIES = 40_000_000  # of a batch that reaches further a quarter is tried


def _batch_impacts(matrix: sparse.csr_array, weights: Floats, seeds: Index, floor: float) -> Floats | None:
    columns = np.arange(len(seeds))
    moved = sparse.csr_array((np.ones(len(seeds)), (seeds, columns)), shape=(matrix.shape[0], len(seeds)))
    h = moved.copy()
    for _ in range(MOST_ROUNDS):
        arriving = matrix @ moved
        after = h + arriving
        if after.nnz > _MOST_ENTRIES and len(seeds) > 1:
            return None
        np.minimum(after.data, 1.0, out=after.data)
        moved = sparse.csr_array(after - h)
        moved.data[moved.data < floor] = 0.0
        moved.eliminate_zeros()
        h = after
        if not moved.nnz:
            lost: Floats = np.asarray(h.T @ weights, np.float64).ravel() - weights[seeds]
            return np.asarray(lost, np.float64)
    raise NotConvergedError(f"Impacts still move after {MOST_ROUNDS} rounds.", "Raise the floor.", "floor")


def impact_susceptibility(leverage: sparse.csr_array) -> Floats:
    """How far beyond its own debtors a firm is exposed to failures that would wipe it out: [firms], 0 where nobody could.

    s_i = sum_{j != i} exp(V)_ij / sum_j V_ij with V_ij = 1 where leverage_ij >= 1: feasible paths of contagion, a path of k steps
    counted 1/k!, over direct ones (Silva, Silva, Tabak, Physica A 2017, as R's NetworkRiskMeasures has it). Above 1: remotely
    vulnerable. Its mean over firms is the impact fluidity. Dense: up to 3,000 firms, InputError above.
    """
    from scipy.linalg import expm

    matrix = square(leverage, "leverage")
    if matrix.shape[0] > _MOST_DENSE:
        raise InputError(f"{matrix.shape[0]} firms are too many for this measure.", f"At most {_MOST_DENSE}.", "leverage")
    feasible = (matrix.toarray() >= 1).astype(np.float64)
    paths = expm(feasible)
    np.fill_diagonal(paths, 0.0)
    direct = feasible.sum(axis=1)
    reaching = paths.sum(axis=1)
    return np.asarray(np.divide(reaching, direct, out=np.zeros_like(direct), where=direct > 0), np.float64)


_MOST_DENSE = 3_000


def _shock(shock: Floats, firms: int) -> Floats:
    start = checked(shock, "shock").copy()
    most = float(start.max(initial=0.0))
    if start.shape != (firms,) or most > 1:
        told = f"The shock must be one share from 0 to 1 for each of {firms} firms (got {start.shape}, at most {most:g})."
        raise InputError(told, "Divide losses by equity and cap them at 1.", "shock")
    return start
