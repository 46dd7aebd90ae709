"""Alerts: the list an officer or a loan system reads, and each one with its evidence."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from alerts.journal import AlertFilter, AlertRecord, Journal
from api.answers import readable, to_json
from api.auth import Principal
from api.calls import ReadingAlerts
from api.days import resolve_day
from api.finding import find_firm
from api.masking import mask_tokens
from api.wire.alerts import AlertList, AlertQuery, AlertSummary

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
_ALERT = TypeAdapter(AlertRecord)


@router.get("", response_model=AlertList, summary="Alerts, newest first")
def list_alerts(call: ReadingAlerts, query: Annotated[AlertQuery, Query()]) -> Response:
    """Those of the newest scan, or all ever raised (`show=all`), by grade, stage, firm and day; page by the opaque cursor."""
    firm = find_firm(call.platform, query.firm) if query.firm else ""
    wanted = AlertFilter(
        stage=query.stage,
        grade=query.grade,
        firm=firm,
        branch=call.principal.branch,
        since=query.since,
        until=resolve_day(call.platform, query.as_of),
        current=query.show == "current",
    )
    page = call.platform.journal.alerts(wanted, query.cursor, query.limit)
    items = tuple(AlertSummary.of(record) for record in page.items)
    return readable(call.request, mask_tokens(to_json(AlertList(items=items, next=page.next_cursor or None))))


@router.get("/{alert_id}", response_model=AlertRecord, summary="One alert with its evidence")
def read_alert(call: ReadingAlerts, alert_id: str) -> Response:
    """Sentence, paths, rows with file and line, score split, rule with its citation, and what could not be seen."""
    record = visible_alert(call.platform.journal, call.principal, alert_id)
    return readable(call.request, mask_tokens(_ALERT.dump_json(record)))


def visible_alert(journal: Journal, principal: Principal, alert_id: str) -> AlertRecord:
    """The alert; another branch's is as absent as one that never was."""
    return journal.alert(alert_id, principal.branch)
