"""What ties two firms: the shortest paths, those by which most risk can pass, each with its rows, and what changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from alerts.said import Sentence
from api.network import cut_of, edge_of, edge_rows, nodes_named, relation_types
from api.platform import Platform
from api.rows import RowReader
from api.wire.common import Row
from api.wire.networks import ChangedWay, Edge, PathDiff, Paths, PathsQuery, PlainPath, RiskWay, RiskWays, Step
from graph import network as walked
from graph.changes import PathChanges, path_changes
from graph.errors import InputError, NotFoundError
from graph.reach import Figures, RiskPathQuery, flows, risk_paths
from graph.store import Moment
from graph.walks import PathQuery, shortest_paths


@dataclass(frozen=True)
class Between:
    """Risk that moves between two firms on a day: of the other to the firm, and back."""

    arriving: walked.RiskPaths
    spreading: walked.RiskPaths

    def edges(self) -> list[walked.NetworkEdge]:
        paths = (*self.arriving.paths, *self.spreading.paths)
        return [edge for path in paths for step in path.steps for edge in step.edges]

    def ways(self) -> list[tuple[str, ...]]:
        return [path.nodes for path in (*self.arriving.paths, *self.spreading.paths)]


def hops_from(firm: str, ways: Iterable[Sequence[str]], other: str) -> dict[str, int]:
    """Of everybody on the ways shown, and of `other`, the fewest steps to the firm along them; 0 where none leads there."""
    beside: dict[str, set[str]] = {firm: set(), other: set()}
    for way in ways:
        for one, next_one in pairwise(way):
            beside.setdefault(one, set()).add(next_one)
            beside.setdefault(next_one, set()).add(one)
    hops, frontier = {firm: 0}, [firm]
    while frontier:
        fresh = {each for one in frontier for each in beside[one]} - hops.keys()
        hops |= dict.fromkeys(fresh, hops[frontier[0]] + 1)
        frontier = sorted(fresh)
    return dict.fromkeys(beside, 0) | hops


def read_paths(platform: Platform, reader: RowReader, before: RowReader | None, ends: tuple[str, str], query: PathsQuery) -> Paths:
    """Paths on the reader's day; with `before` also what changed since that reader's day. NotFoundError for an unknown end."""
    as_of = reader.snapshot.as_of
    if before and before.snapshot.as_of > as_of:
        raise InputError(f"since: {before.snapshot.as_of} is after {as_of}.", "Ask for an earlier day.", "since")
    known = platform.store.states(ends, Moment.of(as_of), ("name",))
    for name, end in zip(("firm", "to"), ends, strict=True):
        if end not in known:
            raise NotFoundError(f"Nothing is known of '{end}' on {as_of}.", "Search for it: GET /v1/firms?q=…", name)
    walk = _walk(platform, as_of, query)
    found = _between(platform, reader, ends, query)
    shortest = shortest_paths(platform.store, *ends, walk)
    plain = [edge for path in shortest.paths for edge in path.edges]
    show = _Shown(platform, edge_rows(reader, [*found.edges(), *plain]))
    changes, gone = _changes(platform, (before, reader), ends, query, found) if before else ((), [])
    ways = [*found.ways(), *(path.nodes for path in shortest.paths)]
    return Paths(
        firm=ends[0],
        to=ends[1],
        as_of=as_of,
        through_seq=platform.store.through_seq,
        nodes=nodes_named(platform, hops_from(ends[0], [ends[:1], *ways, *gone], ends[1]), as_of),
        shortest=tuple(PlainPath(nodes=path.nodes, edges=show.edges(path.edges)) for path in shortest.paths),
        shortest_cuts=tuple(map(cut_of, shortest.cuts)),
        arriving=show.ways(found.arriving),
        spreading=show.ways(found.spreading),
        changes=changes,
    )


def _walk(platform: Platform, day: date, query: PathsQuery) -> PathQuery:
    types = relation_types(platform.ledger.ontology, query.types)
    return PathQuery(Moment.of(day), types=types, max_length=query.length, limit=query.k)


def _between(platform: Platform, reader: RowReader, ends: tuple[str, str], query: PathsQuery) -> Between:
    firm, other = ends
    asked, means = RiskPathQuery(_walk(platform, reader.snapshot.as_of, query), query.k), Figures(reader.rows)
    return Between(risk_paths(platform.store, other, firm, asked, means), risk_paths(platform.store, firm, other, asked, means))


def _changes(
    platform: Platform, readers: tuple[RowReader, RowReader], ends: tuple[str, str], query: PathsQuery, now: Between
) -> tuple[tuple[PathDiff, ...], list[tuple[str, ...]]]:
    """What changed in both directions, and the paths of the earlier day."""
    then = _between(platform, readers[0], ends, query)
    before = _Shown(platform, edge_rows(readers[0], then.edges()))
    after = _Shown(platform, edge_rows(readers[1], now.edges()))
    since = readers[0].snapshot.as_of
    arriving = path_changes(then.arriving.paths, now.arriving.paths)
    spreading = path_changes(then.spreading.paths, now.spreading.paths)

    def diff(changes: PathChanges) -> dict[str, object]:
        return {
            "since": since,
            "new": tuple(map(after.way, changes.new)),
            "gone": tuple(map(before.way, changes.gone)),
            "changed": tuple(ChangedWay(before=before.way(c.before), after=after.way(c.after)) for c in changes.changed),
        }

    told = [{"direction": "arriving", **diff(arriving)}, {"direction": "spreading", **diff(spreading)}]
    return tuple(PathDiff.model_validate(each) for each in told), then.ways()


@dataclass(frozen=True)
class _Shown:
    """Walked things on the wire, with the rows of their day."""

    platform: Platform
    rows: Mapping[str, Row]

    def edges(self, edges: Iterable[walked.NetworkEdge]) -> tuple[Edge, ...]:
        return tuple(edge_of(edge, self.rows.get(edge.rel)) for edge in edges)

    def way(self, path: walked.RiskPath) -> RiskWay:
        return RiskWay(nodes=path.nodes, share=path.share, steps=tuple(map(self._step, path.steps)))

    def ways(self, found: walked.RiskPaths) -> RiskWays:
        paths = tuple(map(self.way, found.paths))
        return RiskWays(paths=paths, complete=found.complete, floor=found.floor, cuts=tuple(map(cut_of, found.cuts)))

    def _step(self, step: walked.RiskStep) -> Step:
        return Step(
            source=step.source,
            bearer=step.bearer,
            type=step.type,
            share=step.share,
            assumed=step.assumed,
            why=self._why(step),
            edges=self.edges(step.edges),
        )

    def _why(self, step: walked.RiskStep) -> Sentence:
        bearing = {"src" if edge.src == step.bearer else "dst" for edge in step.edges}
        flow = next(flow for flow in flows(self.platform.ledger.ontology, (step.type,)) if flow.bearer in bearing)
        return Sentence(flow.zh, flow.en)
