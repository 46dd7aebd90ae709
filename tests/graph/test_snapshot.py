"""As-of reads, worked out by hand."""

from pathlib import Path

import pytest

from graph.errors import InputError
from tests.worlds.build import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).firm("A").firm("B")


def amounts(world: World, day: str) -> list[int]:
    return sorted(world.snapshot(day).read("GUARANTEES")["amount_fen"].to_pylist())


def test_a_guarantee_is_seen_from_the_day_it_is_true_and_known(world: World) -> None:
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-03-10", amount_fen=5).commit()
    assert amounts(world, "2025-03-09") == []
    assert amounts(world, "2025-03-10") == [5]
    row = world.snapshot("2025-03-10").read("GUARANTEES").to_pylist()[0]
    assert (row["src"], row["dst"]) == (world.id("A"), world.id("B"))


def test_a_correction_replaces_what_was_known_before_it_and_only_from_then_on(world: World) -> None:
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-03-01", amount_fen=5)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-05-01", amount_fen=7).commit()
    assert amounts(world, "2025-04-30") == [5]
    assert amounts(world, "2025-05-01") == [7]


def test_a_closed_guarantee_was_true_until_it_ended_and_a_retracted_one_never_was(world: World) -> None:
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-03-01", amount_fen=5)
    world.close("2025-06-01", known="2025-05-01")
    world.relation("GUARANTEES", "B", "A", valid_from="2025-03-01", known="2025-03-01", amount_fen=9)
    world.retract(known="2025-05-01").commit()
    assert amounts(world, "2025-04-30") == [5, 9]
    assert amounts(world, "2025-05-31") == [5]
    assert amounts(world, "2025-06-01") == []


def test_the_history_of_a_day_holds_what_ended_before_it_but_nothing_that_was_known_later(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.entity("LoanNote", "note")
    world.fact("LoanNoteState", "note", valid_from="2025-01-31", known="2025-02-01", days_past_due=0)
    world.fact("LoanNoteState", "note", valid_from="2025-02-28", known="2025-03-01", days_past_due=30)
    world.fact("LoanNoteState", "note", valid_from="2025-03-31", known="2025-04-09", days_past_due=60)
    world.commit()
    told = world.snapshot("2025-04-01").history("LoanNoteState").order_by("valid_from").to_pyarrow()
    assert told["days_past_due"].to_pylist() == [0, 30]
    assert [str(day) for day in told["valid_to"].to_pylist()] == ["2025-02-28", "9999-12-31"]
    assert world.snapshot("2025-04-01").read("LoanNoteState")["days_past_due"].to_pylist() == [30]


def test_rows_about_a_firm_are_those_of_the_whole_book_about_it(world: World) -> None:
    world.firm("C", uscc="91330100MA0000001X").commit()
    world.firm("D", uscc="91330100MA0000001X", known="2025-02-01")
    world.relation("GUARANTEES", "D", "A", valid_from="2025-01-01", amount_fen=1)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-01-01", amount_fen=2).commit()
    for day in ("2025-01-15", "2025-02-15"):
        snapshot = world.snapshot(day)
        for name, column in (("GUARANTEES", "src"), ("GUARANTEES", "dst"), ("Firm", "id")):
            whole = snapshot.read(name).to_pylist()
            for key in "ABCD":
                about = snapshot.about(name, column, [world.id(key)]).to_pylist()
                assert about == [row for row in whole if row[column] == world.id(key)]
    assert world.snapshot("2025-02-15").about("GUARANTEES", "src", [world.id("C")])["amount_fen"].to_pylist() == [1]


def test_one_relation_is_found_by_its_own_id(world: World) -> None:
    world.relation("GUARANTEES", "A", "B", amount_fen=2).commit()
    found = world.snapshot("2025-02-15").read("GUARANTEES")["id"].to_pylist()
    assert world.snapshot("2025-02-15").about("GUARANTEES", "id", found)["amount_fen"].to_pylist() == [2]
    with pytest.raises(InputError, match="no end called 'subject'"):
        world.snapshot("2025-02-15").about("GUARANTEES", "subject", found)


def test_types_are_views_for_whoever_writes_sql(world: World) -> None:
    world.relation("GUARANTEES", "A", "B", amount_fen=2, known="2025-03-01").commit()
    ask = "SELECT f.name, sum(g.amount_fen) FROM GUARANTEES g JOIN Firm f ON f.id = g.src GROUP BY ALL"
    with world.snapshot("2025-03-01").connect("Firm", "GUARANTEES") as connection:
        assert connection.sql(ask).fetchall() == [("A", 2)]
    with world.snapshot("2025-02-28").connect("Firm", "GUARANTEES") as connection:
        assert connection.sql(ask).fetchall() == []
