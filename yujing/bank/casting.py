"""Which firms play the demonstration cases, and the script that makes these happen whatever the seed."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.credit import Slots
from yujing.bank.distress import FALL, Script
from yujing.bank.firms import Firms
from yujing.bank.guarantees import SHAPES, Guarantees
from yujing.bank.ownership import Ownership
from yujing.bank.plan import BankPlan, Ints


@dataclass(frozen=True)
class Cast:
    """The firms of each case; every firm plays in one at most."""

    ring: Ints  # a circle of guarantors; the first goes overdue near the end, the others not yet
    near_maturity: int  # a note matures within weeks while its business shrinks
    defaulter: int  # a guarantor that is listed as a defaulter by the court ...
    defaulter_borrower: int  # ... and the healthy firm that it stands in for
    drawdown_borrower: int  # asks to pay out to ...
    drawdown_payee: int  # ... a firm of the same controller
    round_trip: int  # whose drawn money comes back to its owner within days
    round_trip_payee: int

    @property
    def everyone(self) -> Ints:
        others = [v for k, v in vars(self).items() if k != "ring"]
        return np.concatenate([self.ring, np.array(others, dtype=np.int64)])


def choose_cast(plan: BankPlan, firms: Firms, ownership: Ownership, guarantees: Guarantees, slots: Slots) -> Cast:
    """The first fitting firms in a seeded order. Guarantee shapes that fit are there in every bank of sixty firms or more."""
    order = plan.rng("cast").permutation(firms.count)
    rank = np.empty(firms.count, dtype=np.int64)
    rank[order] = np.arange(firms.count)
    taken: set[int] = set()

    def first(candidates: Ints) -> int:
        free = [int(f) for f in candidates[np.argsort(rank[candidates])] if int(f) not in taken]
        taken.add(free[0])
        return free[0]

    ring = _find_ring(guarantees, plan.months)
    taken.update(ring.tolist())
    defaulter, defaulter_borrower = _find_pair(guarantees, firms, plan.months, rank, taken)
    taken.update((defaulter, defaulter_borrower))
    drawdown_payee, drawdown_borrower = _find_related(firms, ownership, rank, taken)
    taken.update((drawdown_borrower, drawdown_payee))
    private = firms.borrower & (ownership.controller >= 0) & (ownership.parent < 0)
    simple = (slots.product == 0) & private[slots.firm]
    left = (slots.first - plan.months) % slots.term  # months from the end of the last one to the next maturity
    return Cast(
        ring=ring,
        near_maturity=first(np.unique(slots.firm[simple & (left == 0)])),
        defaulter=defaulter,
        defaulter_borrower=defaulter_borrower,
        drawdown_borrower=drawdown_borrower,
        drawdown_payee=drawdown_payee,
        round_trip=first(np.unique(slots.firm[simple & (left >= slots.term - 2) & (slots.term == 12)])),
        round_trip_payee=first(np.flatnonzero((firms.size >= 2) & (firms.customer != "") & ~firms.borrower)),
    )


def write_script(plan: BankPlan, firms: Firms, cast: Cast) -> Script:
    """The ring's first member falls three months before the end, the defaulter twenty; the rest stand to the end."""
    months = plan.months
    stress = np.zeros((firms.count, months))
    not_before = np.zeros(firms.count, dtype=np.int64)
    not_before[cast.everyone] = months
    for firm, when in ((int(cast.ring[0]), months - 3), (cast.defaulter, max(2, months - 20))):
        not_before[firm] = when
        stress[firm, max(0, when - 5) : when] = np.linspace(0.3, 1.5, min(5, when))
        stress[firm, when:] = FALL
    stress[cast.near_maturity, -8:] = np.linspace(1.5, 6.0, 8)
    return Script(stress, not_before, steady=np.array([cast.near_maturity]))


def _find_ring(guarantees: Guarantees, months: int) -> Ints:
    """A ring whose every guarantee is in force at the end, the largest such; a pair where there is none."""
    best = np.empty(0, dtype=np.int64)
    for shape in ("ring", "pair"):
        of_shape = guarantees.shape == SHAPES.index(shape)
        alive = of_shape & (guarantees.end > months) & (guarantees.start < months - 6)
        following = dict(zip(guarantees.guarantor[alive].tolist(), guarantees.borrower[alive].tolist(), strict=True))
        for head in following:
            walk = [head]
            while (after := following.get(walk[-1], -1)) >= 0 and after != head and after not in walk:
                walk.append(after)
            if after == head and len(walk) > len(best):
                best = np.array(walk, dtype=np.int64)
        if len(best):
            return best
    return np.flatnonzero(guarantees.shape >= 0)[:0] if not guarantees.count else guarantees.borrower[:1]


def _find_pair(guarantees: Guarantees, firms: Firms, months: int, rank: Ints, taken: set[int]) -> tuple[int, int]:
    fits = ~guarantees.by_person & (guarantees.end > months) & (guarantees.start <= 0) & (guarantees.guarantor > 1)
    rows = np.flatnonzero(fits & firms.borrower[guarantees.borrower])
    rows = rows[np.lexsort((rank[guarantees.borrower[rows]], guarantees.shape[rows] == SHAPES.index("joint")))]
    pairs = ((int(guarantees.guarantor[r]), int(guarantees.borrower[r])) for r in rows)
    return next((g, b) for g, b in pairs if g not in taken and b not in taken and firms.size[g] > 0)


def _find_related(firms: Firms, ownership: Ownership, rank: Ints, taken: set[int]) -> tuple[int, int]:
    """Payee and borrower of one controller in different groups, else parent and subsidiary."""
    tops = np.flatnonzero((ownership.group == np.arange(firms.count)) & (ownership.controller >= 0))
    behind = ownership.controller[tops]
    several = tops[np.isin(behind, behind[np.flatnonzero(np.bincount(behind)[behind] > 1)])]
    pairs = [
        (int(payee), int(borrower))
        for payee in several[np.argsort(rank[several])]
        for borrower in several[ownership.controller[several] == ownership.controller[payee]]
    ]
    children = np.flatnonzero(ownership.parent > 1)
    pairs += [(int(ownership.parent[child]), int(child)) for child in children]
    return next(
        (payee, borrower)
        for payee, borrower in pairs
        if payee != borrower and firms.borrower[borrower] and not taken & {payee, borrower} and firms.customer[payee] != ""
    )
