"""Ids as numbers: text is looked at once, all that follows is done with integers that sort as the ids do."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]


def numbered(columns: Sequence[pl.Series]) -> tuple[pl.Series, list[Ints]]:
    """Every id of some columns once, sorted; and each column as places in that."""
    every = pl.concat([column.cast(pl.String).rename("id") for column in columns])
    coded = every.cast(pl.Categorical(pl.Categories.random()))  # of its own, so that its dictionary goes when it does
    distinct = coded.unique()
    ids = distinct.cast(pl.String)
    order = ids.arg_sort()
    place = np.empty(len(ids), np.int64)
    place[distinct.to_physical().gather(order).to_numpy()] = np.arange(len(ids))
    codes = place[coded.to_physical().to_numpy()]
    ends = np.cumsum([len(column) for column in columns])
    return ids.gather(order), np.split(codes, ends[:-1])
