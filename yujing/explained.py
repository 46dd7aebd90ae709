"""Lineage with everything around it: what was tidied, what was repaired, and what scores, alerts and decisions lean on it."""

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from api.masking import is_token, stand_in
from graph.clock import from_us
from graph.errors import NotFoundError
from graph.ids import entity_id
from graph.ledger import Ledger
from graph.lineage import Fed, Found, Told, batches_of, fed_by, find, moves_of, store_versions, told_rows
from graph.ontology import EntityType
from graph.personal import ERASED, Vault, mask
from ingest.desk import Shelf
from ingest.desk.shelf import Place, root_of
from models.scores import ScoreBook
from yujing.settings import Settings
from yujing.wiring import open_journal, open_ledger, open_vault


def explain_row(settings: Settings, asked: str) -> dict[str, Any]:
    """Every version of what `asked` names (an id, or FILE:LINE) and where each came from; then what leans on it."""
    ledger = open_ledger(settings)
    found = find(ledger, asked)
    rows = told_rows(ledger, found, settings.day)
    sources = _Sources(ledger, Shelf(settings.quarantine), open_vault(settings))
    batches = batches_of(ledger, [row.batch for row in rows])
    versions = [_version(row, batches[row.batch], sources, ledger) for row in rows]
    return {
        "asked": asked,
        "entity": found.entity,
        "records": {name: list(ids) for name, ids in found.records.items()},
        "versions": versions,
        "moves": [_move(row) for row in moves_of(ledger, _named(ledger, found, rows))],
        "store_versions": [_plain(row, sources) for row in store_versions(ledger, found)],
        "scores": _scores(settings, ledger, found, rows),
        "said": _said(settings, found),
    }


def explain_file(settings: Settings, *, file: str = "", batch: str = "") -> dict[str, Any]:
    """What a file, or a batch, fed: by type and standing, with what was refused. NotFoundError where neither is known."""
    ledger, shelf = open_ledger(settings), Shelf(settings.quarantine)
    fed = fed_by(ledger, settings.day, file=file, batch=batch)
    committed = batches_of(ledger)
    loads = {name: json.loads(row["summary"]) for name, row in committed.items()}
    loads |= {summary["batch"]: summary for summary in shelf.summaries()}  # also loads that had nothing new, so no commit
    chosen = {n: s for n, s in loads.items() if (not batch or n == batch) and (not file or file in s.get("files", ()))}
    if not chosen and not fed:
        named = f"file '{file}'" if file else f"batch '{batch}'"
        raise NotFoundError(f"No load knows a {named}.", "Names are as lineage has them: yujing explain row shows one.", "name")
    return {
        "file": file,
        "batch": batch,
        "as_of": settings.day.isoformat(),
        "loads": [_load(shelf, name, chosen[name], committed.get(name), file) for name in sorted(chosen)],
        "fed": [_fed(each) for each in fed],
    }


@dataclass(frozen=True)
class _Sources:
    """What stands beside the ledger about one source row."""

    ledger: Ledger
    shelf: Shelf
    vault: Vault

    def tidied(self, row: Told) -> list[dict[str, Any]]:
        """Cells that were tidied when the row was read, as they stood."""
        path = self.shelf.root / row.batch / "originals.parquet"
        if row.line is None or not path.exists():
            return []
        here = (pl.col("file") == row.file) & (pl.col("sheet").fill_null("") == row.sheet) & (pl.col("line") == row.line)
        found = pl.scan_parquet(path).filter(here).select("column", "original", "read").collect()
        return [{name: self.shown(value) for name, value in each.items()} for each in found.iter_rows(named=True)]

    def repair(self, row: Told) -> dict[str, Any] | None:
        """How the row was repaired before it was taken: who, when, by which workbook, and each cell from what to what."""
        root = root_of(row.batch)
        if root == row.batch or row.line is None:
            return None
        case = next(c for c in self.shelf.cases(root, [row.line], row.file) if c.at.sheet == row.sheet)
        history = [{**done, "changes": [self._change(c) for c in done["changes"]]} for done in self.shelf.history(case)]
        return {"of": str(Place(root, row.file, row.sheet, row.line)), "history": history}

    def shown(self, value: Any, kind: str = "name") -> Any:
        """A value as it may be shown: a personal one masked, an erased one said to be."""
        if isinstance(value, date):
            return value.isoformat()
        if not isinstance(value, str) or not is_token(value):
            return value
        if self.vault.is_erased(value):
            return ERASED
        told = self.vault.reveal([value])
        return mask(told[value], kind) if value in told else stand_in(value)

    def _change(self, change: dict[str, str]) -> dict[str, Any]:
        return {name: self.shown(value) for name, value in change.items()}


def _version(row: Told, batch: dict[str, Any], sources: _Sources, ledger: Ledger) -> dict[str, Any]:
    manifest = {"name": row.feed, "file": batch["manifest"], "version": batch["manifest_version"], "hash": batch["manifest_hash"]}
    committed = from_us(batch["committed_at"]).isoformat()
    return {
        "type": row.type,
        "id": row.id,
        "action": row.action,
        "standing": row.standing,
        "valid_from": row.valid_from.isoformat(),
        "valid_to": row.valid_to.isoformat(),
        "recorded_at": from_us(row.recorded_at).isoformat(),
        "feed": row.feed,
        "manifest": manifest,
        "batch": {
            "id": row.batch,
            "seq": row.batch_seq,
            "attempt": row.attempt,
            "committed_at": committed,
            "backfill": batch["backfill"],
        },
        "file": row.file,
        "sheet": row.sheet,
        "line": row.line,
        "values": {name: sources.shown(value, name) for name, value in row.values.items()},
        "changed": {name: [sources.shown(value, name) for value in pair] for name, pair in row.changed.items()},
        "tidied": sources.tidied(row),
        "repair": sources.repair(row),
    }


def _named(ledger: Ledger, found: Found, rows: list[Told]) -> list[str]:
    """Records whose moves bear on what is asked: its own, its ends, its subject."""
    own = [each for name, ids in found.records.items() if isinstance(ledger.ontology.get(name), EntityType) for each in ids]
    ends = [row.values[name] for row in rows for name in ("src", "dst", "subject") if name in row.values]
    return sorted({*own, *ends})


def _entities(ledger: Ledger, found: Found, rows: list[Told]) -> list[str]:
    moved = {row["record"]: row["entity"] for row in moves_of(ledger, _named(ledger, found, rows))}
    named = {(row.type, row.id) for row in rows if isinstance(ledger.ontology.get(row.type), EntityType)}
    for row in rows:
        named |= {(row.values[f"{end}_type"], row.values[end]) for end in ("src", "dst", "subject") if end in row.values}
    return sorted({moved.get(record, entity_id(kind, record)) for kind, record in named})


def _scores(settings: Settings, ledger: Ledger, found: Found, rows: list[Told]) -> list[dict[str, Any]]:
    """Scores of the firms it is about that were made when the ledger already held it; `cited`: it is among their top relations."""
    book, first = ScoreBook(settings.scores), min(row.batch_seq for row in rows)
    ids = {each for told in found.records.values() for each in told}
    scores = []
    for entity in _entities(ledger, found, rows):
        for score in book.firm(entity).to_pylist():
            if score["ledger_seq"] >= first:
                cited = any(top["rel"] in ids for top in score["top_relations"] or ())
                kept = {
                    name: score[name]
                    for name in ("run_id", "firm", "ledger_seq", "probability", "model", "model_version", "shadow")
                }
                scores.append({**kept, "as_of": score["as_of"].isoformat(), "cited": cited})
    return scores


def _said(settings: Settings, found: Found) -> list[dict[str, Any]]:
    """Alerts and decisions whose evidence names it."""
    if settings.journal.startswith("sqlite:///") and not Path(settings.journal.removeprefix("sqlite:///")).exists():
        return []
    ids = [found.entity] if found.entity else [each for told in found.records.values() for each in told]
    with closing(open_journal(settings)) as journal:
        told = {each.audit_seq: each for one in ids for each in journal.citing(one)}
    return [
        {"action": e.action, "subject": e.subject, "at": e.at.isoformat(), "ledger_seq": e.ledger_seq, "audit_seq": seq}
        for seq, e in sorted(told.items())
    ]


def _move(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row[name] for name in ("record", "entity", "entity_type", "reason", "evidence", "batch", "batch_seq")}
    return {**kept, "recorded_at": from_us(row["recorded_at"]).isoformat()}


def _plain(row: dict[str, Any], sources: _Sources) -> dict[str, Any]:
    return {name: sources.shown(value, name) for name, value in row.items() if value is not None}


def _fed(each: Fed) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Fed.__dataclass_fields__}


def _load(shelf: Shelf, name: str, summary: dict[str, Any], committed: dict[str, Any] | None, file: str) -> dict[str, Any]:
    """One load: its own counts (of all its files), and what of this file it refused."""
    issues = shelf.issues(name)
    here = issues.filter(pl.col("file") == file) if file else issues
    refused = here.unique(["file", "sheet", "line"])
    return {
        "batch": name,
        "batch_seq": committed["batch_seq"] if committed else None,
        "committed_at": from_us(committed["committed_at"]).isoformat() if committed else None,
        "manifest_version": committed["manifest_version"] if committed else None,
        "manifest_hash": committed["manifest_hash"] if committed else None,
        "feed": summary["feed"],
        "files": summary.get("files", []),
        "rows": summary["rows"],
        "refused": refused.height,
        "refused_now": dict(refused["status"].value_counts().iter_rows()),
        "repair": summary.get("repair"),
    }
