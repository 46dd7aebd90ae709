"""Groups of the certain ties: parts, their heads, names and members with reasons; what was filed against what was computed."""

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from graph.knowledge.groups.reasons import reasons_of
from graph.knowledge.groups.schemas import GROUP_FINDINGS
from graph.knowledge.groups.settings import Settings
from graph.knowledge.groups.ties import Ties, labels, ties_of
from graph.knowledge.groups.told import Ground


@dataclass(frozen=True)
class Grouped:
    """groups: group (a key of this day), name, head, lead, members. members: as GROUP_MEMBERS. ties: what they rest on."""

    ties: Ties
    groups: pl.DataFrame
    members: pl.DataFrame
    findings: pl.DataFrame

    def group_of(self) -> pl.DataFrame:
        """Columns firm, group: certain members, each once."""
        return self.members.filter("certain").select("firm", "group").unique()


def group(ground: Ground, settings: Settings) -> Grouped:
    """The groups of what is told."""
    ties = ties_of(ground, settings)
    part = labels(ties.edges())
    firms = part.filter(ties.entities.is_a("Firm", "node"))
    firms = firms.filter(pl.len().over("part") > 1)
    heads = _heads(ties, part, firms, ground)
    in_group = firms.join(heads.select("part", "group"), on="part").select("group", firm="node")
    members = reasons_of(ground, ties, in_group)
    groups = heads.select("group", "name", "head", "lead", "members").sort("group")
    findings = _findings(ties, in_group)
    return Grouped(ties.plain(), *(_named(ties, rows) for rows in (groups, members, findings)))


def _named(ties: Ties, rows: pl.DataFrame) -> pl.DataFrame:
    """With ids as text, and groups, which go by their lead firm till here, by a name of their own."""
    return ties.entities.text(rows).with_columns(group=pl.lit("Group-") + pl.col("group"))


def _heads(ties: Ties, part: pl.DataFrame, firms: pl.DataFrame, ground: Ground) -> pl.DataFrame:
    """Of each part: head, lead, name, members. The head commands most firms and is itself controlled by nobody."""
    control = ties.control.join(part, left_on="src", right_on="node")
    control = control.join(firms.select("part").unique(), on="part", how="semi")
    below = ties.control.select(src="dst").unique().with_columns(below=pl.lit(True))
    reach = control.group_by("part", "src").agg(pl.col("dst").n_unique().alias("firms")).join(below, on="src", how="left")
    order = ["part", pl.col("below").fill_null(False), pl.col("firms") * -1, "src"]
    head = reach.sort(order).unique("part", keep="first", maintain_order=True).select("part", head="src")
    told = ground.coded.firms.select("id", "name", "registered_capital_fen")
    sized = firms.join(told, left_on="node", right_on="id", how="left")
    sized = sized.sort("part", pl.col("registered_capital_fen").fill_null(-1) * -1, "node")
    largest = sized.group_by("part", maintain_order=True).agg(largest=pl.col("node").first(), members=pl.len().cast(pl.Int64))
    found = largest.join(head, on="part", how="left").with_columns(head=pl.coalesce("head", "largest"))
    lead = pl.when(ties.entities.is_a("Firm", "head")).then("head").otherwise("largest")
    found = found.with_columns(lead=lead)
    filed = part.filter(ties.entities.is_a("ClientGroup", "node")).join(ground.coded.named, left_on="node", right_on="id")
    filed = filed.drop_nulls("name").sort("part", "node").unique("part", keep="first", maintain_order=True)
    found = found.join(filed.select("part", filed_name="name"), on="part", how="left")
    found = found.join(told.select("id", lead_name="name"), left_on="lead", right_on="id", how="left")
    by_firm = pl.when(pl.col("head") == pl.col("lead")).then(pl.coalesce("lead_name", "filed_name"))
    name = by_firm.otherwise(pl.coalesce("filed_name", "lead_name"))
    return found.with_columns(name=name, group=pl.col("lead"))


def _findings(ties: Ties, in_group: pl.DataFrame) -> pl.DataFrame:
    own = labels(ties.edges(filed=False))
    filed = ties.filed.select(firm="src", other="dst").unique().join(own, left_on="firm", right_on="node", how="left")
    grouped = filed.join(in_group, on="firm", how="left")
    alone = (pl.len().over("other", "part") == 1) | pl.col("part").is_null()
    several = pl.len().over("other") > 1
    lonely = grouped.filter(alone & several).select(pl.lit("filed_without_tie").alias("finding"), "firm", "other", "group")
    filed_part = filed.drop_nulls("part")
    apart = filed_part.filter(pl.col("other").n_unique().over("part") > 1).join(in_group, on="firm", how="left")
    apart = apart.select(pl.lit("filed_apart").alias("finding"), "firm", "other", "group")
    first = filed_part.group_by("part").agg(pl.col("other").min())
    tied = own.filter(ties.entities.is_a("Firm", "node")).join(first, on="part")
    tied = tied.join(filed.select("firm").unique(), left_on="node", right_on="firm", how="anti")
    missed = tied.join(in_group, left_on="node", right_on="firm", how="left")
    missed = missed.select(pl.lit("computed_unfiled").alias("finding"), firm="node", other="other", group="group")
    nominee = ties.proposals.filter((pl.col("kind") == "nominee") & (pl.col("status") == "pending"))
    nominee = nominee.join(in_group, left_on="dependent", right_on="firm", how="left")
    nominee = nominee.select(pl.lit("nominee").alias("finding"), firm="dependent", other="on", group="group")
    told = pl.concat([lonely, apart, missed, nominee])
    return told.sort("finding", "firm", "other").select(*GROUP_FINDINGS.names)


def as_table(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Polars rows in a table's schema."""
    return rows.select(schema.names).to_arrow().cast(schema)
