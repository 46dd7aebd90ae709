"""Guarantee circles on the wire: who is in them, what the bank stands to lose, where to cut, and what became of them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Day, Row, Wire
from api.wire.control import Party
from api.wire.firms import DayQuery
from api.wire.networks import CutHub

Fen = Annotated[int, Field(description="fen (1 yuan = 100), a whole number")]
Identity = Annotated[str | None, Field(description="kept over time; null where the book of the day is not computed")]

__all__ = ["CircleQuery", "CircleView", "DayQuery", "FirmGuarantees", "GuaranteeCircles"]


class CircleQuery(Wire):
    """Which day, ranked by what."""

    as_of: Annotated[Day | None, Field(description="a day of which knowledge was computed; today unless told")] = None
    by: Literal["exposure", "loss"] = "exposure"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=400, description="`next` of the page before, unchanged")] = ""


class CircleSummary(Wire):
    """One circle in figures."""

    id: Identity
    kind: str
    said: Sentence
    leader: Annotated[Party, Field(description="the member with the greatest exposure here")]
    members: int
    guarantees: Annotated[int, Field(description="told inside")]
    amount_fen: Annotated[Fen, Field(description="of guarantees inside; a joint scheme's once a member")]
    exposure_fen: Annotated[Fen, Field(description="of members at this bank, on and off the balance sheet")]
    untold: Annotated[int, Field(description="members, and guarantors of the weakest who are none, whose net assets are not told")]
    returns: Annotated[
        float | None, Field(description="share of what members guarantee that returns to its giver; null: too large")
    ]
    weakest: Party
    loss_fen: Annotated[Fen, Field(description="if the weakest fails, after one round of calls on its guarantors' net assets")]
    endangered_fen: Annotated[Fen, Field(description="exposure of the guarantors that this round exhausts")]
    cut_fen: Annotated[Fen, Field(description="guarantees to give up so that no circle is left")]
    cut_bound_fen: Annotated[Fen, Field(description="proven: no cut is cheaper than this")]
    cut_exact: bool
    cuts: int


class GuaranteeCircles(Wire):
    """Circles of a day, the greatest first."""

    as_of: date
    ledger_seq: int
    version: str
    total: int
    items: tuple[CircleSummary, ...]
    next: str | None


class CircleMember(Wire):
    """A member of a circle."""

    party: Party
    exposure_fen: Fen
    net_assets_fen: Annotated[int | None, Field(description="of the latest statement known; null where none tells it")]
    given_fen: Annotated[Fen, Field(description="guarantees given in all")]
    inside_fen: Annotated[Fen, Field(description="of these, to members")]
    received_fen: Fen
    over_net_assets: Annotated[float | None, Field(description="given over net assets; null where not told or not positive")]
    returns: float | None
    loss_fen: Annotated[Fen, Field(description="if it fails, after one round of calls")]
    guarantors: int
    untold_guarantors: Annotated[int, Field(description="of these, net assets not told: counted as paying nothing")]
    statement: Annotated[Row | None, Field(description="where its net assets are told")]


class GuarantorCall(Wire):
    """What a guarantor of the weakest link is called for and pays."""

    guarantor: Party
    joint_and_several: bool
    amount_fen: Fen
    net_assets_fen: Annotated[
        int | None, Field(description="null: not told, so that nothing is counted on and `loss_fen` is a bound")
    ]
    called_fen: Fen
    exhausted: Annotated[bool | None, Field(description="the call takes all its net assets, or it has none; null: not told")]
    exposure_fen: Annotated[Fen, Field(description="its own at this bank")]


class GuaranteeCut(Wire):
    """A guarantee of the cheapest cut, and what giving it up would need."""

    guarantor: Annotated[Party | None, Field(description="null: the joint scheme as a whole")]
    borrower: Annotated[Party | None, Field(description="null: the other members of the joint scheme")]
    scheme: Annotated[str, Field(description="contract of the joint scheme; empty for a plain guarantee")]
    amount_fen: Fen
    substitute_fen: Annotated[Fen, Field(description="collateral that would stand in for it at this bank")]
    uncovered_fen: Annotated[Fen, Field(description="the borrower's exposure that nothing covers once the whole cut is made")]
    consent: str
    said: Sentence


class CircleGuarantee(Wire):
    """A guarantee inside the circle, and the row that tells it."""

    id: str
    guarantor: Party
    borrower: Party
    amount_fen: Annotated[int | None, Field(description="null: not told, or not in yuan")]
    liability: str
    contract: str
    joint: Annotated[bool, Field(description="of a joint scheme")]
    row: Row | None


class CircleEvent(Wire):
    """What became of the circle on a computed day."""

    on: date
    event: str
    said: Sentence
    other: Annotated[str | None, Field(description="the circle that it is told against")]
    overlap: Annotated[float, Field(description="of members, weighted by exposure; 0 to 1")]
    joined: int
    left: int


class CircleView(Wire):
    """One circle on a day, with all that it rests on. Of long lists the greatest are shown; the summary counts all."""

    as_of: date
    version: str
    circle: CircleSummary
    members: tuple[CircleMember, ...]
    calls: tuple[GuarantorCall, ...]
    cut: tuple[GuaranteeCut, ...]
    guarantees: tuple[CircleGuarantee, ...]
    lineage: tuple[CircleEvent, ...]


class GuaranteeChain(Wire):
    """A firm's place among guarantees."""

    above: Annotated[int, Field(description="guarantees on the longest chain that leads to it; a circle counts as one firm")]
    below: Annotated[int, Field(description="on the longest that leads from it")]
    guarantors: int
    guaranteed: int
    received_fen: Fen
    given_fen: Fen
    exposure_fen: Fen
    hub: Annotated[bool, Field(description="ten guarantors or ten guaranteed, or more")]


class FirmGuarantees(Wire):
    """One firm's circle and chain on a day."""

    as_of: date
    firm: Party
    source: Annotated[Literal["book", "graph"], Field(description="the knowledge book of the day, or worked out now")]
    version: str
    chain: Annotated[GuaranteeChain | None, Field(description="null: no guarantee names it")]
    circle: Annotated[CircleView | None, Field(description="null: it is in none")]
    complete: Annotated[bool, Field(description="false: a longer chain may be behind the cuts")]
    circle_complete: bool
    cuts: tuple[CutHub, ...]
