"""Where a text stands under a folder, compression and all: in Parquet, workbooks and databases as well as in plain files."""

import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl


def files_with(text: str, folder: Path) -> list[Path]:
    """Files under `folder` that say `text`, in their bytes or in what they hold packed."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and any(text in said for said in _said(path)))


def _said(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    yield raw.decode("utf-8", "replace")
    if path.suffix == ".parquet":
        for column in pl.read_parquet(path):
            yield "\n".join(str(value) for value in column.explode() if value is not None) if column.len() else ""
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name).decode("utf-8", "replace") for name in archive.namelist())
    elif raw.startswith(b"SQLite format 3"):
        with sqlite3.connect(path) as connection:
            yield "\n".join(connection.iterdump())
