"""Alerts as lists show them; a single alert crosses the wire as the journal keeps it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from alerts.journal import AlertRecord
from alerts.said import FirmRef, Grade, Sentence, Stage
from api.wire.common import Day, FirmRefText, Wire


class AlertQuery(Wire):
    """Which alerts; every filter that is given must match."""

    grade: Grade | None = None
    stage: Stage | None = None
    firm: FirmRefText | None = None
    since: Annotated[Day | None, Field(description="alerts whose last day is this one or later")] = None
    as_of: Annotated[Day | None, Field(description="alerts that had been raised by this day")] = None
    show: Annotated[
        Literal["current", "all"],
        Field(description="current: those of the newest scan of a day up to as_of; all: also those that no longer stand"),
    ] = "current"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=400, description="`next` of the page before, unchanged")] = ""


class AlertSummary(Wire):
    """One line of a list of alerts."""

    id: str
    stage: Stage
    grade: Grade
    firm: FirmRef
    sentence: Sentence
    cause: str
    rules: tuple[str, ...]
    first_as_of: date
    as_of: date
    status: str
    branch: str
    updated_at: datetime

    @classmethod
    def of(cls, record: AlertRecord) -> "AlertSummary":
        alert = record.alert
        return cls(
            id=alert.id,
            stage=alert.stage,
            grade=alert.grade,
            firm=alert.firm,
            sentence=alert.sentence,
            cause=alert.cause,
            rules=tuple(hit.rule for hit in alert.hits),
            first_as_of=record.first_as_of,
            as_of=alert.as_of,
            status=record.status,
            branch=alert.branch,
            updated_at=record.updated_at,
        )


class AlertList(Wire):
    """One page of alerts, newest first; `next` is the cursor of the page after, null on the last."""

    items: tuple[AlertSummary, ...]
    next: str | None
