"""Which part of a bearer's means is at stake over one relation: declared here, one line a type and way, and nowhere else.

    share = 1                                   (certain: the two ends are one risk)
          | declared share of the relation      (sales_share, equity_share)
          | amount / net assets of the bearer   (1 where these are nil, negative or not known: all of it may be called)

always within 0 and 1. Parallel relations of one type between two entities add up before they are capped, so a holding told in two
rows is what it is in one. What reaches the end of a path is the product of its shares, so no way round makes more of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl
import pyarrow as pa

from graph.ontology import Ontology
from graph.reach.figures import Means

Bearer = Literal["src", "dst"]
Measure = Literal["certain", "share", "amount_over_net_assets"]
Direction = Literal["arriving", "spreading"]  # what can reach the entity; what can go out from it


@dataclass(frozen=True)
class Flow:
    """Risk of the other end can reach the end `bearer` of a relation of this type; `zh`, `en` say why."""

    type: str
    bearer: Bearer
    measure: Measure
    zh: str
    en: str


FLOWS = (
    Flow("GUARANTEES", "src", "amount_over_net_assets", "被担保人违约由担保人代偿", "The guarantor pays when the debtor does not."),
    Flow("SUPPLIES", "src", "share", "买方停付，卖方失去相应收入", "When the buyer fails the seller loses that part of its sales."),
    Flow("HOLDS_SHARES", "src", "share", "投资损失按持股比例由股东承担", "A holder bears what its firm loses by its share."),
    Flow("HOLDS_SHARES", "dst", "share", "股东困难时可按持股占用企业资金", "A holder in distress draws on its firm by its share."),
    Flow("CONTROLS", "src", "certain", "申报控制：视同单一风险", "Filed control: one single risk (Basel LEX10, control)."),
    Flow("CONTROLS", "dst", "certain", "申报控制：视同单一风险", "Filed control: one single risk (Basel LEX10, control)."),
    Flow("MEMBER_OF", "src", "certain", "集团客户：视同单一风险", "One group client is one single risk."),
    Flow("MEMBER_OF", "dst", "certain", "集团客户：视同单一风险", "One group client is one single risk."),
    Flow(
        "BRANCH_OF", "src", "certain", "分公司与总公司为同一法人", "A branch is no legal person of its own (公司法 2023, art. 13)."
    ),
    Flow("BRANCH_OF", "dst", "certain", "分公司民事责任由公司承担", "The firm answers for its branch (公司法 2023, art. 13)."),
)
"""Posts, kinship, contacts and concert tell of influence and carry no claim; payments are summed up in SUPPLIES; what a
supplier's failure does to its buyer is an operating risk that no share here measures. They bear nothing."""


def flows(ontology: Ontology, types: Iterable[str]) -> tuple[Flow, ...]:
    """How risk moves over these types. A bank's own type with a declared share bears like a holding, from dst to src."""
    named = {flow.type for flow in FLOWS}
    found = [flow for name in dict.fromkeys(types) for flow in FLOWS if flow.type == name]
    for name in dict.fromkeys(types):
        kind = ontology.relations.get(name)
        if name not in named and kind is not None and kind.share:
            found.append(Flow(name, "src", "share", "按该关系所载比例承担", "Borne by the share that the relation declares."))
    return tuple(found)


TIES = pl.Schema({"near": pl.String, "far": pl.String, "type": pl.String, "share": pl.Float64, "assumed": pl.Boolean})


def ties(edges: pa.Table, ways: Sequence[Flow], direction: Direction, means: Means) -> pl.DataFrame:
    """EDGE_SCHEMA rows as ties: `near` (the anchor), `far`, type, share, and whether net assets were assumed.

    Arriving: near bears the risk of far. Spreading: far bears the risk of near. One row for each near, far and type, share > 0.
    """
    at_src, at_dst = ("out", "in") if direction == "arriving" else ("in", "out")
    told = pl.DataFrame(
        [(flow.type, at_src if flow.bearer == "src" else at_dst, flow.measure) for flow in ways],
        schema=["type", "way", "measure"],
        orient="row",
    ).cast(pl.String)
    rows = pl.DataFrame(pl.from_arrow(edges)).join(told, on=["type", "way"])
    rows = rows.filter(pl.col("anchor") != pl.col("other"))
    if rows.is_empty():
        return pl.DataFrame(schema=TIES)
    bearer = "anchor" if direction == "arriving" else "other"
    by_amount = rows.filter(pl.col("measure") == "amount_over_net_assets")
    worth = means.net_assets(by_amount[bearer].unique().sort().to_list()) if by_amount.height else {}
    assets = pl.DataFrame({bearer: list(worth), "assets": list(worth.values())}, schema={bearer: pl.String, "assets": pl.Int64})
    amount, of = pl.col("amount_fen"), pl.col("assets")
    over = pl.when(amount <= 0).then(0.0).when(of > 0).then(amount / of).otherwise(1.0)
    share = (
        pl.when(pl.col("measure") == "certain").then(1.0).when(pl.col("measure") == "share").then(pl.col("share")).otherwise(over)
    )
    assumed = (pl.col("measure") == "amount_over_net_assets") & of.is_null()
    return (
        rows.join(assets, on=bearer, how="left")
        .with_columns(share.fill_nan(0.0).fill_null(0.0).clip(0.0, 1.0).alias("share"), assumed.alias("assumed"))
        .group_by(pl.col("anchor").alias("near"), pl.col("other").alias("far"), "type")
        .agg(pl.col("share").sum().clip(0.0, 1.0), pl.col("assumed").any())
        .filter(pl.col("share") > 0)
        .sort("near", "far", "type")
    )
