"""A statement takes names and counts into its text, and nothing else: values are parameters."""

import pytest

from cypher import statement, union
from cypher.loader import Slot


def test_names_are_quoted_where_they_are_filled_in() -> None:
    text = statement("read/degree_out", label="Order", type="SUPPLIES", anchor="parameter")
    assert "(a:`Order` {id: $id})-[r:`SUPPLIES`]->()" in text
    assert "'SUPPLIES' AS type" in text


@pytest.mark.parametrize("name", ["Firm) DETACH DELETE n //", "a`b", "", "Firm Person", "x" * 65, "1st", "$id", "企业", None, 7])
def test_what_is_no_plain_name_is_refused(name: Slot) -> None:
    with pytest.raises(ValueError, match="cannot stand in a statement"):
        statement("schema/neo4j_node_id", label=name)


@pytest.mark.parametrize("path", ["/tmp/a'b", "/tmp/a\\b", "/tmp/a\nb"])
def test_a_path_that_could_end_its_literal_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in a statement"):
        statement("write/ladybug_copy_nodes", label="Firm", path=path)


def test_a_limit_is_a_count() -> None:
    with pytest.raises(ValueError, match="no count"):
        statement("read/find_firms", limit="5; MATCH (n) DETACH DELETE n")


def test_only_statements_made_here_stand_inside_another() -> None:
    branch = statement("read/degree_out", label="Firm", type="SUPPLIES", anchor="unwound")
    assert "{id: id}" in statement("read/neo4j_degree_each", branches=union([branch]))
    with pytest.raises(ValueError, match="Only a statement"):
        statement("read/neo4j_degree_each", branches="MATCH (n) DETACH DELETE n")
