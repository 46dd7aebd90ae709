"""The journal: every public call is one transaction, and what belongs together commits together."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from uuid import uuid4

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from alerts.journal import audit, once
from alerts.journal.audit import Chain
from alerts.journal.codec import decision_from_json
from alerts.journal.engine import WRITES, open_engine
from alerts.journal.keeping import keep_alerts, keep_decision, record_of
from alerts.journal.records import (
    AlertFilter,
    AlertPage,
    AlertRecord,
    Answer,
    ApiKey,
    AuditCheck,
    Citing,
    Once,
    OutboxMessage,
    ScanRecorded,
)
from alerts.journal.tables import AlertActionRow, AlertRow, ApiKeyRow, AuditRow, DecisionRow, OnceRow, OutboxRow, ScanRow
from alerts.said import Alert, Decision, Grade, ScanResult
from graph.errors import ConflictError, InputError, NotFoundError, UnavailableError

CHUNK = 200
"""Alerts a transaction: a scan that is killed keeps what it wrote, and going on writes the rest."""

_STATUS_AFTER = {"take": "in_progress", "comment": "", "close": "closed", "reopen": "open"}


class Journal:
    """What was said and done, in SQLite or PostgreSQL. Safe to share between threads; several processes may hold one each."""

    def __init__(self, url: str) -> None:
        """Opens a database that `upgrade` has been run on."""
        self._engine = open_engine(url)
        self._writer = self._engine.execution_options(**{WRITES: True})

    def close(self) -> None:
        """Gives connections back."""
        self._engine.dispose()

    # decisions

    def record_decision(
        self, decision: Decision, principal: str, claimed: Once | None = None, answer: Answer | None = None
    ) -> Decision:
        """Keeps a decision with its audit entry and message; with `claimed` and `answer`, the key's answer in the same commit.

        The same id again changes nothing and gives what was kept first.
        """
        with self._write() as session:
            chain = Chain.lock(session)
            held = session.get(DecisionRow, decision.id)
            if held is None:
                keep_decision(chain, decision, principal)
            if claimed and answer:
                once.answer(session, claimed, answer)
            return decision_from_json(held.body) if held else decision

    def decision(self, decision_id: str) -> Decision:
        """A decision as it was given. NotFoundError."""
        with self._read() as session:
            row = session.get(DecisionRow, decision_id)
            if row is None:
                raise NotFoundError(f"There is no decision '{decision_id}'.", "", "id")
            return decision_from_json(row.body)

    # alerts

    def record_scan(self, result: ScanResult, principal: str) -> ScanRecorded:
        """Raises and updates a scan's alerts, CHUNK a transaction. Run again, or after a kill, it adds nothing twice.

        The most urgent come last, so that a list that shows the newest first shows them first.
        """
        scan = _scan_id(result)
        with self._write() as session:
            if session.get(ScanRow, scan) is None:
                session.add(_scan_row(scan, result))
        new = updated = unchanged = 0
        alerts = iter(reversed(result.alerts))
        while chunk := tuple(islice(alerts, CHUNK)):
            told = self._keep(scan, chunk, principal)
            new, updated, unchanged = new + told.new, updated + told.updated, unchanged + told.unchanged
        self._finish(scan, result, principal)
        return ScanRecorded(scan, new, updated, unchanged)

    def record_data_alerts(self, alerts: Sequence[Alert], principal: str) -> ScanRecorded:
        """Raises and updates alerts about feeds, outside a scan: what the newest scan said of firms stays what is current."""
        return self._keep("", alerts, principal)

    def alerts(self, wanted: AlertFilter | None = None, cursor: str = "", limit: int = 50) -> AlertPage:
        """One page, newest first. A cursor stays where it is whatever is written meanwhile. InputError for a cursor of no page."""
        if not 1 <= limit <= 500:
            raise InputError(f"A page has 1 to 500 alerts (got {limit}).", "", "limit")
        query = _filtered(wanted or AlertFilter()).order_by(AlertRow.seq.desc()).limit(limit + 1)
        if cursor:
            query = query.where(AlertRow.seq < _seq_of(cursor))
        with self._read() as session:
            rows = session.scalars(query).all()
            more = len(rows) > limit
            return AlertPage(tuple(record_of(row) for row in rows[:limit]), _cursor(rows[limit - 1].seq) if more else "")

    def alert_counts(self, wanted: AlertFilter | None = None) -> dict[Grade, int]:
        """How many alerts of each grade match, zero included, the worst grade first."""
        matching = _filtered(wanted or AlertFilter()).subquery()
        query = select(matching.c.grade, func.count()).group_by(matching.c.grade)
        with self._read() as session:
            counts = {Grade(grade): count for grade, count in session.execute(query)}
        return {grade: counts.get(grade, 0) for grade in Grade}

    def alert(self, alert_id: str, branch: str = "") -> AlertRecord:
        """One alert with what was done about it. NotFoundError, also for another branch's where `branch` is set."""
        with self._read() as session:
            return record_of(_alert_row(session, alert_id, branch), _actions(session, alert_id))

    def act(self, alert_id: str, principal: str, action: str, note: str = "", version: int | None = None) -> AlertRecord:
        """take, comment, close or reopen. ConflictError where `version` is not the alert's latest: somebody was faster."""
        if action not in _STATUS_AFTER:
            raise InputError(f"'{action}' is nothing to do with an alert.", f"Use {', '.join(_STATUS_AFTER)}.", "action")
        with self._write() as session:
            chain = Chain.lock(session)
            row = _alert_row(session, alert_id, "")
            if version is not None and version != row.version:
                raise ConflictError(f"Alert '{alert_id}' is at version {row.version}, not {version}.", "Read it again.", "version")
            row.status = _STATUS_AFTER[action] or row.status
            row.version += 1
            row.updated_at = datetime.now(UTC)
            session.add(AlertActionRow(alert=alert_id, action=action, principal=principal, note=note, at=row.updated_at))
            chain.add(principal, f"alert.{action}", alert_id, {"note": note, "status": row.status, "version": row.version})
            chain.send("alert.acted", {"id": alert_id, "action": action, "status": row.status, "by": principal})
            session.flush()
            return record_of(row, _actions(session, alert_id))

    # callers

    def create_key(self, name: str, role: str, branch: str = "", principal: str = "system") -> tuple[ApiKey, str]:
        """A new key and its secret, which is shown this once and kept as a hash."""
        secret = f"yj_{secrets.token_urlsafe(32)}"
        row = ApiKeyRow(
            id=f"K-{uuid4().hex}",
            name=name,
            hashed_key=_hashed(secret),
            role=role,
            branch=branch,
            created_at=datetime.now(UTC),
            revoked_at=None,
        )
        with self._write() as session:
            chain = Chain.lock(session)
            session.add(row)
            chain.add(principal, "key.created", row.id, {"name": name, "role": role, "branch": branch})
            return _key(row), secret

    def find_key(self, secret: str) -> ApiKey | None:
        """The key that a secret proves, None for an unknown or revoked one."""
        with self._read() as session:
            row = session.scalars(select(ApiKeyRow).where(ApiKeyRow.hashed_key == _hashed(secret))).one_or_none()
            return _key(row) if row and row.revoked_at is None else None

    def revoke_key(self, key_id: str, principal: str = "system") -> None:
        """From now on the key proves nothing. NotFoundError."""
        with self._write() as session:
            chain = Chain.lock(session)
            row = session.get(ApiKeyRow, key_id)
            if row is None:
                raise NotFoundError(f"There is no key '{key_id}'.", "", "id")
            row.revoked_at = row.revoked_at or datetime.now(UTC)
            chain.add(principal, "key.revoked", key_id, {"name": row.name})

    def api_keys(self) -> tuple[ApiKey, ...]:
        """All keys, also revoked ones, oldest first."""
        with self._read() as session:
            return tuple(_key(row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.created_at, ApiKeyRow.id)))

    # what is done elsewhere

    def note(self, principal: str, action: str, subject: str, body: object, repeat: tuple[Once, Answer] | None = None) -> None:
        """An audit entry and a message about what another record holds; in the same transaction the answer to `repeat`."""
        with self._write() as session:
            chain = Chain.lock(session)
            chain.add(principal, action, subject, body)
            chain.send(action, {"id": subject, "by": principal})
            if repeat is not None:
                once.answer(session, *repeat)

    # idempotency

    def begin_once(self, key: str, principal: str, request_hash: str, wait_seconds: float = 0.0) -> Once:
        """Claims an idempotency key, or gives the answer that a call with it already got (`answer`).

        ConflictError where it was used with another request; `once.InProgressError` where the first call still works after
        `wait_seconds`. A claim that was never answered (a killed process) falls free after a minute.
        """
        until = time.monotonic() + wait_seconds
        while True:
            try:
                with self._write() as session:
                    return once.claim(session, key, principal, request_hash)
            except once.InProgressError:
                if time.monotonic() >= until:
                    raise
                time.sleep(0.02)

    def finish_once(self, claimed: Once, answer: Answer) -> None:
        """Keeps the answer for later calls with the key."""
        with self._write() as session:
            once.answer(session, claimed, answer)

    def give_up_once(self, claimed: Once) -> None:
        """Frees a key whose call failed, so that it may be tried again."""
        with self._write() as session:
            row = session.get(OnceRow, (claimed.principal, claimed.key))
            if row and row.claim == claimed.claim and row.status is None:
                session.delete(row)

    # outbox and audit

    def pending(self, limit: int = 100) -> tuple[OutboxMessage, ...]:
        """Messages that wait to be sent, oldest first."""
        query = select(OutboxRow).where(OutboxRow.sent_at.is_(None)).order_by(OutboxRow.created_at, OutboxRow.id).limit(limit)
        with self._read() as session:
            return tuple(OutboxMessage(row.id, row.topic, row.payload, row.created_at) for row in session.scalars(query))

    def mark_sent(self, ids: Sequence[str]) -> None:
        """These went out."""
        with self._write() as session:
            session.execute(update(OutboxRow).where(OutboxRow.id.in_(ids)).values(sent_at=datetime.now(UTC)))

    def citing(self, text: str) -> tuple[Citing, ...]:
        """Alerts, as they were at each time, and decisions whose evidence names an id, oldest first.

        The audit is looked through from end to end: what an alert once said and no longer says is found too.
        """
        said = or_(AuditRow.action.in_(("alert.raised", "alert.updated")), AuditRow.action.startswith("decision."))
        query = select(AuditRow).where(said, AuditRow.body.contains(text, autoescape=True)).order_by(AuditRow.seq)
        with self._read() as session:
            rows = session.scalars(query.execution_options(yield_per=CHUNK))
            return tuple(Citing(row.seq, row.action, row.subject, row.at, json.loads(row.body)["ledger_seq"]) for row in rows)

    def notes(self, subject: str) -> tuple[tuple[str, str], ...]:
        """Audit entries about a subject as (action, body), oldest first."""
        query = select(AuditRow.action, AuditRow.body).where(AuditRow.subject == subject).order_by(AuditRow.seq)
        with self._read() as session:
            return tuple((action, body) for action, body in session.execute(query))

    def verify_audit(self) -> AuditCheck:
        """Whether any audit entry was altered, removed or reordered."""
        with self._read() as session:
            return audit.verify(session)

    # transactions

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with _named(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with _named(), Session(self._engine) as session:
            yield session

    def _keep(self, scan: str, alerts: Sequence[Alert], principal: str) -> ScanRecorded:
        with self._write() as session:
            return keep_alerts(Chain.lock(session), scan, alerts, principal)

    def _finish(self, scan: str, result: ScanResult, principal: str) -> None:
        with self._write() as session:
            chain = Chain.lock(session)
            row = session.get_one(ScanRow, scan)
            if row.finished_at is None:
                row.finished_at = datetime.now(UTC)
                told = {
                    "as_of": result.as_of.isoformat(),
                    "ledger_seq": result.ledger_seq,
                    "firms": result.firms,
                    "alerts": len(result.alerts),
                }
                chain.add(principal, "scan.finished", scan, told)
                chain.send("scan.finished", told | {"id": scan})


@contextmanager
def _named() -> Iterator[None]:
    """A database that does not answer, goes away in the middle, or has no tables, is a named error: nothing was written."""
    try:
        yield
    except DBAPIError as problem:
        if not (problem.connection_invalidated or isinstance(problem, (OperationalError, ProgrammingError, InterfaceError))):
            raise
        raise UnavailableError(
            f"The journal's database does not answer: {problem.orig}",
            "Check YUJING_JOURNAL_URL, run 'yujing journal upgrade', and try again.",
        ) from problem


def _filtered(wanted: AlertFilter) -> Select[AlertRow]:
    query = select(AlertRow)
    for name in ("stage", "grade", "firm", "status", "branch"):
        value = getattr(wanted, name)
        if value:
            query = query.where(getattr(AlertRow, name) == value)
    if wanted.until:
        query = query.where(AlertRow.first_as_of <= wanted.until)
    if wanted.current:
        query = _current(query, wanted.until)
    return query.where(AlertRow.as_of >= wanted.since) if wanted.since else query


def _current(query: Select[AlertRow], until: date | None) -> Select[AlertRow]:
    """Not before the newest finished scan, so that one still at work takes nothing away; never of a day after `until`."""
    scanned = select(func.max(ScanRow.as_of)).where(ScanRow.finished_at.is_not(None))
    if until:
        scanned, query = scanned.where(ScanRow.as_of <= until), query.where(AlertRow.as_of <= until)
    return query.where(AlertRow.as_of >= scanned.scalar_subquery())


def _alert_row(session: Session, alert_id: str, branch: str) -> AlertRow:
    row = session.get(AlertRow, alert_id)
    if row is None or (branch and row.branch != branch):
        raise NotFoundError(f"There is no alert '{alert_id}'.", "", "id")
    return row


def _actions(session: Session, alert_id: str) -> Sequence[AlertActionRow]:
    return session.scalars(select(AlertActionRow).where(AlertActionRow.alert == alert_id).order_by(AlertActionRow.id)).all()


def _scan_id(result: ScanResult) -> str:
    parts = (result.as_of.isoformat(), str(result.ledger_seq), result.packs_hash, result.score_run)
    return "S-" + hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def _scan_row(scan: str, result: ScanResult) -> ScanRow:
    return ScanRow(
        id=scan,
        as_of=result.as_of,
        ledger_seq=result.ledger_seq,
        packs_hash=result.packs_hash,
        score_run=result.score_run,
        firms=result.firms,
        alerts=len(result.alerts),
        started_at=datetime.now(UTC),
        finished_at=None,
    )


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(row.id, row.name, row.role, row.branch, row.created_at, row.revoked_at)


def _hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _cursor(seq: int) -> str:
    return base64.urlsafe_b64encode(f"a{seq}".encode()).decode().rstrip("=")


def _seq_of(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if text[:1] != "a":
            raise ValueError(text)
        return int(text[1:])
    except ValueError:
        raise InputError(f"'{cursor}' is no cursor of a page.", "Take `next` of the page before, unchanged.", "cursor") from None
