"""What a type of thing is: frozen, plain, and the same for ledger, stores, features and API."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from graph.errors import InputError


class Kind(StrEnum):
    """What a property holds, and in which unit."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "flag"
    DAY = "day"
    INSTANT = "instant"  # int64 UTC microseconds
    MONEY = "money"  # int64 minor units of the row's `currency`
    SHARE = "share"  # 0 to 1
    CHOICE = "choice"  # one of `values`


class Lasting(StrEnum):
    """How long a row stays true: until a later state of the same id, or from its day on."""

    STATE = "state"
    HAPPENING = "happening"


@dataclass(frozen=True)
class Property:
    name: str
    kind: Kind
    zh: str = ""
    values: tuple[str, ...] = ()
    required: bool = False
    personal: bool = False
    check: str = ""  # the name of a check digit scheme: uscc, lei


@dataclass(frozen=True)
class EntityType:
    name: str
    zh: str
    properties: tuple[Property, ...]
    resolved: bool = False
    identifiers: tuple[str, ...] = ()
    lasting: Lasting = Lasting.STATE


@dataclass(frozen=True)
class RelationType:
    name: str
    zh: str
    ends: tuple[tuple[str, str], ...]
    properties: tuple[Property, ...]
    lasting: Lasting = Lasting.STATE
    amount: str = ""
    share: str = ""
    loops: bool = False  # may join a thing to itself


@dataclass(frozen=True)
class DerivedRelation(RelationType):
    """A relation type out of the knowledge book: the rows of `table`, one for each (src, dst, *key). In no ledger."""

    table: str = ""
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class FactType:
    name: str
    zh: str
    subject: tuple[str, ...]
    properties: tuple[Property, ...]
    lasting: Lasting = Lasting.STATE


LedgerType = EntityType | RelationType | FactType
"""Whatever has a ledger table of its own."""


@dataclass(frozen=True)
class Ontology:
    """All types by name. Names are unique across entities, relations and facts."""

    entities: dict[str, EntityType]
    relations: dict[str, RelationType]
    facts: dict[str, FactType] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)  # as a bank wrote them; no row depends on them

    @cached_property
    def types(self) -> dict[str, LedgerType]:
        return {**self.entities, **self.relations, **self.facts}

    def get(self, name: str) -> LedgerType:
        """The type called `name`; InputError with the nearest names otherwise."""
        try:
            return self.types[name]
        except KeyError:
            known = ", ".join(sorted(self.types))
            raise InputError(f"The ontology has no type '{name}'.", f"Known types: {known}.") from None

    @cached_property
    def hash(self) -> str:
        """Sixteen hex digits that change with any type or property; batches and checkpoints record it."""
        plain = {group: {n: asdict(t) for n, t in getattr(self, group).items()} for group in ("entities", "relations", "facts")}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]
