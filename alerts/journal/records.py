"""What the journal hands out: frozen rows of what was said and done."""

from dataclasses import dataclass
from datetime import date, datetime

from alerts.said import Alert, Grade, Stage


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts: every field that is set must match. `branch` is the caller's scope, empty for all branches.

    `since`: seen on that day or later. `until`: raised by that day. `current`: still raised by the newest finished scan of a
    day up to `until`, so neither what that scan no longer finds nor what a scan of an earlier day adds.
    """

    stage: Stage | None = None
    grade: Grade | None = None
    firm: str = ""
    status: str = ""
    branch: str = ""
    since: date | None = None
    until: date | None = None
    current: bool = False


@dataclass(frozen=True)
class AlertAction:
    """What a person did about an alert."""

    action: str
    principal: str
    note: str
    at: datetime


@dataclass(frozen=True)
class AlertRecord:
    """An alert as it stands, how often it changed (`version`, for ETag), and what was done."""

    alert: Alert
    status: str
    version: int
    first_as_of: date
    updated_at: datetime
    actions: tuple[AlertAction, ...] = ()


@dataclass(frozen=True)
class AlertPage:
    """One page, newest first; `next_cursor` is empty on the last."""

    items: tuple[AlertRecord, ...]
    next_cursor: str


@dataclass(frozen=True)
class ScanRecorded:
    """What a scan changed in the journal. A second run of the same day changes nothing."""

    scan: str
    new: int
    updated: int
    unchanged: int


@dataclass(frozen=True)
class ApiKey:
    """A caller that proves itself by a secret; only the secret's hash is kept."""

    id: str
    name: str
    role: str
    branch: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True)
class Answer:
    """A response kept for a repeated call."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Once:
    """The state of an idempotency key after `begin_once`: `answer` is set where the call was answered before."""

    key: str
    principal: str
    answer: Answer | None = None
    claim: str = ""


@dataclass(frozen=True)
class AuditCheck:
    """Whether the audit chain is whole; `broken_at` is the first sequence number that does not fit."""

    entries: int
    whole: bool
    broken_at: int | None
    says: str


@dataclass(frozen=True)
class Citing:
    """Something that was said (`alert.raised`, `alert.updated`, `decision.…`) and names a row: its audit entry."""

    audit_seq: int
    action: str
    subject: str
    at: datetime
    ledger_seq: int


@dataclass(frozen=True)
class OutboxMessage:
    """A message that waits to be sent."""

    id: str
    topic: str
    payload: bytes
    created_at: datetime
