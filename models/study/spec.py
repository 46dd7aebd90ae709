"""What a study is: which entities are asked on which days, what is to be foretold of them, and where the predictions go."""

from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from graph.errors import InputError
from graph.ontology import EntityType, FactType, Kind, Ontology, RelationType


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _texts(value: object) -> object:
    """YAML reads 1 and true unlike; a study means the value that the ledger holds, written out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return tuple(_texts(v) for v in value)
    return str(value) if isinstance(value, int | float) else value


Text = Annotated[str, BeforeValidator(_texts)]


class Target(_Strict):
    """A fact about the entity. `property` empty: that there is such a fact is the event, and that there is none is its absence.

    With a property: `positive` are its values that count as the event (a flag's is true); without a value: censored.
    """

    fact: str
    property: str = ""
    positive: Annotated[tuple[str, ...], BeforeValidator(_texts)] = ("true",)


class Where(_Strict):
    """The entity's own property, or a fact's as `Fact.property`, must have this value on the set's day."""

    property: str
    equals: Text


class Set(_Strict):
    """Entities as they stood on `as_of`; the outcome is what came after that day and was known by the end of `outcome_by`."""

    as_of: date
    outcome_by: date
    where: Where | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Set":
        if self.outcome_by <= self.as_of:
            raise ValueError(f"outcome_by ({self.outcome_by}) must be later than as_of ({self.as_of})")
        return self


class Sets(_Strict):
    train: Set
    validation: Set
    test: Set | None = None

    def named(self) -> dict[str, Set]:
        """By name, in the order of time."""
        return {n: s for n in ("train", "validation", "test") if (s := getattr(self, n)) is not None}

    @model_validator(mode="after")
    def _in_order(self) -> "Sets":
        named = list(self.named().items())
        for (before, first), (after, second) in pairwise(named):
            if second.as_of < first.as_of:
                raise ValueError(f"{after} ({second.as_of}) lies before {before} ({first.as_of})")
            if second.as_of < first.outcome_by and (first.where is None or second.where is None):
                raise ValueError(
                    f"{before}'s outcomes reach to {first.outcome_by}, into {after}'s day {second.as_of}; "
                    "only sets told apart by 'where' may share days"
                )
        return self


class Age(_Strict):
    """How long ago an event was, as the source itself says."""

    property: str
    unit: Literal["days", "weeks", "months", "years"] = "days"


class Events(_Strict):
    """Facts of which an entity may have many: counted, and weighed by 0.5 ** (age / half life)."""

    age: Age | None = Field(default=None, description="else: the day less valid_from")
    half_lives_days: tuple[Annotated[float, Field(gt=0)], ...] = (180.0, 720.0)
    by: tuple[str | tuple[str, ...], ...] | None = Field(
        default=None, description="properties, or pairs; else every choice and flag"
    )


class Predictions(_Strict):
    """The file of the test set: one row an entity and seed."""

    file: str = "test-predictions.csv"
    entity: str = Field(default="entity", description="what the column of the source's own keys is called")
    call: Literal["f1", "half"] = Field(
        default="f1",
        description="f1: log-odds are moved so that 0.5 is where the expected F1 is highest; half: calibrated, no more",
    )


class Study(_Strict):
    """One YAML file. Unsaid, everything that the ontology tells about the entity is used, but for the target's fact."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    title: str = ""
    manifest: str = Field(default="", description="beside the study; ingested first. Empty: the ledger of the home as it is")
    entity: str = "Firm"
    population: str = Field(
        default="", description="a fact that only entities asked about have on the day; else all that are no stubs"
    )
    target: Target
    sets: Sets
    own: tuple[str, ...] | None = Field(default=None, description="facts whose newest state is the entity's own features")
    events: dict[str, Events] = Field(default_factory=dict)
    groups: tuple[str, ...] = Field(
        default=(), description="entity types, or properties as Entity.property: sharing one is belonging together"
    )
    ignore: tuple[str, ...] = Field(default=(), description="types, or properties as Type.property, that are not to be seen")
    on_overlap: Literal["drop", "keep"] = Field(
        default="drop",
        description="entities of a later set: drop their rows from the earlier ones, so that none is learnt by heart",
    )
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0, 1, 2, 3, 4)
    predictions: Predictions = Predictions()
    published: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="name to figures (auc, f1, accuracy), shown beside"
    )

    def check(self, ontology: Ontology) -> None:
        """InputError, naming the field, where the study speaks of what the ontology does not have."""
        if not isinstance(ontology.get(self.entity), EntityType):
            raise InputError(f"'{self.entity}' is no entity type.", "Name one in the study.", "entity")
        self._about(ontology, self.target.fact, "target.fact")
        if self.target.property:
            self._property(ontology, self.target.fact, self.target.property, "target.property")
        for name in filter(None, (self.population, *(self.own or ()))):
            self._about(ontology, name, "population" if name == self.population else "own")
        for name, events in self.events.items():
            self._about(ontology, name, f"events.{name}")
            for by in events.by or ():
                for each in (by,) if isinstance(by, str) else by:
                    self._property(ontology, name, each, f"events.{name}.by")
            if events.age:
                self._property(ontology, name, events.age.property, f"events.{name}.age")
        for name in (*self.groups, *self.ignore):
            kind, _, property_name = name.partition(".")
            ontology.get(kind)
            if property_name:
                self._property(ontology, kind, property_name, "groups" if name in self.groups else "ignore")
        for name, asked in self.sets.named().items():
            if asked.where:
                kind, property_name = self.located(asked.where.property)
                self._property(ontology, kind, property_name, f"sets.{name}.where")

    def located(self, property_name: str) -> tuple[str, str]:
        """Type and property of `property` (the entity's own) or `Type.property`."""
        kind, dot, rest = property_name.rpartition(".")
        return (kind, rest) if dot else (self.entity, property_name)

    def hidden(self, kind: str, property_name: str = "") -> bool:
        """Is a type, or one of its properties, not to be seen?"""
        splits = {self.located(s.where.property) for s in self.sets.named().values() if s.where}
        return (
            kind in (self.target.fact, *self.ignore) or f"{kind}.{property_name}" in self.ignore or (kind, property_name) in splits
        )

    def _about(self, ontology: Ontology, name: str, field: str) -> None:
        kind = ontology.get(name)
        if not isinstance(kind, FactType) or self.entity not in kind.subject:
            raise InputError(f"{field}: '{name}' is no fact about {self.entity}.", "Name a fact type of the ontology.", field)

    def _property(self, ontology: Ontology, name: str, property_name: str, field: str) -> None:
        known = [p.name for p in ontology.get(name).properties]
        if property_name not in known:
            raise InputError(f"{field}: {name} has no property '{property_name}'.", f"It has {', '.join(known) or 'none'}.", field)


NUMBERS = (Kind.INTEGER, Kind.NUMBER, Kind.MONEY, Kind.SHARE)


def weight_of(kind: RelationType) -> str:
    """The property that says how much of a relation there is: amount, share, or its first number. Empty: it has none."""
    numbers = [p.name for p in kind.properties if p.kind in NUMBERS]
    return kind.amount or kind.share or (numbers[0] if numbers else "")


def read_study(path: Path) -> Study:
    """The study at `path`. InputError names file, field and fix."""
    try:
        plain = yaml.safe_load(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such study.", "Give the path of a study.yaml.", "study") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(f"{path}: the study cannot be read: {problem}.", "Write it as UTF-8 YAML.", "study") from problem
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InputError(f"{path}{line}: the study is not valid YAML.", "Mend that line.", "study") from problem
    if not isinstance(plain, dict):
        raise InputError(f"{path}: the study is empty or no mapping.", "Begin with 'name:', 'target:' and 'sets:'.", "study")
    try:
        return Study.model_validate(plain)
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "study"
        raise InputError(f"{path}: {field}: {first['msg']}.", "See docs/studies.md.", field) from problem
