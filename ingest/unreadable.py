"""Cells that are no value whatever their column: what a spreadsheet shows where it has none, or has not kept it whole."""

from collections.abc import Iterator

import polars as pl

from ingest.reasons import Reason

NOT_WORKED_OUT = "#FORMULA!"
DIGITS_LOST = "#DIGITS!"
_ERRORS = ("#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")


def unreadable(cells: pl.Series) -> Iterator[tuple[pl.Series, Reason]]:
    """Where cells hold such words, and why they are refused."""
    marked = cells.str.starts_with("#")
    if not marked.any():
        return
    yield cells.str.strip_chars().is_in(_ERRORS), Reason.CELL_ERROR
    yield cells.str.starts_with(NOT_WORKED_OUT), Reason.NOT_WORKED_OUT
    yield cells.str.starts_with(DIGITS_LOST), Reason.DIGITS_LOST
