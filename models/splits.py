"""Out-of-time split: train, then validation, then test, and no label window of one set reaches into the days of the next."""

from dataclasses import dataclass
from datetime import date, timedelta

from graph.errors import InputError

WARM_UP_DAYS = 90  # of history before the first training day


@dataclass(frozen=True)
class Plan:
    """How many month ends each set takes; training's lie `step` months apart, as neighbouring windows say nearly the same."""

    horizon_days: int = 180
    train: int = 6
    validation: int = 1
    test: int = 1
    step: int = 2


@dataclass(frozen=True)
class Split:
    """Month ends, ascending; a window is (day, day + horizon]."""

    train: tuple[date, ...]
    validation: tuple[date, ...]
    test: tuple[date, ...]
    horizon_days: int

    @property
    def days(self) -> tuple[date, ...]:
        return (*self.train, *self.validation, *self.test)

    def sets(self) -> dict[str, tuple[date, ...]]:
        """By name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def out_of_time(first: date, last: date, plan: Plan) -> Split:
    """The newest split whose windows all close by `last` and whose days have `WARM_UP_DAYS` of history since `first`.

    InputError when the history is too short for one day in each set: it says how much is needed.
    """
    horizon = timedelta(days=plan.horizon_days)
    test = _month_ends(last - horizon, plan.test)
    validation = _month_ends(test[0] - horizon, plan.validation)
    train = _month_ends(validation[0] - horizon, plan.train, plan.step)
    begun = tuple(day for day in train if day >= first + timedelta(days=WARM_UP_DAYS))
    if not begun:
        needed = 3 * plan.horizon_days + WARM_UP_DAYS + 31 * (plan.test + plan.validation)
        raise InputError(
            f"History from {first} to {last} is too short for three sets with windows of {plan.horizon_days} days.",
            f"About {needed} days are needed: take a shorter --horizon.",
            "horizon",
        )
    return Split(begun, validation, test, plan.horizon_days)


def _month_ends(until: date, count: int, step: int = 1) -> tuple[date, ...]:
    """`count` ends of months up to `until`, `step` months apart, ascending."""
    end = (until + timedelta(days=1)).replace(day=1) - timedelta(days=1)
    every = [end]
    while len(every) < (count - 1) * step + 1:
        every.append(every[-1].replace(day=1) - timedelta(days=1))
    return tuple(reversed(every[::step]))
