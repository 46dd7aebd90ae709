"""The exposure network of a firm, walked in the graph store, as data with its source rows or as a picture."""

from collections import defaultdict
from datetime import date

from api.firms import row_of
from api.naming import mask_network
from api.platform import Platform
from api.rows import RowReader
from api.wire.common import Row
from api.wire.networks import CutHub, Edge, Network, NetworkQuery, Node
from graph import network as walked
from graph import walks
from graph.errors import InputError
from graph.ontology import Ontology
from graph.picture import network_svg
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


def read_network(platform: Platform, reader: RowReader, firm: str, query: NetworkQuery) -> Network:
    """The network with the row that tells each relation on the reader's day."""
    as_of = reader.snapshot.as_of
    network = _walk(platform, firm, as_of, query)
    rows = _rows(reader, network)
    return Network(
        firm=firm,
        as_of=as_of,
        through_seq=platform.store.through_seq,
        complete=network.complete,
        nodes=tuple(Node(id=n.id, kind=n.label, name=n.name, distance=n.distance, stub=n.stub) for n in network.nodes),
        edges=tuple(_edge(edge, rows.get(edge.rel)) for edge in network.edges),
        cuts=tuple(CutHub(anchor=c.anchor, type=c.type, way=c.way, shown=c.shown, degree=c.degree) for c in network.cuts),
        left_out=network.left_out,
    )


def _walk(platform: Platform, firm: str, as_of: date, query: NetworkQuery) -> walked.Network:
    """Walked, and with every person's name masked."""
    types = _types(platform.ledger.ontology, query.types)
    asked = walks.NetworkQuery(Moment.of(as_of), depth=query.depth, types=types, max_nodes=query.nodes)
    return mask_network(platform.vault, walks.exposure_network(platform.store, firm, asked))


def _types(ontology: Ontology, text: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    for name in names:
        if name not in ontology.relations:
            known = ", ".join(sorted(ontology.relations))
            raise InputError(f"types: '{name}' is no relation type.", f"Relation types: {known}.", "types")
    return names


def _rows(reader: RowReader, network: walked.Network) -> dict[str, Row]:
    by_type: dict[str, set[str]] = defaultdict(set)
    for edge in network.edges:
        by_type[edge.type].add(edge.rel)
    return {row["id"]: row_of(name, row) for name, rels in by_type.items() for row in reader.rows(name, "id", rels)}


def _edge(edge: walked.NetworkEdge, row: Row | None) -> Edge:
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
