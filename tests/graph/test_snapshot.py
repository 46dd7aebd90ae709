"""As-of reads, worked out by hand."""

from pathlib import Path

import pytest

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
