"""The default cascade: a firm that fails takes from its creditors, its holders and its guarantors, and some of these fail next.

Round by round (Furfine, JMCB 35 (2003), with guarantee calls): of each firm that fell in the round before, creditors lose a
declared part of what it owes them (`Losses.trade`), holders of its shares a part of their stake (`Losses.holding`), and what its
debt to the bank leaves uncovered is called from its guarantors (`guarantees`). A firm falls when losses reach its equity, or
when it cannot pay a call. A firm that fell stays so and falls once, so there are at most as many rounds as firms.

Conventions. Fen. Nothing is passed on by a firm that stands, however weak it is: for that there is DebtRank. What a guarantor
paid is lost to it (recourse comes later than the horizon). Firms whose equity is not known never fall by losses and pay no calls.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats, Index, checked, ranges
from models.contagion.guarantees import CRUMB, Owed, call
from models.contagion.network import GUARANTEE, HOLDING, FirmNetwork

Capacity = Literal["equity", "liquidity", "smaller"]


@dataclass(frozen=True)
class Losses:
    """What is lost of a claim on a firm that fails (shares), what its property brings the bank, and what guarantors pay from."""

    trade: float = 0.6
    holding: float = 1.0
    property: float = 0.2
    capacity: Capacity = "smaller"

    def __post_init__(self) -> None:
        for name in ("trade", "holding", "property"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is {getattr(self, name)}.", "It is a share from 0 to 1.", name)


@dataclass(frozen=True)
class Hits:
    """What arrived, a row each: in `round`, over edge `edge` of `kind` (a claim, or a guarantee), from `sender` to `bearer`, fen.

    `asked`: of a guarantee what was called; what is lost of it is `amount`.
    """

    round: Index
    kind: Index
    edge: Index
    sender: Index
    bearer: Index
    amount: Floats
    asked: Floats


@dataclass(frozen=True)
class Cascade:
    """`fell`: the round in which each firm fell, 0 for the first ones, -1 for never. `lost`: what each firm lost, shock included.

    `paid_by_guarantors`: what the bank got for each borrower; `bank_loss`: what it loses of its credit to each firm that fell.
    """

    fell: Index
    lost: Floats
    paid_by_guarantors: Floats
    bank_loss: Floats
    hits: Hits

    @property
    def rounds(self) -> int:
        """How many rounds some firm fell in, after the first."""
        return int(self.fell.max(initial=0))


def run_cascade(network: FirmNetwork, first: Flags, losses: Losses, shock: Floats | None = None, *, keep: bool = True) -> Cascade:
    """From the firms that fail first (`first`, and whoever loses its equity to `shock`, fen) until nobody falls any more.

    Firms in default before (`performing` false) neither fall nor pass anything on. `keep`: hits are recorded.
    """
    return _Run(network, losses, shock).until_rest(first, keep)


def call_guarantees(network: FirmNetwork, first: Flags, losses: Losses) -> Cascade:
    """The cascade of guarantee calls alone: no claim between firms is looked at."""
    return run_cascade(network.without_claims(), first, losses)


class _Run:
    def __init__(self, network: FirmNetwork, losses: Losses, shock: Floats | None) -> None:
        sheets = network.sheets
        self.network, self.losses, self.sheets = network, losses, sheets
        self.lost = np.zeros(network.size) if shock is None else checked(shock, "shock").copy()
        self.fell = np.full(network.size, -1, np.int64)
        self.paid = np.zeros(network.size)
        known = np.isfinite(sheets.equity)
        equity = np.where(known, sheets.equity, 0.0)
        self.cash_left = np.where(known, np.maximum(sheets.cash, 0.0), 0.0)
        self.equity = equity
        self.known = known
        self.part = np.array([losses.trade, losses.holding])
        self.hits: list[tuple[int, int, Index, Index, Index, Floats, Floats]] = []

    def until_rest(self, first: Flags, keep: bool) -> Cascade:
        performing = self.sheets.performing
        gone = self.known & (self.lost >= self.equity)
        fresh = np.flatnonzero((first | gone) & performing)
        rounds = 0
        while fresh.size:
            self.fell[fresh] = rounds
            rounds += 1
            touched = self._claims(fresh, rounds, keep)
            called, unable = self._calls(fresh, rounds, keep)
            touched = np.unique(np.concatenate([touched, called]))
            gone_now = touched[self.known[touched] & (self.lost[touched] >= self.equity[touched] - CRUMB)]
            fresh = np.unique(np.concatenate([gone_now, unable]))
            fresh = fresh[(self.fell[fresh] < 0) & performing[fresh]]
        return self._answer()

    def _claims(self, fresh: Index, rounds: int, keep: bool) -> Index:
        order, start = self.network.by_debtor
        at, _ = ranges(start, fresh)
        at = order[at]
        claims = self.network.claims
        at = at[claims.amount[at] > 0]
        bearer, sender = claims.creditor[at], claims.debtor[at]
        amount = claims.amount[at] * self.part[claims.kind[at]]
        np.add.at(self.lost, bearer, amount)
        if keep and at.size:
            for kind in range(HOLDING + 1):
                of = claims.kind[at] == kind
                self.hits.append((rounds, kind, at[of], sender[of], bearer[of], amount[of], amount[of]))
        return bearer

    def _calls(self, fresh: Index, rounds: int, keep: bool) -> tuple[Index, Index]:
        """Who was called, and who could not pay."""
        sheets, book = self.sheets, self.network.guarantees
        owing = fresh[sheets.credit[fresh] > 0]
        covered = np.minimum(sheets.collateral[owing], sheets.credit[owing])
        uncovered = sheets.credit[owing] - covered
        capacity = self._capacity()
        before = capacity.copy()
        calls = call(book, Owed(owing, uncovered, uncovered * self.losses.property), capacity)
        paying = np.flatnonzero(before != capacity)
        self.cash_left[paying] -= (before - capacity)[paying]
        guarantor = book.guarantor[calls.guarantee]
        np.add.at(self.lost, guarantor, calls.paid)
        np.add.at(self.paid, book.debtor[calls.guarantee], calls.paid)
        if keep and calls.guarantee.size:
            told = (book.debtor[calls.guarantee], guarantor, calls.paid, calls.asked)
            self.hits.append((rounds, GUARANTEE, calls.guarantee, *told))
        short = self.known[guarantor] & (calls.paid < calls.asked - CRUMB)
        return guarantor, np.unique(guarantor[short])

    def _capacity(self) -> Floats:
        equity = np.maximum(self.equity - self.lost, 0.0)
        which = self.losses.capacity
        cash = np.maximum(self.cash_left, 0.0)
        has = equity if which == "equity" else cash if which == "liquidity" else np.minimum(equity, cash)
        return np.where((self.fell < 0) & self.sheets.performing, has, 0.0)

    def _answer(self) -> Cascade:
        sheets = self.sheets
        gone = self.fell >= 0
        uncovered = np.maximum(sheets.credit - sheets.collateral, 0.0)
        left = np.maximum(uncovered - self.paid, 0.0)
        loss = np.where(gone, np.maximum(left - uncovered * self.losses.property, 0.0), 0.0)
        return Cascade(self.fell, self.lost, self.paid, loss, _together(self.hits))


def _together(rows: list[tuple[int, int, Index, Index, Index, Floats, Floats]]) -> Hits:
    rows = [row for row in rows if len(row[2])]
    if not rows:
        none, nothing = np.empty(0, np.int64), np.empty(0)
        return Hits(none, none, none, none, none, nothing, nothing)
    numbers = [np.concatenate([np.full(len(row[2]), row[i], np.int64) for row in rows]) for i in (0, 1)]
    rest = [np.concatenate([row[i] for row in rows]) for i in range(2, 7)]
    return Hits(numbers[0], numbers[1], *rest)
