"""Puts together what both engines are asked, out of the named statements and the types of the graph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cypher import statement, union
from cypher.loader import Statement
from graph.errors import InputError
from graph.projection.shape import GraphType, label_of, state_type
from graph.store import FirmHit, Hop, Moment, whole_day


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

    def near(self, label: str, hop: Hop) -> Statement | None:
        """All types of a hop in one branch for each way, limited together: what `expand` asks Ladybug first."""
        branches = []
        for way in sorted(set(hop.ways)):
            kinds = [kind for kind in (self.kind(name) for name in sorted(set(hop.types))) if kind.others(label, way)]
            if kinds:
                branches.append(_near(kinds, label, way, hop.cap + 1))
        return union(branches) if branches else None

    def expand_each(self, label: str, hop: Hop) -> Statement | None:
        """The relations of many anchors (`$ids`), for an engine that is best asked for many."""
        branches = self.branches("expand", label, hop, "unwound")
        return statement("read/neo4j_expand_each", branches=union(branches)) if branches else None

    def degree_each(self, label: str, hop: Hop) -> Statement | None:
        """The degrees of many anchors (`$ids`)."""
        branches = self.branches("degree", label, hop, "unwound")
        return statement("read/neo4j_degree_each", branches=union(branches)) if branches else None

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


def by_label(ids: Iterable[str]) -> dict[str, list[str]]:
    """Entity ids under the label that each of them names, without doubles, in order."""
    groups: dict[str, list[str]] = {}
    for entity in dict.fromkeys(ids):
        groups.setdefault(label_of(entity), []).append(entity)
    return groups


def firm_hits(rows: Sequence[Sequence[Any]], limit: int) -> list[FirmHit]:
    """Rows of id, name and code as hits, no firm twice."""
    return list(dict.fromkeys(FirmHit(firm, name or "", uscc or "") for firm, name, uscc in rows))[:limit]


def _near(kinds: list[GraphType], label: str, way: str, probe: int) -> Statement:
    return statement(
        f"read/ladybug_near_{way}",
        label=label,
        types=tuple(kind.name for kind in kinds),
        others=tuple(sorted({other for kind in kinds for other in kind.others(label, way)})),
        amounts=tuple((kind.name, kind.amount) for kind in kinds if kind.amount),
        shares=tuple((kind.name, kind.share) for kind in kinds if kind.share),
        probe=probe,
    )


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
