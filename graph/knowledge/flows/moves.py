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
from graph.knowledge.numbering import numbered

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
    """Payments by place, which is their number in the order above. `rows` (MOVES) is as it was read, `order` the row of each
    place; `nodes` are accounts, firms, persons and loan notes, sorted; `src`, `dst` number them."""

    rows: pl.DataFrame
    order: Ints
    nodes: pl.Series
    src: Ints
    dst: Ints
    amount: Ints
    at: Ints

    @classmethod
    def of(cls, rows: pl.DataFrame, more: Sequence[pl.Series] = ()) -> tuple["Moves", list[Ints]]:
        """Rows that say nothing are left out: no amount, an amount below one fen, a payment to itself. Met from both its
        ends, a payment counts once; under one id there may be several, each of its own instant.

        `more`: nodes that have a number whether or not they pay; their numbers come with the payments.
        """
        kept = rows.filter((pl.col("amount_fen") > 0) & (pl.col("src") != pl.col("dst")) & pl.col("at").is_not_null())
        order = _ordered(kept)
        nodes, numbers = numbered([kept["src"], kept["dst"], *more])
        amount, at = (kept[name].to_numpy().astype(np.int64)[order] for name in ("amount_fen", "at"))
        return cls(kept, order, nodes, numbers[0][order], numbers[1][order], amount, at), numbers[2:]

    @cached_property
    def table(self) -> pl.DataFrame:
        """The rows in their order. Of a whole book ask `told` for what is wanted: text is dear to move."""
        return self.rows[self.order]

    def told(self, name: str, places: npt.ArrayLike) -> pl.Series:
        """A column of the payments at some places."""
        return self.rows[name].gather(self.order[np.asarray(places)])

    def places(self, type_name: str) -> Ints:
        """Where the payments of one type are."""
        return np.flatnonzero((self.rows["type"] == type_name).to_numpy()[self.order])

    def __len__(self) -> int:
        return len(self.amount)

    def number(self, node: str) -> int:
        """The number of a node; -1 where it is none."""
        at = self.nodes.search_sorted(node)
        return at if at < len(self.nodes) and self.nodes[at] == node else -1

    def find(self, rel: str, at: int | None = None) -> int:
        """The place of a payment; -1 where it is none. `at` tells apart several of one id."""
        found = np.flatnonzero((self.rows["rel"] == rel).to_numpy()[self.order] & ((self.at == at) if at is not None else True))
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
        first = node * self.scale
        return in_order(self.keys, first + low), in_order(self.keys, first + np.maximum(low, high))

    def places(self, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """The places of several ranges, and of which range each is."""
        which, at = spread(begin, end)
        return which, self.keys[at] % self.scale


def in_order(keys: Ints, wanted: Ints) -> Ints:
    """`np.searchsorted`, asked in the order of `keys`: of a large book each step would otherwise be a page that is not at hand."""
    order = np.argsort(wanted)
    found = np.empty(len(wanted), np.int64)
    found[order] = np.searchsorted(keys, wanted[order])
    return found


def spread(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Ranges written out: of which range each number is, and the number. [2, 5) and [7, 8): 0 0 0 1 and 2 3 4 7."""
    lengths = np.maximum(end - begin, 0)
    which = np.repeat(np.arange(len(begin)), lengths)
    first = np.cumsum(lengths) - lengths
    return which, np.arange(len(which)) - first[which] + begin[which]


def _ordered(rows: pl.DataFrame) -> Ints:
    """The rows by instant, rank and id, without a second row of one id and instant. Text is compared only where instants tie."""
    rank = rows["type"].replace_strict(_RANK, default=1, return_dtype=pl.Int64)
    key = (rows["at"] * 4 + rank).to_numpy()
    order = np.argsort(key, kind="stable")
    same = key[order][1:] == key[order][:-1]
    if not same.any():
        return order
    tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
    of = order[tied]
    ids = pl.DataFrame({"key": key[of], "rel": rows["rel"].gather(of), "row": of}).sort("key", "rel")
    order[tied] = ids["row"].to_numpy()
    again = ((ids["key"] == ids["key"].shift()) & (ids["rel"] == ids["rel"].shift())).fill_null(False).to_numpy()
    return np.delete(order, tied[again])


def check_total(amounts: Ints) -> None:
    """InputError where amounts add up to more than an int64 holds: ninety quadrillion yuan."""
    if float(amounts.sum(dtype=np.float64)) > MOST_FEN:
        raise InputError(
            "The payments of the window add up to more than 90 quadrillion yuan.", "Check their amounts.", "amount_fen"
        )
