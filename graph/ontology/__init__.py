"""The ontology as data: types, their properties and ends, and the loader that merges a bank's additions."""

from graph.ontology.load import core_ontology, extend_ontology, read_additions
from graph.ontology.types import (
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
    "EntityType",
    "FactType",
    "Kind",
    "Lasting",
    "LedgerType",
    "Ontology",
    "Property",
    "RelationType",
    "core_ontology",
    "extend_ontology",
    "read_additions",
]
