"""The part of the graph that decides a firm's group, read out of a store: what the book has, as far as it matters to the firm.

Closed: of every entity in it all holders, theirs, those who act in concert with them and the kin of persons are in it; of every
one that is in the group, or that acts or is kin with one in it, also what it holds, is filed to control, and its filed groups.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from graph.errors import NotFoundError
from graph.knowledge.control.holdings import Told
from graph.knowledge.groups.settings import settings
from graph.knowledge.groups.ties import KEY_POSTS, Ties, labels, ties_of
from graph.knowledge.groups.told import READS, Ground, frame
from graph.projection import label_of
from graph.store import GraphReader, Hop, Moment

_ENDS = pa.schema([("id", pa.string()), ("src", pa.string()), ("dst", pa.string())])
_PROPERTIES: dict[str, pa.DataType] = {
    "equity_share": pa.float64(),
    "voting_share": pa.float64(),
    "role": pa.string(),
    "degree": pa.int64(),
    "kinship": pa.string(),
    "name": pa.string(),
    "uscc": pa.string(),
    "state_owned": pa.bool_(),
    "registered_capital_fen": pa.int64(),
    "currency": pa.string(),
}
_TYPES = ("HOLDS_SHARES", "ACTS_WITH", "CONTROLS", "SERVES_AS", "KIN_OF", "MEMBER_OF")


@dataclass(frozen=True)
class Bounds:
    """`cap`: relations of one type and way at one entity that are read. `max_entities`: in all, from where the answer is cut."""

    max_entities: int = 5_000
    cap: int = 2_000


@dataclass
class Surroundings:
    """What was read so far: rows by type and id; which entities were looked at, and how."""

    reader: GraphReader
    when: Moment
    bounds: Bounds
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {name: {} for name in _TYPES})
    known: dict[str, None] = field(default_factory=dict)
    looked: set[tuple[str, str, str]] = field(default_factory=set)
    complete: bool = True

    def look(self, entities: Iterable[str], type_name: str, way: str) -> None:
        """Reads the relations of one type and way of those entities, each once; their other ends are known from then on."""
        kinds = self._ends(type_name, way)
        asked = [one for one in entities if label_of(one) in kinds and (one, type_name, way) not in self.looked]
        if not asked:
            return
        self.looked.update((one, type_name, way) for one in asked)
        found = self.reader.details(asked, type_name, way, Hop((type_name,), self.when, cap=self.bounds.cap)).to_pylist()
        count: dict[str, int] = {}
        for row in found:
            count[row["anchor"]] = count.get(row["anchor"], 0) + 1
            src, dst = (row["anchor"], row["other"]) if way == "out" else (row["other"], row["anchor"])
            told = {name: row[name] for name in READS[type_name] if name in _PROPERTIES}
            self.rows[type_name][row["id"]] = {"id": row["id"], "src": src, "dst": dst, **told}
            self.add(row["other"])
        if any(each >= self.bounds.cap for each in count.values()):
            self.complete = False

    def add(self, entity: str) -> None:
        """Knows an entity, unless there are too many."""
        if entity not in self.known:
            if len(self.known) >= self.bounds.max_entities:
                self.complete = False
            else:
                self.known[entity] = None

    def close_upward(self) -> None:
        """Until nobody is added: holders, filed controllers, those in concert, kin."""
        done = -1
        while done < len(self.known):
            done, every = len(self.known), list(self.known)
            for type_name, way in (
                ("HOLDS_SHARES", "in"),
                ("CONTROLS", "in"),
                *((t, w) for t in ("ACTS_WITH", "KIN_OF") for w in ("in", "out")),
            ):
                self.look(every, type_name, way)

    def table(self, type_name: str) -> pa.Table:
        """Rows of a type as the snapshot has them."""
        schema = _ENDS
        for name in READS[type_name]:
            if name in _PROPERTIES:
                schema = schema.append(pa.field(name, _PROPERTIES[name]))
        return pa.Table.from_pylist(list(self.rows[type_name].values()), schema)

    def ground(self, said: pa.Table) -> Ground:
        """What is known, to be grouped."""
        names = ("id", *READS["Firm"])
        schema = pa.schema([("id", pa.string()), *((name, _PROPERTIES[name]) for name in READS["Firm"])])
        states = self.reader.states([one for one in self.known if label_of(one) in {"Firm", "ClientGroup"}], self.when)
        firms = [
            {"id": one, **{name: state.get(name) for name in names[1:]}} for one, state in states.items() if label_of(one) == "Firm"
        ]
        filed = [{"id": one, "name": state.get("name")} for one, state in states.items() if label_of(one) == "ClientGroup"]
        tables = {name: self.table(name) for name in _TYPES}
        four = tables["HOLDS_SHARES"], tables["ACTS_WITH"], tables["CONTROLS"], tables["SERVES_AS"]
        told = Told(*four, pa.Table.from_pylist(firms, schema))
        groups = pa.Table.from_pylist(filed, pa.schema([("id", pa.string()), ("name", pa.string())]))
        return Ground.assessed(told, (tables["KIN_OF"], tables["MEMBER_OF"], groups), said)

    def _ends(self, type_name: str, way: str) -> set[str]:
        kind = self.reader.ontology.get(type_name)
        return {ends[0 if way == "out" else 1] for ends in kind.ends}  # type: ignore[union-attr]


def read_surroundings(reader: GraphReader, firm: str, when: Moment, said: pa.Table, bounds: Bounds) -> tuple[Ground, Surroundings]:
    """NotFoundError for a firm of which nothing is known on that day."""
    around = Surroundings(reader, when, bounds)
    if not reader.states([firm], when):
        raise NotFoundError(f"Nothing is known of '{firm}' on {when.valid}.", "Look it up by name or code.", "firm")
    around.add(firm)
    while True:
        before = len(around.known), len(around.looked)
        around.close_upward()
        ground = around.ground(said)
        ties = ties_of(ground, settings()).plain()
        mine = _mine(ties, firm)
        _look_down(around, mine, _active(ground, ties, mine))
        if (len(around.known), len(around.looked)) == before:
            return ground, around


def _mine(ties: Ties, firm: str) -> set[str]:
    """The part that the firm is in, and the parts that may be tied to it."""
    part = labels(ties.edges())
    own = _parts(part, {firm})
    pending = ties.proposals.filter(pl.col("status") == "pending")
    touched = pending.filter(pl.col("a").is_in(list(own)) | pl.col("b").is_in(list(own)))
    return own | _parts(part, {*touched["a"].to_list(), *touched["b"].to_list()})


def _parts(part: pl.DataFrame, nodes: set[str]) -> set[str]:
    own = part.filter(pl.col("node").is_in(list(nodes)))["part"].unique()
    return nodes | set(part.filter(pl.col("part").is_in(own.implode()))["node"].to_list())


def _active(ground: Ground, ties: Ties, mine: set[str]) -> set[str]:
    """Those in the group, those who act in concert or are kin with them, those they may be tied to, and what all these control."""
    pairs = pl.concat([frame(ground.told.concert).select(a="src", b="dst"), pl.DataFrame({"a": list(mine), "b": list(mine)})])
    beside = labels(pairs)
    found = _parts(beside, mine)
    close = ties.close.filter(pl.col("p").is_in(list(found)))
    found |= set(close["q"].to_list())
    below = pl.concat([ground.controllers.filter(~pl.col("state")).select("src", "dst"), ties.control.select("src", "dst")])
    found |= set(below.filter(pl.col("src").is_in(list(found)))["dst"].to_list())
    return found - set(ground.states())


def _look_down(around: Surroundings, mine: set[str], active: set[str]) -> None:
    for type_name, way in (("HOLDS_SHARES", "out"), ("CONTROLS", "out")):
        around.look(active, type_name, way)
    around.look(mine, "MEMBER_OF", "out")
    around.look([one for one in around.known if label_of(one) == "ClientGroup"], "MEMBER_OF", "in")
    around.look(mine, "SERVES_AS", "in")
    firms = mine & {row["dst"] for row in around.rows["SERVES_AS"].values()}
    officers = {row["src"] for row in around.rows["SERVES_AS"].values() if row["role"] in KEY_POSTS and row["dst"] in firms}
    around.look(officers, "SERVES_AS", "out")
