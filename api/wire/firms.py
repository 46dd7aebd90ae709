"""A firm as an officer needs it on one page: who it is, what it owes, who stands behind it, and what cannot be seen."""

from datetime import date
from typing import Annotated

from pydantic import Field

from alerts.said import ScoreSplit, Sentence
from api.wire.alerts import AlertSummary
from api.wire.common import Day, Row, Text, Wire
from api.wire.parts import Part


class FirmQuery(Wire):
    """Which firms, as of which day."""

    q: Annotated[Text, Field(description="an entity id, a credit code, or a part of the name")]
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class FoundFirm(Wire):
    """One firm that a search found."""

    id: str
    name: str
    uscc: str


class FirmHits(Wire):
    """What a search found: exact matches first, then by name."""

    items: tuple[FoundFirm, ...]


class DayQuery(Wire):
    """Which day."""

    as_of: Annotated[Day | None, Field(description="the day whose knowledge is asked for; today unless told")] = None


class Identity(Wire):
    """Who the firm is, as last known; `row` is where it was last told."""

    id: str
    name: str
    uscc: str
    size: str | None
    industry: str | None
    region: str | None
    status: str | None
    state_owned: bool | None
    listed: bool | None
    registered_capital_fen: int | None
    established_on: date | None
    branch: str | None
    officer: str | None
    stub: Annotated[bool, Field(description="only ever named by others: no feed tells of the firm itself")]
    row: Row | None


class Note(Wire):
    """One loan note (借据) and its latest state."""

    id: str
    number: str
    product: str | None
    currency: str | None
    principal_fen: int | None
    balance_fen: int | None
    days_past_due: int | None
    five_tier: str | None
    drawn_on: date | None
    matures_on: date | None
    row: Row | None


class Exposure(Wire):
    """What the firm owes the bank and what it may still draw; null is unknown, never zero."""

    limit_fen: int | None
    balance_fen: int | None
    overdue_fen: int | None
    due_90_days_fen: int | None
    collateral_fen: int | None
    worst_days_past_due: int | None
    worst_five_tier: str | None
    notes: tuple[Note, ...]


class Owner(Wire):
    """A shareholder; persons are shown masked."""

    id: str
    kind: str
    name: str
    equity_share: float | None
    voting_share: float | None
    since: date
    row: Row


class Guarantee(Wire):
    """A guarantee, given to or taken from the other end."""

    id: str
    other: str
    other_kind: str
    other_name: str
    amount_fen: int | None
    currency: str | None
    liability: str | None
    scheme: str | None
    since: date
    until: date | None
    row: Row


class Source(Wire):
    """A file that something on this page came from, and how many of its rows."""

    feed: str
    file: str
    sheet: str
    batch: str
    rows: int


class Firm(Wire):
    """The 360 of one firm on one day."""

    as_of: date
    ledger_seq: int
    headline: Annotated[Sentence, Field(description="how the firm stands, in one sentence")]
    identity: Identity
    exposure: Exposure
    owners: tuple[Owner, ...]
    guarantees_given: tuple[Guarantee, ...]
    guarantees_taken: tuple[Guarantee, ...]
    score: ScoreSplit | None
    unscored: Annotated[Sentence | None, Field(description="why there is no score: in default, for one; null beside a score")]
    alerts: tuple[AlertSummary, ...]
    blind_spots: tuple[Sentence, ...]
    parts: Annotated[tuple[Part, ...], Field(description="every part of the page; each can be asked alone")]
    sources: tuple[Source, ...]
