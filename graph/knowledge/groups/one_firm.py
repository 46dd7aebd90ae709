"""The group of one firm, out of a graph store: the book's own algorithm over the part of the graph that decides it."""

from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from graph.knowledge.groups.grouping import group
from graph.knowledge.groups.kind import GROUPS
from graph.knowledge.groups.settings import settings
from graph.knowledge.groups.surroundings import Bounds, read_surroundings
from graph.knowledge.groups.told import SAID
from graph.store import GraphReader, Moment


@dataclass(frozen=True)
class Reason:
    """Why a firm is in the group, or (`certain` false) may be."""

    firm: str
    limb: int
    reason: str
    other: str
    strength: float
    path: tuple[str, ...]
    certain: bool
    proposal: str | None


@dataclass(frozen=True)
class GroupAnswer:
    """The group of a firm on a day. Of a firm that is in none, `members` is empty. `complete`: nothing was cut."""

    firm: str
    when: Moment
    version: str
    name: str | None
    head: str | None
    lead: str | None
    members: tuple[str, ...]
    reasons: tuple[Reason, ...]
    findings: tuple[dict[str, Any], ...]
    entities: int
    complete: bool

    def mentioned(self) -> tuple[str, ...]:
        """Every entity that the answer names, each once."""
        told = [end for each in self.reasons for end in (each.firm, each.other)]
        named = [one for one in (self.firm, self.head, self.lead) if one]
        found = [end for row in self.findings for end in (row["firm"], row["other"])]
        return tuple(dict.fromkeys([*named, *self.members, *told, *found]))


def group_answer(
    reader: GraphReader, firm: str, when: Moment, said: pa.Table | None = None, bounds: Bounds | None = None
) -> GroupAnswer:
    """NotFoundError for a firm of which nothing is known on that day. `said`: what officers said by then (SAID)."""
    told = SAID.empty_table() if said is None else said
    ground, around = read_surroundings(reader, firm, when, told, bounds or Bounds())
    found = group(ground, settings())
    own = found.group_of().filter(pl.col("firm") == firm)["group"].to_list()
    pending = ~pl.col("certain") & (pl.col("firm") == firm)
    rows = found.members.filter(pl.col("group").is_in(own) | pending).drop("group").to_dicts()
    heads = found.groups.filter(pl.col("group").is_in(own)).to_dicts()
    head = heads[0] if heads else {"name": None, "head": None, "lead": None}
    findings = found.findings.filter(pl.col("group").is_in(own) | (pl.col("firm") == firm)).drop("group").to_dicts()
    return GroupAnswer(
        firm=firm,
        when=when,
        version=GROUPS.version,
        name=head["name"],
        head=head["head"],
        lead=head["lead"],
        members=tuple(sorted({row["firm"] for row in rows if row["certain"]})),
        reasons=tuple(Reason(**{**row, "path": tuple(row["path"])}) for row in rows),
        findings=tuple(findings),
        entities=len(around.known),
        complete=around.complete,
    )
