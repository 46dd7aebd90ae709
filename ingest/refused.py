"""Refused rows as they stood in their files: header and cells, kept beside the reasons so that the desk can have them repaired.

Cells of columns that hold personal values, and of columns that no yield reads (nobody said what they may hold), are kept as
tokens.
"""

from collections.abc import Callable, Sequence

import polars as pl

from graph.personal import UNREAD
from ingest.readers import Chunk
from ingest.tokens import Tokenise

_CELLS = pl.List(pl.String)
RAW = pl.Schema([("row", pl.Int64()), ("header", _CELLS), ("cells", _CELLS), ("text", pl.String())])


def cut_rows(chunk: Chunk, row: pl.Series, kind_of: Callable[[str], str], tokenise: Tokenise) -> pl.DataFrame:
    """All rows of `chunk` (choose first), schema RAW. `kind_of`: under which kind a column's cells are sealed; empty: open."""
    header = pl.Series([chunk.frame.columns] * chunk.frame.height, dtype=_CELLS)
    cells = _hidden(chunk.frame, kind_of, tokenise).select(pl.concat_list(pl.all())).to_series()
    return pl.DataFrame({"row": row, "header": header, "cells": cells, "text": [None] * chunk.frame.height}, schema=RAW)


def uncut_rows(row: pl.Series, header: Sequence[str], text: pl.Series) -> pl.DataFrame:
    """Rows that could not be cut into cells: their text (or its token) and nothing else."""
    headers = pl.Series([list(header)] * len(row), dtype=_CELLS)
    return pl.DataFrame({"row": row, "header": headers, "cells": [[]] * len(row), "text": text}, schema=RAW)


def _hidden(frame: pl.DataFrame, kind_of: Callable[[str], str], tokenise: Tokenise) -> pl.DataFrame:
    kinds = {name: kind_of(name) for name in frame.columns}
    changed = [tokenise(frame[name], kind).fill_null("").alias(name) for name, kind in kinds.items() if kind not in ("", UNREAD)]
    if unread := [name for name, kind in kinds.items() if kind == UNREAD]:  # together: the vault looks through its table once
        tokens = tokenise(pl.concat([frame[name].alias("cell") for name in unread]), UNREAD).fill_null("")
        changed += [tokens.slice(n * frame.height, frame.height).alias(name) for n, name in enumerate(unread)]
    return frame.with_columns(changed)
