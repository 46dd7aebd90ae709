"""Which personal values were erased for good: an append-only table beside them, so that no later file brings one back unasked.

It holds tokens and never a value. Of each token (and of each person) the last word counts: erased, or lifted.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import polars as pl
import pyarrow as pa

from graph.ledger.delta import TableFiles, append

ERASURES = pa.schema(
    [
        pa.field("erasure", pa.string()),  # one request
        pa.field("at", pa.int64()),  # UTC microseconds
        pa.field("step", pa.string()),
        pa.field("entity", pa.string()),  # the person; empty where single values were named
        pa.field("tokens", pa.list_(pa.string())),
        pa.field("shared", pa.list_(pa.string())),  # values that others bear too: kept for them, never shown for this person
        pa.field("by", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("certificate", pa.string()),  # JSON, of step done alone
    ]
)


class Step(StrEnum):
    """How far a request is. `asked` already keeps the values from coming back; `done` says that they are gone."""

    ASKED = "asked"
    DONE = "done"
    LIFTED = "lifted"


@dataclass(frozen=True)
class Erased:
    """What may not be kept (tokens), and whose values are not to be shown (entities)."""

    tokens: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()


class Erasures:
    """The table `erasures` under a ledger's root."""

    def __init__(self, root: Path) -> None:
        self._path = root / "erasures"
        self._files = TableFiles(self._path)
        self._known: tuple[tuple[str, ...], Erased] = ((), Erased())

    def append(self, row: dict[str, object]) -> None:
        """One step of one request."""
        append(self._path, pa.Table.from_pylist([row], ERASURES))

    def all(self) -> pl.DataFrame:
        """Every step, in order."""
        empty = pl.from_arrow(ERASURES.empty_table())
        assert isinstance(empty, pl.DataFrame)
        return pl.concat([empty, *(pl.read_parquet(file) for file in self._files.current().paths)]).sort("at", maintain_order=True)

    def current(self) -> Erased:
        """What is erased now."""
        paths = self._files.current().paths
        if paths != self._known[0]:
            self._known = (paths, self._read())
        return self._known[1]

    def _read(self) -> Erased:
        tokens: set[str] = set()
        entities: set[str] = set()
        for row in self.all().iter_rows(named=True):
            if row["step"] == Step.LIFTED:
                tokens -= set(row["tokens"])
                entities.discard(row["entity"])
            else:
                tokens |= set(row["tokens"])
                entities |= {row["entity"]} - {""}
        return Erased(frozenset(tokens), frozenset(entities))
