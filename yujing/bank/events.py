"""What others report about a firm: the credit bureau every month, courts and authorities when something happens."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.distress import Distress
from yujing.bank.firms import Firms, other_lenders
from yujing.bank.plan import BankPlan, Days, Floats, Ints, Texts
from yujing.bank.trade import Supplies

COURT_TYPES = ("enforcement", "seizure", "share_freeze", "consumption_limit", "defaulter_listing", "bankruptcy_petition")
_AFTER_FAILURE = ((4, 0.55), (2, 0.4), (5, 0.2), (7, 0.45), (9, 0.4), (12, 0.07))  # months after, how often
ADMIN_TYPES = ("penalty", "abnormal_listing", "tax_arrears", "environmental")


@dataclass(frozen=True)
class Bureau:
    """Borrowers by months, in the order of `firm`. `lenders` counts this bank too."""

    firm: Ints
    balance_fen: Ints
    overdue_fen: Ints
    overdue_90_fen: Ints
    worst: Ints
    lenders: Ints
    inquiries: Ints
    new_lenders: Ints


@dataclass(frozen=True)
class Lawsuits:
    """One lawsuit an entry; plaintiff -1: somebody outside the data. `closed_on` is NaT while it is open."""

    plaintiff: Ints
    defendant: Ints
    number: Texts
    amount_fen: Ints
    filed_on: Days
    closed_on: Days
    published_on: Days


@dataclass(frozen=True)
class Happenings:
    """One event an entry; `kind` is a position in `COURT_TYPES` or `ADMIN_TYPES`. `lifted_on` is NaT while it lasts."""

    firm: Ints
    kind: Ints
    amount_fen: Ints
    day: Days
    lifted_on: Days
    published_on: Days


def report_bureau(plan: BankPlan, firms: Firms, distress: Distress, limit_fen: Ints) -> Bureau:
    """Inquiries rise as room shrinks; a failed firm is soon overdue at its other banks too."""
    rng = plan.rng("bureau")
    firm = np.flatnonzero(firms.borrower)
    shape = (len(firm), plan.months)
    room, failed = distress.room[firm], distress.failed[firm][:, None]
    month = np.arange(plan.months)
    need = _near(room, 1.1, 0.4)
    asked = rng.poisson(np.where(month > failed + 2, 0.1, 0.3 + 1.3 * need), shape)
    taken = rng.binomial(asked, 0.12)
    others = other_lenders(plan, firms)[firm][:, None] + np.cumsum(taken, axis=1) // 3
    balance = limit_fen[firm][:, None] * others * rng.lognormal(-0.6, 0.4, len(firm))[:, None] * rng.lognormal(0, 0.05, shape)
    late = rng.integers(0, 4, len(firm))[:, None]
    overdue = (month >= failed + late) & (others > 0) & (rng.random(len(firm)) < 0.8)[:, None]
    slip = (rng.random(shape) < 0.002 + 0.04 * _near(room, 0.4, 0.2)) & (others > 0) & ~overdue
    overdue_fen = np.where(overdue, balance * 0.6, np.where(slip, balance * 0.05, 0.0))
    long_ago = overdue & (month >= failed + late + 3)
    worst = np.where(long_ago, np.where(month >= failed + late + 9, 3, 2), np.where(overdue | slip, 1, 0))
    return Bureau(
        firm=firm,
        balance_fen=balance.astype(np.int64),
        overdue_fen=overdue_fen.astype(np.int64),
        overdue_90_fen=np.where(long_ago, overdue_fen, 0).astype(np.int64),
        worst=worst,
        lenders=others + 1,
        inquiries=_rolling(asked, 6),
        new_lenders=_rolling(taken, 12),
    )


def file_lawsuits(plan: BankPlan, firms: Firms, distress: Distress, supplies: Supplies) -> Lawsuits:
    """Background cases, cases as room shrinks and after a failure, and those of unpaid suppliers."""
    rng, months = plan.rng("lawsuits"), plan.months
    since = np.arange(months) - distress.failed[:, None]
    rate = 0.0035 + 0.03 * _near(distress.room, 0.5, 0.3) * (since < 0) + 0.16 * ((since >= 1) & (since < 9))
    busy = (np.arange(firms.count) < plan.firms)[:, None] & (
        rng.random(rate.shape) < rate * np.array([2.0, 1.4, 1.0, 0.7])[firms.size][:, None]
    )
    defendant, month = np.nonzero(busy)
    amount = firms.turnover_fen[defendant] * rng.lognormal(-1.6, 1.0, len(defendant))
    unpaid = np.flatnonzero((distress.failed[supplies.buyer] < months) & (rng.random(supplies.count) < 0.25))
    when = distress.failed[supplies.buyer[unpaid]] + rng.integers(1, 9, len(unpaid))
    unpaid, when = unpaid[when < months], when[when < months]
    plaintiff = np.concatenate([np.full(len(defendant), -1), supplies.seller[unpaid]])
    defendant = np.concatenate([defendant, supplies.buyer[unpaid]])
    month = np.concatenate([month, when])
    amount = np.concatenate([amount, supplies.annual_fen[unpaid] / 6 * rng.uniform(0.5, 1.5, len(unpaid))])
    return _filed(plan, rng, plaintiff, defendant, (month, amount))


def _filed(plan: BankPlan, rng: np.random.Generator, plaintiff: Ints, defendant: Ints, what: tuple[Ints, Floats]) -> Lawsuits:
    month, amount = what
    count = len(month)
    known = rng.random(count) < 0.25
    stranger = rng.integers(2, plan.firms, count)
    plaintiff = np.where((plaintiff < 0) & known & (stranger != defendant), stranger, plaintiff)
    filed = plan.month_start(month) + rng.integers(0, 26, count).astype("timedelta64[D]")
    filed = np.minimum(filed, plan.month_end(month))
    closed = filed + rng.integers(60, 400, count).astype("timedelta64[D]")
    over = closed <= np.datetime64(plan.today) - np.timedelta64(40, "D")
    years = filed.astype("datetime64[Y]").astype(int) + 1970
    return Lawsuits(
        plaintiff=plaintiff,
        defendant=defendant,
        number=np.array([f"（{y}）澄01民初{k + 1:05d}号" for k, y in enumerate(years, plan.first("lawsuits"))], dtype=object),
        amount_fen=(amount // 100 * 100).astype(np.int64),
        filed_on=filed,
        closed_on=np.where(over & (rng.random(count) < 0.8), closed, np.datetime64("NaT")).astype("datetime64[D]"),
        published_on=filed + rng.integers(5, 45, count).astype("timedelta64[D]"),
    )


def follow_failures(plan: BankPlan, firms: Firms, distress: Distress, listed: Ints) -> Happenings:
    """What courts do after a failure, each some months later and not always; `listed` firms are defaulters for sure."""
    rng = plan.rng("enforcement")
    parts: list[tuple[Ints, Ints, Ints]] = []
    for kind, (after, often) in enumerate(_AFTER_FAILURE):
        month = distress.failed + after + rng.integers(0, 5, firms.count)
        happens = (month < plan.months) & (rng.random(firms.count) < often) & (np.arange(firms.count) < plan.firms)
        if COURT_TYPES[kind] == "defaulter_listing":
            happens[listed] = True
            month[listed] = np.minimum(month[listed], plan.months - 2)
        firm = np.flatnonzero(happens)
        parts.append((firm, np.full(len(firm), kind), month[firm]))
    firm, which, month = (np.concatenate([part[k] for part in parts]) for k in range(3))
    return _published(plan, rng, firm, which, (month, firms.turnover_fen[firm] * rng.lognormal(-0.3, 0.8, len(firm))))


def note_authorities(plan: BankPlan, firms: Firms, distress: Distress) -> Happenings:
    """Penalties for anyone; tax arrears near the barrier; listing as abnormal after a failure."""
    rng, shape = plan.rng("authorities"), distress.room.shape
    since = np.arange(plan.months) - distress.failed[:, None]
    near = _near(distress.room, 0.4, 0.25)
    rates = (0.0015 + 0.004 * near, np.where(since > 3, 0.02, 0.0008), 0.0008 + 0.02 * near, 0.0006 * np.ones(shape))
    here = (np.arange(firms.count) < plan.firms)[:, None]
    found = [np.nonzero(here & (rng.random(shape) < rate)) for rate in rates]
    firm = np.concatenate([f for f, _ in found])
    kind = np.concatenate([np.full(len(f), k) for k, (f, _) in enumerate(found)])
    month = np.concatenate([m for _, m in found])
    return _published(plan, rng, firm, kind, (month, firms.turnover_fen[firm] * rng.lognormal(-3.5, 1.0, len(firm))))


def _published(plan: BankPlan, rng: np.random.Generator, firm: Ints, kind: Ints, what: tuple[Ints, Floats]) -> Happenings:
    month, amount = what
    day = plan.month_start(month) + rng.integers(0, 28, len(firm)).astype("timedelta64[D]")
    published = day + rng.integers(3, 35, len(firm)).astype("timedelta64[D]")
    lifted = day + rng.integers(90, 700, len(firm)).astype("timedelta64[D]")
    over = (lifted < np.datetime64(plan.today) - np.timedelta64(40, "D")) & (rng.random(len(firm)) < 0.4)
    return Happenings(
        firm=firm,
        kind=kind,
        amount_fen=(amount // 100 * 100).astype(np.int64),
        day=day,
        lifted_on=np.where(over, lifted, np.datetime64("NaT")).astype("datetime64[D]"),
        published_on=published,
    )


def _near(room: Floats, middle: float, width: float) -> Floats:
    """0 far from the barrier, 1 at it, a half at `middle`."""
    return np.asarray(1.0 / (1.0 + np.exp(np.clip((room - middle) / width, -40, 40))))


def _rolling(values: Ints, months: int) -> Ints:
    total = np.cumsum(values, axis=1)
    total[:, months:] = total[:, months:] - total[:, :-months].copy()
    return np.asarray(total)
