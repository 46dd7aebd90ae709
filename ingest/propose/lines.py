"""JSON lines: nested fields by their path, as ingest will read them; arrays are named, for a person to say what they mean."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graph.errors import InputError
from ingest.propose.look import Look, stripped
from ingest.readers.json_lines import lines_of
from ingest.readers.json_rows import JsonRows
from ingest.readers.text import read_blocks

_ROWS = 50_000


@dataclass(frozen=True)
class _Anything:
    """No field is declared yet."""

    explode: str = ""
    element: str = ""
    ignore: tuple[str, ...] = ()
    columns: frozenset[str] = frozenset()


def look_at_lines(path: Path, name: str) -> Look:
    """The first rows of a file. InputError where no line is a JSON object."""
    rows, chunks, seen = JsonRows(_Anything()), [], 0
    whole, size = True, path.stat().st_size
    for block in read_blocks(path, "utf-8"):
        chunk = rows.chunk(lines_of(block), block.bytes_read)
        chunks.append(chunk)
        seen += chunk.rows
        if seen >= _ROWS and not block.last:
            whole = False
            break
    frame = pl.concat([chunk.frame for chunk in chunks], how="diagonal")
    if not frame.height or not frame.width:
        raise InputError(f"{path}: no line is a JSON object.", "Write one object a line.", "format")
    broken = sum(chunk.broken.height for chunk in chunks)
    notes = [f"{broken} lines are no JSON object, and will be refused"] if broken else []
    notes += [f"{each} is an array: declare `explode: {each}` to have a row for each element" for each in sorted(rows.arrays)]
    estimate = seen if whole else int(seen * size / max(chunks[-1].bytes_read, 1))
    return Look(name, stripped(frame), estimate, whole, path, form="jsonl", notes=tuple(notes))
