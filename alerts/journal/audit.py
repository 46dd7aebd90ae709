"""The audit chain: each entry hashes the one before, so an altered, missing or reordered row is found."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.journal.codec import canonical
from alerts.journal.records import AuditCheck
from alerts.journal.tables import AuditHeadRow, AuditRow, OutboxRow

GENESIS = "0" * 64
_STEP = 1000


@dataclass
class Chain:
    """The locked end of the chain inside one transaction: whoever holds it is the only writer."""

    session: Session
    head: AuditHeadRow

    @classmethod
    def lock(cls, session: Session) -> "Chain":
        """Waits for other writers, then holds the head until the transaction ends."""
        return cls(session, session.execute(select(AuditHeadRow).with_for_update()).scalar_one())

    def add(self, principal: str, action: str, subject: str, body: object) -> None:
        """Appends one entry."""
        row = AuditRow(
            seq=self.head.seq + 1,
            prev=self.head.this,
            principal=principal,
            action=action,
            subject=subject,
            at=datetime.now(UTC),
            body=canonical(body),
        )
        row.this = _hash(row)
        self.head.seq, self.head.this = row.seq, row.this
        self.session.add(row)

    def send(self, topic: str, body: object) -> None:
        """Puts a message into the outbox of the same transaction."""
        self.session.add(
            OutboxRow(
                id=f"M-{uuid4().hex}", topic=topic, payload=canonical(body).encode(), created_at=datetime.now(UTC), sent_at=None
            )
        )

    def next_alert(self) -> int:
        """The next alert number."""
        self.head.alert_seq += 1
        return self.head.alert_seq


def verify(session: Session) -> AuditCheck:
    """Walks the chain from its first entry to the head; memory does not grow with it."""
    seen, prev = 0, GENESIS
    rows = session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=_STEP))
    for row in rows:
        seen += 1
        if row.seq != seen:
            return _broken(seen - 1, seen, f"entry {seen} is missing")
        if row.prev != prev:
            return _broken(seen - 1, seen, f"entry {seen} does not follow the one before it")
        if row.this != _hash(row):
            return _broken(seen - 1, seen, f"entry {seen} was altered")
        prev = row.this
    head = session.scalars(select(AuditHeadRow)).one()
    if (head.seq, head.this) != (seen, prev):
        return _broken(seen, seen + 1, f"the chain ends at entry {seen}, its head says {head.seq}")
    return AuditCheck(seen, True, None, f"{seen} entries, the chain is whole")


def _broken(entries: int, at: int, says: str) -> AuditCheck:
    return AuditCheck(entries, False, at, says)


def _hash(row: AuditRow) -> str:
    parts = (row.prev, str(row.seq), row.principal, row.action, row.subject, row.at.astimezone(UTC).isoformat(), row.body)
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
