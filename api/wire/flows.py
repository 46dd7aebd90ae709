"""Fund flows on the wire: where money ended, by which payments, told by which rows."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Day, PositiveMoney, Row, Text, Wire
from api.wire.control import Party
from graph.knowledge.flows.query import BEFORE_DAYS

Share = Annotated[float, Field(description="of the traced amount; 0 to 1")]


class FlowsQuery(Wire):
    """Which payment of the firm, which way, how far."""

    as_of: Annotated[Day | None, Field(description="the day whose knowledge is asked for; today unless told")] = None
    source: Annotated[
        Text | None,
        Field(alias="from", description="loan note (number or id), id of a payment, or day; the last drawdown unless told"),
    ] = None
    amount: Annotated[
        PositiveMoney | None, Field(strict=False, description="fen: how much of the payment is traced; all of it unless told")
    ] = None
    days: Annotated[int, Field(ge=0, le=3_660, description="how long money is followed from the payment on, or before it")] = 90
    before_days: Annotated[
        int, Field(ge=0, le=3_660, description="how much earlier accounts are read: what came then leaves first; forward only")
    ] = BEFORE_DAYS
    hops: Annotated[int, Field(ge=0, le=20, description="over how many further payments")] = 6
    smallest: Annotated[int, Field(ge=1, le=10**17, description="fen: less than this is not followed")] = 10_000
    method: Annotated[Literal["fifo", "pro_rata"], Field(description="first in first out, or in proportion")] = "fifo"
    direction: Annotated[Literal["forward", "backward"], Field(description="where it went, or where it came from")] = "forward"
    opening: Annotated[
        Literal["none", "least"],
        Field(description="of money untold on an account: none is assumed, or the least that was there, which leaves first"),
    ] = "none"


class ShapesQuery(Wire):
    """Which payments, and what counts as a shape."""

    as_of: Annotated[Day | None, Field(description="the day whose knowledge is asked for; today unless told")] = None
    since_days: Annotated[int, Field(ge=0, le=3_660, description="payments of the last days")] = 90
    days: Annotated[int, Field(ge=0, le=3_660, description="from the first payment of a shape to its last")] = 30
    length: Annotated[int, Field(ge=2, le=8, description="payments of a cycle at most")] = 5
    share: Annotated[float, Field(gt=0, le=1, description="of a cycle's first payment that each other is at least")] = 0.5
    parties: Annotated[int, Field(ge=2, le=100_000, description="others from whom is gathered, or to whom is scattered")] = 5
    smallest: Annotated[int, Field(ge=1, le=10**17, description="fen: of a cycle's first payment, of a gathering")] = 1_000_000


class Pocket(Wire):
    """An account, firm, person or loan note that money passes, and whose it is; null where nobody is known."""

    id: str
    kind: str
    name: str
    owner: Party | None


class PaymentShown(Wire):
    """A payment that carried traced money."""

    id: str
    type: str
    src: Pocket
    dst: Pocket
    at: datetime
    amount_fen: int
    currency: str
    purpose: str
    traced_fen: int
    hop: Annotated[int, Field(description="payments after the first")]
    days: Annotated[int, Field(description="from the first payment")]
    row: Row | None


class EndShown(Wire):
    """Money that ended alike, at one place, last carried by one payment."""

    end: str
    said: Sentence
    how: str
    how_said: Sentence
    at: Pocket
    payment: Annotated[str, Field(description="id of the last payment that carried it")]
    amount_fen: int
    share: Share
    hop: int
    days: int
    known_by: str
    word: Annotated[str, Field(description="the word or the code that says so, where it is known by that only")]


class EndSumShown(Wire):
    """All money that ended alike."""

    end: str
    said: Sentence
    amount_fen: int
    share: Share
    days_first: int
    days_last: int
    hops_first: int
    hops_last: int
    by_word_fen: Annotated[int, Field(description="of it, what is known by a word only")]


class HubShown(Wire):
    """An account with too many payments in the window to follow."""

    at: Pocket
    payments: int


class FlowShown(Wire):
    """One payment traced. The amounts of `ends`, and of `sums`, add up to `traced_fen` to the fen."""

    start: PaymentShown
    direction: str
    method: str
    method_said: Sentence
    traced_fen: int
    round_trip: Annotated[float, Field(description="share that came back to the borrower")]
    round_trip_days: int | None
    out_of_sight: Annotated[float, Field(description="share that went where the bank sees no owner")]
    cut: Annotated[float, Field(description="share whose trace a bound ended; it is counted in `sums` where it was")]
    sums: tuple[EndSumShown, ...]
    ends: tuple[EndShown, ...]
    payments: tuple[PaymentShown, ...]
    hubs: tuple[HubShown, ...]


class FlowsShown(Wire):
    """Where the money of a firm's payments went, or came from, as known by the end of a day."""

    as_of: date
    firm: Party
    through_seq: Annotated[int, Field(description="the batch that the graph store was built to")]
    version: Annotated[str, Field(description="of the algorithm and the lexicon; empty where nothing was traced")]
    flows: tuple[FlowShown, ...]


class ShapeShown(Wire):
    """A cycle, a gathering or a scattering: its payments in time order."""

    kind: str
    said: Sentence
    others: int
    amount_fen: Annotated[int, Field(description="of a cycle its smallest payment; else all payments together")]
    days: int
    payments: tuple[PaymentShown, ...]


class ShapesShown(Wire):
    """The shapes of payments around a firm."""

    as_of: date
    firm: Party
    through_seq: int
    shapes: tuple[ShapeShown, ...]
    cut: Annotated[int, Field(description="ways that were not followed, or cycles not told")]
    hubs: tuple[HubShown, ...]
