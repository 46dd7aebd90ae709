"""Walks over any store, on any day: the exposure network around a firm, and the shortest paths between two entities.

Both go hop by hop over `GraphReader.expand`, the frontier bounded, each hub capped; what a bound cut is counted and told.
"""

from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import InputError, NotFoundError
from graph.network import Cut, Network, NetworkEdge, NetworkNode, Path, PathAnswer
from graph.ontology import Ontology
from graph.projection import lasting_types
from graph.store import GraphReader, Hop, Moment

PARTIES = ("Firm", "Person", "ClientGroup")

_EDGE_KEY = attrgetter("type", "rel", "src", "dst", "valid_from")


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
        cuts += cuts_of(reader, edges, hop)
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
    nodes = tuple(NetworkNode.of(entity, states.get(entity, {}), hops) for entity, hops in distance.items())
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
        return cuts_of(reader, edges, hop)

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


def cuts_of(reader: GraphReader, edges: pa.Table, hop: Hop) -> list[Cut]:
    """Where as many relations came back as the cap allows there may be more: ask, and say so."""
    if edges.num_rows < hop.cap:
        return []
    keys = [(edges[name].combine_chunks().dictionary_encode()) for name in ("anchor", "type", "way")]
    run = np.ravel_multi_index([codes(key) for key in keys], [len(key.dictionary) for key in keys])
    _places, first, shown = np.unique(run, return_index=True, return_counts=True)
    full = edges.select(["anchor", "type", "way"]).take(pa.array(first[shown >= hop.cap]))
    if not full.num_rows:
        return []
    counts = dict(zip(zip(*full.to_pydict().values(), strict=True), shown[shown >= hop.cap].tolist(), strict=True))
    asked = Hop(tuple(pc.unique(full["type"]).to_pylist()), hop.when, hop.ways)
    degrees = reader.degrees(pc.unique(full["anchor"]).to_pylist(), asked).to_pylist()
    told = {(row["anchor"], row["type"], row["way"]): row["degree"] for row in degrees}
    return [Cut(*key, counts[key], degree) for key, degree in sorted(told.items()) if counts.get(key, degree) < degree]


def _largest_first(edges: pa.Table, known: dict[str, int]) -> list[str]:
    """Neighbours not yet known, by the sum of what joins them to the frontier."""
    others = edges["other"].combine_chunks().dictionary_encode()
    place, names = codes(others), others.dictionary.to_pylist()
    amounts = np.bincount(place, filled(edges["amount_fen"]), len(names))
    shares = np.bincount(place, filled(edges["share"]), len(names))
    ranked = sorted(zip(-amounts, -shares, names, strict=True))
    return [name for _, _, name in ranked if name not in known]


def relations_among(reader: GraphReader, entities: list[str], hop: Hop) -> tuple[tuple[NetworkEdge, ...], list[Cut]]:
    """The relations between these entities, each once, and which hubs among them were not seen whole."""
    edges = reader.expand(entities, hop)
    return _between(edges, entities), cuts_of(reader, edges, hop)


def relations_between(edges: pa.Table, ends: tuple[str, str], type_name: str) -> tuple[NetworkEdge, ...]:
    """Of walked rows the relations of one type between two entities, either way along, each once."""
    both = pa.array(ends, pa.string())
    here = pc.field("anchor").isin(both) & pc.field("other").isin(both) & (pc.field("anchor") != pc.field("other"))
    return _between(edges.filter((pc.field("type") == type_name) & here), list(ends))


def _between(edges: pa.Table, entities: list[str]) -> tuple[NetworkEdge, ...]:
    """Each relation between these entities once, however many walks saw it."""
    inside = edges.filter(pc.is_in(edges["other"], pa.array(entities, pa.string()))).combine_chunks()
    state = codes(inside["rel"].combine_chunks().dictionary_encode()) * 10**8 + inside["valid_from"].to_numpy()
    _, first = np.unique(state, return_index=True)
    return tuple(sorted(_edges(inside.take(pa.array(first))), key=_EDGE_KEY))


def codes(column: pa.DictionaryArray) -> npt.NDArray[np.int64]:
    """The place of each value in the dictionary."""
    return np.asarray(column.indices.to_numpy(), np.int64)


def filled(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Numbers, nothing for the unknown."""
    return np.asarray(pc.fill_null(column.cast(pa.float64(), safe=False), 0.0).to_numpy(), np.float64)


def _with_ends(edges: pa.Table) -> pa.Table:
    outward = pc.equal(edges["way"], "out")
    src = pc.if_else(outward, edges["anchor"], edges["other"])
    return edges.append_column("src", src).append_column("dst", pc.if_else(outward, edges["other"], edges["anchor"]))


def _edges(edges: pa.Table) -> list[NetworkEdge]:
    names = ["rel", "type", "src", "dst", "amount_fen", "share", "valid_from", "valid_to"]
    table = _with_ends(edges)
    return list(map(NetworkEdge._make, zip(*(table[name].to_pylist() for name in names), strict=True)))


def _check_bounds(*bounds: int) -> None:
    if min(bounds) < 1:
        raise InputError(f"The bounds of a walk are at least 1 (got {min(bounds)}).", "Use 1 or more.", "depth")
