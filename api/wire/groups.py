"""Groups, proposals and connected clients on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Day, Row, Text, Wire
from api.wire.control import Party


class GroupDay(Wire):
    """Which day; today where none is told."""

    as_of: Day | None = None


class GroupQuery(GroupDay):
    """Which page of the groups."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=400, description="`next` of the page before, unchanged")] = ""


class ProposalsQuery(GroupQuery):
    """Which proposals."""

    status: Literal["pending", "confirmed", "rejected", "all"] = "pending"


class MemberReason(Wire):
    """Why a firm is in a group, or may be."""

    firm: Party
    limb: Annotated[int, Field(ge=1, le=4, description="of article 3 of the guidelines")]
    reason: str
    said: Sentence
    other: Party
    strength: Annotated[float, Field(description="of control the votes commanded, else 1")]
    certain: Annotated[bool, Field(description="false: an officer has not said yet")]
    proposal: str | None
    rows: Annotated[tuple[Row, ...], Field(description="the rows that prove it")]


class GroupFinding(Wire):
    """Something that contradicts what was filed."""

    finding: str
    said: Sentence
    firm: Party
    other: Party


class FirmGroup(Wire):
    """The group of one firm; `group` is null where it is in none."""

    as_of: date
    firm: Party
    through_seq: Annotated[int, Field(description="the batch that the graph store was built to")]
    version: str
    rule: str
    name: str | None
    head: Party | None
    lead: Party | None
    members: tuple[Party, ...]
    reasons: tuple[MemberReason, ...]
    findings: tuple[GroupFinding, ...]
    complete: Annotated[bool, Field(description="false where more was there than is read")]


class GroupLine(Wire):
    """A group in the list."""

    id: str
    name: str
    head: Party
    lead: Party
    members: int
    exposure_fen: int


class GroupList(Wire):
    """One page, the largest exposure first; `next` is the cursor of the page after, null on the last."""

    as_of: date
    items: tuple[GroupLine, ...]
    next: str | None


class GroupEvent(Wire):
    """What became of a group on a computed day."""

    as_of: date
    event: str
    said: Sentence
    other: str | None
    overlap: float
    joined: int
    left: int


class ConnectedMember(Wire):
    """One of the connected clients. `through`: control, or the id of the proposal by which it is in."""

    firm: Party
    through: str
    pending: bool
    exposure_fen: int


class GroupView(GroupLine):
    """A group with its members, its history, and its connected clients with and without what is pending."""

    as_of: date
    rule: str
    reasons: tuple[MemberReason, ...]
    findings: tuple[GroupFinding, ...]
    lineage: tuple[GroupEvent, ...]
    connected: tuple[ConnectedMember, ...]
    connected_exposure_fen: Annotated[int, Field(description="without what is pending")]
    connected_exposure_with_pending_fen: int


class DependenceView(Wire):
    """A proposal that an officer confirms or rejects by `due`."""

    id: str
    kind: str
    said: Sentence
    dependent: Party
    on: Party
    share: float | None
    threshold: float | None
    first_known: Annotated[date | None, Field(description="the day its newest evidence was known")]
    first_proposed: Annotated[date, Field(description="the first computed day that has it")]
    due: Annotated[date | None, Field(description="counted from the day it was first proposed")]
    required: Annotated[bool | None, Field(description="the exposure is so large that the examination is asked for")]
    status: Literal["pending", "confirmed", "rejected"]
    by: str
    why: str
    at: Annotated[datetime | None, Field(description="when the word counts from: on a bank whose day stands still, the end of it")]
    taken_at: Annotated[datetime | None, Field(description="when it was said")]
    pending_recompute: Annotated[
        bool, Field(description="the book counts it otherwise: exposures and limits change with the next `yujing knowledge`")
    ]
    rows: tuple[Row, ...]


class DependenceList(Wire):
    """One page, the required first, then those due first; `next` is the cursor of the page after, null on the last."""

    as_of: date
    items: tuple[DependenceView, ...]
    next: str | None


class GroupDecision(Wire):
    """An officer's word: it holds, it does not, or the last word is taken back."""

    verdict: Literal["confirm", "reject", "undo"]
    why: Text
