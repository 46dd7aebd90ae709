"""What a walk answers: nodes, edges, and what was cut."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from graph.projection.shape import label_of
from graph.store import Moment


class NetworkNode(NamedTuple):
    """An entity in an answer; `distance` in hops from the firm asked for.

    Where risk was asked for: `reach`, the part of it that can arrive (0 to 1), `way`, over which entities, from this one to the
    firm, and `at_risk_fen`, what the bank has at stake in it then.
    """

    id: str
    label: str
    name: str
    distance: int
    stub: bool = False
    reach: float | None = None
    way: tuple[str, ...] = ()
    at_risk_fen: int | None = None

    @classmethod
    def of(cls, entity: str, state: Mapping[str, Any], distance: int) -> "NetworkNode":
        """An entity by its state on the day; one without a state is a stub."""
        name = state.get("name") or state.get("number") or ""
        return cls(entity, label_of(entity), str(name), distance, bool(state.get("stub", not state)))


class NetworkEdge(NamedTuple):
    """One relation of an answer. Parallel ones stay apart; days are whole-day integers."""

    rel: str
    type: str
    src: str
    dst: str
    amount_fen: int | None
    share: float | None
    valid_from: int
    valid_to: int


@dataclass(frozen=True)
class Cut:
    """A hub that was not shown whole: so many of its relations of one type and way, of so many."""

    anchor: str
    type: str
    way: str
    shown: int
    degree: int


@dataclass(frozen=True)
class Network:
    """The surroundings of one firm on a day. `left_out`: neighbours that found no room within `max_nodes`.

    `floor`: where risk was asked for, none of those left out reaches more than this.
    """

    firm: str
    when: Moment
    nodes: tuple[NetworkNode, ...]
    edges: tuple[NetworkEdge, ...]
    cuts: tuple[Cut, ...] = ()
    left_out: int = 0
    floor: float = 0.0

    @property
    def complete(self) -> bool:
        """Whether all within the depth is shown."""
        return not self.cuts and not self.left_out

    def as_json(self) -> dict[str, Any]:
        """Plain values, days as ISO text."""
        return {
            "firm": self.firm,
            "valid": self.when.valid.isoformat(),
            "known": self.when.known.isoformat(),
            "complete": self.complete,
            "nodes": [node._asdict() for node in self.nodes],
            "edges": [{**e._asdict(), "valid_from": _iso(e.valid_from), "valid_to": _iso(e.valid_to)} for e in self.edges],
            "cuts": [asdict(cut) for cut in self.cuts],
            "left_out": self.left_out,
            "floor": self.floor,
        }


@dataclass(frozen=True)
class Path:
    """A walk from one entity to another: `nodes` one longer than `edges`, each edge between its neighbours, either way."""

    nodes: tuple[str, ...]
    edges: tuple[NetworkEdge, ...]


@dataclass(frozen=True)
class PathAnswer:
    """All shortest paths, or the first `limit` of them; `cuts` says which hubs were not searched whole."""

    paths: tuple[Path, ...]
    cuts: tuple[Cut, ...] = field(default=())


class RiskStep(NamedTuple):
    """Risk moves from `source` to `bearer` over relations of one type, by `share`; `assumed`: net assets are not known."""

    source: str
    bearer: str
    type: str
    share: float
    assumed: bool
    edges: tuple[NetworkEdge, ...]


@dataclass(frozen=True)
class RiskPath:
    """A way on which risk moves, `share` of it to the end: the product of its steps."""

    nodes: tuple[str, ...]
    steps: tuple[RiskStep, ...]
    share: float


@dataclass(frozen=True)
class RiskPaths:
    """The most risk-bearing paths, the strongest first. Whatever was not searched bears no more than `floor`.

    `complete`: these are the strongest there are.
    """

    paths: tuple[RiskPath, ...]
    complete: bool
    floor: float = 0.0
    cuts: tuple[Cut, ...] = ()


def _iso(day: int) -> str:
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"
