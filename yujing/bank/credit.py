"""What the bank lent: limits, lines, contracts and loan notes. A failure stops new notes; what was drawn stays due.

Every borrower has one or more *slots*; a slot is lent again when its note matures, so that each borrower owes something in
every month. Interest is due on the 20th, principal on the maturity day, of fixed-asset notes also every third month.
"""

from dataclasses import dataclass

import numpy as np

from yujing.bank.firms import Firms
from yujing.bank.plan import BankPlan, Bools, Days, Floats, Ints, Texts

PRODUCTS = ("working_capital", "acceptance", "fixed_asset")
INTEREST_DAY = 20
_LINE_MONTHS = 24
_UNIT_FEN = 10_000_000  # limits and notes are whole 十万元


@dataclass(frozen=True)
class Slots:
    """One slot an entry: a borrower's place for one note at a time."""

    firm: Ints
    product: Ints
    term: Ints  # months
    first: Ints  # month in which the first note was drawn, before the first month of the bank
    day: Ints  # of the month, on which its notes are drawn and mature
    amount_fen: Ints

    @property
    def count(self) -> int:
        return len(self.firm)


@dataclass(frozen=True)
class Notes:
    """One loan note an entry. `start` and `end` are the months of drawing and maturity; `turn` counts within the slot."""

    slot: Ints
    firm: Ints
    turn: Ints
    start: Ints
    end: Ints
    drawn_on: Days
    matures_on: Days
    product: Ints
    principal_fen: Ints
    annual_rate: Floats
    renewed: Bools
    number: Texts
    contract: Texts

    @property
    def count(self) -> int:
        return len(self.slot)


@dataclass(frozen=True)
class Lines:
    """One credit line an entry, for two years; the next begins as it ends."""

    firm: Ints
    number: Texts
    limit_fen: Ints
    start: Ints
    approved_on: Days
    expires_on: Days


def credit_limits(plan: BankPlan, firms: Firms) -> Ints:
    """What the bank lends each firm at most, in fen: 8 to 22% of its assets; 0 where it does not borrow."""
    share = plan.rng("limits").uniform(0.08, 0.22, firms.count)
    limit = np.ceil(firms.assets_fen * share / _UNIT_FEN) * _UNIT_FEN
    return np.where(firms.borrower, limit, 0).astype(np.int64)


def invent_slots(plan: BankPlan, firms: Firms, limit_fen: Ints) -> Slots:
    """The first slot of a borrower is always working capital, so that interest falls due every month."""
    rng = plan.rng("slots")
    many = np.array([3, 2, 1, 1])[firms.size] + (rng.random(firms.count) < np.array([0.4, 0.5, 0.35, 0.05])[firms.size])
    firm = np.repeat(np.arange(firms.count), np.where(firms.borrower, many, 0))
    place = np.arange(len(firm)) - np.searchsorted(firm, firm)
    product = np.where(place == 0, 0, rng.choice(3, len(firm), p=(0.4, 0.33, 0.27)))
    term = np.where(product == 1, 6, np.where(product == 2, 36, np.where(rng.random(len(firm)) < 0.85, 12, 6)))
    used = rng.uniform(0.55, 0.95, firms.count)[firm] / many[firm]
    return Slots(
        firm=firm,
        product=product,
        term=term,
        first=-1 - np.floor(rng.random(len(firm)) * term).astype(np.int64),
        day=rng.integers(3, 26, len(firm)),
        amount_fen=np.maximum(_UNIT_FEN, np.floor(limit_fen[firm] * used / _UNIT_FEN) * _UNIT_FEN).astype(np.int64),
    )


def draw_notes(plan: BankPlan, firms: Firms, slots: Slots, failed: Ints) -> Notes:
    """All notes drawn up to the last month; none from the month of failure on (`failed`: see `Distress`)."""
    rng = plan.rng("notes")
    turns = (plan.months - 1 - slots.first) // slots.term + 1
    slot = np.repeat(np.arange(slots.count), turns)
    turn = np.arange(len(slot)) - np.searchsorted(slot, slot)
    start = slots.first[slot] + turn * slots.term[slot]
    drawn = (turn == 0) | (start < failed[slots.firm[slot]])
    slot, turn, start = slot[drawn], turn[drawn], start[drawn]
    firm, term = slots.firm[slot], slots.term[slot]
    gap = np.where(turn > 0, rng.integers(0, 4, len(slot)), 0)
    drawn_on = plan.month_start(start) + (slots.day[slot] - 1 + gap).astype("timedelta64[D]")
    drawn_on = np.minimum(drawn_on, plan.month_end(start))
    year = (plan.first_month + start.astype("timedelta64[M]")).astype("datetime64[Y]").astype(int) + 1970
    base = 0.0345 + 0.006 * firms.size[firm] + rng.normal(0.0, 0.004, len(slot))
    scale = np.where(turn > 0, rng.choice((0.9, 1.0, 1.0, 1.1), len(slot)), 1.0)
    principal = np.maximum(_UNIT_FEN, np.round(slots.amount_fen[slot] * scale / _UNIT_FEN) * _UNIT_FEN)
    agreement = turn * term // 12
    return Notes(
        slot=slot,
        firm=firm,
        turn=turn,
        start=start,
        end=start + term,
        drawn_on=drawn_on,
        matures_on=plan.month_start(start + term) + (slots.day[slot] - 1).astype("timedelta64[D]"),
        product=slots.product[slot],
        principal_fen=principal.astype(np.int64),
        annual_rate=np.where(slots.product[slot] == 1, 0.0, np.round(np.clip(base, 0.028, 0.085), 4)),
        renewed=(turn > 0) & (slots.product[slot] == 0) & (rng.random(len(slot)) < 0.35),
        number=np.array([f"JJ{y}{k:07d}" for k, y in enumerate(year, plan.first("notes"))], dtype=object),
        contract=np.array([f"HT{s:06d}{a:02d}" for s, a in zip(slot + plan.first("slots"), agreement, strict=True)], dtype=object),
    )


def open_lines(plan: BankPlan, firms: Firms, limit_fen: Ints, failed: Ints) -> Lines:
    """A line for every borrower at any time before it fails."""
    rng = plan.rng("lines")
    borrowers = np.flatnonzero(firms.borrower)
    first = -rng.integers(1, _LINE_MONTHS, len(borrowers))
    turns = (plan.months - 1 - first) // _LINE_MONTHS + 1
    which = np.repeat(np.arange(len(borrowers)), turns)
    turn = np.arange(len(which)) - np.searchsorted(which, which)
    firm, start = borrowers[which], first[which] + turn * _LINE_MONTHS
    kept = (turn == 0) | (start < failed[firm])
    firm, start, turn = firm[kept], start[kept], turn[kept]
    day = rng.integers(0, 27, firms.count)[firm].astype("timedelta64[D]")
    return Lines(
        firm=firm,
        number=np.array([f"SX{f:06d}{t:02d}" for f, t in zip(firm + plan.first("firms"), turn, strict=True)], dtype=object),
        limit_fen=limit_fen[firm],
        start=start,
        approved_on=plan.month_start(start) + day,
        expires_on=plan.month_start(start + _LINE_MONTHS) + day,
    )
