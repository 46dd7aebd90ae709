"""What one invented bank is made from: a seed, a size, and the months that it covers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from zlib import crc32

import numpy as np
import numpy.typing as npt

from graph.errors import InputError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]
Texts = npt.NDArray[np.object_]

FEN_PER_WAN = 1_000_000  # 一万元 in fen
_FEWEST_FIRMS = 60
_FEWEST_MONTHS = 18
_MOST_FIRMS = 5_000_000  # as many as names, codes and identity numbers are told apart for
SOCIETY_FIRMS = 5_000  # a larger bank is made of societies of at most so many firms


@dataclass(frozen=True)
class Block:
    """One society of a large bank: the `index`-th of `of`. `before` counts what the earlier ones hold; numbers go on from there."""

    index: int
    of: int
    before: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BankPlan:
    """The same plan writes the same bytes. `last_month` is the month whose last day is the bank's today.

    With a `block`, it plans that society alone, and `firms` are the society's own.
    """

    firms: int = 3000
    seed: int = 7
    months: int = 36
    last_month: str = "2026-03"
    block: Block | None = None

    def __post_init__(self) -> None:
        if self.firms < _FEWEST_FIRMS:
            raise InputError(f"An invented bank needs {_FEWEST_FIRMS} firms or more (got {self.firms}).", "Raise --firms.", "firms")
        if self.firms > _MOST_FIRMS:
            said = f"An invented bank holds {_MOST_FIRMS:,} firms or fewer (got {self.firms:,})."
            raise InputError(said, "Lower --firms.", "firms")
        if self.months < _FEWEST_MONTHS:
            raise InputError(
                f"An invented bank needs {_FEWEST_MONTHS} months or more (got {self.months}).", "Raise --months.", "months"
            )

    def rng(self, part: str) -> np.random.Generator:
        """A stream of its own for each part (and society), so that a change in one leaves the others as they were."""
        place = [] if self.block is None else [self.block.index + 1]
        return np.random.default_rng([self.seed, crc32(part.encode()), *place])

    def shared_rng(self, part: str) -> np.random.Generator:
        """A stream that all societies of a bank share: what is drawn from it first is the same in each."""
        return replace(self, block=None).rng(part)

    def first(self, kind: str) -> int:
        """How many of a kind (firms, notes, …) the societies before this one hold."""
        return 0 if self.block is None else self.block.before.get(kind, 0)

    @property
    def society(self) -> int:
        """Which society of the bank this is; 0 where there is one only."""
        return 0 if self.block is None else self.block.index

    @property
    def last(self) -> bool:
        """Whether no society comes after this one."""
        return self.block is None or self.block.index == self.block.of - 1

    @property
    def societies(self) -> int:
        """Of how many societies the bank is made."""
        return -(-self.firms // SOCIETY_FIRMS) if self.block is None else self.block.of

    def sizes(self) -> Iterator[int]:
        """How many firms each society has: as equal as can be."""
        each, more = divmod(self.firms, self.societies)
        return (each + (k < more) for k in range(self.societies))

    @property
    def first_month(self) -> np.datetime64:
        return np.datetime64(self.last_month, "M") - np.timedelta64(self.months - 1, "M")

    @property
    def first_day(self) -> date:
        return day_object(self.first_month.astype("datetime64[D]"))

    @property
    def today(self) -> date:
        return day_object(self.month_end(np.array([self.months - 1]))[0])

    def month_start(self, month: Ints) -> Days:
        """First day of each month counted from the first one (0); negative months are before it."""
        return np.asarray((self.first_month + month.astype("timedelta64[M]")).astype("datetime64[D]"))

    def month_end(self, month: Ints) -> Days:
        return np.asarray(self.month_start(month + 1) - np.timedelta64(1, "D"))

    def month_of(self, day: Days) -> Ints:
        """The month, counted from the first one, in which each day falls."""
        return np.asarray((day.astype("datetime64[M]") - self.first_month).astype(np.int64))


def day_object(day: np.datetime64) -> date:
    """A NumPy day as a `date`."""
    return date.fromisoformat(str(day))
