"""Puts together what both engines are asked, out of the named statements and the types of the graph."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cypher import statement, union
from cypher.loader import Statement
from graph.errors import InputError
from graph.projection.shape import GraphType, label_of, state_type
from graph.store import FirmHit, Hop, Moment, Window, whole_day


@dataclass(frozen=True)
class Near:
    """One statement for several types and one way, and where its rows hold each type's amount and share."""

    way: str
    asked: Statement
    amounts: Mapping[str, int]
    shares: Mapping[str, int]

    @classmethod
    def of(cls, kinds: tuple[GraphType, ...], label: str, way: str, probe: int) -> "Near":
        """`probe`: rows at most, of all types together."""
        measures = sorted({name for kind in kinds for name in (kind.amount, kind.share) if name})
        place = {name: number for number, name in enumerate(measures, _FIRST_MEASURE)}
        asked = statement(
            f"read/ladybug_near_{way}",
            label=label,
            types=tuple(kind.name for kind in kinds),
            others=tuple(sorted({other for kind in kinds for other in kind.others(label, way)})),
            properties=("id", "valid_from", "valid_to", *measures),
            probe=probe,
        )
        amounts = {kind.name: place[kind.amount] for kind in kinds if kind.amount}
        return cls(way, asked, amounts, {kind.name: place[kind.share] for kind in kinds if kind.share})

    def edge(self, anchor: str, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row of the answer in the order of EDGE_SCHEMA."""
        kind, other, rel, begin, end = row[:_FIRST_MEASURE]
        amount, share = self.amounts.get(kind), self.shares.get(kind)
        return anchor, kind, self.way, rel, other, amount and row[amount], share and row[share], begin, end


_FIRST_MEASURE = 5  # type, other, id, valid_from and valid_to come before


class Questions:
    """Statements about the types of one graph. They are cached, so engines may cache what they prepare by them."""

    def __init__(self, types: Mapping[str, GraphType]) -> None:
        self.types = types

    def kind(self, name: str) -> GraphType:
        """The type called `name`; InputError where the graph holds none."""
        try:
            return self.types[name]
        except KeyError:
            fix = "Check the name; a type added after the graph was built needs 'yujing graph build'."
            raise InputError(f"The graph has no relation type '{name}'.", fix, "types") from None

    def branches(self, question: str, label: str, hop: Hop, anchor: str) -> list[Statement]:
        """One branch of `expand` or `degree` for each type and way that touches `label`."""
        kinds = [self.kind(name) for name in sorted(set(hop.types))]
        ways = sorted(set(hop.ways))
        return [_branch(question, kind, way, (label, anchor), hop.cap) for kind in kinds for way in ways if kind.others(label, way)]

    def near(self, label: str, hop: Hop) -> list["Near"]:
        """All types of a hop in one statement for each way, limited together: what `expand` asks Ladybug first."""
        kinds = [self.kind(name) for name in sorted(set(hop.types))]
        ways = {way: tuple(kind for kind in kinds if kind.others(label, way)) for way in sorted(set(hop.ways))}
        return [Near.of(touching, label, way, hop.cap + 1) for way, touching in ways.items() if touching]

    def expand_each(self, label: str, hop: Hop) -> Statement | None:
        """The relations of many anchors (`$ids`), for an engine that is best asked for many."""
        branches = self.branches("expand", label, hop, "unwound")
        return statement("read/neo4j_expand_each", branches=union(branches)) if branches else None

    def degree_each(self, label: str, hop: Hop) -> Statement | None:
        """The degrees of many anchors (`$ids`)."""
        branches = self.branches("degree", label, hop, "unwound")
        return statement("read/neo4j_degree_each", branches=union(branches)) if branches else None

    def details(self, kind: GraphType, label: str, way: str, cap: int, anchor: str = "parameter") -> Statement | None:
        """The relations of one anchor (`$id`) with all that they carry; None where the type does not touch its label."""
        if not kind.others(label, way):
            return None
        return statement(
            f"read/details_{way}",
            type=kind.name,
            label=label,
            others=kind.others(label, way),
            rank=kind.rank,
            properties=tuple(field.name for field in kind.columns),
            anchor=anchor,
            cap=cap,
        )

    def details_each(self, kind: GraphType, label: str, way: str, cap: int) -> Statement | None:
        """The same for many anchors (`$ids`)."""
        branch = self.details(kind, label, way, cap, "unwound")
        names = tuple(field.name for field in kind.columns)
        return statement("read/neo4j_details_each", branch=branch, columns=("other", *names)) if branch else None

    def during(
        self, kind: GraphType, label: str, way: str, rows: tuple[int, tuple[str, ...]], anchor: str = "parameter"
    ) -> Statement:
        """Happenings of a window at one anchor; `rows`: how many are read at most, and which columns of them."""
        return statement(
            f"read/during_{way}",
            type=kind.name,
            label=label,
            others=kind.others(label, way),
            properties=rows[1],
            anchor=anchor,
            cap=rows[0],
        )

    def during_each(self, kind: GraphType, label: str, way: str, rows: tuple[int, tuple[str, ...]]) -> Statement:
        """The same for many anchors (`$ids`)."""
        branch = self.during(kind, label, way, rows, "unwound")
        return statement("read/neo4j_details_each", branch=branch, columns=("other", *rows[1]))

    def during_count(self, kind: GraphType, label: str, way: str) -> Statement:
        """How many happenings of a window one anchor (`$id`) has."""
        return statement(f"read/during_count_{way}", type=kind.name, label=label, anchor="parameter")

    def state(self, label: str) -> Statement:
        """The state of one entity (`$id`)."""
        kind = self.types[state_type(label)]
        names = tuple(field.name for field in kind.properties)
        return statement("read/state", label=label, type=kind.name, properties=names, anchor="parameter")

    def relation(self, kind: GraphType) -> Statement:
        """One relation (`$id`) with all that it carries."""
        return statement("read/relation", type=kind.name, properties=tuple(field.name for field in kind.columns))

    def export(self, kind: GraphType, pair: tuple[str, str], of_one_day: bool) -> Statement:
        """All versions of one type between two labels, or those of one day."""
        name = "read/export_day" if of_one_day else "read/export"
        columns = tuple(field.name for field in kind.columns)
        return statement(name, type=kind.name, src=pair[0], dst=pair[1], properties=columns)


def days(when: Moment) -> dict[str, int]:
    """The parameters of the one filter that answers any day."""
    return {"valid": whole_day(when.valid), "known": whole_day(when.known)}


def days_of(window: Window) -> dict[str, int]:
    """The same of a window."""
    return {"since": whole_day(window.since), **days(window.when)}


def by_label(ids: Iterable[str]) -> dict[str, list[str]]:
    """Entity ids under the label that each of them names, without doubles, in order."""
    groups: dict[str, list[str]] = {}
    for entity in dict.fromkeys(ids):
        groups.setdefault(label_of(entity), []).append(entity)
    return groups


def firm_hits(rows: Sequence[Sequence[Any]], limit: int) -> list[FirmHit]:
    """Rows of id, name and code as hits, no firm twice."""
    return list(dict.fromkeys(FirmHit(firm, name or "", uscc or "") for firm, name, uscc in rows))[:limit]


def _branch(question: str, kind: GraphType, way: str, start: tuple[str, str], cap: int) -> Statement:
    label, anchor = start
    if question == "degree":
        return statement(f"read/degree_{way}", type=kind.name, label=label, anchor=anchor)
    return statement(
        f"read/expand_{way}",
        type=kind.name,
        label=label,
        others=kind.others(label, way),
        amount=kind.amount,
        share=kind.share,
        rank=kind.rank,
        anchor=anchor,
        cap=cap,
    )
