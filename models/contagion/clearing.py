"""Clearing: who can pay what, when everybody pays out of what he gets.

    p_i = obligations_i                                        where e_i + sum_j share_ji p_j >= obligations_i
    p_i = alpha e_i + beta sum_j share_ji p_j                  otherwise

Eisenberg, Noe, Management Science 47 (2001): alpha = beta = 1. Rogers, Veraart, Management Science 59 (2013): default costs, of a
failing firm's outside assets only `alpha`, of what others pay it only `beta` is left.

Conventions. liabilities[i, j] = i owes j (claims turned over); `outside_assets` e >= 0; `outside_liabilities` are owed to nobody
of the firms and rank equally with the rest (pari passu), so obligations = outside_liabilities + row sums and share_ij =
liabilities_ij / obligations_i. Equity is what is left: max(0, e + receipts - obligations). The answer is the greatest clearing
vector, reached from above. Fen, or any one unit.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats, Index, NotConvergedError, checked, square

TOLERANCE = 1e-12  # of obligations: what is missing by less counts as paid
MOST_ROUNDS = 10_000


@dataclass(frozen=True)
class Balances:
    """Who owes whom, and what each has outside. Checked when it is made: no negative or missing amount, nobody owes himself."""

    liabilities: sparse.csr_array
    outside_assets: Floats
    outside_liabilities: Floats

    def __post_init__(self) -> None:
        square(self.liabilities, "liabilities")
        for name in ("outside_assets", "outside_liabilities"):
            values = checked(getattr(self, name), name)
            if values.shape != (self.liabilities.shape[0],):
                raise InputError(f"'{name}' must have one amount for each firm.", "", name)

    @property
    def obligations(self) -> Floats:
        """All that each firm owes: [firms]."""
        return np.asarray(self.liabilities.sum(axis=1)).ravel() + self.outside_liabilities

    @property
    def receipts_by_payment(self) -> sparse.csr_array:
        """share transposed: [i, j] = the part of j's payments that goes to i."""
        shares = self.liabilities.copy()
        owed = self.obligations
        shares.data = shares.data / np.repeat(np.where(owed > 0, owed, 1.0), np.diff(shares.indptr))
        return shares.T.tocsr()


@dataclass(frozen=True)
class Costs:
    """What is left of a failing firm's outside assets (`alpha`) and of its receipts (`beta`): 1 and 1 is Eisenberg-Noe."""

    alpha: float = 1.0
    beta: float = 1.0

    def __post_init__(self) -> None:
        for name in ("alpha", "beta"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}.", "It is a share from 0 to 1.", name)


@dataclass(frozen=True)
class Cleared:
    """`payments`: total paid, to firms and outside; `fell`: the round in which a firm was found unable to pay, -1 for never."""

    payments: Floats
    obligations: Floats
    receipts: Floats
    outside_assets: Floats
    fell: Index
    rounds: int

    @property
    def defaults(self) -> Flags:
        return self.fell >= 0

    @property
    def shortfall(self) -> Floats:
        """What stays unpaid."""
        return self.obligations - self.payments

    @property
    def equity(self) -> Floats:
        """What is left to owners; nothing in a default."""
        return np.where(self.defaults, 0.0, np.maximum(self.outside_assets + self.receipts - self.obligations, 0.0))

    @property
    def destroyed(self) -> float:
        """What default costs took: nothing under Eisenberg-Noe."""
        held = (self.outside_assets + self.receipts)[self.defaults]
        return float((held - self.payments[self.defaults]).sum())


def clear(
    balances: Balances, costs: Costs | None = None, *, method: Literal["fictitious", "fixed_point"] = "fictitious"
) -> Cleared:
    """The greatest clearing vector.

    fictitious: everybody pays, see who cannot, solve for these, see who cannot then: at most as many rounds as firms.
    fixed_point: the map itself, again and again from full payment. NotConvergedError where either does not come to rest.
    """
    with_costs = costs or Costs()
    return _fictitious(balances, with_costs) if method == "fictitious" else _fixed_point(balances, with_costs)


def _fictitious(balances: Balances, costs: Costs) -> Cleared:
    owed, into = balances.obligations, balances.receipts_by_payment
    fell = np.full(len(owed), -1, np.int64)
    paid = owed.copy()
    for rounds in range(len(owed) + 1):
        receipts = into @ paid
        short = _short(balances.outside_assets + receipts, owed) & (fell < 0)
        if not short.any():
            return Cleared(paid, owed, receipts, balances.outside_assets, fell, rounds)
        fell[short] = rounds
        paid = _solved(balances.outside_assets, costs, into, owed, np.flatnonzero(fell >= 0))
    raise NotConvergedError("Fictitious default did not come to rest.", "", "liabilities")


def _solved(outside: Floats, costs: Costs, into: sparse.csr_array, owed: Floats, failed: Index) -> Floats:
    """Payments when exactly `failed` cannot pay in full: p_D = alpha e_D + beta (S_DD p_D + S_DN obligations_N)."""
    paid, others = owed.copy(), owed.copy()
    others[failed] = 0.0
    from_failed = into[failed]
    known = costs.alpha * outside[failed] + costs.beta * (from_failed @ others)
    among = sparse.csr_array(costs.beta * from_failed[:, failed])
    paid[failed] = np.clip(_solve(among, known), 0.0, owed[failed])
    return paid


def _solve(among: sparse.csr_array, known: Floats) -> Floats:
    """x = known + among x: by repeating it where that soon comes to rest, else directly, else by BiCGSTAB; checked in any case."""
    scale = max(1.0, float(np.abs(known).max(initial=0.0)))
    found = known
    for _ in range(_SOON):
        after = np.asarray(known + among @ found, np.float64)
        moved = float(np.abs(after - found).max(initial=0.0))
        found = after
        if moved <= 1e-15 * scale:
            return found
    system = sparse.csc_array(sparse.eye_array(len(known), format="csc") - among)
    if len(known) <= _MOST_DIRECT:
        found = np.atleast_1d(linalg.spsolve(system, known))
    else:
        found, _ = linalg.bicgstab(system, known, x0=found, rtol=1e-13, atol=0.0, maxiter=5_000)
    missed = float(np.abs(system @ found - known).max(initial=0.0))
    if not missed <= 1e-9 * scale:
        raise NotConvergedError(f"The payments of {len(known)} failing firms could not be solved (off by {missed:.3g}).", "", "")
    return np.asarray(found, np.float64)


_SOON = 200
_MOST_DIRECT = 20_000


def _fixed_point(balances: Balances, costs: Costs) -> Cleared:
    owed, into = balances.obligations, balances.receipts_by_payment
    fell = np.full(len(owed), -1, np.int64)
    paid = owed.copy()
    scale = max(1.0, float(owed.max(initial=0.0)))
    for rounds in range(MOST_ROUNDS):
        receipts = into @ paid
        short = _short(balances.outside_assets + receipts, owed)
        fell[short & (fell < 0)] = rounds
        after = np.where(short, np.minimum(costs.alpha * balances.outside_assets + costs.beta * receipts, owed), owed)
        moved = float(np.abs(after - paid).max(initial=0.0))
        paid = after
        if moved <= TOLERANCE * scale:
            return Cleared(paid, owed, into @ paid, balances.outside_assets, fell, rounds)
    raise NotConvergedError(
        f"Clearing payments still move by {moved:.3g} after {MOST_ROUNDS} rounds.", "Take method 'fictitious'.", "method"
    )


def _short(held: Floats, owed: Floats) -> Flags:
    """Cannot pay in full, by more than rounding."""
    return held < owed - TOLERANCE * np.maximum(owed, 1.0)
