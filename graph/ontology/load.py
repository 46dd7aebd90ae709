"""Reads the core ontology and a bank's additions, and refuses what would redefine something."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from graph.errors import InputError
from graph.ontology.types import DerivedRelation, EntityType, FactType, Kind, Lasting, Ontology, Property, RelationType

_T = TypeVar("_T")

_ENTITY_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,39}")
_RELATION_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
_PROPERTY_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset(
    (
        *("id", "valid_from", "valid_to", "known_from", "known_to", "recorded_at", "action", "content", "stub", "version"),
        *("source", "key", "src", "src_type", "dst", "dst_type", "subject", "subject_type", "currency"),
        *("feed", "batch", "batch_seq", "attempt", "file", "sheet", "line"),
    )
)  # columns that every ledger or store table has of its own


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _PropertySpec(_Strict):
    kind: Kind
    zh: str = ""
    values: tuple[str, ...] = ()
    required: bool = False
    personal: bool = False
    check: Literal["", "uscc", "lei"] = ""


def _long_form(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


_Properties = dict[str, Annotated[_PropertySpec, BeforeValidator(_long_form)]]


class _TypeSpec(_Strict):
    zh: str = ""
    properties: _Properties = Field(default_factory=dict)
    lasting: Lasting = Lasting.STATE


class _EntitySpec(_TypeSpec):
    resolved: bool = False
    identifiers: tuple[str, ...] = ()


class _RelationSpec(_TypeSpec):
    ends: tuple[tuple[str, str], ...] = ()
    amount: str = ""
    share: str = ""
    loops: bool = False


class _DerivedSpec(_RelationSpec):
    table: str
    key: tuple[str, ...] = ()


class _Derived(_Strict):
    relations: dict[str, _DerivedSpec]


class _FactSpec(_TypeSpec):
    subject: tuple[str, ...] = ()


class OntologyAdditions(_Strict):
    """The YAML a bank writes: new types, or new properties and ends on existing ones."""

    entities: dict[str, _EntitySpec] = Field(default_factory=dict)
    relations: dict[str, _RelationSpec] = Field(default_factory=dict)
    facts: dict[str, _FactSpec] = Field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = Field(default_factory=dict)  # what models foretell: read by models/targets


@cache
def core_ontology() -> Ontology:
    """The types that Yujing ships with."""
    text = files("graph.ontology").joinpath("core.yaml").read_text("utf-8")
    return extend_ontology(Ontology({}, {}, {}), OntologyAdditions.model_validate(yaml.safe_load(text)))


@cache
def derived_relations() -> Mapping[str, DerivedRelation]:
    """The relation types that graph stores hold out of the knowledge book, by name."""
    text = files("graph.ontology").joinpath("knowledge.yaml").read_text("utf-8")
    found = {}
    for name, spec in _Derived.model_validate(yaml.safe_load(text)).relations.items():
        plain = _extend_relation(name, None, spec)
        found[name] = DerivedRelation(**{f.name: getattr(plain, f.name) for f in fields(plain)}, table=spec.table, key=spec.key)
    return MappingProxyType(found)


def read_additions(path: Path) -> OntologyAdditions:
    """A bank's ontology YAML. InputError names the file and the field."""
    try:
        return OntologyAdditions.model_validate(yaml.safe_load(path.read_text("utf-8")) or {})
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise InputError(f"{path}: the ontology cannot be read: {problem}", "Write it as UTF-8 YAML.") from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{path}: {where}: {first['msg']}.", "See docs/modeler.md, 'Adding types'.", where) from problem


def extend_ontology(base: Ontology, additions: OntologyAdditions) -> Ontology:
    """`base` and the additions together. A property or type that is already there may be repeated unchanged only."""
    entities, relations, facts = dict(base.entities), dict(base.relations), dict(base.facts)
    for name, entity in additions.entities.items():
        entities[name] = _extend_entity(name, entities.get(name), entity)
    for name, relation in additions.relations.items():
        relations[name] = _extend_relation(name, relations.get(name), relation)
    for name, fact in additions.facts.items():
        facts[name] = _extend_fact(name, facts.get(name), fact)
    merged = Ontology(entities, relations, facts, _extend_targets(base.targets, additions.targets))
    _check_references(merged)
    return merged


def _extend_targets(old: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A target may be told again unchanged, or anew with a higher `version`."""
    merged = dict(old)
    for name, told in new.items():
        _check_name(name, _PROPERTY_NAME, "target")
        where = f"targets.{name}.version"
        version = told.get("version")
        if type(version) is not int or version < 1:
            raise InputError(f"ontology: target {name} has no version.", "Write `version: 1`, a whole number.", where)
        before = merged.get(name, told)
        if before != told and version <= before["version"]:
            raise InputError(f"ontology: target {name} {version} is already declared otherwise.", "Raise its version.", where)
        merged[name] = told
    return merged


def _extend_entity(name: str, old: EntityType | None, spec: _EntitySpec) -> EntityType:
    properties = _properties(name, old.properties if old else (), spec.properties)
    if old:
        return replace(old, properties=properties, identifiers=_union(old.identifiers, spec.identifiers))
    _check_name(name, _ENTITY_NAME, "entity")
    return EntityType(name, spec.zh or name, properties, spec.resolved, spec.identifiers, spec.lasting)


def _extend_relation(name: str, old: RelationType | None, spec: _RelationSpec) -> RelationType:
    properties = _properties(name, old.properties if old else (), spec.properties)
    if old:
        return replace(old, properties=properties, ends=_union(old.ends, spec.ends))
    _check_name(name, _RELATION_NAME, "relation")
    if not spec.ends:
        raise InputError(f"ontology: relation {name} has no ends.", "Add ends: [[From, To]].", f"relations.{name}.ends")
    return RelationType(name, spec.zh or name, spec.ends, properties, spec.lasting, spec.amount, spec.share, spec.loops)


def _extend_fact(name: str, old: FactType | None, spec: _FactSpec) -> FactType:
    properties = _properties(name, old.properties if old else (), spec.properties)
    if old:
        return replace(old, properties=properties, subject=_union(old.subject, spec.subject))
    _check_name(name, _ENTITY_NAME, "fact")
    if not spec.subject:
        raise InputError(f"ontology: fact {name} has no subject.", "Add subject: [Firm].", f"facts.{name}.subject")
    return FactType(name, spec.zh or name, spec.subject, properties, spec.lasting)


def _properties(owner: str, old: tuple[Property, ...], specs: _Properties) -> tuple[Property, ...]:
    merged = {p.name: p for p in old}
    for name, spec in specs.items():
        _check_name(name, _PROPERTY_NAME, f"property of {owner}")
        if name in _TAKEN:
            raise InputError(f"ontology: {owner}.{name} is a name every table already has.", "Choose another name.", name)
        if bool(spec.values) != (spec.kind is Kind.CHOICE):
            raise InputError(f"ontology: {owner}.{name}: values belong to kind choice, and only to it.", "", name)
        new = Property(name, spec.kind, spec.zh or name, spec.values, spec.required, spec.personal, spec.check)
        if merged.get(name, new) != new:
            raise InputError(f"ontology: {owner}.{name} is already declared otherwise.", "Additions only: use a new name.", name)
        merged[name] = new
    return tuple(merged.values())


def _check_name(name: str, form: re.Pattern[str], what: str) -> None:
    if not form.fullmatch(name):
        raise InputError(f"ontology: '{name}' cannot name a {what}.", f"It must match {form.pattern}.", name)


def _check_references(ontology: Ontology) -> None:
    count = len(ontology.entities) + len(ontology.relations) + len(ontology.facts)
    if count != len(ontology.types):
        raise InputError("ontology: an entity, a relation and a fact may not share a name.", "Rename one of them.")
    for relation in ontology.relations.values():
        for end in {entity for pair in relation.ends for entity in pair}:
            _check_entity(ontology, end, f"relations.{relation.name}.ends")
    for fact in ontology.facts.values():
        for subject in fact.subject:
            _check_entity(ontology, subject, f"facts.{fact.name}.subject")


def _check_entity(ontology: Ontology, entity: str, where: str) -> None:
    if entity not in ontology.entities:
        raise InputError(f"ontology: {where} names '{entity}', which is no entity.", "Declare it under entities.", where)


def _union(old: tuple[_T, ...], new: tuple[_T, ...]) -> tuple[_T, ...]:
    return old + tuple(item for item in new if item not in old)
