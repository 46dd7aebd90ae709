"""Out-of-time split: train, then validation, then test, and no label window of one set reaches into the days of the next."""

from dataclasses import dataclass
from datetime import date, timedelta
from zlib import crc32

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.errors import InputError

WARM_UP_DAYS = 90  # of history before the first training day
HELD_BACK = 4  # one firm in so many validates, where validation cannot lie in a time of its own


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
    """Month ends, ascending; a window is (day, day + horizon].

    `by_firm`: history is too short for validation in a time of its own: it takes the training days, and other firms.
    """

    train: tuple[date, ...]
    validation: tuple[date, ...]
    test: tuple[date, ...]
    horizon_days: int
    by_firm: bool = False

    @property
    def days(self) -> tuple[date, ...]:
        return (*self.train, *self.validation, *self.test)

    def sets(self) -> dict[str, tuple[date, ...]]:
        """By name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def out_of_time(first: date, last: date, plan: Plan) -> Split:
    """The newest split whose windows all close by `last` and whose days have `WARM_UP_DAYS` of history since `first`.

    Where it is too short for three sets one after the other, training and validation share days and split the firms.
    InputError when the history is too short for that too: it says how much is needed.
    """
    horizon = timedelta(days=plan.horizon_days)
    test = _month_ends(last - horizon, plan.test)
    validation = _month_ends(test[0] - horizon, plan.validation)

    def begun_before(day: date) -> tuple[date, ...]:
        ends = _month_ends(day - horizon, plan.train, plan.step)
        return tuple(day for day in ends if day >= first + timedelta(days=WARM_UP_DAYS))

    begun = begun_before(validation[0])
    if not begun and (shared := begun_before(test[0])):
        return Split(shared, shared, test, plan.horizon_days, by_firm=True)
    if not begun:
        needed = 2 * plan.horizon_days + WARM_UP_DAYS + 31 * plan.test
        raise InputError(
            f"History from {first} to {last} is too short for training and test with windows of {plan.horizon_days} days.",
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


def firms_of_set(firms: pa.Array, name: str) -> NDArray[np.bool_]:
    """Which firms are of `train` or `validation` where these share days: by their ids, so that each is in the same on every day."""
    held = np.array([crc32(firm.encode()) % HELD_BACK == 0 for firm in firms.to_pylist()], bool)
    return held if name == "validation" else ~held
