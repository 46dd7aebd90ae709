"""What the bank did about a firm between the day and the close of the horizon: it may be why nothing came."""

from datetime import date

import polars as pl
import pyarrow as pa

from graph.snapshot import Snapshot
from models.targets.spec import Target
from models.workspace import Workspace

_NONE = pl.DataFrame(schema={"firm": pl.String, "intervention": pl.String})


def read_interventions(day: Snapshot, close: Snapshot, target: Target) -> pa.Table:
    """firm, intervention: each that happened after `day`'s and by `close`'s day, as known on the latter."""
    before, after = (_items(snapshot, target, day.as_of) for snapshot in (day, close))
    found = [_NONE]
    for each in target.interventions:
        then, now = before[each.name], after[each.name]
        if each.sign == "added":
            rows = now.join(then, on=["firm", "item"], how="anti")
        else:
            rows = now.join(then, on=["firm", "item"], suffix="_then").filter(pl.col("value") < pl.col("value_then"))
        found.append(rows.select("firm", intervention=pl.lit(each.name)).unique())
    out: pa.Table = pl.concat(found).sort("firm", "intervention").to_arrow()
    return out


def _items(snapshot: Snapshot, target: Target, since: date) -> dict[str, pl.DataFrame]:
    """firm, item, value of each declared intervention; of an item told twice the largest value."""
    work = Workspace(snapshot)
    try:
        out = {}
        for each in target.interventions:
            sql = each.sql.replace(":since", f"DATE '{since.isoformat()}'")
            rows = pl.DataFrame(work.query(f"SELECT firm, item, max(value) AS value FROM ({sql}) GROUP BY firm, item"))
            out[each.name] = rows.with_columns(pl.col("firm", "item").cast(pl.String), pl.col("value").cast(pl.Float64))
        return out
    finally:
        work.close()
