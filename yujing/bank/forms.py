"""In what form notes are lent when the one before falls due, and which were extended: firms in trouble take the worse ones."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.plan import Days, Ints, Texts
from yujing.bank.world import World

FORMS = np.array(["新增", "无还本续贷", "借新还旧"], dtype=object)
_TIGHT = 1.5  # room below which a borrower may not have the cash to repay
_MONTHS = 6  # after which a note that was extended had first fallen due
_LEAST_MONTHS = 24  # of a bank: a shorter one extends nothing, it has too few notes to learn from


@dataclass(frozen=True)
class Forms:
    """`form`: of each note its place in FORMS. `replaces`: the note before it in its slot, where it is no new lending.

    `extended`: notes first lent for half a year; `first_due` their day then, `extended_on` the day they were given more time.
    """

    form: Ints
    replaces: Texts
    extended: Ints
    first_due: Days
    extended_on: Days


def note_forms(world: World) -> Forms:
    """Every note's form; the demonstration's own cases are left as they are."""
    plan, notes, distress = world.plan, world.book.notes, world.distress
    rng = plan.rng("forms")
    last = plan.months - 1
    told = np.isin(notes.firm, world.society.cast.everyone)

    def tight(month: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.asarray(distress.room[notes.firm, np.clip(month, 0, last)] < _TIGHT)

    before = np.roll(notes.number, 1)
    again = (notes.turn > 0) & (notes.product != 1)
    new_for_old = again & ~notes.renewed & ~told & tight(notes.start) & (rng.random(notes.count) < 0.75)
    form = np.where(notes.renewed, 1, np.where(new_for_old, 2, 0))
    middle = notes.start + _MONTHS
    first_due = plan.month_start(middle) + (world.society.slots.day[notes.slot] - 1).astype("timedelta64[D]")
    extended_on = first_due - rng.integers(3, 12, notes.count).astype("timedelta64[D]")
    fits = (notes.product == 0) & (notes.end - notes.start == 2 * _MONTHS) & (notes.start >= 0) & ~told
    standing = (distress.failed[notes.firm] > middle) & (plan.months >= _LEAST_MONTHS)
    extends = fits & standing & tight(middle) & (first_due <= np.datetime64(plan.today)) & (rng.random(notes.count) < 0.75)
    extended = np.flatnonzero(extends)
    return Forms(form, np.where(form > 0, before, "").astype(object), extended, first_due[extended], extended_on[extended])
