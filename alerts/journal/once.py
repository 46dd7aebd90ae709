"""Idempotency keys: the first call with a key works, every later one gets the same answer."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from alerts.journal.records import Answer, Once
from alerts.journal.tables import OnceRow
from graph.errors import ConflictError

LEASE = timedelta(seconds=60)
"""After this a call that never answered counts as killed, and the next with its key may work."""


class InProgressError(ConflictError):
    """Another call with the same key is still being answered."""


def claim(session: Session, key: str, principal: str, request_hash: str) -> Once:
    """Claims the key, or gives the answer it already has. ConflictError for another body, InProgressError while one works."""
    mine = uuid4().hex
    row = OnceRow(
        principal=principal, key=key, request_hash=request_hash, claim=mine, created_at=datetime.now(UTC), status=None, body=None
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return _claimed_before(session, row)
    return Once(key, principal, None, mine)


def _claimed_before(session: Session, mine: OnceRow) -> Once:
    held = session.scalars(select(OnceRow).where(OnceRow.principal == mine.principal, OnceRow.key == mine.key)).one()
    if held.request_hash != mine.request_hash:
        raise ConflictError(f"Idempotency-Key '{mine.key}' was used with another request.", "Use a new key.", "Idempotency-Key")
    if held.status is not None:
        return Once(mine.key, mine.principal, Answer(held.status, held.body or b""), held.claim)
    if held.created_at > datetime.now(UTC) - LEASE:
        raise InProgressError(
            f"A call with Idempotency-Key '{mine.key}' is being answered.", "Ask again shortly.", "Idempotency-Key"
        )
    taken = session.execute(
        update(OnceRow)
        .where(OnceRow.principal == mine.principal, OnceRow.key == mine.key, OnceRow.claim == held.claim)
        .values(claim=mine.claim, created_at=mine.created_at)
    )
    if not _changed(taken):
        raise InProgressError(
            f"A call with Idempotency-Key '{mine.key}' is being answered.", "Ask again shortly.", "Idempotency-Key"
        )
    return Once(mine.key, mine.principal, None, mine.claim)


def answer(session: Session, once: Once, given: Answer) -> None:
    """Keeps the answer. ConflictError where another call took the key over meanwhile."""
    kept = session.execute(
        update(OnceRow)
        .where(OnceRow.principal == once.principal, OnceRow.key == once.key, OnceRow.claim == once.claim, OnceRow.status.is_(None))
        .values(status=given.status, body=given.body)
    )
    if not _changed(kept):
        raise ConflictError(
            f"Idempotency-Key '{once.key}' was taken over by another call.", "Ask again for its answer.", "Idempotency-Key"
        )


def _changed(result: object) -> bool:
    return isinstance(result, CursorResult) and result.rowcount == 1
