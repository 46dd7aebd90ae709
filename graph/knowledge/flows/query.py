"""How one payment, or many, are traced: which way, by which rule, how far."""

from dataclasses import dataclass
from typing import Literal

from graph.errors import InputError

Direction = Literal["forward", "backward"]
Method = Literal["fifo", "pro_rata"]
Opening = Literal["none", "least"]

DAY_US = 86_400_000_000

BEFORE_DAYS = 30
"""Of payments that came before the traced one: what the bank itself saw arrive is not money untold."""


@dataclass(frozen=True)
class FlowBounds:
    """How far money is followed, and what is assumed of what is not told.

    `days`: from the payment on (backward: before it). `before_days`: how much earlier accounts are read (forward; backward `days`
    reads them): what was seen to arrive then lay there first. `hops`: payments after the first one. `smallest_fen`: of the traced
    money; less is not followed.
    `hub_rows`: an account with more payments in the window, either way, is not followed: what leaves it says nothing.
    `opening`: of money that is on an account untold. `none`: there is none until a payment needs it, and it is used last.
    `least`: as much as makes no payment of the window impossible; it lay there first, and is used first.
    """

    days: int = 90
    before_days: int = BEFORE_DAYS
    hops: int = 6
    smallest_fen: int = 100_00
    hub_rows: int = 2_000
    opening: Opening = "none"

    def __post_init__(self) -> None:
        for name, least, most in (
            ("days", 0, 3_660),
            ("before_days", 0, 3_660),
            ("hops", 0, 20),
            ("smallest_fen", 1, 10**17),
            ("hub_rows", 1, 100_000),
        ):
            value = getattr(self, name)
            if not least <= value <= most:
                raise InputError(f"{name} is {value}.", f"Use {least:,} to {most:,}.", name)
