"""Proposals that two firms are one, and an officer's word on them."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import Field

from api.wire.common import Day, Text, Wire
from ingest.resolution.book import Proposal


class ProposalQuery(Wire):
    """Which proposals."""

    as_of: Annotated[Day | None, Field(description="the newest proposals and words by the end of a day; today unless told")] = None
    status: Literal["open", "merged", "rejected", "all"] = "open"
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=400, description="`next` of the page before, unchanged")] = ""


class Reason(Wire):
    """One bar of the waterfall, in bits: twice as probable a bit."""

    feature: str
    zh: str
    en: str
    level_zh: str
    level_en: str
    bits: float
    left: str
    right: str


class Side(Wire):
    """One of the two firms."""

    id: str
    name: str
    uscc: str


class ProposalView(Wire):
    """Two firms that may be one. `prior_bits` and the reasons' bits add up to `bits`, the log-odds in base two."""

    id: str
    status: Literal["open", "merged", "rejected"]
    keep: Side
    join: Side
    probability: float
    bits: float
    prior_bits: float
    reasons: tuple[Reason, ...]
    as_of: date
    ledger_seq: int
    model_version: str
    by: str
    why: str
    at: datetime | None

    @classmethod
    def of(cls, found: Proposal) -> "ProposalView":
        return cls(
            id=found.id,
            status=found.status,
            keep=Side(id=found.keep, name=found.keep_name, uscc=found.keep_code),
            join=Side(id=found.join, name=found.join_name, uscc=found.join_code),
            probability=found.probability,
            bits=found.bits,
            prior_bits=found.prior_bits,
            reasons=tuple(Reason(**reason) for reason in found.reasons),
            as_of=found.as_of,
            ledger_seq=found.ledger_seq,
            model_version=found.model_version,
            by=found.by,
            why=found.why,
            at=datetime.fromtimestamp(found.at / 1e6, UTC) if found.at is not None else None,
        )


class ProposalList(Wire):
    """One page, the most probable first; `next` is the cursor of the page after, null on the last."""

    items: tuple[ProposalView, ...]
    next: str | None


class ResolutionDecision(Wire):
    """An officer's word: the two are one, they are not, or the last word is taken back."""

    verdict: Literal["merge", "reject", "undo"]
    why: Text
