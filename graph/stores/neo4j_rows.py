"""Rows as the write statements take them: lists of values for what is new, maps for what is there and changes."""

from typing import Any

import pyarrow as pa


def listed(
    table: pa.Table | pa.RecordBatch, columns: list[str], ends: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Which of `columns` say anything in this table, and each row's values of them, then of `ends`."""
    told = [name for name in columns if table[name].null_count < len(table)]
    values = (table[name].to_pylist() for name in (*told, *ends))
    return tuple(told), [list(row) for row in zip(*values, strict=True)]
