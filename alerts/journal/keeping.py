"""Puts alerts, decisions and the scores they cite into one open transaction, each with its audit entry and its message."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.journal.audit import Chain
from alerts.journal.codec import alert_from_json, alert_to_json, content_of, decision_to_json
from alerts.journal.records import AlertAction, AlertRecord, ScanRecorded
from alerts.journal.tables import AlertActionRow, AlertRow, CitedScoreRow, DecisionRow, ScoreRunRow
from alerts.said import Alert, Decision, Grade, ScoreSplit


def keep_decision(chain: Chain, decision: Decision, principal: str) -> None:
    """A new decision, its score, its audit entry and its message."""
    body = decision_to_json(decision)
    chain.session.add(
        DecisionRow(
            id=decision.id,
            stage=decision.stage,
            advice=decision.advice,
            firm=decision.firm.id,
            branch=decision.branch,
            principal=principal,
            as_of=decision.as_of,
            ledger_seq=decision.ledger_seq,
            created_at=decision.created_at,
            body=body,
        )
    )
    _cite(chain.session, decision.firm.id, decision.evidence.score)
    chain.add(principal, f"decision.{decision.stage}", decision.id, body)
    chain.send("decision.made", {"id": decision.id, "stage": decision.stage, "advice": decision.advice, "firm": decision.firm.id})


def keep_alerts(chain: Chain, scan: str, alerts: Sequence[Alert], principal: str) -> ScanRecorded:
    """Raises new alerts and updates those seen before; what says the same as before is left alone, what is older too."""
    found = chain.session.scalars(select(AlertRow).where(AlertRow.id.in_([alert.id for alert in alerts])))
    held = {row.id: row for row in found}
    new = updated = 0
    for alert in alerts:
        body = alert_to_json(alert)
        row = held.get(alert.id)
        if row is None:
            _raise(chain, alert, body, principal)
            new += 1
        elif row.as_of <= alert.as_of and row.content != content_of(body):
            _update(chain, row, alert, body, principal)
            updated += 1
        elif row.as_of < alert.as_of:
            row.as_of, row.ledger_seq = alert.as_of, alert.ledger_seq
    return ScanRecorded(scan, new, updated, len(alerts) - new - updated)


def record_of(row: AlertRow, actions: Sequence[AlertActionRow] = ()) -> AlertRecord:
    """The mapped row as the journal hands it out."""
    done = tuple(AlertAction(a.action, a.principal, a.note, a.at) for a in actions)
    return AlertRecord(alert_from_json(row.body), row.status, row.version, row.first_as_of, row.updated_at, done)


def _raise(chain: Chain, alert: Alert, body: dict[str, Any], principal: str) -> None:
    now = datetime.now(UTC)
    chain.session.add(
        AlertRow(
            id=alert.id,
            seq=chain.next_alert(),
            stage=alert.stage,
            grade=alert.grade,
            firm=alert.firm.id,
            cause=alert.cause,
            branch=alert.branch,
            status="open",
            version=1,
            first_as_of=alert.as_of,
            as_of=alert.as_of,
            ledger_seq=alert.ledger_seq,
            content=content_of(body),
            created_at=alert.created_at,
            updated_at=now,
            body=body,
        )
    )
    _cite(chain.session, alert.firm.id, alert.evidence.score)
    chain.add(principal, "alert.raised", alert.id, body)
    chain.send("alert.raised", _notice(alert))


def _update(chain: Chain, row: AlertRow, alert: Alert, body: dict[str, Any], principal: str) -> None:
    """The alert as it stands now. Only what is worse goes out as a message: officers are told once."""
    worse = alert.grade.rank > Grade(row.grade).rank
    body["created_at"] = row.body["created_at"]
    row.grade, row.branch, row.body, row.content = alert.grade, alert.branch, body, content_of(body)
    row.as_of, row.ledger_seq, row.updated_at = alert.as_of, alert.ledger_seq, datetime.now(UTC)
    row.version += 1
    if worse and row.status == "closed":
        row.status = "open"
    _cite(chain.session, alert.firm.id, alert.evidence.score)
    chain.add(principal, "alert.updated", alert.id, body)
    if worse:
        chain.send("alert.worsened", _notice(alert))


def _notice(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "stage": alert.stage,
        "grade": alert.grade,
        "firm": alert.firm.id,
        "cause": alert.cause,
        "zh": alert.sentence.zh,
        "en": alert.sentence.en,
        "as_of": alert.as_of.isoformat(),
    }


def _cite(session: Session, firm: str, score: ScoreSplit | None) -> None:
    """Keeps the score that is cited and the header of its run, once."""
    if score is None or session.get(CitedScoreRow, (score.run_id, firm)) is not None:
        return
    if session.get(ScoreRunRow, score.run_id) is None:
        session.add(
            ScoreRunRow(
                run_id=score.run_id,
                as_of=score.as_of,
                horizon_days=score.horizon_days,
                model=score.model,
                model_version=score.model_version,
            )
        )
        session.flush()
    top = [
        {"type": t.type, "way": t.way, "rel": t.rel, "other": t.other, "contribution": t.contribution} for t in score.top_relations
    ]
    session.add(
        CitedScoreRow(
            run_id=score.run_id,
            firm=firm,
            probability=score.probability,
            log_odds=score.log_odds,
            own=score.own,
            contagion=score.contagion,
            body={"top_relations": top},
        )
    )
    session.flush()
