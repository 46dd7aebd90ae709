"""Generations of the embedded store: readers in several processes go on, right, while new ones are built and old ones go."""

import multiprocessing
import queue
import threading
import time
from datetime import date
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path

import pytest

from graph.errors import ConflictError, UnavailableError
from graph.ledger import Ledger
from graph.store import Hop, Moment
from graph.stores import LadybugStore, build_ladybug
from graph.stores.generations import new_generation
from tests.worlds.build import World

SPAWN = multiprocessing.get_context("spawn")
HOP = Hop(("GUARANTEES",), Moment.of(date(2025, 6, 30)))
GENERATIONS = 5
PAUSE_S = 0.01  # between questions, so that the builder has some of the machine too

Signals = tuple[Barrier, Event]


def _star(world: World, spokes: int) -> int:
    """H guarantees as many firms as there were batches: so every answer tells which generation gave it."""
    world.firm("H")
    world.firm(f"F{spokes}").relation("GUARANTEES", "H", f"F{spokes}", amount_fen=spokes)
    return world.commit()


def _read(root: Path, hub: str, signals: Signals, answers: "Queue[str | int]") -> None:
    """Asks with two threads until told to stop; puts how many questions were answered, or what was wrong."""
    store, asked, wrong = LadybugStore(root), [0, 0], queue.SimpleQueue[str]()
    begin, until = signals
    begin.wait()

    def ask(me: int) -> None:
        last = 0
        while not until.is_set() and wrong.empty():
            try:
                amounts = sorted(store.expand([hub], HOP)["amount_fen"].to_pylist())
            except Exception as problem:  # whatever it is, it is what this test looks for
                wrong.put(repr(problem))
                return
            if amounts != list(range(1, len(amounts) + 1)) or len(amounts) < last:
                wrong.put(f"after {last} came {amounts}")
            last = len(amounts)
            asked[me] += 1
            time.sleep(PAUSE_S)

    threads = [threading.Thread(target=ask, args=(me,)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    answers.put(sum(asked) if wrong.empty() else wrong.get())


def test_generations_are_built_under_readers_in_several_processes_without_an_error_or_a_wrong_answer(tmp_path: Path) -> None:
    world, root = World(tmp_path / "world"), tmp_path / "graph"
    _star(world, 1)
    build_ladybug(world.ledger, root)
    begin, until, answers = SPAWN.Barrier(3), SPAWN.Event(), SPAWN.Queue()
    readers = [SPAWN.Process(target=_read, args=(root, world.id("H"), (begin, until), answers)) for _ in range(2)]
    for reader in readers:
        reader.start()
    begin.wait(120)
    for built in range(2, GENERATIONS + 1):
        _star(world, built)
        build_ladybug(world.ledger, root)
    until.set()
    said = [answers.get(timeout=60) for _ in readers]
    for reader in readers:
        reader.join(60)
    assert all(isinstance(answer, int) and answer > 0 for answer in said), said
    assert len(list(root.glob("*/manifest.json"))) < GENERATIONS  # old ones went while others were read


def test_the_last_two_generations_are_kept_and_older_ones_go_when_nobody_reads_them(tmp_path: Path) -> None:
    world, root = World(tmp_path / "world"), tmp_path / "graph"
    _star(world, 1)
    build_ladybug(world.ledger, root)
    reader = LadybugStore(root)  # holds the first one
    for spokes in (2, 3, 4):
        _star(world, spokes)
        build_ladybug(world.ledger, root)
    assert [int(folder.name[:10]) for folder in sorted(root.glob("0*"))] == [1, 3, 4]
    assert reader.through_seq == 4  # moved on, and let go of the first
    _star(world, 5)
    build_ladybug(world.ledger, root)
    assert [int(folder.name[:10]) for folder in sorted(root.glob("0*"))] == [4, 5]
    reader.close()


def test_a_generation_is_never_written_again(tmp_path: Path) -> None:
    world, root = World(tmp_path / "world"), tmp_path / "graph"
    _star(world, 1)
    build_ladybug(world.ledger, root)
    (database,) = root.glob("0*/graph.lbug")
    assert database.stat().st_mode & 0o777 == 0o444
    before = database.read_bytes()
    store = LadybugStore(root)
    store.expand([world.id("H")], HOP)
    store.close()
    assert database.read_bytes() == before


def _build_until_killed(ledger: Path, root: Path, begun: Event) -> None:
    with new_generation(root) as staged:
        (staged / "half.parquet").write_bytes(b"half")
        begun.set()
        time.sleep(600)


def test_what_a_killed_build_left_is_swept_away_and_the_former_generation_stays_in_use(tmp_path: Path) -> None:
    world, root = World(tmp_path / "world"), tmp_path / "graph"
    _star(world, 1)
    build_ladybug(world.ledger, root)
    begun = SPAWN.Event()
    child = SPAWN.Process(target=_build_until_killed, args=(world.ledger.root, root, begun))
    child.start()
    assert begun.wait(60)
    with pytest.raises(ConflictError, match="building"):
        build_ladybug(world.ledger, root)
    child.kill()
    child.join()
    assert list(root.glob(".building-*/half.parquet"))
    assert LadybugStore(root).through_seq == 1
    _star(world, 2)
    build_ladybug(world.ledger, root)
    assert not list(root.glob(".building-*"))
    assert LadybugStore(root).through_seq == 2


def test_a_graph_that_was_never_built_is_said_to_be_missing(tmp_path: Path) -> None:
    Ledger.open(tmp_path / "ledger")
    with pytest.raises(UnavailableError, match="yujing graph build"):
        LadybugStore(tmp_path / "graph")


def test_an_empty_ledger_gives_an_empty_graph(tmp_path: Path) -> None:
    report = build_ladybug(Ledger.open(tmp_path / "ledger"), tmp_path / "graph")
    assert (sum(report.nodes.values()), sum(report.relations.values()), report.through_seq) == (0, 0, 0)
    assert LadybugStore(tmp_path / "graph").find_firms("甲") == []
