"""What changed between two days: in the network of a firm, in the paths between two."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from graph.errors import NotFoundError
from graph.network import Network, NetworkEdge, RiskPath
from graph.ontology import Lasting, Ontology
from graph.store import GraphReader, Hop, Moment
from graph.walks import NetworkQuery, exposure_types, relations_among

COMPARED = ("src", "dst", "amount_fen", "share", "valid_to")

CAP = 2_000  # relations of one entity, type and way: more than a network shows, so that no rank makes a change


@dataclass(frozen=True)
class EdgeChange:
    """A relation that was there on both days and says something else; `fields` of `COMPARED`."""

    before: NetworkEdge
    after: NetworkEdge
    fields: tuple[str, ...]


@dataclass(frozen=True)
class NetworkChanges:
    """The network of `until` against that of `since`: entities that joined and left, relations that are new, ended, changed.

    `joined`, `left`: with their distance in hops on the day that has them. Relations are compared among all entities of either
    day, so none is new or ended for its rank alone; a new one is in the later day's picture, an ended one in the earlier's.
    `complete`: neither day was cut, so no entity joined or left for want of room.
    """

    firm: str
    since: date
    until: date
    joined: dict[str, int]
    left: dict[str, int]
    new: tuple[NetworkEdge, ...]
    ended: tuple[NetworkEdge, ...]
    changed: tuple[EdgeChange, ...]
    complete: bool


@dataclass(frozen=True)
class PathChange:
    """A path on both days that bears more or less than it did."""

    before: RiskPath
    after: RiskPath


@dataclass(frozen=True)
class PathChanges:
    """Paths by the entities on them."""

    new: tuple[RiskPath, ...]
    gone: tuple[RiskPath, ...]
    changed: tuple[PathChange, ...]


def network_changes(
    reader: GraphReader, firm: str, query: NetworkQuery, since: date, walk: Callable[[Moment], Network]
) -> NetworkChanges:
    """`walk` gives the network of either day, as `query` asks for it. A day before the firm was known had no network at all.

    NotFoundError where the firm is not known on the later day.
    """
    now = walk(query.when)
    then = _or_nothing(walk, firm, Moment.of(since))
    both = sorted({node.id for network in (then, now) for node in network.nodes})
    types = query.types or exposure_types(reader.ontology)
    before, cut_before = relations_among(reader, both, Hop(types, then.when, cap=CAP))
    after, cut_after = relations_among(reader, both, Hop(types, now.when, cap=CAP))
    old, new = _keyed(reader.ontology, before), _keyed(reader.ontology, after)
    there, here = ({node.id: node.distance for node in network.nodes} for network in (then, now))
    was, shows = (set(_keyed(reader.ontology, network.edges)) for network in (then, now))
    changes = (
        EdgeChange(old[key], edge, _differs(old[key], edge)) for key, edge in new.items() if key in old and key in was | shows
    )
    return NetworkChanges(
        firm=firm,
        since=since,
        until=now.when.valid,
        joined={node: hops for node, hops in sorted(here.items()) if node not in there},
        left={node: hops for node, hops in sorted(there.items()) if node not in here},
        new=tuple(edge for key, edge in new.items() if key not in old and key in shows),
        ended=tuple(edge for key, edge in old.items() if key not in new and key in was),
        changed=tuple(change for change in changes if change.fields),
        complete=then.complete and now.complete and not (cut_before or cut_after),
    )


def path_changes(before: Iterable[RiskPath], after: Iterable[RiskPath]) -> PathChanges:
    """Two days' paths between the same two entities."""
    old, new = ({path.nodes: path for path in paths} for paths in (before, after))
    return PathChanges(
        new=tuple(path for nodes, path in new.items() if nodes not in old),
        gone=tuple(path for nodes, path in old.items() if nodes not in new),
        changed=tuple(PathChange(old[n], path) for n, path in new.items() if n in old and not _same(old[n], path)),
    )


def _same(one: RiskPath, other: RiskPath) -> bool:
    return [(s.type, round(s.share, 12)) for s in one.steps] == [(s.type, round(s.share, 12)) for s in other.steps]


def _or_nothing(walk: Callable[[Moment], Network], firm: str, when: Moment) -> Network:
    try:
        return walk(when)
    except NotFoundError:
        return Network(firm, when, (), ())


def _keyed(ontology: Ontology, edges: Iterable[NetworkEdge]) -> dict[tuple[str, str, int], NetworkEdge]:
    """A relation that lasts by its id; of a happening each day is one of its own."""
    kinds = ontology.relations
    happenings = {name for name, kind in kinds.items() if kind.lasting is Lasting.HAPPENING}
    return {(edge.type, edge.rel, edge.valid_from if edge.type in happenings else 0): edge for edge in edges}


def _differs(before: NetworkEdge, after: NetworkEdge) -> tuple[str, ...]:
    return tuple(name for name in COMPARED if getattr(before, name) != getattr(after, name))
