"""What is told of holdings, as arrays: who holds which share of whom, by equity and by votes.

Rows of one pair are added up. Equity or votes of one firm that add up to more than 1 are scaled to 1, and a share outside 0 to
1 counts for nothing; both are findings, never an error, for one bad row must not stop the book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from graph.knowledge.numbering import numbered

TOLERANCE = 1e-9  # of sums of shares as people write them
OVER_ONE = 0.005  # a sum above 1 by less than this is rounding in the source

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Told:
    """Snapshot rows, of a whole book or of what a walk brought back. Columns as the ontology names them, plus ends and `id`.

    holdings: id, src, dst, equity_share, voting_share. concert, filed: id, src, dst. posts: id, src, dst, role.
    firms: id, name, uscc, state_owned, registered_capital_fen, currency.
    """

    holdings: pa.Table
    concert: pa.Table
    filed: pa.Table
    posts: pa.Table
    firms: pa.Table


@dataclass(frozen=True)
class Matrix:
    """Shares held, an entry a pair: `share[i]` of entity `dst[i]` by entity `src[i]`, each pair once."""

    src: Ints
    dst: Ints
    share: Floats
    size: int

    @cached_property
    def sparse(self) -> csr_array:
        """Rows hold, columns are held."""
        return csr_array((self.share, (self.src, self.dst)), shape=(self.size, self.size))

    @cached_property
    def known(self) -> Floats:
        """Of each entity the sum of its shares that is told, at most 1."""
        return np.asarray(np.bincount(self.dst, self.share, self.size), np.float64)


@dataclass(frozen=True)
class Holdings:
    """Entities by number, in the order of their ids, and what they hold of each other."""

    told: Told
    ids: pa.Array
    equity: Matrix
    votes: Matrix  # without what a firm holds of itself: such shares have no vote (公司法 2023, art. 116)
    person: Bools
    state: Bools
    over: Ints  # firms whose shares add up to more than 1
    bad_rows: pa.Table  # holdings with a share outside 0 to 1
    numbers: Mapping[tuple[str, str], Ints]  # of each column that names entities: ("posts", "src")
    own: Floats = field(repr=False)  # of each firm the share that it holds of itself

    @property
    def size(self) -> int:
        return len(self.ids)

    def number(self, column: pa.ChunkedArray) -> Ints:
        """The numbers of entities named in a column; -1 for one that is not here."""
        wanted, ids = pl.Series(column, dtype=pl.String), pl.Series(self.ids)
        found = ids.search_sorted(wanted).clip(upper_bound=max(len(ids) - 1, 0))
        here = ids.gather(found) == wanted if len(ids) else pl.repeat(False, len(wanted), eager=True)
        return np.where(here.to_numpy(), found.to_numpy().astype(np.int64), -1)

    def named(self, numbers: Ints) -> pa.Array:
        """The ids of entities by number."""
        return self.ids.take(pa.array(numbers))


def holdings_of(told: Told) -> Holdings:
    """The arrays of what is told."""
    good, bad = _sorted_out(told.holdings)
    named = {"holdings": good, "bad": bad, "concert": told.concert, "filed": told.filed, "posts": told.posts}
    columns = {(name, end): table[end] for name, table in named.items() for end in ("src", "dst")}
    ids, numbers = _numbered({**columns, ("firms", "id"): told.firms["id"]})
    src, dst = numbers["holdings", "src"], numbers["holdings", "dst"]
    # Votes go with equity unless the articles say otherwise (公司法 2023, art. 65); equity does not follow from votes.
    equity_told, votes_told = _shares(good["equity_share"]), _shares(pc.coalesce(good["voting_share"], good["equity_share"]))
    equity, over = _matrix(src, dst, equity_told, len(ids))
    every_vote, over_votes = _matrix(src, dst, votes_told, len(ids))
    self_held = every_vote.src == every_vote.dst
    own = np.asarray(np.bincount(every_vote.dst[self_held], every_vote.share[self_held], len(ids)), np.float64)
    kept = ~self_held & (own[every_vote.dst] < 1 - TOLERANCE)
    of_voting = every_vote.share[kept] / (1 - own[every_vote.dst[kept]])
    votes = Matrix(every_vote.src[kept], every_vote.dst[kept], of_voting, len(ids))
    person = pc.starts_with(ids, "Person-").to_numpy(zero_copy_only=False)
    state = np.zeros(len(ids), np.bool_)
    state[numbers["firms", "id"][state_bodies(told.firms)]] = True
    every_over = distinct(np.r_[over, over_votes])
    return Holdings(told, ids, equity, votes, person, state, every_over, bad, numbers, own)


def components(left: Ints, right: Ints, size: int) -> Ints:
    """The number of the connected part that each entity is in, by undirected pairs."""
    from scipy.sparse.csgraph import connected_components

    pairs = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(size, size))
    return np.asarray(connected_components(pairs, directed=False)[1], np.int64)


def distinct(numbers: Ints) -> Ints:
    """Each number once, in order: many times faster than `numpy.unique` on keys of pairs."""
    ordered = np.sort(numbers)
    return np.asarray(ordered[np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)]], np.int64)


def among(numbers: Ints, members: Ints) -> Bools:
    """Which numbers are members, by looking each up in the sorted members: faster than `numpy.isin`, as above."""
    if not len(members):
        return np.zeros(len(numbers), np.bool_)
    ordered = np.sort(members)
    place = np.minimum(np.searchsorted(ordered, numbers), len(ordered) - 1)
    return np.asarray(ordered[place] == numbers, np.bool_)


def _numbered(columns: dict[tuple[str, str], pa.ChunkedArray]) -> tuple[pa.Array, dict[tuple[str, str], Ints]]:
    """All ids in order, and every column by their numbers: the ids are looked at once."""
    ids, parts = numbered([pl.Series(column, dtype=pl.String) for column in columns.values()])
    return ids.to_arrow().cast(pa.string()), dict(zip(columns, parts, strict=True))


def _sorted_out(holdings: pa.Table) -> tuple[pa.Table, pa.Table]:
    def usable(name: str) -> pa.ChunkedArray:
        value = holdings[name]
        within = pc.and_(pc.greater_equal(value, 0.0), pc.less_equal(value, 1.0))
        return pc.fill_null(within, True)

    good = pc.and_(usable("equity_share"), usable("voting_share"))
    return holdings.filter(good), holdings.filter(pc.invert(good))


def _shares(told: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.fill_null(told, 0.0).to_numpy(), np.float64)


def _matrix(src: Ints, dst: Ints, share: Floats, size: int) -> tuple[Matrix, Ints]:
    """Pairs added up, firms over 1 scaled to 1; with it which these were, beyond rounding."""
    key = src * size + dst
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.r_[True, np.diff(key[order]) != 0][: len(key)])
    pair = key[order[first]]
    summed = np.add.reduceat(share[order], first) if len(first) else np.zeros(0)
    pair, summed = pair[summed > 0], summed[summed > 0]
    held = pair % size if size else pair
    total = np.bincount(held, summed, size)
    scaled = summed / np.maximum(1.0, total)[held]
    return Matrix(pair // max(size, 1), held, scaled, size), np.flatnonzero(total > 1 + OVER_ONE)


# Bodies and companies through which the state owns: shares of theirs make no group of what they own.
_STATE_NAME = "国有资产|国有资本|国资委|国资局|财政[部厅局]|人民政府"


def state_bodies(firms: pa.Table) -> Bools:
    """State owners: state-owned, and a public body by its code (GB 32100: registered by 机构编制, '1…') or a holder of the
    state's capital by its name."""
    owned = pc.fill_null(firms["state_owned"], False)
    by_code = pc.fill_null(pc.starts_with(firms["uscc"], "1"), False)
    by_name = pc.fill_null(pc.match_substring_regex(firms["name"], _STATE_NAME), False)
    return np.asarray(pc.and_(owned, pc.or_(by_code, by_name)).to_numpy(), np.bool_)
