"""One step of a FinBench read: relations of a window of instants at some nodes, the newest `limit` of each node (truncation).

The specification truncates at each step, by time; here what is outside the window is left out before. A window excludes its ends.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from graph.clock import from_us
from graph.store import GraphReader, Hop, Moment, Window

_ALL = 1_000_000


@dataclass(frozen=True)
class Span:
    """`start_us` and `end_us`, neither included; `limit`: relations of a node at each step, the newest first (0: all)."""

    start_us: int
    end_us: int
    limit: int = 0


@dataclass(frozen=True)
class Edge:
    """One relation, seen from `anchor`."""

    anchor: str
    other: str
    at: int
    amount: int
    rel: str


class Reads:
    """Asks a store for steps."""

    def __init__(self, reader: GraphReader, known: date) -> None:
        self.reader = reader
        self.when = Moment.of(known)

    def step(self, nodes: Iterable[str], kind: str, way: str, span: Span, over: float = -1.0) -> dict[str, list[Edge]]:
        """Relations by node, the newest first; those above `over` fen only."""
        anchors = sorted(set(nodes))
        if not anchors:
            return {}
        names = {"GUARANTEES": "created_at", "HOLDS_SHARES": "created_at"}
        instant = names.get(kind, "at")
        plain = kind in {"SIGNS_IN", *names}
        columns = ("id", instant) if plain else ("id", instant, "amount_fen")
        first, last = from_us(span.start_us).date() - timedelta(days=1), from_us(span.end_us).date() + timedelta(days=1)
        found = self.reader.during(
            anchors, (kind, way), Window(first, Moment(min(last, self.when.valid), self.when.known), _ALL), columns
        )
        rows = found.rows
        told = [rows["anchor"].to_pylist(), rows["other"].to_pylist(), rows[instant].to_pylist(), rows["id"].to_pylist()]
        amounts = [0] * rows.num_rows if plain else rows["amount_fen"].to_pylist()
        by_node: dict[str, list[Edge]] = {}
        for anchor, other, at, rel, amount in zip(*told, amounts, strict=True):
            if span.start_us < at < span.end_us and amount > over:
                by_node.setdefault(anchor, []).append(Edge(anchor, other, at, amount, rel))
        for edges in by_node.values():
            edges.sort(key=lambda edge: (-edge.at, edge.rel))
            if span.limit:
                del edges[span.limit :]
        return by_node

    def ends(self, nodes: Iterable[str], kind: str, way: str) -> dict[str, list[str]]:
        """The far ends of relations that have no instant to ask for: who owns, who borrows."""
        anchors = sorted(set(nodes))
        if not anchors:
            return {}
        edges = self.reader.expand(anchors, Hop((kind,), self.when, (way,), 100_000))
        found: dict[str, list[str]] = {}
        for anchor, other in zip(edges["anchor"].to_pylist(), edges["other"].to_pylist(), strict=True):
            found.setdefault(anchor, []).append(other)
        return found
