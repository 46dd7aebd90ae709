"""Ties that make a group: control, control with kin, kin who both control, filed membership; and what an officer must judge."""

import hashlib
from dataclasses import dataclass, replace

import polars as pl

from graph.knowledge.control.holdings import Holdings, components, holdings_of
from graph.knowledge.groups.kin import ranked, together
from graph.knowledge.groups.settings import Settings
from graph.knowledge.groups.told import Ground
from graph.knowledge.numbering import Entities

KEY_POSTS = ("legal_representative", "chairman", "manager", "finance_head")

PROPOSAL_COLUMNS = ("id", "dependent", "on", "kind", "a", "b", "evidence", "evidence_type", "status")


@dataclass(frozen=True)
class Ties:
    """control: src, dst, kind, votes, rank, proposal; certain only. kin: id, p, q; both control something. filed: id, src, dst.

    proposals: PROPOSAL_COLUMNS; `a` and `b` are the ends that a confirmed one ties together. Entities are by number till `plain`.
    """

    holdings: Holdings
    entities: Entities
    control: pl.DataFrame
    close: pl.DataFrame
    kin: pl.DataFrame
    filed: pl.DataFrame
    proposals: pl.DataFrame

    def plain(self) -> "Ties":
        """With ids as text."""
        tables = (self.control, self.close, self.kin, self.filed, self.proposals)
        return Ties(self.holdings, self.entities, *(self.entities.text(table) for table in tables))

    def edges(self, filed: bool = True) -> pl.DataFrame:
        """Columns a, b of every certain tie; without what was filed, where that is wanted."""
        confirmed = self.proposals.filter(pl.col("status") == "confirmed").select("a", "b")
        told = [self.control.select(a="src", b="dst"), self.kin.select(a="p", b="q"), confirmed]
        return pl.concat([*told, self.filed.select(a="src", b="dst")] if filed else told)


def proposal_id(kind: str, dependent: str, on: str) -> str:
    """The name of a proposal: the same on every day."""
    return hashlib.sha256("\x1f".join((kind, dependent, on)).encode()).hexdigest()[:16]


def ties_of(ground: Ground, settings: Settings) -> Ties:
    """All ties of what is told; entities as `ground.coded` numbers them."""
    holdings, entities = holdings_of(ground.told), ground.coded.entities
    close = ranked(ground.coded.kin)
    votes = _by_votes(ground)
    family = together(holdings, entities.text(close.filter(pl.col("close")).select("p", "q").unique()))
    ends = {end: entities.numbers(family[end]) for end in ("src", "dst")}
    family = family.with_columns(**ends).select(
        "src", "dst", pl.lit("family").alias("kind"), "votes", pl.lit(2, pl.Int8).alias("rank")
    )
    filed, doubted = _filed_control(ground)
    every = pl.concat([votes, family, filed])
    nominees = _nominees(every, entities, settings)
    proposals = [
        _proposed(_nominee_rows(every, nominees, ground), "nominee", entities),
        _proposed(doubted, "filed_contradicted", entities),
    ]
    certain = every.join(nominees, on="src", how="anti").with_columns(proposal=pl.lit(None, pl.String))
    controls = pl.concat([certain["src"], *(rows["a"] for rows in proposals)]).unique()
    kin = close.filter(pl.col("p").is_in(controls.implode()) & pl.col("q").is_in(controls.implode()))
    proposals.append(_proposed(_unclear_kin(kin, certain), "kin_unclear", entities))
    told = _said(pl.concat(proposals), ground.said)
    both = kin.filter(pl.col("close")).filter(pl.col("p") < pl.col("q"))
    closed = Ties(holdings, entities, certain, close, both, ground.coded.members, told)
    officers = _said(_proposed(_officers(ground, closed, settings), "key_officer", entities), ground.said)
    return replace(closed, proposals=pl.concat([told, officers]).sort("id"))


def labels(edges: pl.DataFrame) -> pl.DataFrame:
    """Columns node, part: which connected part each end is in."""
    nodes = pl.concat([edges["a"], edges["b"]]).unique().sort().alias("node").to_frame().with_row_index("n")
    by_name = nodes.select("node", "n")
    ends = edges.join(by_name, left_on="a", right_on="node").join(by_name, left_on="b", right_on="node", suffix="_b")
    part = components(ends["n"].cast(pl.Int64).to_numpy(), ends["n_b"].cast(pl.Int64).to_numpy(), max(nodes.height, 1))
    return nodes.select("node", part=pl.Series(part[: nodes.height], dtype=pl.Int64))


def _by_votes(ground: Ground) -> pl.DataFrame:
    ultimate = pl.when("ultimate").then(0).otherwise(1).cast(pl.Int8)
    kind = pl.when("joint").then(pl.lit("joint")).otherwise(pl.lit("control"))
    return ground.coded.controllers.filter(~pl.col("state")).select("src", "dst", kind=kind, votes="votes", rank=ultimate)


def _filed_control(ground: Ground) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Filings of control that stand, as certain; those that the votes contradict, as rows to propose. State owners make none."""
    filed = ground.coded.filed.select("id", "src", "dst").filter(pl.col("src") != pl.col("dst"))
    states = ground.coded.entities.numbers(pl.Series(ground.states(), dtype=pl.String))
    filed = filed.filter(~pl.col("src").is_in(states.implode()))
    doubted = pl.col("id").is_in(ground.contradicted.implode())
    stands = filed.filter(~doubted).join(ground.coded.controllers, on=["src", "dst"], how="anti").unique(["src", "dst"])
    told = stands.select(
        "src", "dst", pl.lit("filed_control").alias("kind"), pl.lit(1.0).alias("votes"), pl.lit(1, pl.Int8).alias("rank")
    )
    rows = filed.filter(doubted).select(
        a="src", b="dst", dependent="dst", on="src", evidence="id", evidence_type=pl.lit("CONTROLS")
    )
    return told, rows


def _nominees(control: pl.DataFrame, entities: Entities, settings: Settings) -> pl.DataFrame:
    persons = control.filter(entities.is_a("Person", "src"))
    count = persons.group_by("src").agg(pl.col("dst").n_unique().alias("firms"))
    return count.filter(pl.col("firms") > settings.nominee_firms.value).select("src")


def _nominee_rows(control: pl.DataFrame, nominees: pl.DataFrame, ground: Ground) -> pl.DataFrame:
    pairs = control.join(nominees, on="src", how="semi").unique(["src", "dst"])
    held = ground.coded.holdings.select("src", "dst", evidence="id")
    told = pairs.join(held, on=["src", "dst"], how="left")
    return told.select(a="src", b="dst", dependent="dst", on="src", evidence="evidence", evidence_type=pl.lit("HOLDS_SHARES"))


def _unclear_kin(kin: pl.DataFrame, control: pl.DataFrame) -> pl.DataFrame:
    """Between the first firms that the two persons control."""
    first = control.group_by("src").agg(pl.col("dst").min())
    rows = kin.filter(pl.col("close").is_null() & (pl.col("p") < pl.col("q")))
    both = rows.join(first, left_on="p", right_on="src").join(first, left_on="q", right_on="src", suffix="_q")
    both = both.filter(pl.col("dst") != pl.col("dst_q"))
    return both.select(a="p", b="q", dependent="dst", on="dst_q", evidence="id", evidence_type=pl.lit("KIN_OF"))


def _officers(ground: Ground, ties: Ties, settings: Settings) -> pl.DataFrame:
    """Firms of different groups whose key posts one person holds, unless he holds so many that he is an agent."""
    posts = ground.coded.posts.filter(pl.col("role").is_in(KEY_POSTS)).select("id", person="src", firm="dst")
    count = pl.col("firm").n_unique().over("person")
    posts = posts.filter((count > 1) & (count <= settings.agent_posts.value))
    part = labels(ties.edges())
    posts = posts.join(part, left_on="firm", right_on="node", how="left")
    own = pl.coalesce("part", -1 - pl.col("firm").cast(pl.Int64))  # who is in no part is one by itself
    first = posts.group_by("person").agg(anchor=pl.col("firm").min())
    posts = posts.with_columns(own=own).join(first, on="person")
    anchor = (
        posts.filter(pl.col("firm") == pl.col("anchor"))
        .group_by("person")
        .agg(anchor_own=pl.col("own").first(), anchor_id=pl.col("id"))
    )
    apart = posts.join(anchor, on="person").filter(pl.col("own") != pl.col("anchor_own"))
    rows = apart.select(
        a="firm",
        b="anchor",
        dependent="firm",
        on="anchor",
        evidence=pl.concat_list("id", "anchor_id"),
        evidence_type=pl.lit("SERVES_AS"),
    )
    return rows.explode("evidence")


def _proposed(rows: pl.DataFrame, kind: str, entities: Entities) -> pl.DataFrame:
    """PROPOSAL_COLUMNS, without the status."""
    ends = rows.group_by("dependent", "on", "a", "b", "evidence_type", maintain_order=True).agg(
        pl.col("evidence").drop_nulls().unique().sort()
    )
    ends = ends.unique(["dependent", "on"], keep="first", maintain_order=True)
    ids = [proposal_id(kind, *pair) for pair in entities.text(ends.select("dependent", "on")).iter_rows()]
    return ends.select(
        pl.Series("id", ids, pl.String), "dependent", "on", pl.lit(kind).alias("kind"), "a", "b", "evidence", "evidence_type"
    )


def _said(proposals: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    told = proposals.join(said, on="id", how="left")
    return told.with_columns(pl.col("status").fill_null("pending")).select(*PROPOSAL_COLUMNS)
