"""The exposure network of a firm, walked in the graph store, as data with its source rows or as a picture."""

from collections.abc import Iterable, Mapping
from datetime import date

from api.naming import mask_network
from api.platform import GraphSources, Platform
from api.rows import RowReader
from api.telling import relation_rows
from api.wire.common import Row
from api.wire.networks import Changed, CutHub, Edge, Network, NetworkDiff, NetworkQuery, Node
from graph import network as walked
from graph import walks
from graph.changes import network_changes
from graph.errors import InputError
from graph.ontology import Ontology
from graph.picture import network_svg
from graph.reach import Figures, RiskQuery, risk_network
from graph.reach.figures import Means
from graph.store import Moment


def wants_picture(query: NetworkQuery, accept: str) -> bool:
    """SVG where it is asked for by `format`, or by an Accept header that does not prefer JSON."""
    if query.format:
        return query.format == "svg"
    return "image/svg+xml" in accept and "application/json" not in accept


def draw_network(platform: Platform, firm: str, as_of: date, query: NetworkQuery) -> str:
    """The network as one SVG that needs nothing but a browser."""
    network = _walk(platform, firm, as_of, query)
    note = "演示数据，均为虚构 · demonstration data, all invented" if platform.demo else ""
    return network_svg(network, platform.ledger.ontology, note)


def read_network(platform: GraphSources, reader: RowReader, firm: str, query: NetworkQuery) -> Network:
    """The network with the row that tells each relation on the reader's day."""
    return network_shown(platform, reader, _walk(platform, firm, reader.snapshot.as_of, query, Figures(reader.rows)))


def network_shown(platform: GraphSources, reader: RowReader, network: walked.Network) -> Network:
    """A walked network, its persons masked, on the wire."""
    rows = edge_rows(reader, network.edges)
    return Network(
        firm=network.firm,
        as_of=reader.snapshot.as_of,
        through_seq=platform.store.through_seq,
        complete=network.complete,
        nodes=tuple(map(node_of, network.nodes)),
        edges=tuple(edge_of(edge, rows.get(edge.rel)) for edge in network.edges),
        cuts=tuple(map(cut_of, network.cuts)),
        left_out=network.left_out,
        floor=network.floor,
    )


def read_changes(platform: GraphSources, readers: tuple[RowReader, RowReader], firm: str, query: NetworkQuery) -> NetworkDiff:
    """What changed in the network from the first reader's day to the second's."""
    before, after = readers
    since, as_of = before.snapshot.as_of, after.snapshot.as_of
    if since > as_of:
        raise InputError(f"since: {since} is after {as_of}.", "Ask for an earlier day.", "since")
    by_day = {since: before, as_of: after}

    def walk(when: Moment) -> walked.Network:
        return _walk(platform, firm, when.valid, query, Figures(by_day[when.valid].rows))

    types = relation_types(platform.ledger.ontology, query.types)
    found = network_changes(platform.store, firm, walks.NetworkQuery(Moment.of(as_of), types=types), since, walk)
    old = edge_rows(before, [*found.ended, *(change.before for change in found.changed)])
    new = edge_rows(after, [*found.new, *(change.after for change in found.changed)])
    return NetworkDiff(
        since=since,
        joined=nodes_named(platform, found.joined, as_of),
        left=nodes_named(platform, found.left, since),
        new=tuple(edge_of(edge, new.get(edge.rel)) for edge in found.new),
        ended=tuple(edge_of(edge, old.get(edge.rel)) for edge in found.ended),
        changed=tuple(
            Changed(
                before=edge_of(each.before, old.get(each.before.rel)),
                after=edge_of(each.after, new.get(each.after.rel)),
                fields=each.fields,
            )
            for each in found.changed
        ),
        complete=found.complete,
    )


def nodes_named(platform: GraphSources, hops: Mapping[str, int], day: date) -> tuple[Node, ...]:
    """Entities (with their distance) by name as of a day, persons masked."""
    wanted = sorted(hops)
    states = platform.store.states(wanted, Moment.of(day), ("name", "number", "stub"))
    nodes = tuple(walked.NetworkNode.of(one, states.get(one, {}), hops[one]) for one in wanted)
    return tuple(map(node_of, mask_network(platform.vault, walked.Network("", Moment.of(day), nodes, ())).nodes))


def _walk(platform: GraphSources, firm: str, as_of: date, query: NetworkQuery, means: Means | None = None) -> walked.Network:
    """Walked, and with every person's name masked."""
    types = relation_types(platform.ledger.ontology, query.types)
    asked = walks.NetworkQuery(Moment.of(as_of), depth=query.depth, types=types, max_nodes=query.nodes)
    if query.toward is None:
        return mask_network(platform.vault, walks.exposure_network(platform.store, firm, asked))
    return mask_network(platform.vault, risk_network(platform.store, firm, RiskQuery(asked, query.toward), means))


def relation_types(ontology: Ontology, text: str | None) -> tuple[str, ...]:
    """Names joined by commas. InputError for one that is no relation type."""
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    for name in names:
        if name not in ontology.relations:
            known = ", ".join(sorted(ontology.relations))
            raise InputError(f"types: '{name}' is no relation type.", f"Relation types: {known}.", "types")
    return names


def edge_rows(reader: RowReader, edges: Iterable[walked.NetworkEdge]) -> dict[str, Row]:
    """The row that tells each relation on the reader's day."""
    return relation_rows(reader, ((edge.type, edge.rel) for edge in edges))


def node_of(node: walked.NetworkNode) -> Node:
    """A walked entity on the wire."""
    plain = ("id", "name", "distance", "stub", "reach", "way", "at_risk_fen")
    return Node(kind=node.label, **{name: getattr(node, name) for name in plain})


def cut_of(cut: walked.Cut) -> CutHub:
    """A hub that was not shown whole, on the wire."""
    return CutHub(anchor=cut.anchor, type=cut.type, way=cut.way, shown=cut.shown, degree=cut.degree)


def edge_of(edge: walked.NetworkEdge, row: Row | None) -> Edge:
    """A walked relation on the wire, with where it is told."""
    return Edge(
        id=edge.rel,
        type=edge.type,
        src=edge.src,
        dst=edge.dst,
        amount_fen=edge.amount_fen,
        share=edge.share,
        valid_from=_day(edge.valid_from),
        valid_to=_day(edge.valid_to),
        row=row,
    )


def _day(whole: int) -> date:
    """20260331 as a date."""
    return date(whole // 10000, whole // 100 % 100, whole % 100)
