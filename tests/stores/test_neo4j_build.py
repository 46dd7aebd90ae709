"""Writing to Neo4j: killed anywhere and run again it ends the same; what is of others is not touched."""

import multiprocessing
import random
from collections import defaultdict
from itertools import product
from multiprocessing.synchronize import Event
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import ConflictError, UnavailableError
from graph.ledger import Ledger
from graph.ontology.load import OntologyAdditions
from graph.projection import Projection
from graph.stores import Neo4jBuildOptions, Neo4jStore, Neo4jTarget, build_neo4j, neo4j_build
from graph.stores.neo4j_lanes import turns
from graph.stores.neo4j_session import Neo4jSession
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

    build_neo4j(Ledger.open(ledger), target, Neo4jBuildOptions(batch_rows=5, sessions=3, progress=watch))
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


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_in_each_round_no_two_sessions_share_a_node_and_all_heaps_meet(lanes: int) -> None:
    table = turns(lanes)
    heaps = range(2 * lanes)
    held: dict[int, set[int]] = defaultdict(set)
    for a, b in product(heaps, heaps):
        held[table[a][b]] |= {a, b}
    assert len(table) == len(heaps)
    for first in range(0, lanes * (2 * lanes - 1), lanes):
        together = [held[first + lane] for lane in range(lanes)]
        assert sum(map(len, together)) == len(set().union(*together)) == 2 * lanes


def test_several_sessions_write_hubs_loops_and_parallel_relations_once(world: World, empty_neo4j: Neo4jTarget) -> None:
    _book(world, firms=40)
    for n in range(300):
        world.relation("GUARANTEES", "F0", f"F{n % 40}", occurrence=5000 + n, amount_fen=n)
    world.commit()
    build_neo4j(world.ledger, empty_neo4j, Neo4jBuildOptions(batch_rows=20, sessions=4))
    store = Neo4jStore(empty_neo4j, world.ledger.ontology)
    found = verify(store, world.ledger)
    store.close()
    assert found.equal, found.as_json()


@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6))
def test_a_later_build_writes_just_the_versions_that_differ(
    empty_neo4j: Neo4jTarget, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """Whatever is told next (new states, corrections, closings, retractions): written = what the two projections differ by."""
    run(empty_neo4j, "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    rng, world = random.Random(seed), World(tmp_path_factory.mktemp("world"))
    _tell(world, rng, 30)
    before = world.commit()
    build_neo4j(world.ledger, empty_neo4j)
    _tell(world, rng, rng.randrange(1, 6))
    world.commit()
    report = build_neo4j(world.ledger, empty_neo4j)
    for name in ("GUARANTEES", "TRANSFERS", "STATE_Firm"):
        earlier, now = _versions(world, name, before), _versions(world, name, None)
        differing = {key for key in earlier | now if earlier.get(key) != now.get(key)}
        assert report.relations[name] == len(differing), name
    store = Neo4jStore(empty_neo4j, world.ledger.ontology)
    assert verify(store, world.ledger).equal
    store.close()


def _tell(world: World, rng: random.Random, rows: int) -> None:
    for _ in range(rows):
        for key in (a := f"F{rng.randrange(8)}", b := f"F{rng.randrange(8)}"):
            world.firm(key, known=f"2025-01-{rng.randrange(1, 28):02}", size=rng.choice(["small", "large", None]))
        dated = {"valid_from": f"2025-01-{rng.randrange(1, 28):02}", "known": f"2025-02-{rng.randrange(1, 28):02}"}
        world.relation(
            rng.choice(["GUARANTEES", "TRANSFERS"]), a, b, occurrence=rng.randrange(3), amount_fen=rng.randrange(3), **dated
        )
        if rng.random() < 0.3:
            world.close("2025-03-01", known="2025-03-01")
        if rng.random() < 0.2:
            world.retract(known="2025-03-02")


def _versions(world: World, name: str, ledger_seq: int | None) -> dict[str, tuple[Any, ...]]:
    with Projection(world.ledger, ledger_seq) as projection, projection.versions(name) as versions:
        return {row["version"]: tuple(row.values()) for row in versions.read().read_all().to_pylist()}


def test_a_build_without_news_writes_nothing_and_reads_no_more_of_the_ledger_than_its_number(
    world: World, empty_neo4j: Neo4jTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    _book(world, firms=5)
    build_neo4j(world.ledger, empty_neo4j)

    def refuse(*_: object) -> None:
        raise AssertionError("nothing is to be done")

    monkeypatch.setattr(Neo4jSession, "transact", refuse)
    monkeypatch.setattr(Neo4jSession, "command", refuse)
    monkeypatch.setattr(neo4j_build, "Projection", refuse)
    report = build_neo4j(world.ledger, empty_neo4j).as_json()
    assert report["nodes"] == report["relations"] == {}
    assert report["through_seq"] == world.ledger.latest_seq


def test_a_property_added_to_the_ontology_rewrites_nothing_and_is_looked_up_by(world: World, empty_neo4j: Neo4jTarget) -> None:
    _book(world, firms=5)
    build_neo4j(world.ledger, empty_neo4j)
    added = {"entities": {"Firm": {"properties": {"nickname": {"kind": "text", "zh": "别名"}}}}}
    world.ledger.extend(OntologyAdditions.model_validate(added))
    world.firm("F9", nickname="nine", known="2025-05-01").commit()
    report = build_neo4j(world.ledger, empty_neo4j).as_json()
    assert (report["nodes"], report["relations"]) == ({"Firm": 1}, {"STATE_Firm": 1})
    store = Neo4jStore(empty_neo4j, world.ledger.ontology)
    assert verify(store, world.ledger).equal
    store.close()


def test_a_built_graph_is_not_turned_back(world: World, empty_neo4j: Neo4jTarget) -> None:
    _book(world, firms=3)
    world.firm("F9").commit()
    build_neo4j(world.ledger, empty_neo4j)
    with pytest.raises(ConflictError, match="ledger_seq 2, and 1 was asked"):
        build_neo4j(world.ledger, empty_neo4j, Neo4jBuildOptions(ledger_seq=1))
