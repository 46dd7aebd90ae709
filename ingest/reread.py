"""Rows that stage two refused, from their files: by then they are no longer in memory."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from ingest.parts import LINE_BITS
from ingest.readers import Chunk
from ingest.refused import cut_rows
from ingest.stage import Source, Staged
from ingest.tokens import Tokenise


@dataclass(frozen=True)
class Reread:
    """`read` opens the chunks of a source anew."""

    sources: Sequence[Source]
    read: Callable[[Source], Iterator[Chunk]]
    tokenise: Tokenise

    def complete(self, staged: Staged) -> None:
        """Adds to `staged` every refused row that is not kept yet; reads only files that have some, and no further than need be."""
        for number, wanted in _missing(staged):
            source, last = self.sources[number], wanted.max()
            for chunk in self.read(source):
                row = (chunk.line + (number << LINE_BITS)).alias("row")
                here = row.is_in(wanted.implode())
                if here.any():
                    part = Chunk(chunk.frame.filter(here), chunk.line.filter(here), chunk.broken.clear())
                    staged.keep(cut_rows(part, row.filter(here), source.hidden_kind, self.tokenise), "raw")
                if row.len() and row[-1] >= last:
                    break


def _missing(staged: Staged) -> Iterator[tuple[int, pl.Series]]:
    if "issues" not in staged.files:
        return
    issues = pl.scan_parquet(staged.files["issues"]).select("row").unique()
    if "raw" in staged.files:
        issues = issues.join(pl.scan_parquet(staged.files["raw"]).select("row"), on="row", how="anti")
    rows = issues.sort("row").collect()["row"]
    numbers = rows // (1 << LINE_BITS)
    for number in numbers.unique(maintain_order=True).to_list():
        yield number, rows.filter(numbers == number)
