"""The declared targets: those that Yujing ships with, and those that a bank added to its ontology."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import sqlglot
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlglot import exp

from graph.errors import InputError, NotFoundError
from graph.ontology import EntityType, Ontology

DEFAULT = "default"
_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_OWN_TABLES = frozenset({"_due"})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Said(_Strict):
    """What every declared part says of itself in both languages."""

    name: str = Field(pattern=_NAME)
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    sql: str = Field(min_length=1)


class _Ruled(_Said):
    source: str = Field(min_length=1)
    status: Literal["regulation", "to-confirm", "house"]


class Limb(_Ruled):
    """One state that makes a firm a positive: `sql` gives firm, day, until, evidence."""

    cure_days: int = Field(0, ge=0)
    cure: Literal["regulation", "to-confirm", "house"] = "house"


class End(_Ruled):
    """One way in which a loan note ends: `sql` gives day, note, evidence."""


class Intervention(_Said):
    """What the bank did in the meantime: `sql` gives firm, item, value on the day and again when the window closes.

    Of an item that is there on both, `sign` says which way its value went.
    """

    sign: Literal["lower", "higher"]


class _Why(_Strict):
    zh: str
    en: str


class Target(_Strict):
    """A versioned definition of what is foretold. See `targets.yaml` for what each field means."""

    name: str = Field(pattern=_NAME)
    version: int = Field(ge=1)
    unit: Literal["firm", "loan_note"]
    zh: str
    en: str
    why: _Why
    horizons: tuple[int, ...] = Field(min_length=1)
    worse: tuple[str, ...] = ()
    limbs: tuple[Limb, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    settled_days: int = Field(0, ge=0)
    due: str = ""
    ends: tuple[End, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> "Target":
        if self.unit == "firm" and (not self.limbs or self.ends or self.due):
            raise ValueError("a target of firms has limbs, and neither `due` nor `ends`")
        if self.unit == "loan_note" and (len(self.ends) < 2 or not self.due or self.limbs):
            raise ValueError("a target of loan notes has `due` and two ends or more, and no limbs")
        for parts in (self.limbs, self.ends, self.interventions):
            if len({part.name for part in parts}) < len(parts):
                raise ValueError("two parts have the same name")
        if any(not 1 <= days <= _LONGEST for days in self.horizons):
            raise ValueError(f"a horizon is 1 to {_LONGEST} days")
        return self

    @property
    def digest(self) -> str:
        """Twelve hex digits that change with anything that decides who is a positive; words do not count."""
        told = self.model_dump(mode="json", exclude={"zh", "en", "why", "horizons"})
        for part in ("limbs", "ends", "interventions"):
            told[part] = [{k: v for k, v in each.items() if k not in _WORDS} for each in told[part]]
        told = json.loads(re.sub(r"(\\n|\s)+", " ", json.dumps(told)))
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:12]

    def check_horizon(self, days: int) -> None:
        """InputError unless the target is declared for so many days."""
        if days not in self.horizons:
            known = ", ".join(str(h) for h in self.horizons)
            raise InputError(f"Target {self.name} is not declared for {days} days.", f"Take one of {known}.", "horizon")


_WORDS = frozenset({"zh", "en", "source", "status", "cure"})
_LONGEST = 3650


@cache
def _shipped() -> Mapping[str, Target]:
    told = yaml.safe_load(files("models.targets").joinpath("targets.yaml").read_text("utf-8"))
    return {name: Target(name=name, **said) for name, said in told.items()}


def shipped_target(name: str) -> Target:
    """One of those that Yujing ships with."""
    return _shipped()[name]


def targets_of(ontology: Ontology) -> dict[str, Target]:
    """Every target by name, the bank's own after those shipped. InputError names the field of a bank's that is not right."""
    found = dict(_shipped())
    for name, said in ontology.targets.items():
        if name in found:
            raise InputError(
                f"ontology: target {name} is one that Yujing ships with.", "Give yours another name.", f"targets.{name}"
            )
        found[name] = _parsed(name, said)
    for target in found.values():
        _check(target, found, ontology)
    return found


def target_named(ontology: Ontology, name: str) -> Target:
    """The target called `name`; NotFoundError says which there are."""
    found = targets_of(ontology)
    if name not in found:
        raise NotFoundError(f"There is no target '{name}'.", f"Declared: {', '.join(found)}. See `yujing targets list`.", "target")
    return found[name]


def states_of(ontology: Ontology, target: Target) -> tuple[Limb, ...]:
    """All limbs that keep a firm from being scored: the target's own and those of what is worse."""
    found = targets_of(ontology)
    return (*target.limbs, *(limb for name in target.worse for limb in found[name].limbs))


def _parsed(name: str, said: dict[str, Any]) -> Target:
    try:
        return Target.model_validate({"name": name, **said})
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(["targets", name, *(str(part) for part in first["loc"])])
        raise InputError(f"ontology: {where}: {first['msg']}.", "See docs/modeler.md, 'Targets'.", where) from problem


def _check(target: Target, found: Mapping[str, Target], ontology: Ontology) -> None:
    for other in target.worse:
        if other not in found or found[other].unit != "firm":
            where = f"targets.{target.name}.worse"
            raise InputError(f"ontology: {where} names '{other}', which is no target of firms.", "Declare it first.", where)
    queries = {part.name: part.sql for part in (*target.limbs, *target.ends, *target.interventions)}
    queries |= {"due": target.due} if target.due else {}
    for name, sql in queries.items():
        _check_sql(sql, f"targets.{target.name}.{name}", _tables(ontology))


def _tables(ontology: Ontology) -> frozenset[str]:
    past = (f"{name}_history" for name, kind in ontology.types.items() if not isinstance(kind, EntityType))
    return frozenset((*ontology.types, *past, *_OWN_TABLES))


@cache
def _check_sql(sql: str, where: str, tables: frozenset[str]) -> None:
    """One SELECT over the ontology's tables and nothing else. InputError names the field."""
    try:
        parsed = sqlglot.parse(sql.replace(":as_of", "DATE '2000-01-01'"), read="duckdb")
    except sqlglot.errors.SqlglotError as problem:
        raise InputError(f"ontology: {where}: the SQL cannot be read: {problem}", "Write one SELECT.", where) from problem
    tree = parsed[0] if len(parsed) == 1 else None
    if not isinstance(tree, exp.Query):
        raise InputError(f"ontology: {where} is not one SELECT.", "Write one SELECT over the ontology's types.", where)
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) or table.db or table.name not in tables | named:
            raise InputError(
                f"ontology: {where} reads '{table.sql()}', which is no type.", "Read the ontology's types only.", where
            )
