"""A rule as it is used, and the Pydantic shape of the YAML it is written in."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from alerts.rules.condition import Condition
from alerts.said import Citation, Grade, RuleStatus, Sentence, Stage


class SpeaksOf(StrEnum):
    """Which clients a post-loan rule speaks of: early warning of one that is in default already tells nothing."""

    PERFORMING = "performing"
    EVERYONE = "everyone"


ALWAYS = date(2000, 1, 1)
NEVER = date(9999, 12, 31)


@dataclass(frozen=True)
class Rule:
    """One rule: when it fires, how urgent that is, what it says and where it comes from.

    Rules of one `cause` make one alert a firm: the worst of them gives its grade and its sentence. A rule that speaks of
    performing clients does not fire on one for whom the fact `performing` is false.
    """

    id: str
    version: int
    pack: str
    stage: Stage
    grade: Grade
    cause: str
    condition: Condition
    sentence: Sentence
    advice: Sentence
    citation: Citation
    status: RuleStatus
    speaks_of: SpeaksOf = SpeaksOf.EVERYONE

    def in_force(self, on: date) -> bool:
        """Whether the rule holds for a decision of that day."""
        return self.citation.in_force_from <= on < self.citation.in_force_to

    def spares(self, signed_on: date | None) -> bool:
        """Whether a contract signed that day keeps the old rule."""
        return self.citation.spares_earlier_contracts and signed_on is not None and signed_on < self.citation.in_force_from


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


_Id = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{2,60}$")]
_Said = Annotated[str, Field(min_length=2, max_length=600)]


class SentenceDoc(_Strict):
    """One sentence, both languages; `{fact}` stands for the fact's figure with its unit."""

    zh: _Said
    en: _Said


class SourceDoc(_Strict):
    """A document that rules cite."""

    issuer: Annotated[str, Field(min_length=2)]
    document: Annotated[str, Field(min_length=2)]
    year: Annotated[int, Field(ge=1990, le=2100)]
    in_force_from: date
    in_force_to: date = NEVER
    spares_earlier_contracts: bool = False


class RuleDoc(_Strict):
    """One rule as written."""

    id: _Id
    version: Annotated[int, Field(ge=1)] = 1
    stage: Stage
    grade: Grade
    cause: _Id | None = Field(default=None, description="Rules of one cause make one alert a firm. Default: the rule's id.")
    when: Annotated[str, Field(min_length=3, description="SQL boolean expression over named facts; see docs/rules.md.")]
    says: SentenceDoc
    do: SentenceDoc
    source: _Id | None = Field(default=None, description="A key of the pack's `sources`; none for a house rule.")
    article: str = ""
    status: RuleStatus
    speaks_of: SpeaksOf | None = Field(default=None, description="Post-loan rules: default is the pack's.")


class PackDoc(_Strict):
    """One pack: a YAML file."""

    pack: _Id
    format: Literal[1] = 1
    title: SentenceDoc
    speaks_of: SpeaksOf = Field(default=SpeaksOf.EVERYONE, description="Which clients its post-loan rules speak of.")
    sources: dict[_Id, SourceDoc] = Field(default_factory=dict)
    rules: Annotated[list[RuleDoc], Field(min_length=1)]


HOUSE = SourceDoc(issuer="本行 (house)", document="内部预警规则 (house early-warning rules)", year=2025, in_force_from=ALWAYS)


def cite(source: SourceDoc, article: str) -> Citation:
    """The citation that an alert carries."""
    told = source.model_dump()
    return Citation(article=article, **told)
