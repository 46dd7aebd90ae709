"""Records find their entities: by an identifier at once, by an officer for good until he thinks again."""

from pathlib import Path

import duckdb
import pytest

from graph.errors import InputError, NotFoundError
from graph.identity import Decision, decide, entity_id, record_id, record_id_sql, records_of
from tests.worlds.build import World

CODE, OTHER_CODE = "91330100MA0000001X", "91330100MA0000002R"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def firms(world: World, day: str = "2030-01-01") -> dict[str, str]:
    return {row["id"]: row["name"] for row in world.snapshot(day).read("Firm").to_pylist()}


@pytest.mark.parametrize(("source", "key"), [("ecif", "C0001"), ("it's", "a'b"), ("registry", "第一␟1"), ("two", "a\x1fb")])
def test_python_and_sql_give_one_record_the_same_id(source: str, key: str) -> None:
    sql = f"SELECT {record_id_sql('Firm', source, 'key')} FROM (SELECT ? AS key)"
    answer = duckdb.connect().execute(sql, [key]).fetchone()
    assert answer == (record_id("Firm", source, *key.split("\x1f")),)


def test_two_records_with_one_credit_code_are_one_firm_named_after_the_first(world: World) -> None:
    world.firm("A", uscc=CODE, known="2025-01-01").commit()
    world.firm("B", uscc=CODE, known="2025-06-01").commit()
    assert firms(world, "2025-05-31") == {world.id("A"): "A"}
    assert firms(world, "2025-06-01") == {world.id("A"): "B"}
    assert records_of(world.ledger, world.id("A")) == sorted([world.record("A"), world.record("B")])


def test_before_the_match_was_known_there_were_two_firms(world: World) -> None:
    world.firm("A", known="2025-01-01", uscc=CODE).commit()
    world.firm("B", known="2025-01-01").commit()
    world.firm("B", known="2025-06-01", uscc=CODE).commit()
    assert firms(world, "2025-05-31") == {world.id("A"): "A", world.id("B"): "B"}
    assert firms(world, "2025-06-01") == {world.id("A"): "B"}


def test_an_entity_keeps_its_id_when_a_better_identifier_arrives(world: World) -> None:
    world.firm("A").firm("B").relation("SUPPLIES", "A", "B", annual_fen=1).commit()
    world.entity("Firm", CODE, source="uscc", known="2025-03-01").commit()
    world.firm("A", uscc=CODE, known="2025-06-01").commit()
    assert set(firms(world)) == {world.id("A"), world.id("B")}
    assert world.snapshot("2025-07-01").read("SUPPLIES")["src"].to_pylist() == [world.id("A")]


def test_a_key_that_is_a_credit_code_counts_as_one(world: World) -> None:
    world.entity("Firm", CODE, source="uscc", stub=True).commit()
    world.firm("A", uscc=CODE).commit()
    stub = entity_id("Firm", record_id("Firm", "uscc", CODE))
    assert firms(world) == {stub: "A"}


def test_ends_of_relations_follow_their_firm(world: World) -> None:
    world.firm("A", uscc=CODE, known="2025-01-01").commit()
    world.firm("B", known="2025-01-01").firm("C")
    world.relation("GUARANTEES", "B", "C", known="2025-01-01", amount_fen=5).commit()
    world.firm("B", uscc=CODE, known="2025-06-01").commit()
    before, after = (world.snapshot(day).read("GUARANTEES")["src"].to_pylist() for day in ("2025-05-31", "2025-06-01"))
    assert (before, after) == ([world.id("B")], [world.id("A")])


def test_matches_go_over_several_records_in_one_batch(world: World) -> None:
    world.firm("A", uscc=CODE).commit()
    world.firm("B", lei="LEI1").firm("C", uscc=CODE, lei="LEI1").firm("D", uscc=OTHER_CODE).commit()
    assert set(firms(world)) == {world.id("A"), world.id("D")}


def test_joining_two_firms_moves_every_record_of_the_newer(world: World) -> None:
    world.firm("A", uscc=CODE).commit()
    world.firm("B", uscc=OTHER_CODE).commit()
    world.firm("C", uscc=OTHER_CODE).commit()
    world.firm("D", uscc=CODE, lei="LEI1").firm("E", uscc=OTHER_CODE, lei="LEI1").commit()
    assert set(firms(world)) == {world.id("A")}


def test_a_code_that_was_corrected_away_matches_nobody(world: World) -> None:
    world.firm("A", uscc=CODE, known="2025-01-01").commit()
    world.firm("A", uscc=OTHER_CODE, known="2025-02-01").commit()
    world.firm("B", uscc=CODE, known="2025-03-01").commit()
    assert set(firms(world)) == {world.id("A"), world.id("B")}


def test_an_officer_merges_and_splits_and_each_day_is_seen_as_it_was_known(world: World) -> None:
    world.firm("A").firm("B").commit()
    merged = decide(world.ledger, [Decision("Firm", world.record("B"), "张三", "同一地址", world.id("A"))])
    assert set(firms(world)) == {world.id("A")}
    decide(world.ledger, [Decision("Firm", world.record("B"), "李四", "并非同一企业")])
    assert set(firms(world)) == {world.id("A"), world.id("B")}
    then = world.snapshot("2030-01-01", ledger_seq=merged).read("Firm")
    assert then["id"].to_pylist() == [world.id("A")]


def test_a_record_split_off_stays_apart_though_its_code_is_equal(world: World) -> None:
    world.firm("A", uscc=CODE).commit()
    world.firm("B", uscc=CODE).commit()
    decide(world.ledger, [Decision("Firm", world.record("B"), "李四", "代码录入有误")])
    world.firm("B", uscc=CODE, listed=True).firm("C", uscc=CODE).commit()
    assert set(firms(world)) == {world.id("A"), world.id("B")}


def test_a_decision_needs_a_record_that_exists_and_a_type_that_has_them(world: World) -> None:
    world.firm("A").entity("Industry", "C26").commit()
    with pytest.raises(NotFoundError, match="was ever told of"):
        decide(world.ledger, [Decision("Firm", "0" * 32, "张三", "")])
    with pytest.raises(InputError, match="no records to merge"):
        decide(world.ledger, [Decision("Industry", world.record("C26"), "张三", "")])
