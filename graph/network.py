"""What a walk answers: nodes, edges, and what was cut."""

from dataclasses import asdict, dataclass, field
from typing import Any

from graph.store import Moment


@dataclass(frozen=True)
class NetworkNode:
    """An entity in an answer; `distance` in hops from the firm asked for."""

    id: str
    label: str
    name: str
    distance: int
    stub: bool = False


@dataclass(frozen=True)
class NetworkEdge:
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
    """The surroundings of one firm on a day. `left_out`: neighbours that found no room within `max_nodes`."""

    firm: str
    when: Moment
    nodes: tuple[NetworkNode, ...]
    edges: tuple[NetworkEdge, ...]
    cuts: tuple[Cut, ...] = ()
    left_out: int = 0

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
            "nodes": [asdict(node) for node in self.nodes],
            "edges": [{**asdict(e), "valid_from": _iso(e.valid_from), "valid_to": _iso(e.valid_to)} for e in self.edges],
            "cuts": [asdict(cut) for cut in self.cuts],
            "left_out": self.left_out,
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


def _iso(day: int) -> str:
    return f"{day // 10000:04d}-{day // 100 % 100:02d}-{day % 100:02d}"
