"""Writing to Neo4j: killed anywhere and run again it ends the same; what is of others is not touched."""

import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path
from time import sleep

import pytest

from graph.errors import ConflictError, UnavailableError
from graph.ledger import Ledger
from graph.stores import Neo4jBuildOptions, Neo4jStore, Neo4jTarget, build_neo4j
from graph.verify import verify
from tests.stores.conftest import count_nodes, run
from tests.worlds.build import World

pytestmark = pytest.mark.neo4j
SPAWN = multiprocessing.get_context("spawn")


def _book(world: World, firms: int = 40) -> None:
    for n in range(firms):
        world.firm(f"F{n}")
    for n in range(firms * 4):
        world.relation("GUARANTEES", f"F{n % firms}", f"F{n * 7 % firms}", occurrence=n, amount_fen=n)
        world.relation("SUPPLIES", f"F{n * 3 % firms}", f"F{n % firms}", occurrence=n, annual_fen=n)
    world.commit()


def _build_and_hang(ledger: Path, target: Neo4jTarget, part: str, reached: Event) -> None:
    """Builds in tiny batches; when `part` begins it says so and waits for its end."""

    def watch(begun: str) -> None:
        if begun == part:
            reached.set()
            sleep(0.4)  # some of its batches are written, then the kill comes

    build_neo4j(Ledger.open(ledger), target, Neo4jBuildOptions(batch_rows=5, progress=watch))
    sleep(600)


@pytest.mark.parametrize("part", ["nodes Firm", "GUARANTEES", "STATE_Firm"])
def test_a_build_that_is_killed_is_run_again_and_ends_in_the_same_graph(world: World, empty_neo4j: Neo4jTarget, part: str) -> None:
    _book(world)
    reached = SPAWN.Event()
    child = SPAWN.Process(target=_build_and_hang, args=(world.ledger.root, empty_neo4j, part, reached))
    child.start()
    assert reached.wait(120)
    sleep(0.6)
    child.kill()
    child.join()
    world.relation("GUARANTEES", "F0", "F0", amount_fen=9, valid_from="2025-05-01", known="2025-05-01").retract(known="2025-06-01")
    world.commit()
    build_neo4j(world.ledger, empty_neo4j)
    store = Neo4jStore(empty_neo4j, world.ledger.ontology)
    found = verify(store, world.ledger)
    store.close()
    assert found.equal, found.as_json()
    assert found.through_seq == 2


def test_a_later_build_touches_only_what_changed(world: World, empty_neo4j: Neo4jTarget) -> None:
    _book(world)
    first = build_neo4j(world.ledger, empty_neo4j)
    assert first.relations["GUARANTEES"] == 160
    world.relation("GUARANTEES", "F1", "F2", occurrence=999, amount_fen=5, known="2025-05-01").commit()
    second = build_neo4j(world.ledger, empty_neo4j).as_json()
    assert second["relations"] == {"GUARANTEES": 1}
    assert second["nodes"] == {}
    assert build_neo4j(world.ledger, empty_neo4j).as_json()["relations"] == {}


def test_a_database_of_others_is_refused_unless_it_is_adopted(world: World, empty_neo4j: Neo4jTarget) -> None:
    _book(world, firms=3)
    run(empty_neo4j, "CREATE (:Recipe {name: 'soup'})")
    with pytest.raises(ConflictError, match="Recipe"):
        build_neo4j(world.ledger, empty_neo4j)
    assert count_nodes(empty_neo4j) == 1
    build_neo4j(world.ledger, empty_neo4j, Neo4jBuildOptions(adopt=True))
    store = Neo4jStore(empty_neo4j, world.ledger.ontology)
    assert verify(store, world.ledger).equal
    store.close()


def test_verify_names_what_differs(world: World, empty_neo4j: Neo4jTarget) -> None:
    _book(world, firms=5)
    build_neo4j(world.ledger, empty_neo4j)
    run(empty_neo4j, "MATCH ()-[r:GUARANTEES]->() WITH r ORDER BY r.id LIMIT 1 SET r.amount_fen = 123456789")
    run(empty_neo4j, "MATCH ()-[r:SUPPLIES]->() WITH r ORDER BY r.id LIMIT 1 DELETE r")
    store = Neo4jStore(empty_neo4j, world.ledger.ontology)
    found = verify(store, world.ledger)
    store.close()
    assert not found.equal
    assert {name for name, each in found.types.items() if not each.equal} == {"GUARANTEES", "SUPPLIES"}
    assert found.types["GUARANTEES"].missing == found.types["GUARANTEES"].surplus != ()
    assert (len(found.types["SUPPLIES"].missing), found.types["SUPPLIES"].surplus) == (1, ())


def test_a_server_that_does_not_answer_is_said_to_be_unavailable(world: World) -> None:
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1"):
        Neo4jStore(Neo4jTarget("bolt://127.0.0.1:1", "neo4j", "wrong"), world.ledger.ontology)


def test_a_wrong_password_is_named(neo4j_server: Neo4jTarget, world: World) -> None:
    with pytest.raises(UnavailableError, match="refuses user"):
        Neo4jStore(Neo4jTarget(neo4j_server.uri, neo4j_server.user, "not the password"), world.ledger.ontology)
