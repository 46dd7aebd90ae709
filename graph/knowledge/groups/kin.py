"""Close kin, and what they control only together: the votes of a person and of his close kin, added up (article 3, limb 3)."""

import numpy as np
import polars as pl
import pyarrow as pa
from scipy.sparse import csr_array

from graph.knowledge.control.holdings import Holdings
from graph.knowledge.control.votes import reach
from graph.knowledge.groups.settings import CLOSE_DEGREE, CLOSE_KIN, DISTANT_KIN, UNCLEAR_DEGREE


def ranked(kin: pl.DataFrame) -> pl.DataFrame:
    """Columns id, p, q, close: each relation both ways. close: null where an officer must say; distant kin are left out."""
    word, degree = pl.col("kinship"), pl.col("degree")
    close = (
        pl.when(word.is_in(CLOSE_KIN))
        .then(True)
        .when(word.is_in(DISTANT_KIN))
        .then(False)
        .when(degree <= CLOSE_DEGREE)
        .then(True)
        .when(degree > UNCLEAR_DEGREE)
        .then(False)
        .otherwise(None)
    )
    found = kin.filter(pl.col("src") != pl.col("dst")).with_columns(close=close).filter(pl.col("close").fill_null(True))
    there = found.select("id", p="src", q="dst", close="close")
    return pl.concat([there, there.select("id", p="q", q="p", close="close")])


def together(holdings: Holdings, close: pl.DataFrame) -> pl.DataFrame:
    """Columns src, dst, votes: persons who control a firm with their close kin and neither does alone.

    `close`: columns p, q. A start is an investor with all his own close kin; kin of kin are not his.
    """
    none = pl.DataFrame(schema={"src": pl.String, "dst": pl.String, "votes": pl.Float64})
    p, q = (holdings.number(pa.chunked_array([close[name].to_arrow().cast(pa.string())])) for name in ("p", "q"))
    both = (p >= 0) & (q >= 0)
    p, q = p[both], q[both]
    investor = np.isin(p, holdings.votes.src)
    p, q = p[investor], q[investor]
    persons = np.unique(p)
    if not len(persons):
        return none
    row = np.searchsorted(persons, p)
    rows, columns = np.r_[np.arange(len(persons)), row], np.r_[persons, q]
    size = holdings.size
    starts = csr_array((np.ones(len(rows), np.int64), (rows, columns)), shape=(len(persons), size)) > 0
    starts = csr_array(starts)
    votes = holdings.votes.sparse
    found = reach(starts, votes)
    single = reach(_each(starts, size), votes)
    alone = csr_array((_summing(starts) @ single.controls) > 0)
    only = csr_array(found.controls > 0).astype(np.int8) - alone.astype(np.int8)
    coo = csr_array(only > 0).tocoo()
    if not coo.nnz:
        return none
    told = np.round(np.asarray(found.votes[coo.row, coo.col], np.float64).ravel(), 9)
    named = (holdings.named(persons[coo.row]), holdings.named(np.asarray(coo.col, np.int64)))
    return pl.DataFrame({"src": pl.Series(named[0]), "dst": pl.Series(named[1]), "votes": told})


def _each(starts: csr_array, size: int) -> csr_array:
    """A start for every member of every start, in the order of the entries."""
    count = starts.nnz
    return csr_array((np.ones(count, np.bool_), (np.arange(count), starts.indices)), shape=(count, size))


def _summing(starts: csr_array) -> csr_array:
    """Rows are starts, columns their entries."""
    count = starts.nnz
    return csr_array((np.ones(count), (np.repeat(np.arange(starts.shape[0]), np.diff(starts.indptr)), np.arange(count))))
