"""What graph stores hold, derived from the ontology: node columns, relation types with their ends, states as self-relations."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pyarrow as pa

from graph.errors import InputError
from graph.ledger.schema import properties_of
from graph.ontology import DerivedRelation, EntityType, Lasting, Ontology, RelationType, derived_relations

STATE = "STATE_"
LOOKED_UP_BY = ("name", "number", "code")

DAYS = ("valid_from", "valid_to", "known_from", "known_to")
VERSION_FIELDS = (pa.field("version", pa.string()), pa.field("id", pa.string()), *(pa.field(day, pa.int32()) for day in DAYS))


@dataclass(frozen=True)
class GraphType:
    """One relation type as stores know it. `STATE_<Entity>` leads from each entity to itself and carries its properties."""

    name: str
    ends: tuple[tuple[str, str], ...]
    properties: tuple[pa.Field, ...]
    amount: str | None = None
    share: str | None = None
    state_of: str = ""
    derived: DerivedRelation | None = None  # out of the knowledge book, not the ledger

    @property
    def columns(self) -> tuple[pa.Field, ...]:
        """What every version carries: its key, its id, its days, its properties."""
        return (*VERSION_FIELDS, *self.properties)

    @property
    def rank(self) -> str | None:
        """By which property the largest come first."""
        return self.amount or self.share

    def others(self, label: str, way: str) -> tuple[str, ...]:
        """The labels at the far end, seen from `label` in that way; empty where the type does not touch it."""
        pairs = self.ends if way == "out" else tuple((target, source) for source, target in self.ends)
        return tuple(sorted({other for near, other in pairs if near == label}))


def state_type(entity: str) -> str:
    """`STATE_Firm` for `Firm`."""
    return STATE + entity


def label_of(entity_id: str) -> str:
    """`Firm` of `Firm-3f09…`."""
    return entity_id.partition("-")[0]


def graph_types(ontology: Ontology) -> Mapping[str, GraphType]:
    """Every relation type and every entity's states, by name; then what is derived from them."""
    found = {name: _relation(relation) for name, relation in ontology.relations.items()}
    for entity in ontology.entities.values():
        found[state_type(entity.name)] = _states(entity)
    for name, relation in derived_relations().items():
        if name in found:
            raise InputError(f"ontology: {name} is what Yujing derives.", "Choose another name for the bank's own.", name)
        found[name] = replace(_relation(relation), derived=relation)
    return found


def node_columns(entity: EntityType) -> tuple[pa.Field, ...]:
    """`id` and what entities of this type are looked up by."""
    kept = [f for f in properties_of(entity) if f.name in LOOKED_UP_BY or f.name in entity.identifiers]
    return (pa.field("id", pa.string()), *kept)


def lasting_types(ontology: Ontology, among: tuple[str, ...]) -> tuple[str, ...]:
    """Relation types that last (no happenings) with an end pair among these entities."""
    return tuple(
        relation.name
        for relation in ontology.relations.values()
        if relation.lasting is Lasting.STATE and any(a in among and b in among for a, b in relation.ends)
    )


def _relation(kind: RelationType) -> GraphType:
    return GraphType(kind.name, kind.ends, tuple(properties_of(kind)), kind.amount or None, kind.share or None)


def _states(entity: EntityType) -> GraphType:
    fields = (pa.field("stub", pa.bool_()), *properties_of(entity))
    return GraphType(state_type(entity.name), ((entity.name, entity.name),), fields, state_of=entity.name)
