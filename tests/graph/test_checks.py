"""Whole-book checks find what contradicts itself, with file and line, and nothing in a book that is sound."""

import string
from datetime import date
from pathlib import Path

import duckdb
import pytest
import stdnum.cn.uscc
import stdnum.lei
from hypothesis import given
from hypothesis import strategies as st

from graph.checks import _wrong_lei, _wrong_uscc, check_book
from graph.snapshot import Snapshot
from tests.worlds.build import World

DAY = "2025-12-31"


def found(world: World) -> dict[tuple[str, str], int]:
    return {(each.check, each.type): each.count for each in check_book(world.snapshot(DAY)).found}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.firm("A").firm("B").firm("C")
    return world


def test_a_sound_book_has_nothing_to_say(world: World) -> None:
    world.relation("HOLDS_SHARES", "A", "C", valid_from="2025-01-01", equity_share=0.6)
    world.relation("HOLDS_SHARES", "B", "C", valid_from="2025-01-01", equity_share=0.4)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-01-01", amount_fen=1).commit()
    result = check_book(world.snapshot(DAY))
    assert result.ok
    assert result.found == ()
    assert result.as_json()["ok"] is True


def test_shares_of_one_firm_may_sum_to_one_and_no_more(world: World) -> None:
    world.relation("HOLDS_SHARES", "A", "C", valid_from="2025-01-01", equity_share=0.7)
    world.relation("HOLDS_SHARES", "B", "C", valid_from="2025-01-01", equity_share=0.4).commit()
    result = check_book(world.snapshot(DAY))
    assert not result.ok
    (wrong,) = result.found
    assert (wrong.check, wrong.type, wrong.count) == ("shares", "HOLDS_SHARES", 1)
    assert wrong.rows[0]["id"] == world.id("C")
    assert wrong.rows[0]["said"] == "equity_share 1.1"


def test_shares_that_ended_do_not_count(world: World) -> None:
    world.relation("HOLDS_SHARES", "A", "C", valid_from="2025-01-01", equity_share=0.7).close("2025-06-01", known="2025-06-01")
    world.relation("HOLDS_SHARES", "B", "C", valid_from="2025-06-01", equity_share=1.0).commit()
    assert found(world) == {}


def test_a_relation_to_a_firm_that_was_only_referred_to_is_worth_knowing_but_not_wrong(world: World) -> None:
    world.entity("Firm", "D", stub=True)
    world.relation("GUARANTEES", "A", "D", valid_from="2025-01-01", amount_fen=1).commit()
    result = check_book(world.snapshot(DAY))
    assert result.ok
    assert found(world) == {("stub_ends", "GUARANTEES"): 1}


def test_a_relation_known_before_its_end_was_told_of_has_an_unknown_end(world: World) -> None:
    world.firm("E", known="2026-05-01")
    world.relation("GUARANTEES", "A", "E", valid_from="2025-01-01", amount_fen=1).commit()
    assert found(world) == {("unknown_ends", "GUARANTEES"): 1}
    assert check_book(world.snapshot("2026-06-01")).found == ()


def test_states_that_end_backward_or_run_into_the_next_are_named(world: World) -> None:
    world.relation("GUARANTEES", "A", "B", valid_from="2025-05-01", valid_to="2025-04-01", amount_fen=1)
    world.relation("GUARANTEES", "B", "C", valid_from="2025-01-01", valid_to="2025-09-01", amount_fen=1)
    world.relation("GUARANTEES", "B", "C", valid_from="2025-06-01", amount_fen=2).commit()
    assert found(world) == {("backward", "GUARANTEES"): 1, ("overlapping", "GUARANTEES"): 1}


def test_a_credit_code_with_a_wrong_check_digit_is_named_with_its_place(world: World) -> None:
    world.firm("F", uscc="91330100MA0000001X").commit()
    assert stdnum.cn.uscc.is_valid("91330100MA0000001X") is False
    (wrong,) = check_book(world.snapshot(DAY)).found
    assert (wrong.check, wrong.rows[0]["said"]) == ("check_digits", "uscc 91330100MA0000001X")
    assert wrong.rows[0]["line"]


def test_a_row_recorded_after_its_batch_was_committed_is_named(world: World) -> None:
    world.firm("G", known="2999-01-01").commit()
    assert found(world) == {("recorded_late", "Firm"): 1}


def test_a_lost_row_is_missed(world: World) -> None:
    from deltalake import DeltaTable

    world.commit()
    record = world.record("B")
    DeltaTable(str(world.ledger.root / "Firm")).delete(f"id = '{record}'")
    (wrong,) = check_book(Snapshot(world.ledger, date(2025, 12, 31))).found
    assert (wrong.check, wrong.type, wrong.rows[0]["said"]) == ("counts", "Firm", "3 written, 2 found")


_CODES = st.text(string.digits + "ABCDEFGHJKLMNPQRTUWXYIO", min_size=9, max_size=9)


@given(st.text(string.digits, min_size=8, max_size=8), _CODES, st.booleans())
def test_credit_codes_are_judged_as_the_standard_does(region: str, rest: str, mended: bool) -> None:
    body = region + rest
    plain = all(sign in "0123456789ABCDEFGHJKLMNPQRTUWXY" for sign in body)
    code = body + (stdnum.cn.uscc.calc_check_digit(body) if mended and plain else "7")
    assert _sql(_wrong_uscc(f"'{code}'")) is not stdnum.cn.uscc.is_valid(code)


@given(st.text(string.digits + string.ascii_uppercase, min_size=18, max_size=18), st.booleans())
def test_leis_are_judged_as_the_standard_does(body: str, mended: bool) -> None:
    code = (
        body + (stdnum.lei.calc_check_digits(body) if mended else "12") if hasattr(stdnum.lei, "calc_check_digits") else body + "12"
    )
    assert _sql(_wrong_lei(f"'{code}'")) is not stdnum.lei.is_valid(code)


@pytest.mark.parametrize("code", ["7LTWFZYICNSX8D621K86", "213800KUD8LAJWSQ9D15", "5493001KJTIIGC8Y1R12"])
def test_known_leis_are_sound(code: str) -> None:
    assert _sql(_wrong_lei(f"'{code}'")) is not stdnum.lei.is_valid(code)


@given(st.text(string.digits + string.ascii_uppercase + "甲 a", max_size=60))
def test_what_is_no_lei_at_all_is_wrong_and_no_error(code: str) -> None:
    sound = len(code) == 20 and stdnum.lei.compact(code) == code and stdnum.lei.is_valid(code)  # the library asks for no length
    assert _sql(_wrong_lei(f"'{code}'")) is not sound


def _sql(expression: str) -> bool:
    with duckdb.connect() as connection:
        (answer,) = connection.sql(f"SELECT {expression}").fetchall()[0]
    return bool(answer)
