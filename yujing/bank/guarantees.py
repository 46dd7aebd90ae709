"""Who stands in for whom: pairs, joint schemes, rings, chains, hubs, a guarantee company, and owners in person."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.firms import GUARANTEE_COMPANY, Firms
from yujing.bank.plan import BankPlan, Bools, Ints

SHAPES = ("pair", "joint", "ring", "chain", "hub", "company", "person", "group")


@dataclass(frozen=True)
class Guarantees:
    """One guarantee an entry. `start` and `end` are months from the first one; `end` is far away where it goes on."""

    by_person: Bools
    guarantor: Ints  # a person where `by_person`, else a firm
    borrower: Ints
    amount_fen: Ints
    shape: Ints
    start: Ints
    end: Ints
    number: list[str]  # number of the guarantee contract, one each

    @property
    def count(self) -> int:
        return len(self.guarantor)


def invent_guarantees(plan: BankPlan, firms: Firms, limit_fen: Ints, parent: Ints, controller: Ints) -> Guarantees:
    """`limit_fen`: what the bank lends each firm at most; a guarantee covers a part of it or all."""
    rng = plan.rng("guarantees")
    small = rng.permutation(np.flatnonzero(firms.borrower & (firms.size >= 1)))
    cut = np.cumsum([int(len(small) * part) for part in (0.11, 0.16, 0.14, 0.13, 0.06)])
    pairs, joints, rings, chains, hubs = np.split(small, cut)[:5]
    parts = [
        _edges(0, *_loops(_grouped(rng, pairs, 2, 3))),
        _edges(1, *_cliques(_grouped(rng, joints, 3, 6))),
        _edges(2, *_loops(_grouped(rng, rings, 3, 8))),
        _edges(3, *_chains(_grouped(rng, chains, 3, 7))),
        _edges(4, *_hubs(rng, firms, hubs)),
    ]
    rest = rng.permutation(np.setdiff1d(small, np.concatenate([pairs, joints, rings, chains])))[: len(small) // 12]
    parts.append(_edges(5, np.full(len(rest), GUARANTEE_COMPANY), rest))
    owned = np.flatnonzero((controller >= 0) & firms.borrower & (firms.size >= 1) & (rng.random(firms.count) < 0.6))
    parts.append(_edges(6, controller[owned], owned))
    inside = np.flatnonzero((parent > GUARANTEE_COMPANY) & firms.borrower & (rng.random(firms.count) < 0.5))
    parts.append(_edges(7, parent[inside], inside))
    shape, guarantor, borrower = (np.concatenate([part[k] for part in parts]) for k in range(3))
    return _with_terms(plan, limit_fen, shape, guarantor, borrower)


def _with_terms(plan: BankPlan, limit_fen: Ints, shape: Ints, guarantor: Ints, borrower: Ints) -> Guarantees:
    rng, count = plan.rng("guarantee terms"), len(shape)
    late = rng.random(count) < 0.18
    start = np.where(late, rng.integers(1, plan.months - 6, count), -rng.integers(1, 20, count))
    over = (rng.random(count) < 0.12) & ~late
    part = np.where(rng.random(count) < 0.6, 1.0, rng.uniform(0.4, 0.9, count))
    return Guarantees(
        by_person=shape == SHAPES.index("person"),
        guarantor=guarantor,
        borrower=borrower,
        amount_fen=(np.ceil(limit_fen[borrower] * part / 1e7) * 1e7).astype(np.int64),
        shape=shape,
        start=start,
        end=np.where(over, rng.integers(plan.months // 3, plan.months, count), plan.months + 12),
        number=[f"BZ{2021 + int(s + 24) // 12}{k:06d}" for k, s in enumerate(start, plan.first("guarantees"))],
    )


def _edges(shape: int, guarantor: Ints, borrower: Ints) -> tuple[Ints, Ints, Ints]:
    return np.full(len(guarantor), shape, dtype=np.int64), guarantor, borrower


def _grouped(rng: np.random.Generator, members: Ints, fewest: int, limit: int) -> list[Ints]:
    """Cuts `members` into groups of `fewest` to `limit - 1`."""
    sizes = rng.integers(fewest, limit, len(members))
    groups = np.split(members, np.cumsum(sizes))
    return [group for group in groups if len(group) >= fewest]


def _loops(groups: list[Ints]) -> tuple[Ints, Ints]:
    """Each stands in for the next, the last for the first: a pair is a loop of two."""
    return _join([(g, np.roll(g, -1)) for g in groups])


def _cliques(groups: list[Ints]) -> tuple[Ints, Ints]:
    """Joint scheme: each member stands in for every other."""
    return _join([(np.repeat(g, len(g) - 1), np.concatenate([np.delete(g, k) for k in range(len(g))])) for g in groups])


def _chains(groups: list[Ints]) -> tuple[Ints, Ints]:
    return _join([(g[:-1], g[1:]) for g in groups])


def _hubs(rng: np.random.Generator, firms: Firms, members: Ints) -> tuple[Ints, Ints]:
    """A hub is a larger firm that stands in for many."""
    centres = rng.permutation(np.flatnonzero((firms.size <= 1) & firms.borrower & ~firms.state_owned))
    groups = _grouped(rng, members, 4, 14)[: len(centres)]
    return _join([(np.full(len(g), c), g) for g, c in zip(groups, centres, strict=False) if c not in g])


def _join(parts: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    nothing = np.empty(0, dtype=np.int64)
    return np.concatenate([nothing, *(a for a, _ in parts)]), np.concatenate([nothing, *(b for _, b in parts)])
