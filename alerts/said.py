"""What Yujing says: alerts and decisions with their evidence, frozen, the same for journal, API and CLI."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

FigureValue = int | float | bool | str | date | None
"""The value of one fact; None is "could not be seen", never zero."""


class Stage(StrEnum):
    """When in a loan's life something is said."""

    PRE_LOAN = "pre_loan"
    DRAWDOWN = "drawdown"
    POST_LOAN = "post_loan"
    DATA = "data"  # of a feed, not of a firm


class Grade(StrEnum):
    """How urgent an alert is. Before a loan red declines and orange refers; at drawdown red blocks and orange holds."""

    RED = "red"
    ORANGE = "orange"
    YELLOW = "yellow"

    @property
    def rank(self) -> int:
        """3 for red, 2 for orange, 1 for yellow: greater is worse."""
        return {"red": 3, "orange": 2, "yellow": 1}[self.value]


class Advice(StrEnum):
    """What the bank is advised to do: the first three before a loan, the last three at drawdown."""

    APPROVE = "approve"
    REFER = "refer"
    DECLINE = "decline"
    RELEASE = "release"
    HOLD = "hold"
    BLOCK = "block"


class RuleStatus(StrEnum):
    """How sure the cited text is: seen in a public text, still to be confirmed, or the bank's own rule."""

    CONFIRMED = "confirmed"
    TO_CONFIRM = "to-confirm"
    HOUSE = "house"


@dataclass(frozen=True)
class Sentence:
    """One sentence in both languages; Chinese is read first."""

    zh: str
    en: str


@dataclass(frozen=True)
class FirmRef:
    """Who it is about. `id` is empty for an applicant that the bank does not know yet."""

    id: str
    name: str
    uscc: str


@dataclass(frozen=True)
class Edge:
    """One relation of a path, from `src` to `dst` as the ledger has it, whichever way the path went over it."""

    type: str
    rel: str
    src: str
    dst: str


@dataclass(frozen=True)
class Path:
    """Relations end to end, and what they show."""

    says: Sentence
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Row:
    """One value in the ledger and the place in the bank's file it came from."""

    fact: str
    type: str
    id: str
    property: str
    value: str
    file: str
    sheet: str
    line: int | None
    batch: str


@dataclass(frozen=True)
class TopRelation:
    """A relation that contagion came by, with its contribution in log-odds."""

    type: str
    way: str
    rel: str
    other: str
    contribution: float


@dataclass(frozen=True)
class ScoreSplit:
    """A score taken apart: `log_odds` = `own` + `contagion`."""

    probability: float
    log_odds: float
    own: float
    contagion: float
    top_relations: tuple[TopRelation, ...]
    horizon_days: int
    as_of: date
    model: str
    model_version: str
    run_id: str


@dataclass(frozen=True)
class Citation:
    """Where a rule comes from, when it is in force, and whether earlier contracts keep the old rule."""

    issuer: str
    document: str
    year: int
    article: str
    in_force_from: date
    in_force_to: date
    spares_earlier_contracts: bool


@dataclass(frozen=True)
class RuleHit:
    """A rule that fired and the figures it fired on."""

    rule: str
    version: int
    pack: str
    grade: Grade
    sentence: Sentence
    advice: Sentence
    citation: Citation
    status: RuleStatus
    inputs: Mapping[str, FigureValue]


@dataclass(frozen=True)
class Unseen:
    """What could not be seen: a fact without a value, the rules that needed it, and why in both languages."""

    fact: str
    says: Sentence
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """Everything an alert or a decision stands on."""

    paths: tuple[Path, ...] = ()
    rows: tuple[Row, ...] = ()
    score: ScoreSplit | None = None


@dataclass(frozen=True)
class Alert:
    """One firm, one cause. The same cause on a later day updates the alert: `id` depends on stage, firm and cause alone."""

    id: str
    stage: Stage
    grade: Grade
    firm: FirmRef
    cause: str
    sentence: Sentence
    hits: tuple[RuleHit, ...]
    evidence: Evidence
    unseen: tuple[Unseen, ...]
    as_of: date
    ledger_seq: int
    created_at: datetime
    branch: str = ""


@dataclass(frozen=True)
class Limit:
    """An exposure before and after the loan, against what is allowed. Shares of `base`; None where no figure is known."""

    name: str
    says: Sentence
    before: float | None
    after: float | None
    allowed: float
    headroom_cny: float | None


@dataclass(frozen=True)
class RelatedParty:
    """A guarantor or payee, and what is known of it."""

    role: str
    firm: FirmRef
    facts: Mapping[str, FigureValue] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """An advice with its reasons. `inputs` are all figures seen, `spared` the rules that an earlier contract escapes."""

    id: str
    stage: Stage
    advice: Advice
    firm: FirmRef
    request: Mapping[str, object]
    reasons: tuple[RuleHit, ...]
    evidence: Evidence
    unseen: tuple[Unseen, ...]
    inputs: Mapping[str, FigureValue]
    as_of: date
    ledger_seq: int
    created_at: datetime
    limits: tuple[Limit, ...] = ()
    related: tuple[RelatedParty, ...] = ()
    spared: tuple[str, ...] = ()
    branch: str = ""


@dataclass(frozen=True)
class ScanResult:
    """One day's alerts over the book, what was looked at and what could not be seen anywhere."""

    as_of: date
    ledger_seq: int
    firms: int
    rules: int
    alerts: tuple[Alert, ...]
    unseen: tuple[Unseen, ...]
    score_run: str = ""
    score_threshold: float | None = None
    packs_hash: str = ""
