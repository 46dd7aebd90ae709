"""What officers and the API ask of a graph: a firm, its card, its neighbours, the picture of its network, the rows behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from graph.errors import NotFoundError
from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff, as_of_rows, told_again
from graph.network import Network, NetworkEdge
from graph.ontology import RelationType
from graph.picture import network_svg
from graph.store import FirmHit, GraphReader, Hop, Moment
from graph.walks import NetworkQuery, exposure_network, exposure_types

__all__ = ["EdgeSource", "FirmCard", "edge_sources", "find_firms", "firm_card", "neighbours", "network_svg"]


@dataclass(frozen=True)
class FirmCard:
    """A firm on a day: its state, and how many relations of each type lead from it and to it."""

    id: str
    name: str
    uscc: str
    state: dict[str, Any]
    relations_out: dict[str, int]
    relations_in: dict[str, int]


@dataclass(frozen=True)
class EdgeSource:
    """The row of a source file that tells a relation."""

    type: str
    rel: str
    feed: str
    batch: str
    batch_seq: int
    file: str
    sheet: str
    line: int


def find_firms(reader: GraphReader, text: str, limit: int = 20) -> list[FirmHit]:
    """Firms by id, code, or part of the name."""
    return reader.find_firms(text.strip(), limit) if text.strip() else []


def firm_card(reader: GraphReader, firm_id: str, when: Moment) -> FirmCard:
    """The basics of one firm. NotFoundError where it has no state on that day."""
    state = reader.states([firm_id], when).get(firm_id)
    if state is None:
        raise NotFoundError(f"The firm '{firm_id}' is not known on {when.valid}.", "Look it up by name or code.", "firm")
    degrees = reader.degrees([firm_id], Hop(exposure_types(reader.ontology), when)).to_pylist()
    ways = {way: {d["type"]: d["degree"] for d in degrees if d["way"] == way} for way in ("out", "in")}
    return FirmCard(firm_id, state.get("name") or "", state.get("uscc") or "", state, ways["out"], ways["in"])


def neighbours(reader: GraphReader, firm_id: str, when: Moment, types: Sequence[str] = ()) -> Network:
    """All that is one relation away from a firm."""
    return exposure_network(reader, firm_id, NetworkQuery(when, depth=1, types=tuple(types)))


def edge_sources(ledger: Ledger, edges: Iterable[NetworkEdge], known: date, ledger_seq: int | None = None) -> list[EdgeSource]:
    """For each edge of an answer the ledger row that told its state, as known by the end of `known`. One look-up a type."""
    wanted: dict[str, set[tuple[str, int]]] = {}
    for edge in edges:
        wanted.setdefault(edge.type, set()).add((edge.rel, edge.valid_from))
    found = []
    for type_name, states in sorted(wanted.items()):
        rows = _told(ledger, type_name, sorted({rel for rel, _ in states}), (known, ledger_seq)).to_pylist()
        found += [_source(type_name, row) for row in rows if (row["id"], _number(row["valid_from"])) in states]
    return found


def _told(ledger: Ledger, type_name: str, ids: list[str], until: tuple[date, int | None]) -> pa.Table:
    kind = ledger.ontology.get(type_name)
    assert isinstance(kind, RelationType)
    rows = ledger.table(type_name, until[1])
    rows = rows.filter(rows.id.isin(ids))
    cutoff = Cutoff.end_of(until[0], ledger.time_zone)
    held = as_of_rows(rows, told_again(rows), cutoff, kind.lasting, ended_too=True)
    columns = ("id", "valid_from", "feed", "batch", "batch_seq", "file", "sheet", "line")
    return held.select(*columns).order_by("id", "valid_from", "feed").to_pyarrow()


def _source(type_name: str, row: dict[str, Any]) -> EdgeSource:
    where = row["batch"], row["batch_seq"], row["file"] or "", row["sheet"] or "", row["line"]
    return EdgeSource(type_name, row["id"], row["feed"], *where)


def _number(day: date) -> int:
    return day.year * 10000 + day.month * 100 + day.day
