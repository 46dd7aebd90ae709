"""Connected clients as a kind of knowledge: the whole book of a day."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from graph.knowledge.control.holdings import Told
from graph.knowledge.groups import dependence, exposure, schemas
from graph.knowledge.groups.connected import Linked, connect
from graph.knowledge.groups.decisions import said_by
from graph.knowledge.groups.grouping import Grouped, as_table, group
from graph.knowledge.groups.settings import Settings, settings
from graph.knowledge.groups.told import READS, Ground, frame
from graph.knowledge.kind import Inputs, Kind, KnowledgeTable
from graph.knowledge.lineage_of_sets import LINEAGE, SETS, Followed, follow

_KNOWN = ("HOLDS_SHARES", "CONTROLS", "SERVES_AS", "KIN_OF")
"""Types whose rows are the evidence of a tie that an officer judges."""


def compute(inputs: Inputs) -> Mapping[str, pa.Table]:
    """All tables of the book."""
    chosen = settings()
    read = {name: inputs.read(name) for name in READS}
    told = Told(*(read[name] for name in ("HOLDS_SHARES", "ACTS_WITH", "CONTROLS", "SERVES_AS", "Firm")))
    others = read["KIN_OF"], read["MEMBER_OF"], read["ClientGroup"]
    control = inputs.knowledge("controllers"), inputs.knowledge("control_findings")
    said = inputs.said()
    found = group(Ground.of(told, *control, others, said), chosen)
    engine = inputs.snapshot.backend.con.cursor()
    owed, capital = exposure.exposures(inputs, engine), exposure.tier1(inputs, engine)
    depends = dependence.dependences(inputs, engine, chosen).join(frame(said), on="id", how="left")
    depends = depends.with_columns(pl.col("status").fill_null("pending"))
    evidence = pl.concat([frame(read[name]).select("id", "recorded_at") for name in _KNOWN])
    proposals = _proposals(found, depends, evidence, chosen, inputs.snapshot.ledger.time_zone)
    needed = None if capital is None else capital * chosen.examined_above_tier1.value
    return tables_of(found, Dependence(proposals, depends, owed, needed), inputs.before())


@dataclass(frozen=True)
class Dependence:
    """proposals: of ties and of dependence, with their days. depends: of dependence alone. owed: firm, exposure_fen.

    `needed`: fen above which dependence must be examined; None where capital is not told.
    """

    proposals: pl.DataFrame
    depends: pl.DataFrame
    owed: pl.DataFrame
    needed: float | None


def tables_of(found: Grouped, told: Dependence, before: pa.Table) -> dict[str, pa.Table]:
    """By the names that the book keeps them under. `before`: the sets of the last computed day."""
    depends, owed = told.depends, told.owed
    identity = _followed(found, before)
    names = pl.DataFrame(
        {"group": pl.Series(identity.identities["set"], dtype=pl.String), "stays": pl.Series(identity.identities["identity"])}
    )
    groups, members, findings = (
        rows.join(names, on="group", how="left").with_columns(group="stays").drop("stays")
        for rows in (found.groups, found.members, found.findings)
    )
    inside = members.filter("certain").select("firm", "group").unique()
    exposed = inside.join(owed, on="firm").group_by("group").agg(pl.col("exposure_fen").sum())
    groups = groups.join(exposed, on="group", how="left").with_columns(pl.col("exposure_fen").fill_null(0))
    open_ones = depends.filter(pl.col("status") != "rejected")
    sets = connect(Linked(inside, found.ties.control.select("src", "dst"), open_ones))
    sets = sets.join(owed, left_on="member", right_on="firm", how="left").with_columns(pl.col("exposure_fen").fill_null(0))
    return {
        "group_clients": as_table(groups, schemas.GROUP_CLIENTS),
        "group_members": as_table(members, schemas.GROUP_MEMBERS),
        "group_stars": as_table(_stars(groups, members), schemas.GROUP_STARS),
        "group_findings": as_table(findings, schemas.GROUP_FINDINGS),
        "group_sets": as_table(_sets(groups, inside), SETS),
        "group_lineage": identity.lineage.cast(LINEAGE),
        "dependence_proposals": as_table(_required(told.proposals, owed, told.needed), schemas.PROPOSALS),
        "client_exposures": as_table(owed.sort("firm"), schemas.EXPOSURES),
        "connected_clients": as_table(sets, schemas.CONNECTED_CLIENTS),
    }


def _followed(found: Grouped, before: pa.Table) -> Followed:
    inside = found.group_of().join(found.groups.select("group", "name"), on="group")
    now = inside.select(set="group", name="name", member="firm", weight=pl.lit(1.0)).sort("set", "member")
    return follow(before, as_table(now, SETS), "Group-")


def _sets(groups: pl.DataFrame, inside: pl.DataFrame) -> pl.DataFrame:
    named = inside.join(groups.select("group", "name"), on="group")
    return named.select(set="group", name="name", member="firm", weight=pl.lit(1.0)).sort("set", "member")


def _stars(groups: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """The first limb that holds stands for a member; a pending one only where no certain one does."""
    rows = members.join(groups.select("group", "lead"), on="group").filter(pl.col("firm") != pl.col("lead"))
    first = rows.sort(~pl.col("certain"), "limb").unique(["firm", "lead"], keep="first", maintain_order=True)
    return first.select("group", "limb", "certain", src="firm", dst="lead").sort("src", "dst")


def _proposals(found: Grouped, depends: pl.DataFrame, evidence: pl.DataFrame, chosen: Settings, time_zone: str) -> pl.DataFrame:
    """Ties and dependences in one list."""
    ties = found.ties.proposals
    at = ties.select("id", "evidence").explode("evidence").join(evidence, left_on="evidence", right_on="id")
    at = at.group_by("id").agg(told_us=pl.col("recorded_at").max())
    none = pl.lit(None, pl.Float64)
    told = ties.join(at, on="id", how="left").with_columns(share=none, threshold=none)
    columns = ["id", "dependent", "on", "kind", "share", "threshold", "told_us", "evidence", "evidence_type", "status"]
    return dependence.dated(pl.concat([told.select(columns), depends.select(columns)]), chosen, time_zone)


def _required(proposals: pl.DataFrame, owed: pl.DataFrame, needed: float | None) -> pl.DataFrame:
    """Whether the dependent or the one that it depends on owes so much that the regulation asks for the examination."""
    if needed is None:
        return proposals.with_columns(required=pl.lit(None, pl.Boolean)).sort("id")
    big = owed.filter(pl.col("exposure_fen") > needed)["firm"].implode()
    return proposals.with_columns(required=pl.col("dependent").is_in(big) | pl.col("on").is_in(big)).sort("id")


GROUPS = Kind(
    name="groups",
    zh="集团客户与关联客户",
    version="2",
    reads={**READS, **exposure.READS, **dependence.READS},
    tables=(
        KnowledgeTable("group_clients", schemas.GROUP_CLIENTS, ("group", "head", "lead")),
        KnowledgeTable("group_members", schemas.GROUP_MEMBERS, ("group", "firm", "other")),
        KnowledgeTable("group_stars", schemas.GROUP_STARS, ("src", "dst")),
        KnowledgeTable("group_findings", schemas.GROUP_FINDINGS, ("firm", "other", "group")),
        KnowledgeTable("group_sets", SETS, ("set", "member")),
        KnowledgeTable("group_lineage", LINEAGE, ("set", "other")),
        KnowledgeTable("dependence_proposals", schemas.PROPOSALS, ("id", "dependent", "on")),
        KnowledgeTable("client_exposures", schemas.EXPOSURES, ("firm",)),
        KnowledgeTable("connected_clients", schemas.CONNECTED_CLIENTS, ("set", "member")),
    ),
    compute=compute,
    after=("control",),
    follows="group_sets",
    said=said_by,
)
