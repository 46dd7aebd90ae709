"""Rows read for a few entities are the very rows that the whole snapshot holds of them."""

from pathlib import Path

import pytest

from api.rows import RowReader
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


@pytest.mark.parametrize("day", ["2025-02-01", "2025-03-05", "2025-06-15", "2025-12-31"])
@pytest.mark.parametrize("type_name", COLUMNS)
def test_rows_of_an_entity_are_those_of_the_snapshot(world: World, day: str, type_name: str) -> None:
    snapshot = world.snapshot(day)
    reader, column = RowReader(snapshot), COLUMNS[type_name]
    for entity in (world.id("甲"), world.id("乙"), world.id("甲(征信)"), world.id("JJ-1")):
        expected = [row for row in snapshot.read(type_name).to_pylist() if row[column] == entity]
        found = reader.rows(type_name, column, [entity])
        assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_what_a_merged_record_says_is_found_under_its_entity(world: World) -> None:
    taken = RowReader(world.snapshot("2025-12-31")).rows("GUARANTEES", "dst", [world.id("甲")])
    assert [(row["src"], row["amount_fen"]) for row in taken] == [(world.id("乙"), 100)]


def test_nobody_asked_for_is_nothing(world: World) -> None:
    assert RowReader(world.snapshot("2025-12-31")).rows("Firm", "id", []) == []
