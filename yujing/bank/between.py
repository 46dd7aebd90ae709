"""Ties between the societies of a large bank: firms of earlier societies stand as guests in a later one.

What befell a guest is settled, so hits run from it to the firms here and never back. That keeps the true causes exact while
one society at a time is in memory: what a firm here sends to a guest would have to change months already written.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from yujing.bank.channels import Channels
from yujing.bank.distress import FALL, Script
from yujing.bank.firms import GUARANTEE_COMPANY, Firms
from yujing.bank.guarantees import SHAPES, Guarantees
from yujing.bank.ownership import Ownership
from yujing.bank.plan import BankPlan, Ints, Texts
from yujing.bank.trade import Supplies

TIES_BETWEEN = 0.03  # of a society's trades, guarantees between firms and holdings
_POOL = 3000  # firms that later societies may meet; a society brings some, and as many leave at random
_BROUGHT = 300


@dataclass(frozen=True)
class Guests:
    """Firms of earlier societies, with the month in which each failed (`months` where never), their limits and accounts."""

    firms: Firms
    borrower: Ints  # 1 where the bank lends to it; in `firms` none is a borrower, so that nobody lends twice
    failed: Ints
    limit_fen: Ints
    account: Texts

    @property
    def count(self) -> int:
        return len(self.failed)

    def only(self, rows: Ints) -> "Guests":
        return Guests(_taken(self.firms, rows), self.borrower[rows], self.failed[rows], self.limit_fen[rows], self.account[rows])

    def and_also(self, others: "Guests") -> "Guests":
        return Guests(
            joined(self.firms, others.firms),
            *(
                np.concatenate([getattr(self, name), getattr(others, name)])
                for name in ("borrower", "failed", "limit_fen", "account")
            ),
        )


def leave_guests(plan: BankPlan, society: Firms, told: tuple[Ints, Ints, Texts], shielded: Ints) -> Guests:
    """Some firms of a society as later ones meet them, none of them `shielded`; `told`: month of failure, limit, account."""
    failed, limit, account = told
    rng = plan.rng("guests")
    free = np.setdiff1d(np.flatnonzero(society.customer[: plan.firms] != ""), np.append(shielded, (0, GUARANTEE_COMPANY)))
    rows = np.sort(rng.permutation(free)[:_BROUGHT])
    borrower = society.borrower[rows].astype(np.int64)
    nobody = replace(_taken(society, rows), customer=np.full(len(rows), "", object), borrower=np.zeros(len(rows), bool))
    return Guests(nobody, borrower, failed[rows], limit[rows], account[rows])


def pool_of(plan: BankPlan, known: Guests | None, fresh: Guests) -> Guests:
    """The firms that the next society may meet."""
    if known is None:
        return fresh
    everyone = known.and_also(fresh)
    return everyone.only(np.sort(plan.rng("guest pool").permutation(everyone.count)[:_POOL]))


def invite(plan: BankPlan, pool: Guests | None, ties: int) -> Guests | None:
    """Guests for one society, about one for two of the `ties` that it is to have with them."""
    if pool is None:
        return None
    wanted = min(pool.count, max(12, ties // 2))
    return pool.only(np.sort(plan.rng("invited").permutation(pool.count)[:wanted]))


def joined(first: Firms, second: Firms) -> Firms:
    """The firms of both, one behind the other."""
    return Firms(**{f.name: np.concatenate([getattr(first, f.name), getattr(second, f.name)]) for f in fields(Firms)})


def trade_with(plan: BankPlan, firms: Firms, supplies: Supplies) -> Supplies:
    """`supplies` and trades with guests (the last of `firms`): either side may sell, in amounts like the others'."""
    rng, count = plan.rng("trade between"), round(TIES_BETWEEN * supplies.count)
    here, guest = rng.integers(2, plan.firms, count), rng.integers(plan.firms, firms.count, count)
    _, once = np.unique(here * firms.count + guest, return_index=True)
    here, guest = here[once], guest[once]
    sells = rng.random(len(here)) < 0.5
    seller, buyer = np.where(sells, here, guest), np.where(sells, guest, here)
    yearly = firms.turnover_fen * 12
    smaller = np.minimum(yearly[seller], yearly[buyer] * 0.75)
    amount = np.minimum(0.1, rng.lognormal(-3.0, 0.8, len(here))) * smaller
    more = Supplies(seller, buyer, amount, np.round(amount / yearly[seller], 4), np.round(amount / (0.75 * yearly[buyer]), 4))
    return Supplies(*(np.concatenate([getattr(supplies, f.name), getattr(more, f.name)]) for f in fields(Supplies)))


def guarantee_guests(plan: BankPlan, firms: Firms, guests: Guests, guarantees: Guarantees) -> Guarantees:
    """`guarantees` and firms here that stand in for guests who borrow."""
    rng = plan.rng("guarantees between")
    fit, lent = np.flatnonzero(firms.size[: plan.firms] >= 1), np.flatnonzero(guests.borrower > 0)
    fit = fit[fit > GUARANTEE_COMPANY]
    count = round(TIES_BETWEEN * int((~guarantees.by_person).sum()))
    guarantor, guest = rng.choice(fit, count), rng.choice(lent, count)
    _, once = np.unique(guarantor * guests.count + guest, return_index=True)
    guarantor, guest = guarantor[once], guest[once]
    start = -rng.integers(1, 20, len(once))
    first = plan.first("guarantees") + guarantees.count
    more = {
        "by_person": np.zeros(len(once), bool),
        "guarantor": guarantor,
        "borrower": plan.firms + guest,
        "amount_fen": (np.ceil(guests.limit_fen[guest] * rng.uniform(0.4, 1.0, len(once)) / 1e7) * 1e7).astype(np.int64),
        "shape": np.full(len(once), SHAPES.index("chain")),
        "start": start,
        "end": np.full(len(once), plan.months + 12),
    }
    grown = {name: np.concatenate([getattr(guarantees, name), values]) for name, values in more.items()}
    numbers = [f"BZ{2021 + int(s + 24) // 12}{k:06d}" for k, s in enumerate(start, first)]
    return Guarantees(**grown, number=[*guarantees.number, *numbers])


def hold_with(plan: BankPlan, guests: Guests, ownership: Ownership) -> Ownership:
    """Some minority shareholders are guests in place of persons; shares stay as they were."""
    rng, holdings = plan.rng("holdings between"), ownership.holdings
    minor = np.flatnonzero(~holdings.by_firm & (holdings.share < 0.5))
    taken = np.sort(rng.permutation(minor)[: round(TIES_BETWEEN * len(holdings.firm))])
    by_firm, holder = holdings.by_firm.copy(), holdings.holder.copy()
    by_firm[taken], holder[taken] = True, plan.firms + rng.integers(0, guests.count, len(taken))
    nobody = np.full(guests.count, -1, dtype=np.int64)
    return replace(
        ownership,
        holdings=replace(holdings, by_firm=by_firm, holder=holder),
        parent=np.concatenate([ownership.parent, nobody]),
        group=np.concatenate([ownership.group, plan.firms + np.arange(guests.count)]),
        controller=np.concatenate([ownership.controller, nobody]),
        filed=np.concatenate([ownership.filed, np.zeros(guests.count, bool)]),
    )


def one_way(plan: BankPlan, channels: Channels) -> Channels:
    """Without what would hit a guest; a guest that is merely weak drains nobody, for how weak it was is not kept."""
    kept = channels.target < plan.firms
    here = Channels(*(getattr(channels, f.name)[kept] for f in fields(Channels)))
    return replace(here, drains=here.drains & (here.source < plan.firms))


def as_it_was(plan: BankPlan, guests: Guests, script: Script) -> Script:
    """`script`, in which each guest fails in the month in which it did, and not before."""
    stress, not_before = script.stress.copy(), script.not_before.copy()
    stress[plan.firms :][np.arange(plan.months) >= guests.failed[:, None]] = FALL
    not_before[plan.firms :] = guests.failed
    return replace(script, stress=stress, not_before=not_before)


def _taken(firms: Firms, rows: Ints) -> Firms:
    return Firms(**{f.name: getattr(firms, f.name)[rows] for f in fields(Firms)})
