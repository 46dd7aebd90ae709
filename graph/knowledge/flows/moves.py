"""Payments as arrays, in one order that everything here goes by: by instant, then what arrives before what leaves.

Of one instant a disbursement comes first, then transfers by id, repayments of loans last; so where a source tells only days,
money can be drawn, paid on and repaid on one day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from graph.errors import InputError

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOVES = pl.Schema(
    {
        "rel": pl.String,
        "type": pl.String,
        "src": pl.String,
        "dst": pl.String,
        "amount_fen": pl.Int64,
        "at": pl.Int64,  # UTC microseconds
        "purpose": pl.String,
        "currency": pl.String,
    }
)

_RANK = {"DISBURSES": 0, "REPAYS": 2}
MOST_FEN = 9 * 10**18


@dataclass(frozen=True)
class Moves:
    """`table` (MOVES) in the order above; `nodes` are accounts, firms, persons and loan notes, sorted; `src`, `dst` number them."""

    table: pl.DataFrame
    nodes: pl.Series
    src: Ints
    dst: Ints
    amount: Ints
    at: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame, more: Sequence[str] = ()) -> "Moves":
        """Rows that say nothing are left out: no amount, an amount below one fen, a payment to itself. Met from both its
        ends, a payment counts once; under one id there may be several, each of its own instant.

        `more`: nodes that must have a number whether or not they pay.
        """
        kept = rows.filter((pl.col("amount_fen") > 0) & (pl.col("src") != pl.col("dst")) & pl.col("at").is_not_null())
        rank = pl.col("type").replace_strict(_RANK, default=1, return_dtype=pl.Int8)
        table = kept.unique(["rel", "at"], keep="any").sort("at", rank, "rel") if kept.height else kept
        ends = pl.concat([table["src"], table["dst"], pl.Series(more, dtype=pl.String)]).unique().sort()
        numbers = pl.DataFrame({"node": ends, "n": np.arange(len(ends), dtype=np.int64)})
        src, dst = (
            table.select(pl.col(end).alias("node")).join(numbers, "node", "left", maintain_order="left")["n"]
            for end in ("src", "dst")
        )
        plain = (table[name].to_numpy().astype(np.int64) for name in ("amount_fen", "at"))
        return cls(table, ends, src.to_numpy(), dst.to_numpy(), *plain)

    def __len__(self) -> int:
        return len(self.amount)

    def number(self, node: str) -> int:
        """The number of a node; -1 where it is none."""
        at = self.nodes.search_sorted(node)
        return at if at < len(self.nodes) and self.nodes[at] == node else -1

    def find(self, rel: str, at: int | None = None) -> int:
        """The place of a payment; -1 where it is none. `at` tells apart several of one id."""
        found = np.flatnonzero((self.table["rel"] == rel).to_numpy() & ((self.at == at) if at is not None else True))
        return int(found[0]) if len(found) else -1

    @cached_property
    def leaving(self) -> "ByNode":
        """By payer."""
        return ByNode.of(self.src)

    @cached_property
    def arriving(self) -> "ByNode":
        """By payee."""
        return ByNode.of(self.dst)


@dataclass(frozen=True)
class ByNode:
    """Places of payments, sorted by a node and then in order: `keys` is node times `scale` plus place."""

    keys: Ints
    scale: int

    @classmethod
    def of(cls, node: Ints) -> "ByNode":
        scale = max(len(node), 1)
        return cls(np.sort(node * scale + np.arange(len(node))), scale)

    def ranges(self, node: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
        """Where in `keys` the places from `low` to below `high` of each node lie."""
        high = np.maximum(low, high)
        return np.searchsorted(self.keys, node * self.scale + low), np.searchsorted(self.keys, node * self.scale + high)

    def places(self, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """The places of several ranges, and of which range each is."""
        which, at = spread(begin, end)
        return which, self.keys[at] % self.scale


def spread(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Ranges written out: of which range each number is, and the number. [2, 5) and [7, 8): 0 0 0 1 and 2 3 4 7."""
    lengths = np.maximum(end - begin, 0)
    which = np.repeat(np.arange(len(begin)), lengths)
    first = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) - first[which] + begin[which]


def check_total(amounts: Ints) -> None:
    """InputError where amounts add up to more than an int64 holds: ninety quadrillion yuan."""
    if float(amounts.sum(dtype=np.float64)) > MOST_FEN:
        raise InputError(
            "The payments of the window add up to more than 90 quadrillion yuan.", "Check their amounts.", "amount_fen"
        )
