"""Guarantee calls: what is not covered when a borrower fails, asked of its guarantors in order, until it is paid or they are spent.

Order (民法典): the borrower's own collateral first (art. 392); then joint and several guarantors (art. 688), who may be asked at
once; then ordinary ones, who may refuse until the borrower's own property was enforced (art. 687).
Parts: joint and several guarantors are asked in proportion to what is left of their caps, and what one cannot pay is asked of the
others, each up to its cap (art. 699: several guarantors without agreed parts answer for the whole within their scope).
Ordinary guarantors each bear a part by cap, of what the borrower's property leaves; what one cannot pay stays unpaid.

Conventions. Fen. A guarantor pays up to its capacity (equity, cash or the smaller, as settings say) and up to `cap` on each
guarantee. Asked by several at once beyond its capacity, it pays all alike in proportion. A guarantor that has failed pays
nothing. A guarantor that cannot pay what it is asked fails; one that just can is spent.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats, Index, checked, offsets, ranges, summed

CRUMB = 1.0  # a fen: below it nothing is asked


@dataclass(frozen=True)
class Guarantees:
    """Guarantor `guarantor[k]` answers for `debtor[k]` up to `cap[k]`; `joint[k]`: joint and several. Sorted by debtor.

    InputError for a cap that is negative or no number, and for a firm that guarantees itself.
    """

    guarantor: Index
    debtor: Index
    cap: Floats
    joint: Flags
    firms: int

    def __post_init__(self) -> None:
        checked(self.cap, "cap")
        if (alone := np.flatnonzero(self.guarantor == self.debtor)).size:
            raise InputError(f"Firm {int(self.guarantor[alone[0]])} guarantees itself.", "Leave such rows out.", "guarantor")
        if np.any(np.diff(self.debtor) < 0):
            raise InputError("Guarantees are not sorted by debtor.", "Use Guarantees.of.", "debtor")

    @classmethod
    def of(cls, guarantor: Index, debtor: Index, cap: Floats, joint: Flags, firms: int) -> "Guarantees":
        """In any order."""
        order = np.lexsort((cap, guarantor, debtor))
        return cls(guarantor[order], debtor[order], np.asarray(cap, np.float64)[order], joint[order], firms)

    @cached_property
    def by_debtor(self) -> Index:
        """Offsets of each debtor's guarantees."""
        return offsets(self.debtor, self.firms)


@dataclass(frozen=True)
class Calls:
    """One round: `guarantee` positions, what each was asked and paid, and of each debtor that was called what stays uncovered."""

    guarantee: Index
    asked: Floats
    paid: Floats
    uncovered: Floats


@dataclass(frozen=True)
class Owed:
    """Borrowers that fail now: what of each debt is not covered by its collateral, and what its other property will still bring."""

    debtors: Index
    uncovered: Floats
    property: Floats


def call(book: Guarantees, owed: Owed, capacity: Floats) -> Calls:
    """Ask the guarantors of `owed.debtors` (each once in its life); `capacity` [firms] is lowered by what they pay."""
    at, of = ranges(book.by_debtor, owed.debtors)
    asked, paid = np.zeros(len(at)), np.zeros(len(at))
    need = np.maximum(owed.uncovered, 0.0).copy()
    joint = np.flatnonzero(book.joint[at])
    asked[joint], paid[joint] = _jointly(book, at[joint], of[joint], need, capacity)
    ordinary = np.flatnonzero(~book.joint[at])
    if ordinary.size:
        left = np.maximum(need - owed.property, 0.0)
        caps = book.cap[at[ordinary]]
        total = summed(of[ordinary], caps, len(need))
        part = np.divide(caps, total[of[ordinary]], out=np.zeros_like(caps), where=caps > 0)
        ask = np.minimum(caps, left[of[ordinary]] * part)
        asked[ordinary] = ask
        paid[ordinary] = _pay(book.guarantor[at[ordinary]], ask, capacity)
        need -= summed(of[ordinary], paid[ordinary], len(need))
    touched = asked > 0
    return Calls(at[touched], asked[touched], paid[touched], np.maximum(need, 0.0))


def _jointly(book: Guarantees, at: Index, of: Index, need: Floats, capacity: Floats) -> tuple[Floats, Floats]:
    """What each is asked and pays; `need` of each debtor goes down. Each pass spends a guarantor, a cap or a need, so it ends."""
    asked, paid = np.zeros(len(at)), np.zeros(len(at))
    left = book.cap[at].copy()
    guarantor = book.guarantor[at]
    # The first pass asks also those that can pay nothing: that they were asked is why they fail.
    live = np.flatnonzero((left > CRUMB) & (need[of] > CRUMB))
    while live.size:
        total = summed(of[live], left[live], len(need))
        ask = np.minimum(left[live], need[of[live]] * (left[live] / total[of[live]]))
        got = _pay(guarantor[live], ask, capacity)
        asked[live] += ask
        paid[live] += got
        left[live] -= got
        need -= summed(of[live], got, len(need))
        able = (got >= ask - CRUMB) & (capacity[guarantor[live]] > CRUMB)
        live = live[able & (left[live] > CRUMB) & (need[of[live]] > CRUMB)]
    return asked, paid


def _pay(guarantor: Index, ask: Floats, capacity: Floats) -> Floats:
    """What each pays of what it is asked in one pass; its capacity goes down."""
    who, of = np.unique(guarantor, return_inverse=True)
    total = summed(of, ask, len(who))
    has = np.maximum(capacity[who], 0.0)
    part = np.divide(np.minimum(has, total), total, out=np.zeros_like(total), where=total > 0)
    capacity[who] = has - total * part
    return np.asarray(ask * part[of], np.float64)
