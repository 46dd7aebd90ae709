"""Rows read for a few entities are the very rows that the whole snapshot holds of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.held import HeldTables
from api.rows import RowReader
from graph.snapshot import Snapshot
from tests.worlds.build import World

CODE = "91000000MA0000001R"
COLUMNS = {"Firm": "id", "BORROWS": "src", "GUARANTEES": "dst", "HOLDS_SHARES": "dst", "LoanNoteState": "subject"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two records of one firm, merged by their credit code; what the second one says belongs to the first one's entity."""
    world = World(tmp_path)
    world.firm("甲", uscc=CODE).firm("乙", name="乙公司")
    world.entity("LoanNote", "JJ-1", number="JJ-1")
    world.relation("BORROWS", "甲", "JJ-1")
    world.fact("LoanNoteState", "JJ-1", valid_from="2025-03-01", known="2025-03-02", balance_fen=500)
    world.commit()
    world.firm("甲(征信)", uscc=CODE, known="2025-06-01")
    world.relation("GUARANTEES", "乙", "甲(征信)", amount_fen=100, valid_from="2025-06-01", known="2025-06-01")
    world.relation("HOLDS_SHARES", "乙", "甲", equity_share=0.5, known="2025-06-01")
    world.fact("LoanNoteState", "JJ-1", valid_from="2025-07-01", known="2025-07-02", balance_fen=400)
    world.commit()
    return world


def from_ledger(snapshot: Snapshot, type_name: str) -> RowReader:
    return RowReader(snapshot)


def from_held(snapshot: Snapshot, type_name: str) -> RowReader:
    """A reader whose table of that type is made."""
    held = HeldTables(snapshot)
    for made in held.prepare([type_name]):
        made.result()
    return RowReader(snapshot, held=held)


@pytest.mark.parametrize("day", ["2025-02-01", "2025-03-05", "2025-06-15", "2025-12-31"])
@pytest.mark.parametrize("type_name", COLUMNS)
@pytest.mark.parametrize("reading", [from_ledger, from_held])
def test_rows_of_an_entity_are_those_of_the_snapshot(
    world: World, day: str, type_name: str, reading: Callable[[Snapshot, str], RowReader]
) -> None:
    snapshot = world.snapshot(day)
    reader, column = reading(snapshot, type_name), COLUMNS[type_name]
    for entity in (world.id("甲"), world.id("乙"), world.id("甲(征信)"), world.id("JJ-1")):
        expected = [row for row in snapshot.read(type_name).to_pylist() if row[column] == entity]
        found = reader.rows(type_name, column, [entity])
        assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_tables_of_a_day_let_go_are_freed_and_the_ledger_answers_again(world: World) -> None:
    snapshot = world.snapshot("2025-12-31")
    reader = from_held(snapshot, "Firm")
    tables = "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'held_%'"
    assert reader.held is not None
    assert snapshot.backend.con.execute(tables).fetchall() == [(1,)]
    reader.held.close()
    assert snapshot.backend.con.execute(tables).fetchall() == [(0,)]
    assert [row["name"] for row in reader.rows("Firm", "id", [world.id("乙")])] == ["乙公司"]


def test_what_a_merged_record_says_is_found_under_its_entity(world: World) -> None:
    taken = RowReader(world.snapshot("2025-12-31")).rows("GUARANTEES", "dst", [world.id("甲")])
    assert [(row["src"], row["amount_fen"]) for row in taken] == [(world.id("乙"), 100)]


def test_nobody_asked_for_is_nothing(world: World) -> None:
    assert RowReader(world.snapshot("2025-12-31")).rows("Firm", "id", []) == []
