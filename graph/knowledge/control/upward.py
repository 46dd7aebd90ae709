"""The part of the graph that decides who controls a firm: its holders, theirs, and so on, with those who act in concert.

It is closed: whoever holds any share of an entity in it is in it, so what the algorithm says of the firm is what it says with
the whole book. Only a hub with more holders than `cap`, or more than `max_entities` in all, are cut, and that is told.
"""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import NotFoundError
from graph.knowledge.control.holdings import Told
from graph.knowledge.control.kind import READS
from graph.network import Cut
from graph.store import GraphReader, Hop, Moment

_PLAIN = {"name": pa.string(), "uscc": pa.string(), "state_owned": pa.bool_()}
_FIRM = pa.schema([("id", pa.string()), *_PLAIN.items(), ("registered_capital_fen", pa.int64()), ("currency", pa.string())])
_END = ("id", "src", "dst", "valid_from")


@dataclass(frozen=True)
class Bounds:
    """`cap`: holders of one entity that are read, the largest first."""

    max_entities: int = 5_000
    cap: int = 2_000


@dataclass
class Upward:
    """What a walk brought back."""

    told: Told
    entities: int
    complete: bool
    cuts: tuple[Cut, ...] = field(default=())


def walk_upward(reader: GraphReader, firm: str, when: Moment, bounds: Bounds) -> Upward:
    """NotFoundError for a firm of which nothing is known on that day."""
    upward = walk_upward_from(reader, [firm], when, bounds)
    told = upward.told
    if firm not in told.firms["id"].to_pylist() and not told.holdings.num_rows:
        raise NotFoundError(f"Nothing is known of '{firm}' on {when.valid}.", "Look it up by name or code.", "firm")
    return upward


def walk_upward_from(reader: GraphReader, starts: list[str], when: Moment, bounds: Bounds) -> Upward:
    """The same for several entities at once; what is filed and who serves is read of these alone."""
    hop = Hop(("ACTS_WITH",), when, cap=bounds.cap)
    known, frontier = dict.fromkeys(starts), starts
    held, concert = [], []
    complete = True
    while frontier:
        above = _details(reader, frontier, "HOLDS_SHARES", hop)
        beside = reader.expand(frontier, hop)
        held.append(above)
        concert.append(_both_ends(beside))
        others = dict.fromkeys([*above["src"].to_pylist(), *beside["other"].to_pylist()])
        frontier = [each for each in others if each not in known]
        if len(known) + len(frontier) > bounds.max_entities:
            frontier, complete = frontier[: max(0, bounds.max_entities - len(known))], False
        known.update(dict.fromkeys(frontier))
    holdings = pa.concat_tables(held)
    filed, posts = _details(reader, starts, "CONTROLS", hop), _details(reader, starts, "SERVES_AS", hop)
    firms = _firms(reader, [each for each in known if each.startswith("Firm-")], when)
    cuts = _cuts(reader, holdings, Hop(("HOLDS_SHARES",), when, ("in",), bounds.cap))
    told = Told(holdings, _once(pa.concat_tables(concert)), filed, posts, firms)
    return Upward(told, len(known), complete and not cuts, cuts)


def _details(reader: GraphReader, anchors: list[str], type_name: str, hop: Hop) -> pa.Table:
    found = reader.details(anchors, type_name, "in", hop)
    names = ["anchor" if name == "dst" else "other" if name == "src" else name for name in _END]
    properties = [name for name in READS[type_name] if name not in {"src", "dst"}]
    return found.select([*names, *properties]).rename_columns([*_END, *properties])


def _both_ends(edges: pa.Table) -> pa.Table:
    outward = pc.equal(edges["way"], "out")
    src = pc.if_else(outward, edges["anchor"], edges["other"])
    dst = pc.if_else(outward, edges["other"], edges["anchor"])
    return pa.table([edges["rel"], src, dst, edges["valid_from"]], names=list(_END))


def _once(concert: pa.Table) -> pa.Table:
    """An agreement is met from both its ends."""
    return concert.group_by(list(_END)).aggregate([]) if concert.num_rows else concert


def _firms(reader: GraphReader, ids: list[str], when: Moment) -> pa.Table:
    states = reader.states(ids, when)
    rows = [{"id": one, **{name: state.get(name) for name in _FIRM.names[1:]}} for one, state in states.items()]
    return pa.Table.from_pylist(rows, _FIRM)


def _cuts(reader: GraphReader, holdings: pa.Table, hop: Hop) -> tuple[Cut, ...]:
    if holdings.num_rows < hop.cap:
        return ()
    shown = holdings.group_by("dst").aggregate([("id", "count")]).filter(pc.field("id_count") >= hop.cap).to_pylist()
    if not shown:
        return ()
    degrees = {row["anchor"]: row["degree"] for row in reader.degrees([row["dst"] for row in shown], hop).to_pylist()}
    full = [row for row in shown if degrees.get(row["dst"], 0) > row["id_count"]]
    return tuple(Cut(row["dst"], hop.types[0], "in", row["id_count"], degrees[row["dst"]]) for row in full)
