"""Proposals that two firms are one, and what officers decided about them: kept for good, reversible, no source row changed.

A merge is written where identity lives, in the ledger (`graph.identity`); a rejection lives here alone. What is decided is read
from the last decision about a pair, so a decision can always be taken back, and the history says who thought what and why.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb
import polars as pl
import pyarrow as pa
import stdnum.cn.uscc
from pyarrow.dataset import dataset

from graph.clock import end_of_day_us, now_us
from graph.errors import ConflictError, InputError, NotFoundError
from graph.identity import Decision as IdentityDecision
from graph.identity import decide, entity_id, records_of
from graph.ids import record_of
from graph.ledger import Ledger
from graph.ledger.delta import TableFiles, append
from graph.snapshot import Snapshot
from ingest.resolution.records import firm_records
from ingest.resolution.score import MODEL_VERSION, Pair, Scoring, score_pairs

Verdict = Literal["merge", "reject", "undo"]
Status = Literal["open", "merged", "rejected"]
_STATUS_AFTER: dict[str, Status] = {"merge": "merged", "reject": "rejected", "undo": "open"}
_TYPE = "Firm"

PROPOSALS = pa.schema(
    [
        ("id", pa.string()),  # of the pair: equal in every run
        ("run", pa.int64()),  # UTC microseconds; counts once it stands in `runs`
        ("as_of", pa.date32()),
        ("ledger_seq", pa.int64()),
        ("model_version", pa.string()),
        ("keep", pa.string()),  # the entity that would stay
        ("join", pa.string()),  # the entity whose records would move to it
        ("keep_name", pa.string()),
        ("join_name", pa.string()),
        ("keep_code", pa.string()),
        ("join_code", pa.string()),
        ("probability", pa.float64()),
        ("bits", pa.float64()),
        ("prior_bits", pa.float64()),
        ("reasons", pa.string()),  # JSON: the waterfall
    ]
)
RUNS = pa.schema(
    [
        ("run", pa.int64()),
        ("as_of", pa.date32()),
        ("ledger_seq", pa.int64()),
        ("model_version", pa.string()),
        ("pairs", pa.int64()),
    ]
)
DECISIONS = pa.schema(
    [
        ("id", pa.string()),
        ("verdict", pa.string()),
        ("by", pa.string()),
        ("why", pa.string()),
        ("at", pa.int64()),
        ("batch_seq", pa.int64()),  # of the ledger's batch that moved the records; null for a rejection
        ("records", pa.list_(pa.string())),  # moved by a merge
        ("probability", pa.float64()),
        ("model_version", pa.string()),
    ]
)
_SCHEMAS = {"proposals": PROPOSALS, "runs": RUNS, "decisions": DECISIONS}


@dataclass(frozen=True)
class Word:
    """Who said it, why, and when (UTC microseconds; None: now)."""

    by: str
    why: str
    at: int | None = None


@dataclass(frozen=True)
class Proposal:
    """Two firms that may be one, with the waterfall of reasons and, where an officer spoke, what he said."""

    id: str
    as_of: date
    ledger_seq: int
    model_version: str
    keep: str
    join: str
    keep_name: str
    join_name: str
    keep_code: str
    join_code: str
    probability: float
    bits: float
    prior_bits: float
    reasons: tuple[dict[str, Any], ...]
    status: Status = "open"
    by: str = ""
    why: str = ""
    at: int | None = None


class ResolutionBook:
    """The proposals and decisions under `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tables = {name: TableFiles(root / name) for name in _SCHEMAS}

    def propose(self, snapshot: Snapshot, scoring: Scoring | None = None, spark: Any = None) -> list[Proposal]:
        """Scores the firms of a day and keeps the pairs as the newest run. A pair is named alike in every run."""
        records = firm_records(snapshot)
        pairs = score_pairs(records, scoring, spark)
        told = {row["id"]: row for row in records.select("id", "shown_name", "code", "code_valid", "stub").iter_rows(named=True)}
        first = _first_told(snapshot, [end for pair in pairs for end in (pair.left, pair.right)])
        run = now_us()
        rows = [_row(pair, told, first, snapshot, run) for pair in pairs]
        if rows:
            self._append("proposals", rows)
        seen = {"run": run, "as_of": snapshot.as_of, "ledger_seq": snapshot.ledger_seq, "model_version": MODEL_VERSION}
        self._append("runs", [seen | {"pairs": len(rows)}])
        return self.proposals()

    def proposals(self, status: Status | None = None, by_end_of: tuple[date, str] | None = None) -> list[Proposal]:
        """Those of the newest run, and every pair that was ever decided, the most probable first.

        `by_end_of`: a day and the bank's time zone; runs of later days and later words do not count then.
        """
        day, end = (by_end_of[0], end_of_day_us(*by_end_of)) if by_end_of else (date.max, 2**62)
        rows = self._query(f"""
            WITH counted AS (SELECT run FROM runs WHERE as_of <= DATE '{day}')
            SELECT * FROM proposals
            WHERE run = (SELECT max(run) FROM counted)
                OR (run IN (FROM counted) AND id IN (SELECT id FROM decisions WHERE "at" <= {end}))
            QUALIFY row_number() OVER (PARTITION BY id ORDER BY run DESC) = 1 ORDER BY bits DESC, id
        """)
        last = {row["id"]: row for row in self._all_decisions() if row["at"] <= end}
        found = [_proposal(row, last.get(row["id"])) for row in rows]
        return [each for each in found if status is None or each.status == status]

    def proposal(self, proposal_id: str) -> Proposal:
        """One of them. NotFoundError."""
        for each in self.proposals():
            if each.id == proposal_id:
                return each
        raise NotFoundError(f"There is no proposal '{proposal_id}'.", "Use an id that the list of proposals gives.", "id")

    def history(self, proposal_id: str) -> list[dict[str, Any]]:
        """Every decision about a pair, oldest first."""
        return [row for row in self._all_decisions() if row["id"] == proposal_id]

    def decide(self, ledger: Ledger, proposal_id: str, verdict: Verdict, said: Word) -> Proposal:
        """An officer's word. `merge` moves the records of `join` to `keep`; `undo` takes the last word back.

        ConflictError where the pair is decided so already, or where both bear a valid credit code by now;
        InputError without a reason.
        """
        if not said.why.strip():
            raise InputError("A decision needs a reason.", "Say why in a few words.", "why")
        found = self.proposal(proposal_id)
        if verdict == "undo":
            seq, records = self._undo(ledger, found, said)
        elif found.status != "open":
            raise ConflictError(f"Proposal '{proposal_id}' is {found.status}.", "Undo that first.", "verdict")
        else:
            seq, records = self._merge(ledger, found, said) if verdict == "merge" else (None, [])
        row = {
            "id": proposal_id,
            "verdict": verdict,
            "by": said.by,
            "why": said.why,
            "at": said.at or now_us(),
            "batch_seq": seq,
            "records": records,
            "probability": found.probability,
            "model_version": found.model_version,
        }
        self._append("decisions", [row])
        return self.proposal(proposal_id)

    def _merge(self, ledger: Ledger, found: Proposal, said: Word) -> tuple[int, list[str]]:
        _refuse_two_codes(ledger, found)
        records = records_of(ledger, found.join)
        if not records:
            raise ConflictError(f"{found.join} has no records any more.", "Propose anew: they were moved meanwhile.", "id")
        return decide(ledger, [IdentityDecision(_TYPE, each, said.by, said.why, found.keep) for each in records], said.at), records

    def _undo(self, ledger: Ledger, found: Proposal, said: Word) -> tuple[int | None, list[str]]:
        if found.status == "open":
            raise ConflictError(f"Proposal '{found.id}' is open: there is nothing to undo.", "", "verdict")
        if found.status == "rejected":
            return None, []
        records = self.history(found.id)[-1]["records"]
        return decide(ledger, [IdentityDecision(_TYPE, each, said.by, said.why, found.join) for each in records], said.at), records

    def _all_decisions(self) -> list[dict[str, Any]]:
        return self._query('SELECT * FROM decisions ORDER BY "at", batch_seq NULLS LAST')

    def _append(self, name: str, rows: list[dict[str, Any]]) -> None:
        append(self._root / name, pa.Table.from_pylist(rows, _SCHEMAS[name]))

    def _query(self, sql: str) -> list[dict[str, Any]]:
        with duckdb.connect() as engine:
            for name, schema in _SCHEMAS.items():
                paths = self._tables[name].current().paths
                engine.register(name, dataset(list(paths), schema) if paths else schema.empty_table())
            rows: list[dict[str, Any]] = engine.sql(sql).to_arrow_table().to_pylist()
            return rows


def pair_id(left: str, right: str) -> str:
    """The name of a pair, whichever firm stands first."""
    return hashlib.sha256("\x1f".join(sorted((left, right))).encode()).hexdigest()[:16]


def _row(pair: Pair, told: dict[str, dict[str, Any]], first: dict[str, int], snapshot: Snapshot, run: int) -> dict[str, Any]:
    """The firm with a valid code stays; else the one that is more than a stub; else the one told of first."""
    order = sorted(
        (pair.left, pair.right), key=lambda end: (not told[end]["code_valid"], bool(told[end]["stub"]), first.get(end, 0), end)
    )
    keep, join = order
    reasons = [asdict(reason) if keep == pair.left else _turned(asdict(reason)) for reason in pair.reasons]
    return {
        "id": pair_id(pair.left, pair.right),
        "run": run,
        "as_of": snapshot.as_of,
        "ledger_seq": snapshot.ledger_seq,
        "model_version": MODEL_VERSION,
        "keep": keep,
        "join": join,
        "keep_name": told[keep]["shown_name"] or "",
        "join_name": told[join]["shown_name"] or "",
        "keep_code": told[keep]["code"] or "",
        "join_code": told[join]["code"] or "",
        "probability": pair.probability,
        "bits": pair.bits,
        "prior_bits": pair.prior_bits,
        "reasons": json.dumps(reasons, ensure_ascii=False),
    }


def _turned(reason: dict[str, Any]) -> dict[str, Any]:
    return reason | {"left": reason["right"], "right": reason["left"]}


def _first_told(snapshot: Snapshot, entities: Sequence[str]) -> dict[str, int]:
    """The batch in which each entity's naming record was first told."""
    wanted = [record_of(each) for each in set(entities)]
    if not wanted:
        return {}
    rows = snapshot.ledger.table(_TYPE)
    told = pl.DataFrame(rows.filter(rows.id.isin(wanted)).group_by("id").aggregate(seq=rows.batch_seq.min()).to_pyarrow())
    return {entity_id(_TYPE, record): int(seq) for record, seq in told.iter_rows()}


def _proposal(row: dict[str, Any], said: dict[str, Any] | None) -> Proposal:
    known = {name: row[name] for name in Proposal.__dataclass_fields__ if name in row and name != "reasons"}
    found = Proposal(**known, reasons=tuple(json.loads(row["reasons"])))
    if said is None:
        return found
    spoken = {"status": _STATUS_AFTER[said["verdict"]], "by": said["by"], "why": said["why"], "at": said["at"]}
    return Proposal(**{**found.__dict__, **spoken})


def _refuse_two_codes(ledger: Ledger, found: Proposal) -> None:
    """Codes may have arrived since the pair was proposed."""
    day = date.max.replace(year=2199)
    rows = Snapshot(ledger, day).about(_TYPE, "id", [found.keep, found.join]).to_pylist()
    codes = {row["uscc"] for row in rows if row["uscc"] and stdnum.cn.uscc.is_valid(row["uscc"])}
    if len(codes) > 1:
        said = f"{found.keep_name} and {found.join_name} bear two valid credit codes ({', '.join(sorted(codes))})."
        raise ConflictError(said, "They are two firms; reject the proposal.", "verdict")
