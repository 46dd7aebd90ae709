"""The exposure network on the wire: nodes, edges with the rows that tell them, and what was cut."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Day, FirmRefText, Row, Text, Wire


class NetworkQuery(Wire):
    """How far, how wide, as of which day, and in which form."""

    as_of: Day | None = None
    depth: Annotated[int, Field(ge=1, le=4, description="hops from the firm")] = 2
    types: Annotated[
        Text | None, Field(description="relation types, joined by commas; lasting relations of firms and persons unless told")
    ] = None
    toward: Annotated[
        Literal["firm", "bank"] | None,
        Field(description="rank by the risk that can reach the firm, or the bank by the firm's failure; by amounts unless told"),
    ] = None
    since: Annotated[Day | None, Field(description="also say what changed from this day to `as_of`")] = None
    nodes: Annotated[int, Field(ge=2, le=500, description="the most entities; the largest amounts stay")] = 150
    format: Annotated[Literal["json", "svg"] | None, Field(description="wins over the Accept header")] = None


class Node(Wire):
    """An entity; persons are shown masked. `distance` in hops from the firm asked for."""

    id: str
    kind: str
    name: str
    distance: int
    stub: bool
    reach: Annotated[
        float | None, Field(description="0 to 1: the largest product of exposure shares on a way; null unless `toward` is asked")
    ] = None
    way: Annotated[tuple[str, ...], Field(description="the entities of that way, between this one and the firm")] = ()
    at_risk_fen: Annotated[int | None, Field(description="reach times what it owes the bank, toward the bank")] = None


class Edge(Wire):
    """One relation, parallel ones apart. `row` is where the bank's files tell it."""

    id: str
    type: str
    src: str
    dst: str
    amount_fen: int | None
    share: float | None
    valid_from: date
    valid_to: Annotated[date, Field(description="9999-12-31 while it lasts")]
    row: Row | None


class CutHub(Wire):
    """A hub that was not shown whole: so many of its relations of one type and way, of so many."""

    anchor: str
    type: str
    way: str
    shown: int
    degree: int


class Changed(Wire):
    """A relation on both days that says something else."""

    before: Edge
    after: Edge
    fields: tuple[str, ...]


class NetworkDiff(Wire):
    """What changed from `since` to the day asked for, among all entities of either day."""

    since: date
    joined: tuple[Node, ...]
    left: tuple[Node, ...]
    new: tuple[Edge, ...]
    ended: tuple[Edge, ...]
    changed: tuple[Changed, ...]
    complete: Annotated[bool, Field(description="neither day was cut, so nobody came or went for want of room")]


class Network(Wire):
    """The surroundings of one firm on a day. `left_out` entities found no room; `complete` says that nothing was cut."""

    firm: str
    as_of: date
    through_seq: Annotated[int, Field(description="the batch that the graph store was built to")]
    complete: bool
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    cuts: tuple[CutHub, ...]
    left_out: int
    floor: Annotated[float, Field(description="nobody left out has a larger reach than this")] = 0.0
    changes: NetworkDiff | None = None


class PathsQuery(Wire):
    """To whom, over which relations, and how many."""

    to: FirmRefText
    as_of: Day | None = None
    since: Annotated[Day | None, Field(description="also say which paths are new, gone or changed since this day")] = None
    types: Annotated[Text | None, Field(description="relation types, joined by commas; lasting relations unless told")] = None
    k: Annotated[int, Field(ge=1, le=50, description="how many paths of each kind")] = 5
    length: Annotated[int, Field(ge=1, le=8, description="the most relations on a path")] = 6


class Step(Wire):
    """Risk moves from `source` to `bearer`, by `share` of it; `why` is the reason in words."""

    source: str
    bearer: str
    type: str
    share: float
    assumed: Annotated[bool, Field(description="the bearer's net assets are not known: all of it may be at stake")]
    why: Sentence
    edges: tuple[Edge, ...]


class RiskWay(Wire):
    """A path on which risk moves: `share` is the product of its steps."""

    nodes: tuple[str, ...]
    share: float
    steps: tuple[Step, ...]


class RiskWays(Wire):
    """The strongest paths first; `complete`: these are the strongest there are. Nothing unsearched bears more than `floor`."""

    paths: tuple[RiskWay, ...]
    complete: bool
    floor: float
    cuts: tuple[CutHub, ...]


class PlainPath(Wire):
    """A shortest path, over relations of any kind, either way along."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]


class ChangedWay(Wire):
    """A path on both days that bears another share, or over another kind of relation."""

    before: RiskWay
    after: RiskWay


class PathDiff(Wire):
    """Paths by the entities on them."""

    since: date
    direction: Literal["arriving", "spreading"]
    new: tuple[RiskWay, ...]
    gone: tuple[RiskWay, ...]
    changed: tuple[ChangedWay, ...]


class Paths(Wire):
    """All that ties two firms: the shortest paths, and those by which most risk of one can reach the other."""

    firm: str
    to: str
    as_of: date
    through_seq: int
    nodes: Annotated[tuple[Node, ...], Field(description="everyone on these paths; `distance` is of no meaning here")]
    shortest: tuple[PlainPath, ...]
    shortest_cuts: tuple[CutHub, ...]
    arriving: Annotated[RiskWays, Field(description="risk of `to` that can reach the firm")]
    spreading: Annotated[RiskWays, Field(description="risk of the firm that can reach `to`")]
    changes: tuple[PathDiff, ...] = ()
