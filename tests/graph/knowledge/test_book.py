"""The knowledge book: computed once, kept by run, computed again only where what it reads has changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from filelock import FileLock

from graph.errors import ConflictError, InputError, NotComputedError
from graph.knowledge import Inputs, Kind, KnowledgeBook, KnowledgeTable
from graph.knowledge.compute import compute_book, fingerprint, ordered
from graph.knowledge.kinds import all_kinds, told_apart
from tests.worlds.build import World

DAY = date(2025, 6, 30)
STAKES = KnowledgeTable(
    "stakes", pa.schema([("owner", pa.string()), ("firm", pa.string()), ("share", pa.float64())]), ("owner", "firm")
)
COUNTS = KnowledgeTable("counts", pa.schema([("firm", pa.string()), ("owners", pa.int64())]), ("firm",))


def stakes(inputs: Inputs) -> Mapping[str, pa.Table]:
    told = inputs.read("HOLDS_SHARES").select(["src", "dst", "equity_share"])
    return {"stakes": told.rename_columns(["owner", "firm", "share"])}


def counts(inputs: Inputs) -> Mapping[str, pa.Table]:
    grouped = inputs.knowledge("stakes").group_by("firm").aggregate([("owner", "count")])
    return {"counts": grouped.rename_columns(["firm", "owners"])}


STAKE = Kind("stake", "持股", "1", {"HOLDS_SHARES": ("src", "dst", "equity_share")}, (STAKES,), stakes)
COUNT = Kind("count", "股东数", "1", {}, (COUNTS,), counts, after=("stake",))


@pytest.fixture
def held(world: World) -> World:
    world.firm("A").firm("B").firm("C").relation("HOLDS_SHARES", "A", "B", equity_share=0.6)
    world.relation("HOLDS_SHARES", "C", "B", valid_from="2025-06-30", known="2025-06-30", equity_share=0.4).commit()
    return world


@pytest.fixture
def book(held: World) -> KnowledgeBook:
    return KnowledgeBook.beside(held.ledger)


def shares(table: pa.Table) -> list[float]:
    return sorted(table["share"].to_pylist())


def test_a_day_is_computed_and_read_back_whole_and_by_one_firm(held: World, book: KnowledgeBook) -> None:
    runs = compute_book(book, held.snapshot("2025-06-30"), (COUNT, STAKE))
    assert [(run.kind, run.rows, run.reused) for run in runs] == [("stake", 2, False), ("count", 1, False)]
    assert shares(book.read("stakes", DAY)) == [0.4, 0.6]
    assert book.about("stakes", "owner", [held.id("A"), "nobody's"], DAY).to_pylist() == [
        {"owner": held.id("A"), "firm": held.id("B"), "share": 0.6}
    ]
    assert book.read("counts", DAY)["owners"].to_pylist() == [2]
    assert book.read("stakes", DAY).schema == STAKES.schema


def test_a_day_that_was_not_computed_is_said_to_be_so_with_what_to_run(held: World, book: KnowledgeBook) -> None:
    compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    with pytest.raises(NotComputedError, match=r"yujing knowledge --as-of 2025-06-29"):
        book.read("stakes", date(2025, 6, 29))
    with pytest.raises(NotComputedError, match="ledger_seq 99"):
        book.about("stakes", "owner", [held.id("A")], DAY, ledger_seq=99)


def test_equal_inputs_point_at_the_earlier_rows_and_another_day_that_differs_is_computed(held: World, book: KnowledgeBook) -> None:
    first = compute_book(book, held.snapshot("2025-06-28"), (STAKE, COUNT))
    second = compute_book(book, held.snapshot("2025-06-29"), (STAKE, COUNT))
    third = compute_book(book, held.snapshot("2025-06-30"), (STAKE, COUNT))
    assert [run.rows_run for run in second] == [run.rows_run for run in first]
    assert all(run.reused for run in second) and not any(run.reused for run in third)
    assert shares(book.read("stakes", date(2025, 6, 29))) == [0.6]
    assert shares(book.read("stakes", DAY)) == [0.4, 0.6]


def test_computing_a_day_again_adds_no_run(held: World, book: KnowledgeBook) -> None:
    first = compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    assert compute_book(book, held.snapshot("2025-06-30"), (STAKE,)) == first
    assert book.last_seq == 1


def test_what_a_kind_does_not_read_does_not_make_it_compute_again(held: World, book: KnowledgeBook) -> None:
    compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    held.relation("GUARANTEES", "A", "B", amount_fen=5).commit()
    (again,) = compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    assert again.reused and again.ledger_seq == 2
    assert book.find("stakes", DAY, ledger_seq=1).run_seq == 1


def test_a_new_version_of_the_algorithm_is_computed_anew(held: World, book: KnowledgeBook) -> None:
    compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    (newer,) = compute_book(book, held.snapshot("2025-06-30"), (replace(STAKE, version="2"),))
    assert not newer.reused and book.find("stakes", DAY) == newer
    (back,) = compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    assert back.reused and book.find("stakes", DAY) == back  # gone back to: the earlier rows count again


def test_a_dated_kind_is_computed_for_each_day(held: World, book: KnowledgeBook) -> None:
    dated = replace(STAKE, dated=True)
    compute_book(book, held.snapshot("2025-06-28"), (dated,))
    (next_day,) = compute_book(book, held.snapshot("2025-06-29"), (dated,))
    assert not next_day.reused


def test_the_order_in_which_rows_were_told_changes_no_fingerprint_and_a_row_told_twice_does(tmp_path: Path) -> None:
    prints = []
    for order in ((0, 1, 2), (2, 0, 1), (0, 1, 2, 3)):
        world = World(tmp_path / "".join(map(str, order))).firm("A").firm("B")
        for n in order:
            world.relation("HOLDS_SHARES", "A", "B", occurrence=n, equity_share=0.1)
        world.commit()
        prints.append(fingerprint(STAKE, world.snapshot("2025-06-30"), {}))
    assert prints[0] == prints[1] != prints[2]


def test_a_computation_killed_before_its_last_line_is_not_seen_and_run_again_ends_the_same(
    held: World, book: KnowledgeBook
) -> None:
    def dies(inputs: Inputs) -> Mapping[str, pa.Table]:
        raise KeyboardInterrupt

    rows = stakes(Inputs(STAKE, held.snapshot("2025-06-30"), {}))["stakes"]
    with book.writing():
        book.append_table("0" * 32, STAKES, rows)  # written, and then the power fails
    with pytest.raises(KeyboardInterrupt):
        compute_book(book, held.snapshot("2025-06-30"), (STAKE, replace(COUNT, compute=dies)))
    compute_book(book, held.snapshot("2025-06-30"), (STAKE, COUNT))
    assert shares(book.read("stakes", DAY)) == [0.4, 0.6]
    assert book.read("counts", DAY)["owners"].to_pylist() == [2]
    assert DeltaTable(book.root / "stakes").to_pyarrow_table().num_rows == 4  # the lost rows are there, and counted by nobody


def test_another_book_on_the_same_folder_sees_new_runs(held: World, book: KnowledgeBook) -> None:
    reader = KnowledgeBook.beside(held.ledger)
    with pytest.raises(NotComputedError):
        reader.read("stakes", DAY)
    compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    assert shares(reader.read("stakes", DAY)) == [0.4, 0.6]


def test_only_one_process_computes_at_a_time(held: World, book: KnowledgeBook) -> None:
    book.root.mkdir(parents=True)
    with FileLock(book.root / ".lock"), pytest.raises(ConflictError, match="Another process"):
        compute_book(book, held.snapshot("2025-06-30"), (STAKE,))


def test_a_day_without_rows_is_an_answer_and_not_a_gap(world: World) -> None:
    world.firm("A").commit()
    book = KnowledgeBook.beside(world.ledger)
    compute_book(book, world.snapshot("2025-06-30"), (STAKE, COUNT))
    assert book.read("stakes", DAY).num_rows == 0 and book.read("stakes", DAY).schema == STAKES.schema
    assert book.about("stakes", "owner", ["x"], DAY).num_rows == 0


def test_what_is_not_declared_cannot_be_read(held: World, book: KnowledgeBook) -> None:
    with pytest.raises(InputError, match="does not declare that it reads HOLDS_SHARES"):
        compute_book(book, held.snapshot("2025-06-30"), (replace(STAKE, reads={}),))
    with pytest.raises(InputError, match="does not declare that it reads 'stakes'"):
        compute_book(book, held.snapshot("2025-06-30"), (STAKE, replace(COUNT, after=())))
    with pytest.raises(InputError, match="has no column 'colour'"):
        compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
        book.about("stakes", "colour", ["red"], DAY)


def test_kinds_that_wait_for_each_other_are_named(held: World) -> None:
    assert [kind.name for kind in ordered((COUNT, STAKE))] == ["stake", "count"]
    with pytest.raises(InputError, match="stake > count > stake"):
        ordered((replace(STAKE, after=("count",)), COUNT))
    with pytest.raises(InputError, match="count needs 'stake'"):
        ordered((COUNT,))


def test_a_reader_of_the_delta_table_finds_the_run_on_every_row(held: World, book: KnowledgeBook) -> None:
    (run,) = compute_book(book, held.snapshot("2025-06-30"), (STAKE,))
    rows = DeltaTable(book.root / "stakes").to_pyarrow_table()
    assert set(rows["run"].to_pylist()) == {run.run}
    write_deltalake(book.root / "stakes", rows.slice(0, 1), mode="append", partition_by=["run"])  # by a stranger
    assert book.read("stakes", DAY).num_rows == 2


def test_two_kinds_that_have_a_table_of_one_name_are_named() -> None:
    other = replace(STAKE, name="another")
    with pytest.raises(InputError, match="'stake' and 'another' both have a table 'stakes'"):
        told_apart((STAKE, other))
    with pytest.raises(InputError, match="Two kinds of knowledge are called 'stake'"):
        told_apart((STAKE, STAKE))
    assert told_apart(all_kinds()) == all_kinds()
