"""Everything that is to be looked at: files, folders, workbooks' sheets, Parquet files, tables of a database."""

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from graph.errors import InputError
from ingest.propose.database import look_at_database
from ingest.propose.delimited import look_at_text
from ingest.propose.lines import look_at_lines
from ingest.propose.look import Look, SetAside, stripped
from ingest.propose.sheets import look_at_sheets
from ingest.readers import format_of
from ingest.readers.parquet import read_parquet

SAMPLE = 50_000
"""Rows of a source that are weighed at most; a larger sample is thinned evenly."""
_TABULAR = {".csv", ".txt", ".tsv", ".dat", ".xlsx", ".xlsm", ".xls", ".xlsb", ".ods", ".parquet", ".jsonl", ".ndjson"}
_BATCHES = 8
_SEED = 20170718


def look_at_all(sources: list[str]) -> tuple[list[Look], list[SetAside]]:
    """Every source in turn. InputError where one that was named is not there, or nothing could be looked at."""
    looks: list[Look] = []
    aside: list[SetAside] = []
    for source in sources:
        if "://" in source:
            looks += look_at_database(source)
            continue
        path = Path(source)
        if path.is_dir():
            _look_in_folder(path, looks, aside, several=len(sources) > 1)
        elif path.exists():
            _look_at_file(path, path.name, looks, aside)
        else:
            raise InputError(f"{path}: there is no such file or folder.", "Give a file, a folder, or a database URL.", "source")
    if not looks:
        said = "; ".join(f"{each.name}: {each.reason}" for each in aside[:3])
        raise InputError(f"Nothing could be looked at{': ' + said if said else ''}.", "Name files that hold tables.", "source")
    return [_settled(look) for look in looks], aside


def _look_in_folder(folder: Path, looks: list[Look], aside: list[SetAside], *, several: bool) -> None:
    for path in sorted(
        p for p in folder.rglob("*") if p.is_file() and not any(part.startswith(".") for part in p.parts[len(folder.parts) :])
    ):
        name = path.relative_to(folder.parent if several else folder).as_posix()
        if _ending(path) not in _TABULAR:
            aside.append(SetAside(name, "not a table by its name"))
            continue
        try:
            _look_at_file(path, name, looks, aside)
        except InputError as problem:
            aside.append(SetAside(name, problem.message.removeprefix(f"{path}: ")))


def _ending(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def _look_at_file(path: Path, name: str, looks: list[Look], aside: list[SetAside]) -> None:
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty.", "Ask the source system for the file again.", "path")
    match format_of(path, ""):
        case "xlsx" | "xls" | "xlsb" | "ods":
            found, none = look_at_sheets(path, name)
            looks += found
            aside += none
        case "parquet":
            looks.append(_parquet(path, name))
        case "jsonl":
            looks.append(look_at_lines(path, name))
        case _:
            looks.append(look_at_text(path, name))


def _parquet(path: Path, name: str) -> Look:
    import pyarrow.parquet as pq

    chunks = read_parquet(path)
    frames = [chunk.frame for _, chunk in zip(range(_BATCHES), chunks, strict=False)]
    frame = pl.concat(frames)
    rows = pq.ParquetFile(path).metadata.num_rows
    return Look(name, stripped(frame), rows, frame.height == rows, path, form="parquet")


def _settled(look: Look) -> Look:
    """With its day, and at most `SAMPLE` rows: the first tenth as they stand, the rest drawn, ever the same."""
    look = replace(look, day=(date.fromtimestamp(look.path.stat().st_mtime) if look.path else date.today()).isoformat())
    if look.frame.height <= SAMPLE:
        return look
    head = SAMPLE // 10
    drawn = sorted(random.Random(_SEED).sample(range(head, look.frame.height), SAMPLE - head))
    return replace(look, frame=look.frame[[*range(head), *drawn]], whole=False)
