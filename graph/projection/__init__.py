"""The ledger as graph stores hold it."""

from graph.projection.derived import KnowledgeRange
from graph.projection.projection import Projection, Versions
from graph.projection.shape import GraphType, graph_types, label_of, lasting_types, node_columns, state_type

__all__ = [
    "GraphType",
    "KnowledgeRange",
    "Projection",
    "Versions",
    "graph_types",
    "label_of",
    "lasting_types",
    "node_columns",
    "state_type",
]
