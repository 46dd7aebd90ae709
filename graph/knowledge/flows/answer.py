"""What is answered of one payment: where its money ended and by which payments, or what it was made of."""

from dataclasses import dataclass

from graph.knowledge.flows.query import Direction, FlowBounds, Method
from graph.store import Moment


@dataclass(frozen=True)
class Payment:
    """One payment that carried traced money. `traced_fen` of its `amount_fen`; `hop` payments after the first; `days` from it."""

    rel: str
    type: str
    src: str
    dst: str
    at: int  # UTC microseconds
    amount_fen: int
    purpose: str
    currency: str
    traced_fen: int
    hop: int
    days: int


@dataclass(frozen=True)
class FlowEnd:
    """Traced money that ended as `end` at `node`, whose owner is `party` (empty: nobody known), last carried by payment `rel`.

    `how`: the payment says so (`ends`), it rests there (`rests`), or a bound cut the trace (`hops`, `small`, `hub`).
    `known_by`: `certain`, or the word of the purpose, or the payee's trade that says so, in `word`.
    """

    end: str
    how: str
    node: str
    party: str
    rel: str
    amount_fen: int
    share: float
    hop: int
    days: int
    known_by: str
    word: str


@dataclass(frozen=True)
class EndSum:
    """All money that ended alike: within how many days and payments the first and the last of it came there."""

    end: str
    amount_fen: int
    share: float
    days_first: int
    days_last: int
    hops_first: int
    hops_last: int
    by_word_fen: int


@dataclass(frozen=True)
class Hub:
    """An account that was not followed: so many payments within the window."""

    node: str
    payments: int


@dataclass(frozen=True)
class FlowAnswer:
    """Of one payment. The amounts of `ends` add up to `traced_fen`, to the fen.

    `round_trip`: the share that came back to the borrower, within `round_trip_days`. `out_of_sight`: the share that went where the
    bank sees no owner. `cut`: the share whose trace a bound ended. `owners`: of accounts.
    """

    start: Payment
    borrower: str
    when: Moment
    version: str
    direction: Direction
    method: Method
    bounds: FlowBounds
    traced_fen: int
    sums: tuple[EndSum, ...]
    ends: tuple[FlowEnd, ...]
    payments: tuple[Payment, ...]
    hubs: tuple[Hub, ...]
    owners: dict[str, str]

    @property
    def round_trip(self) -> float:
        return next((each.share for each in self.sums if each.end == "borrower"), 0.0)

    @property
    def round_trip_days(self) -> int | None:
        return next((each.days_last for each in self.sums if each.end == "borrower"), None)

    @property
    def out_of_sight(self) -> float:
        return next((each.share for each in self.sums if each.end == "outside"), 0.0)

    @property
    def cut(self) -> float:
        return sum(each.share for each in self.ends if each.how in {"hops", "small", "hub"})

    def mentioned(self) -> tuple[str, ...]:
        """Every entity that the answer names, each once."""
        ends = [end for each in self.payments for end in (each.src, each.dst)]
        named = [*ends, *self.owners.values(), *(hub.node for hub in self.hubs)]
        return tuple(dict.fromkeys(each for each in (self.borrower, *named) if each))
