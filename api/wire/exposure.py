"""Exposure and limits on the wire: what is out, by component, and how far each limit is used before and after a loan."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Day, Row, Wire

Fen = Annotated[int, Field(description="fen of CNY")]
_MAX_FEN = 10**17


class ExposureQuery(Wire):
    """Which day, and a loan that may be granted."""

    as_of: Annotated[Day | None, Field(description="the day whose knowledge is asked for; today unless told")] = None
    add_fen: Annotated[int, Field(ge=0, le=_MAX_FEN, description="a new credit, in fen of CNY")] = 0
    product: Annotated[
        Literal[
            "working_capital",
            "fixed_asset",
            "advance",
            "other",
            "acceptance",
            "letter_of_credit",
            "guarantee",
            "credit_line",
        ],
        Field(description="of the new credit"),
    ] = "working_capital"


class LimitQuery(Wire):
    """Which uses of limits."""

    as_of: Day | None = None
    above: Annotated[float, Field(ge=0.05, le=100, description="share of the limit from which on")] = 0.8
    rule: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9-]*$", description="one limit only")] = ""
    pending: Annotated[bool, Field(description="also sets as they would be with what awaits an officer's word")] = True
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=400, description="`next` of the page before, unchanged")] = ""


class CapitalFigureView(Wire):
    """A capital figure and since which day it is told."""

    name: str
    fen: int
    on: date


class CapitalView(Wire):
    """Of what limits are shares. Without figures `reason` says why; `late`: older than the end of the last quarter."""

    bank: str
    figures: tuple[CapitalFigureView, ...]
    late: bool
    reason: Sentence | None


class ExposureItem(Wire):
    """A note or a line with the row that tells it. `gross_fen` null: no rate for its currency."""

    item: str
    component: str
    said: Sentence
    product: str | None
    amount_fen: Annotated[int, Field(description="minor units of `currency`, as told")]
    currency: str
    gross_fen: Fen | None
    margin_fen: Fen | None
    factor: Annotated[float, Field(description="what a unit counts")]
    exposure_fen: Fen | None
    negative: Annotated[bool, Field(description="told below nothing: counts nothing")]
    row: Row


class AmountsView(Wire):
    """Gross by component, what is taken off, and what each document counts."""

    drawn_fen: Fen
    off_balance_fen: Fen
    undrawn_fen: Fen
    margin_fen: Fen
    collateral_fen: Fen
    exposure_fen: Fen
    related_fen: Fen
    lex_fen: Fen


class ExposureGroup(Wire):
    """Who stands together with the firm."""

    kind: str
    said: Sentence
    group: str
    members: tuple[str, ...]
    interbank: bool
    amounts: AmountsView


class LimitUseView(Wire):
    """How far one limit is used."""

    rule: str
    name: Sentence
    document: str
    article: str
    article_status: str
    status: str
    subject: str
    pending: bool
    amount_fen: Fen
    limit: Annotated[float, Field(description="of the capital")]
    capital: str
    capital_fen: Fen | None
    capital_on: date | None
    limit_fen: Fen | None
    headroom_fen: Annotated[int | None, Field(description="fen; below nothing: over by so much")]
    share: float | None
    use: float | None
    large: bool | None
    level: str
    said: Sentence
    missing: tuple[str, ...]


class LimitChange(Wire):
    """One limit before and after the loan."""

    before: LimitUseView
    after: LimitUseView


class FirmExposure(Wire):
    """What is out to a firm on a day, and what a new loan would do."""

    as_of: date
    ledger_seq: int
    firm: str
    capital: CapitalView
    interbank: bool
    amounts: AmountsView
    guaranteed_fen: Annotated[int, Field(description="guarantees that it gave to this bank, fen of CNY; counted nowhere above")]
    items: tuple[ExposureItem, ...]
    groups: tuple[ExposureGroup, ...]
    unseen: Annotated[tuple[Sentence, ...], Field(description="what is not in these figures")]
    add_fen: int
    product: str
    limits: tuple[LimitChange, ...]
    binds: Annotated[str | None, Field(description="the rule with the least headroom after the loan")]


class LimitUses(Wire):
    """Uses of limits, the highest first."""

    as_of: date
    ledger_seq: int
    levels: Annotated[dict[str, int], Field(description="of all clients and sets of the day")]
    items: tuple[LimitUseView, ...]
    next: str | None
