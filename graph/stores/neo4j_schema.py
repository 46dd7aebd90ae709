"""Constraints and indexes of a Neo4j database. On a first load they come after the rows: made at once, not row by row."""

from cypher import statement
from graph.ontology import Ontology
from graph.projection import node_columns
from graph.stores.neo4j_session import Neo4jSession


def declare_nodes(session: Neo4jSession, ontology: Ontology, entity: str) -> None:
    """Unique ids, and an index on whatever entities of this type are looked up by. Done already, it changes nothing."""
    columns = [field.name for field in node_columns(ontology.entities[entity])]
    session.declare(statement("schema/neo4j_node_id", label=entity))
    for name in columns[1:]:
        session.declare(statement("schema/neo4j_lookup", label=entity, property=name))
    if "name" in columns:
        session.declare(statement("schema/neo4j_name_text", label=entity))


def declare_relations(session: Neo4jSession, type_name: str) -> None:
    """Unique versions, and an index on the relation's id."""
    session.declare(statement("schema/neo4j_version", type=type_name))
    session.declare(statement("schema/neo4j_relation_id", type=type_name))


def await_schema(session: Neo4jSession) -> None:
    """Returns when all that was declared can be used."""
    session.declare(statement("schema/neo4j_await"))
