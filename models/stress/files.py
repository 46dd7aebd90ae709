"""A stress run as files: one JSON with everything, and the tables as CSV that a spreadsheet opens."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from models.stress.answer import Comparison, Fall, StressAnswer

_FALLS = ("round", "firm", "name", "industry", "region", "branch", "reason", "credit_fen", "guarantors_paid_fen", "bank_loss_fen")
_TABLES = ("branches", "industries", "regions", "groups", "likely")


def write_stress(answer: StressAnswer, folder: Path) -> list[Path]:
    """stress.json, falls.csv, edges.csv, a CSV for each other table; returns what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "stress.json"
    whole.write_text(answer.model_dump_json(indent=1), "utf-8")
    written = [whole, _csv(folder / "falls.csv", _FALLS, ([getattr(fall, name) for name in _FALLS] for fall in answer.falls))]
    edges = [row for fall in answer.falls for row in _edge_rows(fall)]
    named = ("firm", "round", "kind", "sender", "sender_name", "lost_fen", "asked_fen", "table", "id", "file", "line")
    written.append(_csv(folder / "edges.csv", named, edges))
    for name in _TABLES:
        rows = [row.model_dump() for row in getattr(answer, name)]
        if rows:
            written.append(_csv(folder / f"{name}.csv", list(rows[0]), ([*row.values()] for row in rows)))
    moves = [move.model_dump() for move in answer.limits.moves]
    if moves:
        written.append(_csv(folder / "limits.csv", list(moves[0]), ([*row.values()] for row in moves)))
    return written


def write_comparison(both: Comparison, folder: Path) -> list[Path]:
    """Each scenario in a folder of its own, and comparison.csv."""
    written = [*write_stress(both.first, folder / "first"), *write_stress(both.second, folder / "second")]
    rows = ([change.what, change.said.zh, change.said.en, change.first, change.second] for change in both.changes)
    return [*written, _csv(folder / "comparison.csv", ("what", "zh", "en", "first", "second"), rows)]


def _edge_rows(fall: Fall) -> list[list[object]]:
    return [
        [fall.firm, edge.round, edge.kind, edge.sender, edge.sender_name, edge.lost_fen, edge.asked_fen]
        + ([edge.row.table, edge.row.id, edge.row.file, edge.row.line] if edge.row else ["", "", "", ""])
        for edge in fall.edges
    ]


def _csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """UTF-8 with a mark, so that a Chinese spreadsheet reads it."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path
