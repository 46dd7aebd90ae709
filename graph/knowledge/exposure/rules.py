"""The declared limits: read from YAML, validated, and refused with the field that is wrong."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from graph.errors import InputError
from graph.ledger import Ledger

OWN_FILE = "limits.yaml"

Share = Annotated[Decimal, Field(ge=0, le=1, max_digits=5, decimal_places=4)]
Positive = Annotated[Decimal, Field(gt=0, le=1, max_digits=5, decimal_places=4)]

Of = Literal["client", "connected", "related", "related_group", "related_all"]
Amount = Literal["loans", "exposure", "related", "lex"]
Basis = Literal["exposure", "related", "lex"]
CapitalName = Literal["net_capital", "tier1", "net_capital_last_quarter"]


class Status(StrEnum):
    """How sure a figure is."""

    CONFIRMED = "confirmed"
    TO_CONFIRM = "to-confirm"
    HOUSE = "house"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(_Strict):
    """Chinese and English."""

    zh: str
    en: str


class Document(_Strict):
    """Where a limit stands."""

    issuer: str
    document: str
    number: str
    in_force_from: date


class LimitRule(_Strict):
    """At most `limit` of `capital`, of `amount`, over each of `of`."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    name: Said
    source: str
    article: str = ""
    article_status: Status = Status.TO_CONFIRM
    of: Of
    clients: Literal["nonbank", "bank", "all"]
    amount: Amount
    capital: CapitalName
    limit: Positive
    status: Status
    applies: bool = True


class Factors(_Strict):
    """Credit conversion factors: what a unit counts, of what is not drawn."""

    status: Status
    off_balance: dict[Literal["acceptance", "letter_of_credit", "guarantee"], Share]
    undrawn: Share


class Mitigation(_Strict):
    """What is taken off an amount."""

    margin: bool
    collateral: tuple[str, ...] = ()
    haircut: Share = Decimal(0)
    guarantees: bool = False  # Basel: what is guaranteed is exposure to the guarantor instead
    status: Status


class _Large(_Strict):
    exposure: Positive
    lex: Positive


class _Related(_Strict):
    holder_share: Positive
    status: Status


class LimitSettings(_Strict):
    """Everything declared."""

    documents: dict[str, Document]
    rules: tuple[LimitRule, ...]
    large: _Large
    warning: Positive
    factors: Factors
    mitigation: dict[Basis, Mitigation]
    interbank: tuple[str, ...]
    related: _Related
    rate_days: Annotated[int, Field(ge=1, le=366)]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for rule in self.rules:
            if rule.source not in self.documents:
                raise ValueError(f"rule '{rule.id}' names the document '{rule.source}', which is not declared")
        if len({rule.id for rule in self.rules}) < len(self.rules):
            raise ValueError("two rules have one id")
        if set(self.factors.off_balance) != {"acceptance", "letter_of_credit", "guarantee"}:
            raise ValueError("factors.off_balance must name acceptance, letter_of_credit and guarantee")
        if set(self.mitigation) != {"exposure", "related", "lex"}:
            raise ValueError("mitigation must name exposure, related and lex")
        return self

    def in_force(self, day: date) -> tuple[LimitRule, ...]:
        """The rules that apply on that day."""
        return tuple(rule for rule in self.rules if rule.applies and self.documents[rule.source].in_force_from <= day)

    def rule(self, rule_id: str) -> LimitRule:
        """The rule called so. InputError where none is."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise InputError(f"There is no limit '{rule_id}'.", f"Known: {', '.join(rule.id for rule in self.rules)}.", "rule")


def limits_beside(ledger: Ledger) -> LimitSettings:
    """The bank's own `limits.yaml` beside the ledger, else what Yujing declares. InputError names what is wrong in it."""
    own = ledger.root.parent / OWN_FILE
    return _read(own, own.stat().st_mtime_ns) if own.is_file() else declared_limits()


@cache
def declared_limits() -> LimitSettings:
    """The limits that Yujing declares."""
    return parse_limits(files(__package__).joinpath("rules.yaml").read_text("utf-8"), "rules.yaml")


def parse_limits(text: str, where: str) -> LimitSettings:
    """Limits out of YAML. InputError names the field."""
    try:
        plain: Any = yaml.safe_load(text)
        return LimitSettings.model_validate(plain)
    except yaml.YAMLError as problem:
        raise InputError(f"{where}: this is no YAML: {problem}", "Check indentation and quotes.", "limits") from None
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "limits"
        raise InputError(f"{where}: {field}: {first['msg']}.", "Compare with the file that Yujing ships.", field) from None


@lru_cache(maxsize=8)
def _read(path: Path, _changed_ns: int) -> LimitSettings:
    return parse_limits(path.read_text("utf-8"), str(path))
