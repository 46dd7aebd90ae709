"""Connected clients: a group as one, and whoever depends on a member of it, down the chain.

The rule (EBA/GL/2017/15, control and dependence together): contagion runs down. Who depends on a member of a group is connected
with the whole group, and so is what he controls and who depends on these in turn; the group that he himself belongs to is not
drawn in by that. So sets may overlap, and a set that lies within another is not told again.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from graph.knowledge.numbering import numbered

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Linked:
    """groups: firm, group. control: src, dst. dependence: id, dependent, on, status (pending or confirmed)."""

    groups: pl.DataFrame
    control: pl.DataFrame
    dependence: pl.DataFrame


def connect(linked: Linked) -> pl.DataFrame:
    """Columns set, kind, member, through, pending; a member once in each set."""
    names, ends = _numbered(linked)
    confirmed = (linked.dependence["status"] == "confirmed").to_numpy()
    sure, maybe = (_down(ends, rows, len(names)) for rows in (confirmed, np.ones(len(confirmed), np.bool_)))
    roots = _roots(linked, sure, ends, names)
    reached = _closure(roots.starts, sure)
    kept = roots.only(_undominated(roots, reached))
    reached, every = _closure(kept.starts, sure), _closure(kept.starts, maybe)
    rows = every.tocoo()
    own = np.asarray(kept.starts[rows.row, rows.col], np.bool_).ravel() if rows.nnz else np.zeros(0, np.bool_)
    certain = np.asarray(reached[rows.row, rows.col], np.bool_).ravel() if rows.nnz else np.zeros(0, np.bool_)
    found = pl.DataFrame({"set": _taken(kept.names, rows.row), "member": _taken(names, rows.col), "own": own, "pending": ~certain})
    found = found.filter(pl.col("member").str.starts_with("Firm-"))
    found = found.filter(pl.len().over("set") > 1)
    return _told(found, linked)


@dataclass(frozen=True)
class _Roots:
    """Who others hang on: groups, and firms alone. `starts`: a row a root, its members."""

    names: pl.Series
    starts: csr_array

    def only(self, kept: NDArray[np.bool_]) -> "_Roots":
        return _Roots(self.names.filter(pl.Series(kept)), self.starts[np.flatnonzero(kept)])


@dataclass(frozen=True)
class _Ends:
    """Of each row its ends by number. A pair of control counts only where both are in a group or in a dependence."""

    firm: Ints
    dependent: Ints
    on: Ints
    control: tuple[Ints, Ints]


def _numbered(linked: Linked) -> tuple[pl.Series, _Ends]:
    depends, control = linked.dependence, linked.control
    columns = [linked.groups["firm"], depends["dependent"], depends["on"], control["src"], control["dst"]]
    names, (firm, dependent, on, src, dst) = numbered(columns)
    known = np.zeros(len(names), np.bool_)
    known[np.concatenate([firm, dependent, on])] = True
    kept = known[src] & known[dst]
    return names, _Ends(firm, dependent, on, (src[kept], dst[kept]))


def _taken(names: pl.Series, numbers: NDArray[np.signedinteger]) -> pl.Series:
    return names.gather(pl.Series(numbers, dtype=pl.Int64))


def _down(ends: _Ends, dependence: NDArray[np.bool_], size: int) -> csr_array:
    """From whom trouble comes to whom it goes: to what one controls, to who depends on one."""
    src, dst = np.r_[ends.control[0], ends.on[dependence]], np.r_[ends.control[1], ends.dependent[dependence]]
    return csr_array(csr_array((np.ones(len(src), np.int64), (src, dst)), shape=(size, size)) > 0)


def _roots(linked: Linked, sure: csr_array, ends: _Ends, names: pl.Series) -> _Roots:
    """Every group; and of firms alone those on which somebody depends, one for each that hang on each other mutually."""
    groups, (rows,) = numbered([linked.groups["group"]])
    grouped, needed = np.zeros(len(names), np.bool_), np.zeros(len(names), np.bool_)
    grouped[ends.firm] = True
    needed[ends.on] = True
    _, circle = connected_components(sure, directed=True, connection="strong")
    alone = np.flatnonzero(needed & ~grouped)
    _, first = np.unique(circle[alone], return_index=True)
    alone = alone[np.sort(first)]
    count = len(groups)
    row, column = np.r_[rows, count + np.arange(len(alone))], np.r_[ends.firm, alone]
    starts = csr_array((np.ones(len(row), np.bool_), (row, column)), shape=(count + len(alone), len(names)))
    return _Roots(pl.concat([groups, "Set-" + _taken(names, alone)]), starts)


def _closure(starts: csr_array, down: csr_array) -> csr_array:
    """What each root reaches, itself included: the rows that gained something go on."""
    reached = csr_array(starts > 0)
    new = reached.astype(np.int32)
    step = down.astype(np.int32)
    while new.nnz:
        found = csr_array((new @ step) > 0)
        fresh = csr_array(found.astype(np.int8) - found.astype(np.int8).multiply(reached.astype(np.int8)))
        fresh.eliminate_zeros()
        reached = csr_array((reached.astype(np.int8) + fresh) > 0)
        new = fresh.astype(np.int32)
    return reached


def _undominated(roots: _Roots, reached: csr_array) -> NDArray[np.bool_]:
    """Not those all of whose members another root reaches; of two that reach each other the first stays."""
    size = np.diff(csr_array(roots.starts).indptr)
    common = csr_array(reached.astype(np.int32) @ csr_array(roots.starts.astype(np.int32).T)).tocoo()
    within = (common.data == size[common.col]) & (common.row != common.col)
    outer, inner = common.row[within], common.col[within]
    count = max(len(roots.names), 1)
    mutual = np.isin(inner * count + outer, outer * count + inner)
    kept = np.ones(len(roots.names), np.bool_)
    kept[inner[~mutual | (outer < inner)]] = False
    return kept


def _told(found: pl.DataFrame, linked: Linked) -> pl.DataFrame:
    """With the kind of each set, and how each member is in: by control, or by which proposal."""
    grouped = pl.col("set").str.starts_with("Group-")
    kind = pl.when(grouped & pl.col("own").all().over("set")).then(pl.lit("group")).when(grouped).then(pl.lit("both"))
    found = found.with_columns(kind=kind.otherwise(pl.lit("dependence")))
    tied = linked.dependence.join(found.select("set", on="member", up="pending"), on="on").join(
        found.select("set", dependent="member"), on=["set", "dependent"]
    )
    order = [(pl.col("status") != "confirmed").cast(pl.Int8), pl.col("up"), "id"]
    first = (
        tied.sort(order).unique(["set", "dependent"], keep="first", maintain_order=True).select("set", member="dependent", id="id")
    )
    found = found.join(first, on=["set", "member"], how="left")
    through = pl.when("own").then(pl.lit("control")).otherwise(pl.coalesce("id", pl.lit("control")))
    told = found.with_columns(through=through)
    return told.select("set", "kind", "member", "through", "pending").sort("set", "member")
