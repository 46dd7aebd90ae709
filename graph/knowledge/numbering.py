"""Ids as numbers: text is looked at once, all that follows is done with integers that sort as the ids do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]


def numbered(columns: Sequence[pl.Series]) -> tuple[pl.Series, list[Ints]]:
    """Every id of some columns once, sorted; and each column as places in that."""
    every = pl.concat([column.cast(pl.String).rename("id") for column in columns])
    ids, numbers, seed = *_by_hash(every, 0), 0
    while not (ids.gather(numbers) == every).all():  # two ids with one hash, of 2**64
        seed += 1
        ids, numbers = _by_hash(every, seed)
    ends = np.cumsum([len(column) for column in columns])
    return ids, np.split(numbers, ends[:-1])


@dataclass(frozen=True)
class Entities:
    """Ids in order. In tables made by `coded` an Int32 column is one of entities, by their places here."""

    ids: pl.Series

    def is_a(self, type_name: str, column: str) -> pl.Expr:
        """Whether the entities of a column are of a type: its ids lie side by side."""
        first, after = (self.ids.search_sorted(f"{type_name}{end}") for end in "-.")
        return pl.col(column).is_between(first, after, closed="left")

    def numbers(self, ids: pl.Series) -> pl.Series:
        """Of ids that are all there."""
        return self.ids.search_sorted(ids).cast(pl.Int32)

    def text(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with ids as text."""
        coded = [name for name, kind in rows.schema.items() if kind == pl.Int32]
        return rows.with_columns(self.ids.gather(rows[name]).alias(name) for name in coded)


def coded(tables: Mapping[str, pl.DataFrame], columns: Mapping[str, Sequence[str]]) -> tuple[Entities, dict[str, pl.DataFrame]]:
    """The tables with those columns by number: joined, grouped and sorted as integers, in the order of the ids."""
    named = [(table, column) for table in columns for column in columns[table]]
    ids, numbers = numbered([tables[table][column] for table, column in named])
    found = dict(tables)
    for (table, column), number in zip(named, numbers, strict=True):
        found[table] = found[table].with_columns(pl.Series(column, number.astype(np.int32)))
    return Entities(ids), found


def _by_hash(every: pl.Series, seed: int) -> tuple[pl.Series, Ints]:
    hashed = every.hash(seed).to_arrow().dictionary_encode()
    codes = pl.Series(hashed.indices).to_numpy()  # Arrow's own way imports pandas
    first = np.empty(len(hashed.dictionary), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    ids = every.gather(first)
    order = ids.arg_sort()
    place = np.empty(len(ids), np.int64)
    place[order.to_numpy()] = np.arange(len(ids))
    return ids.gather(order), place[codes]
