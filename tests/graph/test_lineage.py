"""From an id back to the rows that told it, on both clocks; from a file to all that it told."""

from datetime import date
from pathlib import Path

import pytest

from graph.errors import InputError, NotFoundError
from graph.identity import Decision, decide
from graph.lineage import fed_by, find, moves_of, store_versions, told_rows
from graph.projection import Projection
from tests.worlds.build import World

TODAY = date(2025, 6, 30)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A guarantee told in January, corrected in February, followed by a new state in March, and a payment of its own."""
    world = World(tmp_path)
    world.firm("A").firm("B").firm("C")
    world.relation("GUARANTEES", "A", "B", valid_from="2025-01-01", amount_fen=100, known="2025-01-02")
    world.commit()
    world.relation("GUARANTEES", "A", "B", valid_from="2025-01-01", amount_fen=120, known="2025-02-02")
    world.commit()
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", amount_fen=150, known="2025-03-02")
    world.relation("GUARANTEES", "A", "C", valid_from="2025-03-01", amount_fen=7, known="2025-03-02")
    world.commit()
    return world


def guarantee(world: World, firm: str = "B") -> str:
    rows = world.ledger.table("GUARANTEES").to_pyarrow().to_pylist()
    return str(next(row["id"] for row in rows if row["dst"] == world.record(firm)))


def test_every_version_is_told_with_what_it_changed_and_where_it_stands(world: World) -> None:
    rows = told_rows(world.ledger, find(world.ledger, guarantee(world)), TODAY)
    assert [(row.batch_seq, row.line, row.values["amount_fen"], row.standing) for row in rows] == [
        (1, 4, 100, "corrected"),
        (2, 5, 120, "ended"),
        (3, 6, 150, "in_force"),
    ]
    assert [row.changed for row in rows] == [
        {},
        {"amount_fen": (100, 120)},
        {"amount_fen": (120, 150), "valid_from": (date(2025, 1, 1), date(2025, 3, 1))},
    ]


def test_an_entity_is_told_by_all_its_records(world: World) -> None:
    decide(world.ledger, [Decision("Firm", world.record("B"), "officer", "same firm", world.id("A"))])
    rows = told_rows(world.ledger, find(world.ledger, world.id("A")), TODAY)
    assert {row.id for row in rows} == {world.record("A"), world.record("B")}
    (move,) = moves_of(world.ledger, [world.record("A"), world.record("B")])
    assert (move["record"], move["entity"], move["reason"]) == (world.record("B"), world.id("A"), "merge")


def test_a_line_names_what_it_told_and_an_unknown_one_says_so(world: World) -> None:
    assert find(world.ledger, "world.csv:4").records == {"GUARANTEES": (guarantee(world),)}
    assert find(world.ledger, "world.csv:7").records == {"GUARANTEES": (guarantee(world, "C"),)}
    for nothing in ("world.csv:99", "0" * 32, "Firm-" + "0" * 32):
        with pytest.raises(NotFoundError):
            find(world.ledger, nothing)
    with pytest.raises(InputError):
        find(world.ledger, "青禾贸易")


def test_what_a_store_holds_of_one_id_is_what_a_whole_build_holds_of_it(world: World) -> None:
    decide(world.ledger, [Decision("Firm", world.record("B"), "officer", "same firm", world.id("A"))])
    with Projection(world.ledger) as whole, whole.versions("GUARANTEES") as versions:
        built = [row for batch in versions.read() for row in batch.to_pylist() if row["id"] == guarantee(world)]
    mine = store_versions(world.ledger, find(world.ledger, guarantee(world)))
    assert sorted(row["version"] for row in mine) == sorted(row["version"] for row in built)
    with Projection(world.ledger) as whole, whole.versions("STATE_Firm") as versions:
        built = [row for batch in versions.read() for row in batch.to_pylist() if row["id"] == world.id("A")]
    mine = store_versions(world.ledger, find(world.ledger, world.id("A")))
    assert sorted(row["version"] for row in mine) == sorted(row["version"] for row in built)


def test_a_version_of_the_graph_leads_back_to_its_relation(world: World) -> None:
    versions = store_versions(world.ledger, find(world.ledger, guarantee(world, "C")))
    assert find(world.ledger, versions[0]["version"]).records == {"GUARANTEES": (guarantee(world, "C"),)}


def test_a_file_says_how_much_of_what_it_fed_still_stands(world: World) -> None:
    fed = fed_by(world.ledger, TODAY, file="world.csv")
    told = [(f.batch_seq, f.type, f.rows, f.in_force, f.corrected, f.ended) for f in fed]
    assert told == [
        (1, "Firm", 3, 3, 0, 0),
        (1, "GUARANTEES", 1, 0, 1, 0),
        (2, "GUARANTEES", 1, 0, 0, 1),
        (3, "GUARANTEES", 2, 2, 0, 0),
    ]
    only = fed_by(world.ledger, TODAY, batch=fed[-1].batch)
    assert [(f.batch_seq, f.rows) for f in only] == [(3, 2)]


def test_a_retracted_row_stands_no_more(world: World) -> None:
    world.relation("GUARANTEES", "B", "C", valid_from="2025-01-01", amount_fen=9, known="2025-04-01").retract(known="2025-05-01")
    world.commit()
    record = next(r["id"] for r in world.ledger.table("GUARANTEES").to_pyarrow().to_pylist() if r["src"] == world.record("B"))
    rows = told_rows(world.ledger, find(world.ledger, record), TODAY)
    assert [row.standing for row in rows] == ["corrected", "retracted"]
