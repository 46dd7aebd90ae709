"""The exposure network on the wire: nodes, edges with the rows that tell them, and what was cut."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.wire.common import Day, Row, Text, Wire


class NetworkQuery(Wire):
    """How far, how wide, as of which day, and in which form."""

    as_of: Day | None = None
    depth: Annotated[int, Field(ge=1, le=4, description="hops from the firm")] = 2
    types: Annotated[
        Text | None, Field(description="relation types, joined by commas; lasting relations of firms and persons unless told")
    ] = None
    nodes: Annotated[int, Field(ge=2, le=500, description="the most entities; the largest amounts stay")] = 150
    format: Annotated[Literal["json", "svg"] | None, Field(description="wins over the Accept header")] = None


class Node(Wire):
    """An entity; persons are shown masked. `distance` in hops from the firm asked for."""

    id: str
    kind: str
    name: str
    distance: int
    stub: bool


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
