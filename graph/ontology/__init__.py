"""The ontology as data: types, their properties and ends, and the loader that merges a bank's additions."""

from graph.ontology.load import core_ontology, derived_relations, extend_ontology, read_additions
from graph.ontology.types import (
    DerivedRelation,
    EntityType,
    FactType,
    Kind,
    Lasting,
    LedgerType,
    Ontology,
    Property,
    RelationType,
)

__all__ = [
    "DerivedRelation",
    "EntityType",
    "FactType",
    "Kind",
    "Lasting",
    "LedgerType",
    "Ontology",
    "Property",
    "RelationType",
    "core_ontology",
    "derived_relations",
    "extend_ontology",
    "read_additions",
]
