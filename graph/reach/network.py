"""The network of a firm, ranked by how much risk can reach the firm, or through the firm the bank."""

from dataclasses import dataclass, replace
from typing import Literal

from graph.network import Network, NetworkNode
from graph.reach.figures import Means, NoFigures
from graph.reach.shares import Direction, flows
from graph.reach.spread import Going, Spread, spread
from graph.store import GraphReader, Hop
from graph.walks import NetworkQuery, exposure_network, exposure_types, relations_among

Toward = Literal["firm", "bank"]

_CAP = 2_000  # among entities that are shown, relations are shown as far as can be


@dataclass(frozen=True)
class RiskQuery:
    """`walk`: how far and how wide. `toward` firm: what can reach it; bank: what the firm's failure can cost the bank."""

    walk: NetworkQuery
    toward: Toward = "firm"


def risk_network(reader: GraphReader, firm_id: str, query: RiskQuery, means: Means | None = None) -> Network:
    """Entities by `reach`: the largest product of exposure shares on a way of at most `walk.depth` relations, 0 where no risk
    moves; toward the bank by reach times what the entity owes it (`at_risk_fen`). Room that risk leaves goes to whom the firm
    is tied to otherwise, by amounts as in `exposure_network`.

    NotFoundError for an entity of which nothing is known on that day; InputError for a bound below 1.
    """
    walk, means = query.walk, means or NoFigures()
    plain = exposure_network(reader, firm_id, walk)
    types = walk.types or exposure_types(reader.ontology)
    direction: Direction = "arriving" if query.toward == "firm" else "spreading"
    going = Going(
        Hop(types, walk.when, cap=walk.cap_per_hop), flows(reader.ontology, types), means, direction, walk.depth, walk.max_nodes
    )
    found = spread(reader, firm_id, going)
    owed = means.owed(sorted(found.reach)) if query.toward == "bank" else {}
    kept = [*found.reach, *(node.id for node in plain.nodes if node.id not in found.reach)][: walk.max_nodes]
    nodes = _nodes(reader, found, plain, kept, owed)
    edges, _ = relations_among(reader, kept, Hop(types, walk.when, cap=_CAP))
    shown = {edge.rel for edge in edges}
    edges = (*edges, *(edge for edge in plain.edges if edge.rel not in shown and {edge.src, edge.dst} <= set(kept)))
    left = (found.left_out | {node.id for node in plain.nodes}) - set(kept)
    every_cut = tuple(sorted({*plain.cuts, *found.cuts}, key=lambda cut: (cut.anchor, cut.type, cut.way)))
    return replace(plain, nodes=nodes, edges=edges, cuts=every_cut, left_out=max(len(left), plain.left_out), floor=found.floor)


def _nodes(reader: GraphReader, found: Spread, plain: Network, kept: list[str], owed: dict[str, int]) -> tuple[NetworkNode, ...]:
    walked = {node.id: node for node in plain.nodes}
    unnamed = [one for one in kept if one not in walked]
    states = reader.states(unnamed, plain.when, ("name", "number", "stub"))
    nodes = []
    for one in kept:
        reach = found.reach.get(one, 0.0)
        way = found.way(one) if one in found.reach else ()
        node = walked.get(one) or NetworkNode.of(one, states.get(one, {}), len(way) - 1)
        at_risk = round(reach * owed[one]) if one in owed else None
        nodes.append(node._replace(reach=reach, way=way, at_risk_fen=at_risk))
    return tuple(sorted(nodes, key=lambda n: (n.id != plain.firm, -(n.at_risk_fen or 0), -(n.reach or 0.0), n.distance, n.id)))
