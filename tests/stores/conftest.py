"""A Neo4j for the tests: the one `NEO4J_URI` names, else one of our own, started once a session."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase

from deploy.neo4j import server
from graph.stores import LadybugStore, Neo4jStore, Neo4jTarget, build_ladybug, build_neo4j
from graph.verify import ExportedStore
from tests.worlds.build import World
from yujing.settings import Settings
from yujing.wiring import neo4j_target

MAY_WIPE = "YUJING_TEST_NEO4J_WIPE"

Load = Callable[[World], ExportedStore]


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neo4jTarget]:
    settings = Settings()
    if settings.neo4j_uri:
        target = neo4j_target(settings)
        if count_nodes(target) and not os.environ.get(MAY_WIPE):
            pytest.fail(f"The database of NEO4J_URI is not empty. These tests delete all in it: set {MAY_WIPE}=1 if they may.")
        yield target
        return
    if reason := server.why_unavailable():
        pytest.skip(f"no Neo4j: {reason}")
    with server.running(server.ServerOptions(tmp_path_factory.mktemp("neo4j"))) as running:
        yield Neo4jTarget(running.uri, running.user, running.password)


@pytest.fixture
def empty_neo4j(neo4j_server: Neo4jTarget) -> Neo4jTarget:
    run(neo4j_server, "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    return neo4j_server


@pytest.fixture(params=["ladybug", pytest.param("neo4j", marks=pytest.mark.neo4j)])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Load]:
    """Brings one real engine up to a world's ledger and gives its reader; may be called again after a commit."""
    opened: dict[str, ExportedStore] = {}

    def in_ladybug(world: World) -> ExportedStore:
        build_ladybug(world.ledger, tmp_path / "graph")
        return opened.setdefault("store", LadybugStore(tmp_path / "graph"))

    def in_neo4j(world: World) -> ExportedStore:
        build_neo4j(world.ledger, target)
        return opened.setdefault("store", Neo4jStore(target, world.ledger.ontology))

    if request.param == "neo4j":
        target: Neo4jTarget = request.getfixturevalue("empty_neo4j")
    yield in_neo4j if request.param == "neo4j" else in_ladybug
    for store in opened.values():
        store.close()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


def run(target: Neo4jTarget, statement: str) -> None:
    with GraphDatabase.driver(target.uri, auth=(target.user, target.password)) as driver, driver.session() as session:
        session.run(statement).consume()


def count_nodes(target: Neo4jTarget) -> int:
    with GraphDatabase.driver(target.uri, auth=(target.user, target.password)) as driver:
        records, _, _ = driver.execute_query("MATCH (n) RETURN count(n) AS n")
        return int(records[0]["n"])
