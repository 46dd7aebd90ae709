"""The journal's tables as mapped classes; `migrations/` brings a database to them."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Date, DateTime, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant in every database: SQLite forgets the zone, so it is given back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value and value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables of the journal."""

    type_annotation_map = {datetime: Instant, date: Date, dict[str, Any]: JSON, bytes: LargeBinary}  # noqa: RUF012


class ApiKeyRow(Base):
    """Who may call: the secret is kept as a hash only."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    hashed_key: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    branch: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class OnceRow(Base):
    """An idempotency key: one row a principal and key; `status` is null while the first call still works."""

    __tablename__ = "idempotency"

    principal: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    claim: Mapped[str] = mapped_column(String(32))
    status: Mapped[int | None]
    body: Mapped[bytes | None]
    created_at: Mapped[datetime]


class DecisionRow(Base):
    """A decision as it was given; `body` holds all of it."""

    __tablename__ = "decisions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    stage: Mapped[str] = mapped_column(String(20))
    advice: Mapped[str] = mapped_column(String(20))
    firm: Mapped[str] = mapped_column(String(100), index=True)
    branch: Mapped[str] = mapped_column(String(100))
    principal: Mapped[str] = mapped_column(String(100))
    as_of: Mapped[date]
    ledger_seq: Mapped[int]
    created_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class AlertRow(Base):
    """An alert as it stands. `seq` is given once and orders pages, so a page does not move under writes."""

    __tablename__ = "alerts"
    __table_args__ = (Index("alerts_by_firm", "firm", "stage"), Index("alerts_by_grade", "status", "grade"))

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, unique=True)
    stage: Mapped[str] = mapped_column(String(20))
    grade: Mapped[str] = mapped_column(String(10))
    firm: Mapped[str] = mapped_column(String(100))
    cause: Mapped[str] = mapped_column(String(80))
    branch: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    first_as_of: Mapped[date]
    as_of: Mapped[date]
    ledger_seq: Mapped[int]
    content: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    body: Mapped[dict[str, Any]]


class AlertActionRow(Base):
    """What a person did about an alert."""

    __tablename__ = "alert_actions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    alert: Mapped[str] = mapped_column(ForeignKey("alerts.id"), index=True)
    action: Mapped[str] = mapped_column(String(40))
    principal: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class ScanRow(Base):
    """One scan: a day, the ledger and the packs it saw. `finished_at` is null where it was killed."""

    __tablename__ = "scans"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    as_of: Mapped[date]
    ledger_seq: Mapped[int]
    packs_hash: Mapped[str] = mapped_column(String(32))
    score_run: Mapped[str] = mapped_column(String(64))
    firms: Mapped[int]
    alerts: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ScoreRunRow(Base):
    """The header of a score run that something in the journal cites."""

    __tablename__ = "score_runs"

    run_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    as_of: Mapped[date]
    horizon_days: Mapped[int]
    model: Mapped[str] = mapped_column(String(100))
    model_version: Mapped[str] = mapped_column(String(100))


class CitedScoreRow(Base):
    """The score of a firm as an alert or a decision cited it."""

    __tablename__ = "cited_scores"

    run_id: Mapped[str] = mapped_column(ForeignKey("score_runs.run_id"), primary_key=True)
    firm: Mapped[str] = mapped_column(String(100), primary_key=True)
    probability: Mapped[float]
    log_odds: Mapped[float]
    own: Mapped[float]
    contagion: Mapped[float]
    body: Mapped[dict[str, Any]]


class AuditRow(Base):
    """One entry of the hash chain: `this` = SHA-256 over `prev` and the entry."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("this"), UniqueConstraint("prev"))

    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    prev: Mapped[str] = mapped_column(String(64))
    this: Mapped[str] = mapped_column(String(64))
    principal: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(100), index=True)
    at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)


class AuditHeadRow(Base):
    """The chain's last link and the last alert number: one row, locked by whoever writes, so writers go one after another."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    this: Mapped[str] = mapped_column(String(64))
    alert_seq: Mapped[int]


class OutboxRow(Base):
    """A message that goes out after the commit that wrote it."""

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    topic: Mapped[str] = mapped_column(String(80))
    payload: Mapped[bytes]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
