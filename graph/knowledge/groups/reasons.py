"""Why each firm is in its group: a row for each reason, with the limb of article 3, by whom, how strongly, over which relations."""

import polars as pl

from graph.knowledge.control.holdings import components
from graph.knowledge.groups.schemas import GROUP_MEMBERS
from graph.knowledge.groups.ties import Ties
from graph.knowledge.groups.told import Ground

_ROW = ("firm", "limb", "reason", "other", "strength", "path", "proposal")


def reasons_of(ground: Ground, ties: Ties, in_group: pl.DataFrame) -> pl.DataFrame:
    """The columns of GROUP_MEMBERS. `in_group`: columns group, firm."""
    proof = _Proof(ground, ties)
    told = [_by_control(ties, proof), _by_kin(ties, proof), _filed(ties), _confirmed(ties)]
    certain = pl.concat(told).join(in_group, on="firm").with_columns(certain=pl.lit(True))
    rows = pl.concat([certain, _pending(ties, in_group).select(certain.columns)])
    return rows.select(GROUP_MEMBERS.names).sort("group", "firm", "limb", "reason", "other")


class _Proof:
    """The relations that prove a control: shares in the firm held by the controller, by those with it, and by all it controls."""

    def __init__(self, ground: Ground, ties: Ties) -> None:
        held = ground.coded.holdings
        usable = pl.coalesce("voting_share", "equity_share").is_between(0, 1) & (pl.coalesce("voting_share", "equity_share") > 0)
        self._held = held.filter(usable).select("id", holder="src", dst="dst")
        self._pairs = ground.coded.controllers.select("src", holder="dst")
        self._with = pl.concat([self._concert(ground, ties), self._family(ties)])
        self._filed = ground.coded.filed.select("id", "src", "dst")

    def of(self, chosen: pl.DataFrame) -> pl.DataFrame:
        """`chosen` (columns src, dst, kind and any others) with `path`."""
        asked = chosen.select("src", "dst", "kind").unique()
        acting = asked.join(self._with, on=["src", "kind"]).select("src", "dst", "kind", "mate", tie="id")
        sides = pl.concat([asked.select("src", "dst", "kind", mate="src"), acting.select("src", "dst", "kind", "mate")]).unique()
        beyond = sides.join(self._held, on="dst")
        own = beyond.filter(pl.col("holder") == pl.col("mate"))
        through = beyond.join(self._pairs, left_on=["mate", "holder"], right_on=["src", "holder"], how="semi")
        told = self._filed.join(asked.filter(pl.col("kind") == "filed_control"), on=["src", "dst"])
        ids = pl.concat(
            [
                own.select("src", "dst", "kind", "id"),
                through.select("src", "dst", "kind", "id"),
                acting.select("src", "dst", "kind", id="tie"),
                told.select("src", "dst", "kind", "id"),
            ]
        )
        paths = ids.drop_nulls("id").group_by("src", "dst", "kind").agg(path=pl.col("id").unique().sort())
        found = chosen.join(paths, on=["src", "dst", "kind"], how="left")
        return found.with_columns(pl.col("path").fill_null(pl.lit([], pl.List(pl.String))))

    @staticmethod
    def _concert(ground: Ground, ties: Ties) -> pl.DataFrame:
        """Of each entity all that act in concert with it, over however many agreements, with an agreement of each."""
        rows = ground.coded.concert.select("id", "src", "dst")
        src, dst = (ties.holdings.numbers["concert", end] for end in ("src", "dst"))
        part = components(src, dst, max(ties.holdings.size, 1))
        numbered = rows.with_columns(part=pl.Series(part[src], dtype=pl.Int64))
        ends = pl.concat([numbered.select("part", end="src"), numbered.select("part", end="dst")]).unique()
        told = pl.concat([numbered.select("part", "id", mate="src"), numbered.select("part", "id", mate="dst")])
        behind = ground.coded.controllers.select(above="src", end="dst").join(ends, on="end").select("part", end="above")
        every = pl.concat([ends, behind]).unique()
        return (
            every.join(told, on="part")
            .select(pl.lit("joint").alias("kind"), "mate", "id", src="end")
            .select("src", "kind", "mate", "id")
        )

    @staticmethod
    def _family(ties: Ties) -> pl.DataFrame:
        return (
            ties.close.filter(pl.col("close"))
            .select(pl.lit("family").alias("kind"), "id", src="p", mate="q")
            .select("src", "kind", "mate", "id")
        )


def _by_control(ties: Ties, proof: _Proof) -> pl.DataFrame:
    """Limb 1 for control by a firm and for who controls, 2 for what one firm controls together, 3 for what one person does."""
    control = ties.control.sort("rank", pl.col("votes") * -1, "src", "dst").with_columns(
        several=pl.col("dst").n_unique().over("src") > 1, firm_above=ties.entities.is_a("Firm", "src")
    )
    below = control.filter("firm_above").unique("dst", keep="first", maintain_order=True)
    above = control.filter("firm_above").sort(pl.col("votes") * -1, "dst").unique("src", keep="first", maintain_order=True)
    third = control.filter(pl.col("firm_above") & pl.col("several")).unique("dst", keep="first", maintain_order=True)
    person = ~pl.col("firm_above") & pl.col("several")
    by_person = control.filter(person & (pl.col("kind") != "family")).unique("dst", keep="first", maintain_order=True)
    family = control.filter(pl.col("kind") == "family").unique("dst", keep="first", maintain_order=True)
    cases = [
        (below, 1, "controlled", "dst", "src"),
        (above, 1, "controls", "src", "dst"),
        (third, 2, "same_controller", "dst", "src"),
        (by_person, 3, "same_person", "dst", "src"),
        (family, 3, "family", "dst", "src"),
    ]
    chosen = [
        rows.select(
            "src", "dst", "kind", strength="votes", limb=pl.lit(limb, pl.Int64), reason=pl.lit(reason), firm=firm, other=other
        )
        for rows, limb, reason, firm, other in cases
    ]
    return proof.of(pl.concat(chosen)).with_columns(proposal=pl.lit(None, pl.String)).select(_ROW)


def _by_kin(ties: Ties, proof: _Proof) -> pl.DataFrame:
    """Firms of two persons who are close kin and each control some."""
    both = pl.concat([ties.kin.select("id", "p", "q"), ties.kin.select("id", p="q", q="p")])
    held = ties.control.join(both, left_on="src", right_on="p")
    held = held.sort("rank", pl.col("votes") * -1, "src", "q", "id").unique("dst", keep="first", maintain_order=True)
    told = proof.of(held.select("src", "dst", "kind", "votes", "q", "id"))
    return (
        told.select(
            "path",
            firm="dst",
            limb=pl.lit(3, pl.Int64),
            reason=pl.lit("kin"),
            other="q",
            strength="votes",
            proposal=pl.lit(None, pl.String),
            kin="id",
        )
        .with_columns(path=pl.concat_list("path", "kin").list.sort())
        .select(_ROW)
    )


def _filed(ties: Ties) -> pl.DataFrame:
    rows = ties.filed.group_by("src", "dst").agg(path=pl.col("id").sort())
    return rows.select(
        "path",
        firm="src",
        limb=pl.lit(4, pl.Int64),
        reason=pl.lit("filed"),
        other="dst",
        strength=pl.lit(1.0),
        proposal=pl.lit(None, pl.String),
    ).select(_ROW)


_LIMB = {"nominee": 3, "kin_unclear": 3, "filed_contradicted": 1, "key_officer": 4}


def _confirmed(ties: Ties) -> pl.DataFrame:
    """A row for each firm of a confirmed proposal."""
    rows = ties.proposals.filter(pl.col("status") == "confirmed")
    both = pl.concat([rows.select("*", firm="dependent", other="on"), rows.select("*", firm="on", other="dependent")])
    return _proposal_rows(both.filter(ties.entities.is_a("Firm", "firm")))


def _pending(ties: Ties, in_group: pl.DataFrame) -> pl.DataFrame:
    """The dependent to the group of what it may be tied to; where that has none, the other way round."""
    rows = ties.proposals.filter(pl.col("status") == "pending")
    there = rows.join(in_group, left_on="on", right_on="firm").with_columns(firm="dependent", other="on")
    back = rows.filter(ties.entities.is_a("Firm", "on")).join(in_group.select(on="firm"), on="on", how="anti")
    back = back.join(in_group, left_on="dependent", right_on="firm").with_columns(firm="on", other="dependent")
    both = pl.concat([there, back])
    kept = both.join(in_group, on=["firm", "group"], how="anti")  # tied to its own group: nothing is pending
    return _proposal_rows(kept).with_columns(group=kept["group"], certain=pl.lit(False))


def _proposal_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "firm",
        limb=pl.col("kind").replace_strict(_LIMB, return_dtype=pl.Int64),
        reason="kind",
        other="other",
        strength=pl.lit(1.0),
        path="evidence",
        proposal="id",
    ).select(_ROW)
