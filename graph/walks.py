"""Walks over any store, on any day: the exposure network around a firm, and the shortest paths between two entities.

Both go hop by hop over `GraphReader.expand`, the frontier bounded, each hub capped; what a bound cut is counted and told.
"""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import InputError, NotFoundError
from graph.network import Cut, Network, NetworkEdge, NetworkNode, Path, PathAnswer
from graph.ontology import Ontology
from graph.projection import label_of, lasting_types
from graph.store import GraphReader, Hop, Moment

PARTIES = ("Firm", "Person", "ClientGroup")

_EDGE_KEY = ["type", "rel", "src", "dst", "valid_from"]


@dataclass(frozen=True)
class NetworkQuery:
    """How far and how wide. `types` empty: every lasting relation between firms, persons and groups, a bank's own included.

    Single payments and invoices are not walked unless named: SUPPLIES says what they come to, and a hub of them says little.
    """

    when: Moment
    depth: int = 3
    types: tuple[str, ...] = ()
    cap_per_hop: int = 50
    max_nodes: int = 300


@dataclass(frozen=True)
class PathQuery:
    """`max_length` in relations; `max_frontier` entities are expanded at most on either side of one step."""

    when: Moment
    types: tuple[str, ...] = ()
    max_length: int = 6
    cap_per_hop: int = 200
    max_frontier: int = 2_000
    limit: int = 10


def exposure_types(ontology: Ontology) -> tuple[str, ...]:
    """What an exposure network is made of by default: lasting relations among firms, persons and groups."""
    return lasting_types(ontology, PARTIES)


def exposure_network(reader: GraphReader, firm_id: str, query: NetworkQuery) -> Network:
    """All within `query.depth` hops of a firm, either way along relations. Where there are more neighbours than
    `max_nodes` leaves room for, those with the largest amounts (then shares, then ids) stay.

    NotFoundError for an entity of which nothing is known on that day; InputError for a bound below 1.
    """
    _check_bounds(query.depth, query.cap_per_hop, query.max_nodes)
    hop = Hop(query.types or exposure_types(reader.ontology), query.when, cap=query.cap_per_hop)
    distance, frontier = {firm_id: 0}, [firm_id]
    found: list[pa.Table] = []
    left_out: set[str] = set()
    cuts: list[Cut] = []
    for step in range(1, query.depth + 1):
        edges = reader.expand(frontier, hop)
        cuts += _cuts(reader, edges, hop)
        fresh = _largest_first(edges, distance)
        taken = fresh[: query.max_nodes - len(distance)]
        left_out.update(fresh[len(taken) :])
        distance.update(dict.fromkeys(taken, step))
        found.append(edges)
        frontier = taken
        if not frontier:
            break
    states = reader.states(list(distance), query.when, ("name", "number", "stub"))
    if firm_id not in states and not any(edges.num_rows for edges in found):
        raise NotFoundError(f"Nothing is known of '{firm_id}' on {query.when.valid}.", "Look it up by name or code.", "firm")
    nodes = tuple(_node(entity, states.get(entity, {}), hops) for entity, hops in distance.items())
    kept = _between(pa.concat_tables(found), list(distance))
    return Network(firm_id, query.when, nodes, kept, tuple(cuts), len(left_out - distance.keys()))


def shortest_paths(reader: GraphReader, start: str, end: str, query: PathQuery) -> PathAnswer:
    """All shortest ways between two entities, by widening the smaller side until both meet. No path: an empty answer."""
    _check_bounds(query.max_length, query.cap_per_hop, query.max_frontier)
    if start == end:
        return PathAnswer((Path((start,), ()),))
    hop = Hop(query.types or exposure_types(reader.ontology), query.when, cap=query.cap_per_hop)
    sides = (_Side(start), _Side(end))
    cuts: list[Cut] = []
    for _ in range(query.max_length):
        near = min(sides, key=lambda side: len(side.frontier))
        far = sides[1] if near is sides[0] else sides[0]
        cuts += near.widen(reader, hop, query.max_frontier)
        if met := sorted(near.frontier & far.reached.keys()):
            paths = [path for node in met for path in _joined(sides, node, query.limit)]
            return PathAnswer(tuple(sorted(paths, key=_path_order)[: query.limit]), tuple(cuts))
        if not near.frontier:
            break
    return PathAnswer((), tuple(cuts))


@dataclass
class _Side:
    """One side of a search: how each entity was reached, by the edges of the last step only."""

    origin: str
    frontier: set[str] = field(default_factory=set)
    reached: dict[str, list[tuple[str, NetworkEdge]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.frontier = {self.origin}
        self.reached = {self.origin: []}

    def widen(self, reader: GraphReader, hop: Hop, max_frontier: int) -> list[Cut]:
        """One hop further; returns what was cut."""
        anchors = sorted(self.frontier)[:max_frontier]
        edges = reader.expand(anchors, hop)
        outward = edges.filter(pc.invert(pc.is_in(edges["other"], pa.array(list(self.reached), pa.string()))))
        self.frontier = set(pc.unique(outward["other"]).to_pylist())
        for anchor, other, edge in zip(outward["anchor"].to_pylist(), outward["other"].to_pylist(), _edges(outward), strict=True):
            self.reached.setdefault(other, []).append((anchor, edge))
        return _cuts(reader, edges, hop)

    def ways_back(self, node: str, limit: int) -> list[tuple[tuple[str, ...], tuple[NetworkEdge, ...]]]:
        """Up to `limit` ways from the origin to `node`: nodes and edges in that order."""
        ways: list[tuple[tuple[str, ...], tuple[NetworkEdge, ...]]] = [((node,), ())]
        while ways[0][0][0] != self.origin:
            ways = [((back, *nodes), (edge, *edges)) for nodes, edges in ways for back, edge in self.reached[nodes[0]]][:limit]
        return ways


def _joined(sides: tuple[_Side, _Side], node: str, limit: int) -> list[Path]:
    heads, tails = sides[0].ways_back(node, limit), sides[1].ways_back(node, limit)
    return [
        Path(nodes + tuple(reversed(back[:-1])), edges + tuple(reversed(after))) for nodes, edges in heads for back, after in tails
    ][:limit]


def _path_order(path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return path.nodes, tuple(edge.rel for edge in path.edges)


def _cuts(reader: GraphReader, edges: pa.Table, hop: Hop) -> list[Cut]:
    """Where as many relations came back as the cap allows there may be more: ask, and say so."""
    shown = edges.group_by(["anchor", "type", "way"]).aggregate([("rel", "count")])
    full = shown.filter(pc.field("rel_count") >= hop.cap)
    if not full.num_rows:
        return []
    asked = Hop(tuple(pc.unique(full["type"]).to_pylist()), hop.when, hop.ways)
    degrees = reader.degrees(pc.unique(full["anchor"]).to_pylist(), asked)
    both = full.join(degrees, ["anchor", "type", "way"]).filter(pc.field("degree") > pc.field("rel_count"))
    rows = both.sort_by([(name, "ascending") for name in ("anchor", "type", "way")]).to_pylist()
    return [Cut(row["anchor"], row["type"], row["way"], row["rel_count"], row["degree"]) for row in rows]


def _largest_first(edges: pa.Table, known: dict[str, int]) -> list[str]:
    """Neighbours not yet known, by the sum of what joins them to the frontier."""
    new = edges.filter(pc.invert(pc.is_in(edges["other"], pa.array(list(known), pa.string()))))
    summed = new.group_by("other").aggregate([("amount_fen", "sum"), ("share", "sum")])
    ranked = summed.sort_by([("amount_fen_sum", "descending"), ("share_sum", "descending"), ("other", "ascending")])
    others: list[str] = ranked["other"].to_pylist()
    return others


def _between(edges: pa.Table, entities: list[str]) -> tuple[NetworkEdge, ...]:
    """Each relation between these entities once, however many walks saw it."""
    within = pa.array(entities, pa.string())
    inside = edges.filter(pc.is_in(edges["other"], within))
    table = _with_ends(inside)
    first = table.group_by(_EDGE_KEY).aggregate([("amount_fen", "max"), ("share", "max"), ("valid_to", "max")])
    first = first.rename_columns([*_EDGE_KEY, "amount_fen", "share", "valid_to"])
    return tuple(_edges(first.sort_by([(name, "ascending") for name in _EDGE_KEY])))


def _with_ends(edges: pa.Table) -> pa.Table:
    outward = pc.equal(edges["way"], "out")
    src = pc.if_else(outward, edges["anchor"], edges["other"])
    return edges.append_column("src", src).append_column("dst", pc.if_else(outward, edges["other"], edges["anchor"]))


def _edges(edges: pa.Table) -> list[NetworkEdge]:
    table = edges if "src" in edges.column_names else _with_ends(edges)
    names = ["rel", "type", "src", "dst", "amount_fen", "share", "valid_from", "valid_to"]
    return [NetworkEdge(*row) for row in zip(*(table[name].to_pylist() for name in names), strict=True)]


def _node(entity: str, state: dict[str, object], distance: int) -> NetworkNode:
    name = state.get("name") or state.get("number") or ""
    return NetworkNode(entity, label_of(entity), str(name), distance, bool(state.get("stub", not state)))


def _check_bounds(*bounds: int) -> None:
    if min(bounds) < 1:
        raise InputError(f"The bounds of a walk are at least 1 (got {min(bounds)}).", "Use 1 or more.", "depth")
