"""Control and beneficial owners on the wire: who, over which chains, told by which rows, and what is not known."""

from datetime import date
from typing import Annotated

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Row, Wire
from api.wire.networks import CutHub

Share = Annotated[float, Field(description="0 to 1")]
_BEYOND = "of the interest, what no chain shown tells: ways round a circle of holdings, and ways beyond those listed"


class Party(Wire):
    """An entity; persons are shown masked."""

    id: str
    kind: str
    name: str


class TiedBy(Wire):
    """One relation that an answer rests on, and where the bank's files tell it."""

    id: str
    type: str
    src: Party
    dst: Party
    equity_share: float | None
    voting_share: Annotated[float | None, Field(description="as told; null where votes go with equity")]
    since: date
    row: Row | None


class HoldingChain(Wire):
    """A way of holdings, from the one above down to the firm; `share` is the product of its equity shares."""

    nodes: tuple[Party, ...]
    share: Share
    steps: Annotated[tuple[tuple[TiedBy, ...], ...], Field(description="the relations of each step; parallel ones add up")]
    counted: Annotated[
        tuple[float, ...], Field(description="of each step the share counted: below what is told where a firm's shares exceed 1")
    ]


class FirmController(Wire):
    """Someone who controls the firm."""

    party: Party
    votes: Annotated[float, Field(description="commanded in the firm, with all that it controls or acts with; 0 to 1")]
    interest: Annotated[float, Field(description="integrated ownership over all ways; 0 to 1")]
    beyond_chains: Annotated[float, Field(description=_BEYOND)]
    ultimate: Annotated[bool, Field(description="nobody controls it in turn: an actual controller")]
    joint: Annotated[bool, Field(description="only together with those it acts in concert with")]
    state: Annotated[bool, Field(description="the state: what it owns is not one group for that alone")]
    chains: tuple[HoldingChain, ...]
    acts_with: tuple[TiedBy, ...]


class Untold(Wire):
    """A firm some of whose holders are not told."""

    party: Party
    untold: Annotated[float, Field(description="of its own shares; 0 to 1")]
    weight: Annotated[float, Field(description="of the firm asked for, what lies behind it; 0 to 1")]


class ControlFinding(Wire):
    """Something that contradicts: a filing against the votes, or shares that cannot be."""

    finding: str
    said: Sentence
    party: Party | None
    row: Row | None


class Controllers(Wire):
    """Who controls a firm on a day, as its records were known by the end of that day."""

    as_of: date
    firm: Party
    through_seq: Annotated[int, Field(description="the batch that the graph store was built to")]
    version: Annotated[str, Field(description="of the algorithm")]
    status: str
    said: Sentence
    known_equity: Share
    known_votes: Share
    controllers: tuple[FirmController, ...]
    deadlocked: tuple[Party, ...]
    missing: tuple[Untold, ...]
    findings: tuple[ControlFinding, ...]
    complete: Annotated[bool, Field(description="false where a hub had more holders than were read")]
    cuts: tuple[CutHub, ...]


class Test(Wire):
    """A test of article 6 that a person meets, or the post by which they stand in."""

    test: str
    said: Sentence


class OwnerInTheEnd(Wire):
    """A beneficial owner."""

    party: Party
    interest: Share
    beyond_chains: Annotated[float, Field(description=_BEYOND)]
    votes: Share
    tests: tuple[Test, ...]
    chains: tuple[HoldingChain, ...]
    told_by: tuple[TiedBy, ...]


class BeneficialOwners(Wire):
    """The beneficial owners of a firm on a day. `unknown`: what in the end belongs to nobody who is told."""

    as_of: date
    firm: Party
    through_seq: int
    version: str
    rule: str
    status: str
    said: Sentence
    exempt: Annotated[bool, Field(description="article 3: capital up to CNY 10 million, natural persons only")]
    unknown: Share
    owners: tuple[OwnerInTheEnd, ...]
    missing: tuple[Untold, ...]
    complete: bool
    cuts: tuple[CutHub, ...]
