"""What really happened, kept aside for those who grade models: causes of defaults, hits, and how near each firm was."""

import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import polars as pl

from yujing.bank.channels import KINDS
from yujing.bank.distress import DECAY
from yujing.bank.files import text_where
from yujing.bank.parts import Chunk, GrowingParquet
from yujing.bank.plan import Ints
from yujing.bank.planting import Planted
from yujing.bank.systems.lending import default_days
from yujing.bank.systems.platform import true_duplicates
from yujing.bank.world import World


class Truth:
    """The folder `truth/`, filled one society after another: a row group each in the Parquet files."""

    def __init__(self, folder: Path, *, single: bool) -> None:
        folder.mkdir()
        self._defaults, self._hits, self._health, self._duplicates = (
            GrowingParquet(folder / f"{name}.parquet", single=single) for name in ("defaults", "hits", "health", "duplicates")
        )
        self._planted = (folder / "planted_errors.json").open("w", encoding="utf-8")
        self._planted.write('{\n "lines": "as an editor counts them, the header is 1",\n "planted": [')
        self._begun = False

    def add(self, world: World, planted: Sequence[Planted], chunks: Sequence[Chunk]) -> pl.Series:
        """Writes what is true of one society, and what was planted where in the chunks that it wrote; gives its causes."""
        defaults = true_defaults(world)
        self._defaults.add(defaults)
        self._hits.add(true_hits(world))
        self._health.add(true_health(world))
        self._duplicates.add(true_duplicates(world))
        at = {chunk.table.place: chunk for chunk in chunks}
        for each in planted:
            chunk = at[each.file]
            lines = tuple(line + chunk.rows_before for line in each.lines)
            self._write(replace(each, file=chunk.place, lines=lines))
        return defaults["cause"]

    def close(self) -> None:
        """Ends every file."""
        for file in (self._defaults, self._hits, self._health, self._duplicates):
            file.close()
        self._planted.write("\n ]\n}\n")
        self._planted.close()

    def _write(self, each: Planted) -> None:
        text = json.dumps({**asdict(each), "count": len(each.lines)}, ensure_ascii=False, indent=1)
        self._planted.write(("," if self._begun else "") + "\n" + textwrap.indent(text, "  "))
        self._begun = True


def true_defaults(world: World) -> pl.DataFrame:
    """One row a default by today.

    `cause` is `own` where the firm would have defaulted without any hit in these months too (`brought_forward` says whether
    hits made it earlier); else the kind of relation over which the largest part of the distress came. That relation, the firm
    at its other end and the month in which it sent the hit stand beside; `share_of_hits` says how large the part was, and
    `decisive` whether the firm would have stood in that month without it.
    """
    plan, firms, distress, channels = world.plan, world.society.firms, world.distress, world.society.channels
    days = default_days(world)
    firm = np.flatnonzero(~np.isnat(days) & firms.borrower)
    rows = [_largest_hit(world, int(f)) for f in firm]
    own = distress.own_failed[firm] < plan.months
    edge = np.array([row[0] for row in rows], dtype=np.int64)
    caused = ~own
    kinds = np.array(KINDS, dtype=object)
    room = distress.room[firm, distress.failed[firm]]
    return pl.DataFrame(
        {
            "uscc": firms.code[firm],
            "customer": firms.customer[firm],
            "failed_month": pl.Series(plan.month_start(distress.failed[firm])),
            "default_day": pl.Series(days[firm]),
            "cause": np.where(caused, kinds[channels.kind[edge]], "own"),
            "relation": text_where(caused, channels.relation[edge]),
            "from_uscc": text_where(caused, firms.code[channels.source[edge]]),
            "from_month": pl.Series(
                np.where(caused, plan.month_start(_sent(world, rows)), np.datetime64("NaT")).astype("datetime64[D]")
            ),
            "share_of_hits": np.where(caused, [row[2] for row in rows], 0.0),
            "decisive": caused & (room + np.array([row[3] for row in rows]) > 0),
            "brought_forward": own & (distress.failed[firm] < distress.own_failed[firm]),
        },
        schema_overrides={"cause": pl.String},
    )


def true_hits(world: World) -> pl.DataFrame:
    """Every hit that arrived on a firm: over what, from whom, when sent, when arrived, how large."""
    hits, channels, firms, plan = world.distress.hits, world.society.channels, world.society.firms, world.plan
    return pl.DataFrame(
        {
            "kind": np.array(KINDS, dtype=object)[channels.kind[hits.edge]],
            "relation": channels.relation[hits.edge],
            "from_uscc": firms.code[channels.source[hits.edge]],
            "to_uscc": firms.code[channels.target[hits.edge]],
            "sent_month": pl.Series(plan.month_start(hits.month - channels.delay[hits.edge])),
            "month": pl.Series(plan.month_start(hits.month)),
            "size": hits.size,
        }
    )


def true_health(world: World) -> pl.DataFrame:
    """Room to the barrier and strain of every firm in every month; below zero the firm has failed."""
    plan, firms, distress = world.plan, world.society.firms, world.distress
    return pl.DataFrame(
        {
            "uscc": np.repeat(firms.code[: plan.firms], plan.months),
            "month": pl.Series(plan.month_start(np.tile(np.arange(plan.months), plan.firms))),
            "room": distress.room[: plan.firms].ravel(),
            "strain": distress.strain[: plan.firms].ravel(),
        }
    )


def _largest_hit(world: World, firm: int) -> tuple[int, int, float, float]:
    """Edge, month of its latest hit, share of all hits, and size by then, of what weighed most when the firm failed."""
    hits, channels, failed = world.distress.hits, world.society.channels, int(world.distress.failed[firm])
    mine = np.flatnonzero((channels.target[hits.edge] == firm) & (hits.month <= failed))
    if not len(mine):
        return 0, 0, 0.0, 0.0
    size = hits.size[mine] * DECAY ** (failed - hits.month[mine])
    edges, which = np.unique(hits.edge[mine], return_inverse=True)
    by_edge = np.bincount(which, size)
    top = int(by_edge.argmax())
    last = int(hits.month[mine][which == top].max())
    return int(edges[top]), last, float(by_edge[top] / by_edge.sum()), float(by_edge[top])


def _sent(world: World, rows: list[tuple[int, int, float, float]]) -> Ints:
    edge, month = (np.array([row[k] for row in rows], dtype=np.int64) for k in range(2))
    return np.asarray(month - world.society.channels.delay[edge])
