"""Where a table ends before its file does: totals, signatures and notes below it, as declared."""

from collections.abc import Iterator

import polars as pl

from graph.errors import InputError
from ingest.cells import Cells
from ingest.manifest import SourceFile
from ingest.readers.chunk import Chunk

_FEW = 5  # rows that a footer may have before it is worth a look


def without_footer(chunks: Iterator[Chunk], spec: SourceFile, called: str, remarks: list[str]) -> Iterator[Chunk]:
    """The rows above what `until` and `skip_footer` declare to be no rows."""
    if spec.until:
        chunks = _until(chunks, spec, called, remarks)
    return _without_last(chunks, spec.skip_footer) if spec.skip_footer else chunks


def _until(chunks: Iterator[Chunk], spec: SourceFile, called: str, remarks: list[str]) -> Iterator[Chunk]:
    end, below = 0, 0
    for chunk in chunks:
        if end:
            below += chunk.rows
            continue
        end = _end(chunk, spec, called)
        above = chunk.above(end) if end else chunk
        below += chunk.rows - above.rows
        yield above
    if below > _FEW:
        remarks.append(f"{called}: the table ends above line {end}; {below} rows from there on were not read.")


def _end(chunk: Chunk, spec: SourceFile, called: str) -> int:
    """The line of the first row that is the table's end; 0 for none."""
    for condition in spec.until:
        if condition.column not in chunk.frame.columns:
            found = ", ".join(chunk.frame.columns)
            raise InputError(f"{called}: until: there is no column {condition.column}.", f"The header has: {found}.", "until")
    holds = Cells(chunk.frame, "UTC", lambda values, _: values, {}).holds(spec.until)
    lines = chunk.line.filter(holds)
    return int(lines[0]) if len(lines) else 0


def _without_last(chunks: Iterator[Chunk], footer: int) -> Iterator[Chunk]:
    """All rows but the last ones; no more is held back than they need."""
    held: list[Chunk] = []
    for chunk in chunks:
        held.append(chunk)
        while sum(later.rows for later in held[1:]) >= footer:
            yield held.pop(0)
    lines = pl.concat([series for chunk in held for series in (chunk.line.cast(pl.Int64), chunk.broken["line"])]).sort()
    first = int(lines[-footer]) if len(lines) >= footer else 0
    yield from (chunk.above(first) for chunk in held)
