"""What the bank did about a firm between the day and the close of the horizon: it may be why nothing came."""

import polars as pl
import pyarrow as pa

from graph.snapshot import Snapshot
from models.targets.spec import Target
from models.workspace import Workspace

_NONE = pl.DataFrame(schema={"firm": pl.String, "intervention": pl.String})


def read_interventions(day: Snapshot, close: Snapshot, target: Target) -> pa.Table:
    """firm, intervention: each that happened after `day`'s and by `close`'s day, as known on the latter."""
    before, after = (_items(snapshot, target) for snapshot in (day, close))
    found = [_NONE]
    for each in target.interventions:
        both = after[each.name].join(before[each.name], on=["firm", "item"], suffix="_then")
        now, then = pl.col("value"), pl.col("value_then")
        rows = both.filter(now < then if each.sign == "lower" else now > then)
        found.append(rows.select("firm", intervention=pl.lit(each.name)).unique())
    out: pa.Table = pl.concat(found).sort("firm", "intervention").to_arrow()
    return out


def _items(snapshot: Snapshot, target: Target) -> dict[str, pl.DataFrame]:
    """firm, item, value of each declared intervention; of an item told twice the largest value."""
    work = Workspace(snapshot)
    try:
        out = {}
        for each in target.interventions:
            rows = pl.DataFrame(work.query(f"SELECT firm, item, max(value) AS value FROM ({each.sql}) GROUP BY firm, item"))
            out[each.name] = rows.with_columns(pl.col("firm", "item").cast(pl.String), pl.col("value").cast(pl.Float64))
        return out
    finally:
        work.close()
