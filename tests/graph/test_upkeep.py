"""Upkeep: fewer and sorted files that say the same, under readers, after any kill; and nothing removed that is needed."""

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from graph.errors import ConflictError
from graph.ledger import BatchHeader, Ledger, upkeep
from graph.ledger.counts import missing_rows
from graph.ledger.readers import Lease, oldest_reader_us
from graph.ledger.schema import ledger_schema
from graph.ledger.upkeep import UpkeepOptions, optimize, vacuum
from graph.ontology import core_ontology
from graph.snapshot import Snapshot
from tests.worlds.build import World

clean = multiprocessing.get_context("forkserver")
clean.set_forkserver_preload(["graph.ledger"])

AS_OF = date(2099, 1, 1)  # all that was ever recorded is known by then
SCHEMA = ledger_schema(core_ontology(), "GUARANTEES")


def guarantee(number: int, version: int = 0) -> dict[str, object]:
    return {
        "id": f"{number * 7919 % 2**32:08x}" * 4,
        "valid_from": date(2025, 1, 1),
        "valid_to": date(9999, 12, 31),
        "action": "state",
        "content": f"{number}/{version}",
        "src_type": "Firm",
        "src": f"{number * 104729 % 2**32:08x}" * 4,
        "dst_type": "Firm",
        "dst": f"{number * 1299709 % 2**32:08x}" * 4,
        "amount_fen": number * 100 + version,
        "currency": "CNY",
        "file": "g.csv",
        "line": number,
    }


def load(ledger: Ledger, numbers: range, version: int = 0, *, commit: bool = True) -> None:
    with ledger.begin(BatchHeader("credit")) as writer:
        writer.append("GUARANTEES", pa.Table.from_pylist([guarantee(n, version) for n in numbers], SCHEMA))
        if commit:
            writer.commit()


def said(ledger: Ledger, ledger_seq: int | None = None) -> list[dict[str, Any]]:
    rows = Snapshot(ledger, AS_OF, ledger_seq).read("GUARANTEES").drop_columns(["recorded_at"])
    assert rows.num_rows
    return sorted(rows.to_pylist(), key=lambda row: row["id"])


def on_disk(root: Path) -> set[Path]:
    return set((root / "GUARANTEES").glob("*.parquet"))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    book = Ledger.open(tmp_path / "ledger", memory_limit="500MB")
    for part in range(6):
        load(book, range(part * 50, part * 50 + 80), part)  # thirty of each are told again by the next
    return book


def test_many_small_files_become_one_and_every_past_stays_as_it_was(ledger: Ledger) -> None:
    before = {seq: said(ledger, seq) for seq in range(1, 7)}
    done = optimize(ledger)
    assert (done["GUARANTEES"].files_before, done["GUARANTEES"].files_after) == (6, 1)
    assert (done["batches"].files_before, done["batches"].files_after) == (6, 1)
    assert {seq: said(ledger, seq) for seq in range(1, 7)} == before
    assert {seq: said(Ledger.open(ledger.root), seq) for seq in range(1, 7)} == before


def test_a_second_time_there_is_nothing_to_do(ledger: Ledger) -> None:
    optimize(ledger)
    assert optimize(ledger) == {}


def test_rows_lie_sorted_so_that_either_end_of_a_relation_prunes(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger", memory_limit="500MB")
    load(ledger, range(3000))
    optimize(ledger, UpkeepOptions(whole=True))
    (file,) = ledger.files("GUARANTEES").paths
    rows = pq.read_table(file, columns=["src", "dst"]).to_pylist()
    turns = ["".join(s + d for s, d in zip(row["src"][:4], row["dst"][:4], strict=True)) for row in rows]
    assert turns == sorted(turns)


def test_rows_of_an_attempt_that_never_counted_go_and_no_others(ledger: Ledger) -> None:
    before = said(ledger)
    load(ledger, range(1000, 1040), commit=False)
    assert said(ledger) == before
    assert optimize(ledger)["GUARANTEES"].dead_rows == 40
    assert said(ledger) == before
    assert missing_rows(ledger) == []


def test_a_column_that_came_later_stays_empty_in_the_rows_before_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.firm("A").commit()
    world.firm("B", listed=True).commit()
    before = world.snapshot("2026-01-01").read("Firm").sort_by("id")
    optimize(world.ledger)
    assert world.snapshot("2026-01-01").read("Firm").sort_by("id") == before


def test_what_is_appended_after_counts_like_before(ledger: Ledger) -> None:
    optimize(ledger)
    load(ledger, range(5), 9)
    assert ledger.latest_seq == 7
    assert len(said(ledger)) == len(said(ledger, 6)) == 330
    assert {row["amount_fen"] for row in said(ledger)} > {9, 109, 209, 309, 409}


def test_while_a_batch_is_written_nothing_is_optimized_or_removed(ledger: Ledger) -> None:
    with ledger.begin(BatchHeader("credit")):
        with pytest.raises(ConflictError):
            optimize(ledger)
        with pytest.raises(ConflictError):
            vacuum(ledger, 0)


def test_new_files_that_say_something_else_never_take_the_place_of_the_old(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    before = said(ledger)
    write = upkeep._Rewriting._write

    def one_row_short(self: Any, engine: Any, rows: str, staged: Path) -> list[Path]:
        return write(self, engine, f"SELECT * FROM (SELECT * FROM ({rows}) LIMIT 479)", staged)

    monkeypatch.setattr(upkeep._Rewriting, "_write", one_row_short)
    with pytest.raises(ConflictError, match="the old ones stay"):
        optimize(ledger)
    assert said(ledger) == before
    assert len(ledger.files("GUARANTEES").paths) == 6


def test_unused_files_go_only_once_nobody_can_have_listed_them(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    old = on_disk(ledger.root)
    optimize(ledger)
    assert vacuum(ledger, 0).files == 0  # this very ledger may have listed them
    assert on_disk(ledger.root) > old
    answer = said(ledger)
    root = ledger.root
    ledger.close()
    monkeypatch.setattr(upkeep, "_CLOCKS_APART_US", 0)
    time.sleep(0.01)
    late = Ledger.open(root, memory_limit="500MB")
    assert vacuum(late, 1).files == 0  # not unused for an hour yet
    assert vacuum(late, 0, dry_run=True).files >= 6
    assert on_disk(root) > old
    assert vacuum(late, 0).files >= 6
    assert not on_disk(root) & old
    assert said(late) == answer


def test_nothing_is_removed_from_a_ledger_whose_counts_do_not_add_up(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    optimize(ledger)
    monkeypatch.setattr(upkeep, "missing_rows", lambda _: [{"type": "GUARANTEES", "batch": "b", "written": 80, "found": 79}])
    with pytest.raises(ConflictError, match="nothing removed"):
        vacuum(ledger, 0)


def test_counts_that_do_not_add_up_are_named(ledger: Ledger) -> None:
    assert missing_rows(ledger) == []
    from deltalake import DeltaTable

    DeltaTable(str(ledger.root / "GUARANTEES")).delete("line = 3")
    (wrong,) = missing_rows(ledger)
    assert (wrong["type"], wrong["written"], wrong["found"]) == ("GUARANTEES", 80, 79)


def test_a_lease_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    assert oldest_reader_us(tmp_path) is None
    lease = Lease(tmp_path)
    assert oldest_reader_us(tmp_path) is not None
    lease.release()
    assert oldest_reader_us(tmp_path) is None
    child = clean.Process(target=_hold, args=(tmp_path,))
    child.start()
    while oldest_reader_us(tmp_path) is None:
        time.sleep(0.01)
    child.kill()
    child.join()
    assert oldest_reader_us(tmp_path) is None
    assert not list((tmp_path / ".readers").iterdir())


def _hold(root: Path) -> None:
    lease = Lease(root)
    time.sleep(60)
    lease.release()


@contextmanager
def readers(root: Path, answers: dict[int, list[dict[str, Any]]], count: int) -> Iterator[tuple[Event, Any]]:
    stop, found = clean.Event(), clean.Queue()
    children = [clean.Process(target=_read_on, args=(root, answers, stop, found)) for _ in range(count)]
    for child in children:
        child.start()
    for _ in children:
        assert found.get(timeout=120) == "reads"
    try:
        yield stop, found
    finally:
        stop.set()
        for child in children:
            child.join(60)
            child.kill()


def _read_on(root: Path, answers: dict[int, list[dict[str, Any]]], stop: Event, found: Any) -> None:
    """Asks every past again and again; an expression made at the start is asked too, over the files of then."""
    ledger = Ledger.open(root, threads=1, memory_limit="200MB")
    long_held = Snapshot(ledger, AS_OF, 3).table("GUARANTEES").count()
    many = long_held.to_pyarrow().as_py()
    found.put("reads")
    rounds = 0
    try:
        while not stop.is_set():
            for seq, answer in answers.items():
                assert said(ledger, seq) == answer, seq
            assert long_held.to_pyarrow().as_py() == many
            rounds += 1
        found.put(rounds)
    except BaseException as problem:
        found.put(repr(problem))


@pytest.mark.slow
def test_readers_get_equal_answers_while_files_are_rewritten_and_removed_under_them(ledger: Ledger) -> None:
    answers = {seq: said(ledger, seq) for seq in (2, 4, 6)}
    with readers(ledger.root, answers, 2) as (stop, found):
        for again in range(4):
            load(ledger, range(1000, 1003), again)
            optimize(ledger, UpkeepOptions(whole=True, threads=1))
            vacuum(ledger, 0)
        stop.set()
        rounds = [found.get(timeout=120) for _ in range(2)]
    assert all(isinstance(each, int) and each >= 1 for each in rounds), rounds


def _optimize_to(root: Path, step: int) -> None:
    """Optimizes, and is killed just before the file operation numbered `step`."""
    counted = iter(range(step))
    flush, commit = upkeep._flush, upkeep._Rewriting._commit

    def killed() -> None:
        if next(counted, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    def flush_or_die(path: Path) -> None:
        killed()
        flush(path)

    def commit_or_die(self: Any, old: list[Path], new: list[Path]) -> None:
        killed()
        commit(self, old, new)
        killed()

    upkeep._flush, upkeep._Rewriting._commit = flush_or_die, commit_or_die  # type: ignore[method-assign]
    optimize(Ledger.open(root, threads=1, memory_limit="200MB"))


@pytest.mark.slow
def test_killed_anywhere_and_run_again_the_content_is_the_same(ledger: Ledger) -> None:
    before = {seq: said(ledger, seq) for seq in range(1, 7)}
    ended = []
    for step in range(0, 40, 2):
        child = clean.Process(target=_optimize_to, args=(ledger.root, step))
        child.start()
        child.join(120)
        ended.append(child.exitcode)
        assert {seq: said(ledger, seq) for seq in range(1, 7)} == before
        assert missing_rows(ledger) == []
        if child.exitcode == 0:
            break
    assert ended[-1] == 0
    assert -signal.SIGKILL in ended
    optimize(ledger)
    assert {seq: said(ledger, seq) for seq in range(1, 7)} == before
    assert len(ledger.files("GUARANTEES").paths) == 1
