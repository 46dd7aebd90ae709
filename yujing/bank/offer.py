"""The one contract that is signed and not drawn: what the drawdown case asks to pay out of."""

from dataclasses import dataclass

import numpy as np

from yujing.bank.plan import FEN_PER_WAN
from yujing.bank.world import World

_SIGNED_BEFORE = np.timedelta64(11, "D")


@dataclass(frozen=True)
class Offer:
    """A working-capital contract of the drawdown case's borrower, for half of what its line leaves."""

    contract: str
    line: str
    amount_fen: int
    signed_on: np.datetime64


def open_offer(world: World) -> Offer:
    """The offer in force on the bank's today."""
    firm, notes, lines, states = world.society.cast.drawdown_borrower, world.book.notes, world.book.lines, world.book.states
    line = int(np.flatnonzero(lines.firm == firm)[-1])
    now = (states.month == world.plan.months - 1) & (notes.firm[states.note] == firm)
    left = int(lines.limit_fen[line]) - int(states.balance_fen[now].sum())
    return Offer(
        contract=f"HT{999_999 if world.plan.block is None else _undrawn_slot(world):06d}01",
        line=str(lines.number[line]),
        amount_fen=max(FEN_PER_WAN, left // 2 // FEN_PER_WAN * FEN_PER_WAN),
        signed_on=np.datetime64(world.plan.today) - _SIGNED_BEFORE,
    )


def _undrawn_slot(world: World) -> int:
    """The number after those of the society's slots; the next society begins behind it."""
    return world.plan.first("slots") + world.society.slots.count
