"""How notes are paid: what falls due, what is paid when, and the state of every note at every month's end."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.credit import INTEREST_DAY, Notes
from yujing.bank.distress import DEFAULT_LAG, Distress
from yujing.bank.plan import BankPlan, Bools, Days, Ints

TIERS = ("normal", "special_mention", "substandard", "doubtful", "loss")
_TIER_FROM_DAYS = (1, 91, 271, 361)  # 金融资产风险分类办法: overdue at all, over 90, over 270, over 360
_WRITE_OFF_MONTHS = 18


@dataclass(frozen=True)
class Dues:
    """One amount due an entry, from the first month on. `paid_on` is NaT where it is not paid yet."""

    note: Ints
    turn: Ints  # months since drawing
    due_on: Days
    principal_fen: Ints
    interest_fen: Ints
    paid_on: Days


@dataclass(frozen=True)
class NoteStates:
    """One note at one month's end an entry."""

    note: Ints
    month: Ints
    balance_fen: Ints
    arrears_fen: Ints
    days_past_due: Ints
    tier: Ints
    restructured: Bools
    written_off: Bools


def missed_since(plan: BankPlan, notes: Notes, failed: Ints) -> Days:
    """The first due day that each note missed for good; NaT where none. Acceptances have none before they mature."""
    month = failed[notes.firm]
    hit = (month < plan.months) & (notes.end >= month)
    matures_first = (notes.end == month) & (notes.matures_on < _interest_days(plan, month))
    acceptance = notes.product == 1
    day = np.where(matures_first | acceptance, notes.matures_on, _interest_days(plan, month))
    return np.where(hit, day, np.datetime64("NaT")).astype("datetime64[D]")


def fall_due(plan: BankPlan, notes: Notes, distress: Distress) -> Dues:
    """Interest on the 20th, a twelfth of a fixed-asset note every third month, the rest at maturity."""
    rng = plan.rng("repayments")
    note, month = _spread(np.maximum(notes.start + 1, 0), np.minimum(notes.end, plan.months + 11))
    last = month == notes.end[note]
    keep = last | (notes.product[note] != 1)
    note, month, last = note[keep], month[keep], last[keep]
    principal = _principal_due(notes, note, month)
    owed = _balance(notes, note, month - 1)
    due_on = np.where(last, notes.matures_on[note], _interest_days(plan, month)).astype("datetime64[D]")
    late = _lateness(plan, rng, distress, notes.firm[note], month)
    paid_on = due_on + late.astype("timedelta64[D]")
    missed = missed_since(plan, notes, distress.failed)[note]
    unpaid = (paid_on > np.datetime64(plan.today)) | (~np.isnat(missed) & (due_on >= missed))
    return Dues(
        note=note,
        turn=month - notes.start[note],
        due_on=due_on,
        principal_fen=principal,
        interest_fen=np.round(owed * notes.annual_rate[note] / 12).astype(np.int64),
        paid_on=np.where(unpaid, np.datetime64("NaT"), paid_on).astype("datetime64[D]"),
    )


def month_end_states(plan: BankPlan, notes: Notes, distress: Distress, dues: Dues) -> NoteStates:
    """Until it is repaid (one last row with balance 0) or written off; five-tier class by the firm's worst note."""
    missed = missed_since(plan, notes, distress.failed)
    failed = distress.failed[notes.firm]
    written = failed + DEFAULT_LAG + _WRITE_OFF_MONTHS
    until = np.where(np.isnat(missed), notes.end, written)
    note, month = _spread(np.maximum(notes.start, 0), np.minimum(until, plan.months - 1))
    end = plan.month_end(month)
    stuck = ~np.isnat(missed[note])
    balance = np.where(stuck, _balance(notes, note, np.minimum(month, failed[note] - 1)), _balance(notes, note, month))
    past_due = np.where(stuck & (missed[note] <= end), (end - missed[note]).astype(np.int64), 0)
    past_due = np.maximum(past_due, _passing_arrears(plan, dues, note, month, notes.count))
    worst = np.zeros((len(distress.failed), plan.months), dtype=np.int64)
    np.maximum.at(worst, (notes.firm[note], month), past_due)
    tier = np.searchsorted(_TIER_FROM_DAYS, worst[notes.firm[note], month], side="right")
    watched = distress.room[notes.firm[note], month] < plan.rng("watch").uniform(-0.5, 0.7, len(distress.failed))[notes.firm[note]]
    rate = notes.annual_rate[note] / 12
    defaulted_for = month - (failed[note] + DEFAULT_LAG)
    settles = plan.rng("settle").random(len(distress.failed))[notes.firm[note]] < 0.12
    return NoteStates(
        note=note,
        month=month,
        balance_fen=balance.astype(np.int64),
        arrears_fen=np.round(balance * rate * np.ceil(past_due / 30)).astype(np.int64),
        days_past_due=past_due,
        tier=np.maximum(tier, watched),
        restructured=stuck & settles & (defaulted_for >= 4),
        written_off=stuck & (month == written[note]),
    )


def _interest_days(plan: BankPlan, month: Ints) -> Days:
    return np.asarray(plan.month_start(month) + np.timedelta64(INTEREST_DAY - 1, "D"))


def _spread(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Every (row, month) with first <= month <= last."""
    length = np.maximum(0, last - first + 1)
    row = np.repeat(np.arange(len(first)), length)
    return row, first[row] + np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)


def _balance(notes: Notes, note: Ints, month: Ints) -> Ints:
    """What is owed at the end of `month` where everything was paid as due."""
    quarters = np.clip((month - notes.start[note]) // 3, 0, 12)
    principal = notes.principal_fen[note]
    left = np.where(notes.product[note] == 2, principal - principal // 12 * quarters, principal)
    return np.where(month >= notes.end[note], 0, left)


def _principal_due(notes: Notes, note: Ints, month: Ints) -> Ints:
    return np.asarray(_balance(notes, note, month - 1) - _balance(notes, note, month))


def _lateness(plan: BankPlan, rng: np.random.Generator, distress: Distress, firm: Ints, month: Ints) -> Ints:
    """Days between due and paid: mostly none; technical delays for anyone, longer ones near the barrier."""
    shape = distress.room.shape
    near = distress.room < 0.55
    slips = rng.random(shape) < np.where(near, 0.10, 0.004)
    days = np.where(slips, np.where(near, rng.integers(3, 45, shape), rng.integers(1, 14, shape)), 0)
    return np.where(month < plan.months, days[firm, np.minimum(month, plan.months - 1)], 0)


def _passing_arrears(plan: BankPlan, dues: Dues, note: Ints, month: Ints, count: int) -> Ints:
    """Days past due at a month's end of what was paid later."""
    due_month = plan.month_of(dues.due_on)
    inside = due_month < plan.months
    end = plan.month_end(due_month)
    open_then = inside & ((dues.paid_on > end) | (np.isnat(dues.paid_on) & (dues.due_on <= np.datetime64(plan.today))))
    days = np.zeros((count, plan.months), dtype=np.int64)
    np.maximum.at(days, (dues.note[open_then], due_month[open_then]), (end - dues.due_on)[open_then].astype(np.int64))
    return days[note, month]
