"""The most risk that can reach an entity, or go out from it, within so many relations.

    reach(v) = max over ways of at most `depth` relations of the product of their shares

(Dijkstra in −log share, bounded in length: all that improved at one step is widened together at the next, so an engine is asked
once a step.) No way makes more of a risk, so whatever finds no room among the `room` largest could lead to nothing larger: the
bound costs only what reaches less than all that is kept.
"""

from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from graph.network import Cut
from graph.reach.figures import Means
from graph.reach.shares import TIES, Direction, Flow, ties
from graph.store import GraphReader, Hop
from graph.walks import cuts_of


@dataclass(frozen=True)
class Going:
    """How a spread is asked: which relations, whose figures, which way, how far, and for how many entities there is room."""

    hop: Hop
    flows: tuple[Flow, ...]
    means: Means
    direction: Direction
    depth: int
    room: int


@dataclass
class Spread:
    """`reach` by entity, 1 at the origin; `left_out` entities found no room, none of which reaches more than `floor`."""

    origin: str
    reach: dict[str, float] = field(default_factory=dict)
    cuts: list[Cut] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    floor: float = 0.0
    ties: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TIES))
    edges: list[pa.Table] = field(default_factory=list)
    _steps: dict[str, int] = field(default_factory=dict)
    _before: dict[tuple[int, str], str] = field(default_factory=dict)

    def way(self, entity: str) -> tuple[str, ...]:
        """From the entity to the origin, over which its reach is."""
        step, found = self._steps[entity], [entity]
        for at in range(step, 0, -1):
            found.append(self._before[at, found[-1]])
        return tuple(found)


def spread(reader: GraphReader, origin: str, going: Going) -> Spread:
    """How much of every entity's risk can arrive at `origin`, or of the origin's at every entity."""
    found = Spread(origin, {origin: 1.0}, _steps={origin: 0})
    frontier, told = {origin: 1.0}, []
    for step in range(1, going.depth + 1):
        edges = reader.expand(list(frontier), going.hop)
        found.cuts += cuts_of(reader, edges, going.hop)
        near = ties(edges, going.flows, going.direction, going.means)
        found.edges.append(edges)
        told.append(near)
        frontier = _improve(found, near, frontier, (step, going.room))
        if not frontier:
            break
    found.ties = pl.concat(told).unique(maintain_order=True)
    found.cuts = list(dict.fromkeys(found.cuts))
    found.left_out -= found.reach.keys()
    return found


def _improve(found: Spread, near: pl.DataFrame, frontier: dict[str, float], bounds: tuple[int, int]) -> dict[str, float]:
    """What now reaches more than it did, the largest first, as far as there is room."""
    step, room = bounds
    begun = pl.DataFrame({"near": list(frontier), "begun": list(frontier.values())})
    best = (
        near.join(begun, on="near")
        .with_columns((pl.col("share") * pl.col("begun")).alias("reach"))
        .sort(["reach", "near"], descending=[True, False])
        .group_by("far", maintain_order=True)
        .first()
        .sort(["reach", "far"], descending=[True, False])
    )
    better = {}
    for far, before, reach in best.select("far", "near", "reach").iter_rows():
        if reach > found.reach.get(far, 0.0):
            found.reach[far], found._steps[far], found._before[step, far] = reach, step, before
            better[far] = reach
    if len(found.reach) > room:
        ranked = sorted(found.reach.items(), key=lambda each: (-each[1], found._steps[each[0]], each[0]))
        for far, reach in ranked[room:]:
            found.floor = max(found.floor, reach)
            found.left_out.add(far)
            del found.reach[far]
            better.pop(far, None)
    return better
