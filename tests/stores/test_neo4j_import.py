"""The offline importer: what it loads is what the ledger says, and it never touches what is of others."""

import multiprocessing
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.neo4j import server
from graph.errors import ConflictError, InputError
from graph.ledger import Ledger
from graph.stores import Neo4jHome, Neo4jImportOptions, Neo4jStore, Neo4jTarget, build_neo4j, import_neo4j, prepare_import
from graph.verify import verify
from tests.stores.conftest import count_nodes, run
from tests.worlds.build import World

pytestmark = pytest.mark.neo4j
SPAWN = multiprocessing.get_context("spawn")
AWKWARD = ["a,b", 'say "so"', "two\nlines", "back\\slash", '\\"', "", " lead", "trail ", "甲公司𠮷", "null", "-", "'", ";"]


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.RunningServer]:
    """A server whose files are here; the one of `NEO4J_URI` may be anywhere."""
    if reason := server.why_unavailable():
        pytest.skip(f"no Neo4j: {reason}")
    with server.running(server.ServerOptions(tmp_path_factory.mktemp("neo4j-home"))) as running:
        if running.container:
            pytest.skip("the server runs in a container, and its files are not here")
        yield running


@pytest.fixture
def target(own_server: server.RunningServer) -> Neo4jTarget:
    target = Neo4jTarget(own_server.uri, own_server.user, own_server.password)
    run(target, "MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 10000 ROWS")
    return target


@pytest.fixture
def home(own_server: server.RunningServer) -> Neo4jHome:
    return Neo4jHome.of(Path(own_server.home))


def _book(world: World) -> World:
    for n, name in enumerate(AWKWARD):
        world.firm(f"F{n}", name=name, size=None if n % 3 else "small")
    world.person("P0")
    for n in range(60):
        src, dst = f"F{n % len(AWKWARD)}", f"F{n * 7 % len(AWKWARD)}"
        world.relation("GUARANTEES", src, dst, occurrence=n, amount_fen=n or None, contract=AWKWARD[n % len(AWKWARD)])
        world.relation("HOLDS_SHARES", "P0" if n % 2 else src, dst, occurrence=n, equity_share=n / 7e9)
    world.relation("GUARANTEES", "F0", "F1", occurrence=1000, signed_on="2025-02-03", resolution_on_file=True)
    world.commit()
    return world


def _verified(target: Neo4jTarget, world: World) -> None:
    store = Neo4jStore(target, world.ledger.ontology)
    found = verify(store, world.ledger)
    store.close()
    assert found.equal, found.as_json()
    assert found.through_seq == world.ledger.latest_seq


def test_an_imported_graph_is_the_ledgers_whatever_texts_hold_and_a_later_build_goes_on_from_it(
    world: World, target: Neo4jTarget, home: Neo4jHome, tmp_path: Path
) -> None:
    _book(world)
    report = import_neo4j(world.ledger, target, home, Neo4jImportOptions(tmp_path / "files", may_stop=True)).as_json()
    assert (report["nodes"], report["relations"]["GUARANTEES"]) == ({"Firm": len(AWKWARD), "Person": 1}, 61)
    assert not (tmp_path / "files").exists()
    _verified(target, world)
    world.relation("GUARANTEES", "F1", "F2", occurrence=2000, known="2025-05-01").commit()
    assert build_neo4j(world.ledger, target).as_json()["relations"] == {"GUARANTEES": 1}
    _verified(target, world)


def test_a_database_that_holds_anything_is_refused_and_left_as_it_is(
    world: World, target: Neo4jTarget, home: Neo4jHome, tmp_path: Path
) -> None:
    _book(world)
    run(target, "CREATE (:Recipe {name: 'soup'})")
    with pytest.raises(ConflictError, match="Recipe"):
        import_neo4j(world.ledger, target, home, Neo4jImportOptions(tmp_path / "files", may_stop=True))
    assert count_nodes(target) == 1


def test_a_running_server_is_stopped_only_where_it_may_be(
    world: World, target: Neo4jTarget, home: Neo4jHome, tmp_path: Path
) -> None:
    with pytest.raises(ConflictError, match="runs") as refused:
        import_neo4j(_book(world).ledger, target, home, Neo4jImportOptions(tmp_path / "files"))
    assert "--restart" in refused.value.fix
    assert count_nodes(target) == 0


def test_a_home_of_another_server_than_the_address_is_noticed_before_anything_is_overwritten(
    world: World, target: Neo4jTarget, tmp_path: Path
) -> None:
    """The 'server' of this home is a script that says it runs and stops; what answers at the address goes on."""
    told = tmp_path / "told"
    program = tmp_path / "neo4j"
    program.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    program.chmod(0o755)
    other = Neo4jHome.of(tmp_path, str(program), str(program))
    with pytest.raises(ConflictError, match="another server"):
        import_neo4j(_book(world).ledger, target, other, Neo4jImportOptions(tmp_path / "files", may_stop=True))
    assert "import" not in told.read_text()
    assert told.read_text().split() == ["status", "stop", "start"]


def _import_and_die(ledger: Path, target: Neo4jTarget, home: Neo4jHome, folder: Path, at: str) -> None:
    def watch(part: str) -> None:
        if part == at:
            os.kill(os.getpid(), signal.SIGKILL)

    import_neo4j(Ledger.open(ledger), target, home, Neo4jImportOptions(folder, may_stop=True, progress=watch))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("at", ["file GUARANTEES", "neo4j-admin database import full", "starting the server", "index GUARANTEES"])
def test_an_import_that_is_killed_is_run_again_and_ends_in_the_same_graph(
    world: World, target: Neo4jTarget, home: Neo4jHome, tmp_path: Path, at: str
) -> None:
    _book(world)
    child = SPAWN.Process(target=_import_and_die, args=(world.ledger.root, target, home, tmp_path / "files", at))
    child.start()
    child.join(600)
    assert child.exitcode == -signal.SIGKILL
    world.relation("GUARANTEES", "F1", "F2", occurrence=2000, known="2025-05-01").commit()
    import_neo4j(world.ledger, target, home, Neo4jImportOptions(tmp_path / "files", may_stop=True))
    _verified(target, world)


def test_files_for_a_server_elsewhere_are_imported_by_hand_as_told_and_finished_by_a_build(
    world: World, target: Neo4jTarget, home: Neo4jHome, tmp_path: Path
) -> None:
    state, steps = prepare_import(_book(world).ledger, tmp_path / "files")
    assert state.parts["GUARANTEES"] == 61
    (told,) = (step.partition("#")[0].split() for step in steps if step.startswith("neo4j-admin"))
    home.stop()
    subprocess.run([*home.admin, *told[1:]], cwd=tmp_path / "files", check=True, capture_output=True)
    home.start()
    build_neo4j(world.ledger, target)
    _verified(target, world)


def test_a_folder_with_other_things_in_it_is_not_written_to(world: World, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(ConflictError, match="other things"):
        prepare_import(_book(world).ledger, tmp_path)


def test_a_folder_that_is_no_home_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not the home of a Neo4j") as refused:
        Neo4jHome.of(tmp_path)
    assert "--prepare" in refused.value.fix
