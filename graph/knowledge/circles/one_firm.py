"""One firm among guarantees: the book's own algorithm over the part of the graph that decides it.

From the firm it walks along guarantees onward and back, joint schemes both ways. A circle lies in whichever of both walks came
to its end, so the circle is the book's even where the other was cut; the chain above and below needs its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import NotFoundError
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.circles.answer import Circle, FirmAnswer, circle_in, circle_on
from graph.knowledge.circles.assess import Assessment
from graph.knowledge.circles.kind import CIRCLES_KIND, plain_tables
from graph.knowledge.circles.told import READS, Told, links_told, told_of
from graph.ledger.schema import properties_of
from graph.network import Cut
from graph.ontology import Ontology
from graph.store import GraphReader, Hop, Moment


class Rows(Protocol):
    """Rows of the day's snapshot, as `Snapshot.read` has them, for a few entities: `column` is id, src or subject."""

    def rows(self, type_name: str, column: str, entities: Iterable[str]) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Bounds:
    """`max_entities`: of each of both walks; `cap`: guarantees of one party and way that are read, the largest first."""

    max_entities: int = 5_000
    cap: int = 5_000


def firm_answer(reader: GraphReader, rows: Rows, firm: str, when: Moment, bounds: Bounds | None = None) -> FirmAnswer:
    """NotFoundError for a firm of which nothing is known on that day. The circle has no identity: that is the book's to give."""
    walk = _Walk(reader, when, bounds or Bounds())
    onward, back = (_Side(walk, firm, way) for way in ("out", "in"))
    onward.go()
    back.go()
    if not walk.names(firm) and not reader.states([firm], when):
        raise NotFoundError(f"Nothing is known of '{firm}' on {when.valid}.", "Look it up by name or code.", "firm")
    told = walk.table()
    shape = Assessment(_links(told))
    near = _near(shape, told, firm)
    found = Assessment(_told(near, _facts(near, rows), reader.ontology))
    chain = next(iter(found.chains().filter(pc.field("party") == firm).to_pylist()), None)
    circle = _circle(found, chain)
    if chain:
        (at,) = shape.links.number(pa.array([firm]))
        depth = {"above": int(shape.rings.above[at]), "below": int(shape.rings.below[at])}
        chain |= {**depth, "circle": None}
    return FirmAnswer(
        firm=firm,
        when=when,
        version=CIRCLES_KIND.version,
        chain=chain,
        circle=circle,
        entities=len(walk.told),
        complete=onward.complete and back.complete,
        circle_complete=onward.complete or back.complete,
        cuts=walk.cuts(),
    )


def firm_in_book(book: KnowledgeBook, firm: str, when: Moment, ledger_seq: int | None = None) -> FirmAnswer:
    """The same out of the book, with identity and lineage. NotComputedError for a day without a run (over `ledger_seq`)."""
    chain = next(iter(book.about("guarantee_chains", "party", [firm], when.valid, ledger_seq).to_pylist()), None)
    circle = circle_on(book, chain["circle"], when.valid, ledger_seq) if chain and chain["circle"] else None
    return FirmAnswer(firm, when, CIRCLES_KIND.version, chain, circle, len(circle.members) if circle else 1, complete=True)


@dataclass
class _Walk:
    """Guarantees of parties, each party read once, both ways."""

    reader: GraphReader
    when: Moment
    bounds: Bounds
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def read(self, parties: Sequence[str]) -> None:
        new = [party for party in parties if party not in self.told]
        self.told.update((party, []) for party in new)
        hop = Hop(("GUARANTEES",), self.when, cap=self.bounds.cap)
        for way, (near, far) in (("out", ("src", "dst")), ("in", ("dst", "src"))):
            for row in self.reader.details(new, "GUARANTEES", way, hop).to_pylist() if new else ():
                self.told[row["anchor"]].append({**row, near: row["anchor"], far: row["other"], "way": way})

    def names(self, party: str) -> bool:
        """Whether any guarantee names the party."""
        return bool(self.told.get(party))

    def table(self) -> pa.Table:
        """Each guarantee once."""
        kept = {row["id"]: row for rows in self.told.values() for row in rows}
        return _typed(list(kept.values()), "GUARANTEES", self.reader.ontology)

    def cuts(self) -> tuple[Cut, ...]:
        counts: dict[tuple[str, str], int] = {}
        for party, rows in self.told.items():
            for row in rows:
                counts[party, row["way"]] = counts.get((party, row["way"]), 0) + 1
        full = {key: shown for key, shown in counts.items() if shown >= self.bounds.cap}
        if not full:
            return ()
        degrees = self.reader.degrees([party for party, _ in full], Hop(("GUARANTEES",), self.when)).to_pylist()
        told = {(row["anchor"], row["way"]): row["degree"] for row in degrees}
        return tuple(Cut(key[0], "GUARANTEES", key[1], shown, told[key]) for key, shown in full.items() if told[key] > shown)


@dataclass
class _Side:
    """All that is reached from the firm one way."""

    walk: _Walk
    firm: str
    way: str
    seen: dict[str, None] = field(default_factory=dict)
    complete: bool = True

    def go(self) -> None:
        self.seen[self.firm] = None
        frontier = [self.firm]
        while frontier:
            self.walk.read(frontier)
            reached = dict.fromkeys(other for party in frontier for other in self._onward(party))
            frontier = [party for party in reached if party not in self.seen]
            room = self.walk.bounds.max_entities - len(self.seen)
            if len(frontier) > room:
                frontier, self.complete = frontier[: max(0, room)], False
            self.seen.update(dict.fromkeys(frontier))

    def _onward(self, party: str) -> list[str]:
        rows = self.walk.told[party]
        if sum(row["way"] == self.way for row in rows) >= self.walk.bounds.cap:
            self.complete = False
        return [row["other"] for row in rows if row["way"] == self.way or row["scheme"] == "joint"]


def _circle(found: Assessment, chain: dict[str, Any] | None) -> Circle | None:
    if not chain or chain["circle"] is None:
        return None
    circle = circle_in(plain_tables(found), chain["circle"])
    circle.told["circle"] = None
    return circle


def _near(shape: Assessment, told: pa.Table, firm: str) -> pa.Table:
    """Guarantees that touch the firm or a member of its circle: all that its answer is made of, but for the chain."""
    (at,) = shape.links.number(pa.array([firm]))
    circle = shape.rings.circle[: shape.links.size]
    members = shape.links.named(np.flatnonzero(circle == circle[at])) if at >= 0 and circle[at] >= 0 else pa.array([firm])
    return told.filter(pc.or_(pc.is_in(told["src"], value_set=members), pc.is_in(told["dst"], value_set=members)))


def _facts(guarantees: pa.Table, rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """What the snapshot tells of the parties to these guarantees."""
    parties = sorted({*guarantees["src"].to_pylist(), *guarantees["dst"].to_pylist()})
    borrows = rows.rows("BORROWS", "src", parties)
    direct = [row["dst"] for row in borrows if row["dst_type"] == "LoanNote"]
    contracts = rows.rows("Contract", "id", [row["dst"] for row in borrows if row["dst_type"] == "Contract"])
    drawn = rows.rows("LoanNote", "contract", [row["number"] for row in contracts if row["number"]])
    notes = sorted({*direct, *(row["id"] for row in drawn)})
    # Whoever else borrows a note of these contracts by name: then it is not the contract's signatory who does.
    named = {row["id"]: row for row in (*borrows, *rows.rows("BORROWS", "dst", [row["id"] for row in drawn]))}
    return {
        "BORROWS": list(named.values()),
        "Contract": contracts,
        "LoanNote": rows.rows("LoanNote", "id", notes),
        "LoanNoteState": rows.rows("LoanNoteState", "subject", notes),
        "FinancialStatement": rows.rows("FinancialStatement", "subject", parties),
        "BureauReport": rows.rows("BureauReport", "subject", parties),
    }


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all answers: opening one takes longer than what it is asked."""
    return duckdb.connect(config={"threads": "2"})


def _links(guarantees: pa.Table) -> Told:
    """Of guarantees alone: enough to see circles."""
    with _engine().cursor() as connection:
        connection.register("GUARANTEES", guarantees)
        return links_told(connection, "GUARANTEES")


def _told(guarantees: pa.Table, facts: Mapping[str, list[dict[str, Any]]], ontology: Ontology) -> Told:
    with _engine().cursor() as connection:  # what is registered is the cursor's own
        connection.register("GUARANTEES", guarantees)
        for name in READS:
            if name != "GUARANTEES":
                connection.register(name, _typed(facts.get(name, []), name, ontology))
        return told_of(connection, {name: name for name in READS})


_KNOWN = {"valid_from": pa.date32(), "recorded_at": pa.int64()}


def _typed(rows: list[dict[str, Any]], name: str, ontology: Ontology) -> pa.Table:
    """The columns of READS with the ontology's types, also where there is no row."""
    types = {each.name: each.type for each in properties_of(ontology.get(name))}
    fields = [(column, types.get(column, _KNOWN.get(column, pa.string()))) for column in ("id", *READS[name])]
    return pa.Table.from_pylist([{column: row.get(column) for column, _ in fields} for row in rows], pa.schema(fields))
