"""One contract, both engines: what is loaded, corrected, closed and retracted is what the ledger says of any day."""

from datetime import date

import pyarrow as pa
import pytest

from graph.errors import InputError
from graph.ontology.load import OntologyAdditions
from graph.store import EDGE_SCHEMA, Hop, Moment
from graph.verify import verify
from tests.stores.conftest import Load
from tests.stores.equal import assert_equals_snapshots
from tests.worlds.build import World

GUARANTEES = ("GUARANTEES",)


def on(day: str, known: str | None = None) -> Moment:
    return Moment(date.fromisoformat(day), date.fromisoformat(known or day))


def edges(table: pa.Table, world: World) -> list[tuple[str, str, str, int | None]]:
    """Anchor, way, other by the names of the world, and the amount; in the table's own order."""
    names = {world.id(key): key for key in world.keys}
    return [(names[r["anchor"]], r["way"], names[r["other"]], r["amount_fen"]) for r in table.to_pylist()]


def guarantee_chain(world: World) -> World:
    """A stands for B with 100 from March on, B for C with 50 from May on; the person P stands for A."""
    world.firm("A", name="甲公司").firm("B").firm("C").person("P")
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-03-05", amount_fen=100)
    world.relation("GUARANTEES", "B", "C", valid_from="2025-05-01", known="2025-05-02", amount_fen=50)
    world.relation("GUARANTEES", "P", "A", valid_from="2025-03-01", known="2025-03-05", amount_fen=7)
    return world


def test_a_loaded_graph_is_walked_one_hop_both_ways(world: World, load: Load) -> None:
    guarantee_chain(world).commit()
    store = load(world)
    found = store.expand([world.id("A")], Hop(GUARANTEES, on("2025-06-30")))
    assert found.schema == EDGE_SCHEMA
    assert edges(found, world) == [("A", "in", "P", 7), ("A", "out", "B", 100)]
    assert edges(store.expand([world.id("B")], Hop(GUARANTEES, on("2025-06-30"), ways=("out",))), world) == [("B", "out", "C", 50)]


def test_a_relation_is_seen_only_once_it_is_true_and_known(world: World, load: Load) -> None:
    guarantee_chain(world).commit()
    store = load(world)
    ask = [world.id("A")]
    assert store.expand(ask, Hop(GUARANTEES, on("2025-03-01"))).num_rows == 0  # true, but the bank did not know yet
    assert store.expand(ask, Hop(GUARANTEES, on("2025-02-01", known="2025-06-30"))).num_rows == 0  # known today, not true then
    assert store.expand(ask, Hop(GUARANTEES, on("2025-03-01", known="2025-03-05"))).num_rows == 2


def test_a_correction_changes_today_and_leaves_what_was_known_then(world: World, load: Load) -> None:
    guarantee_chain(world).commit()
    load(world)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-06-01", amount_fen=999).commit()
    store = load(world)
    amounts = {
        day: store.expand([world.id("B")], Hop(GUARANTEES, on(day), ("in",)))["amount_fen"].to_pylist()
        for day in ("2025-05-31", "2025-06-01")
    }
    assert amounts == {"2025-05-31": [100], "2025-06-01": [999]}


def test_a_closed_relation_ends_and_a_retracted_one_never_was(world: World, load: Load) -> None:
    world.firm("A").firm("B").firm("C")
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-03-01", amount_fen=1)
    world.close("2025-04-01", known="2025-04-10")
    world.relation("GUARANTEES", "A", "C", valid_from="2025-03-01", known="2025-03-01", amount_fen=2)
    world.retract(known="2025-04-10")
    world.commit()
    store = load(world)
    ask = [world.id("A")]
    assert edges(store.expand(ask, Hop(GUARANTEES, on("2025-04-09"))), world) == [("A", "out", "C", 2), ("A", "out", "B", 1)]
    assert store.expand(ask, Hop(GUARANTEES, on("2025-04-10"))).num_rows == 0
    assert edges(store.expand(ask, Hop(GUARANTEES, on("2025-03-15", known="2025-12-31"))), world) == [("A", "out", "B", 1)]


def test_loading_again_changes_nothing(world: World, load: Load) -> None:
    guarantee_chain(world).commit()
    first = verify(load(world), world.ledger)
    second = verify(load(world), world.ledger)
    assert first.equal and second.equal and first.types == second.types


def test_every_day_read_out_of_the_store_is_the_snapshot_of_that_day(world: World, load: Load) -> None:
    guarantee_chain(world)
    world.firm("A", name="甲集团", valid_from="2025-04-01", known="2025-04-03", established_on=date(2001, 2, 3), listed=True)
    world.relation("HOLDS_SHARES", "P", "A", valid_from="2025-01-01", known="2025-02-01", equity_share=0.3)
    world.relation("TRANSFERS", "A", "B", valid_from="2025-05-05", known="2025-05-05", amount_fen=10, at=1_746_403_200_000_000)
    world.commit()
    load(world)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-03-01", known="2025-06-01", amount_fen=999)
    world.relation("HOLDS_SHARES", "P", "A", valid_from="2025-06-01", known="2025-06-02", equity_share=0.2)
    world.commit()
    assert_equals_snapshots(load(world), world, ["2025-02-28", "2025-04-02", "2025-05-31", "2025-06-30"])


def test_firms_that_prove_to_be_one_are_one_from_the_day_it_is_known(world: World, load: Load) -> None:
    code = "91310000775785552L"
    world.firm("A", uscc=code, known="2025-01-01").firm("B")
    world.entity("Firm", "A2", source="registry", name="甲", known="2025-01-01", feed="registry")
    world.entity("Firm", "A2", source="registry", name="甲", uscc=code, known="2025-04-01", feed="registry")
    world.relation("GUARANTEES", "A", "B", known="2025-01-01", amount_fen=5)
    world.commit()
    store = load(world)
    assert_equals_snapshots(store, world, ["2025-03-31", "2025-04-01", "2025-12-31"])
    assert verify(store, world.ledger).equal


def test_a_hub_is_cut_at_the_cap_by_amount_and_its_degree_still_told(world: World, load: Load) -> None:
    world.firm("H")
    for n in range(30):
        world.firm(f"F{n:02}").relation("GUARANTEES", "H", f"F{n:02}", amount_fen=None if n == 29 else n % 10)
    world.commit()
    store = load(world)
    hop = Hop(GUARANTEES, on("2025-06-30"), cap=5)
    shown = store.expand([world.id("H")], hop)
    assert shown["amount_fen"].to_pylist() == [9, 9, 8, 8, 8]  # F29 has no amount and comes last
    assert shown["rel"].to_pylist()[:2] == sorted(shown["rel"].to_pylist()[:2])
    degrees = store.degrees([world.id("H"), world.id("F01")], hop).to_pylist()
    assert {(d["anchor"], d["way"], d["degree"]) for d in degrees} == {(world.id("H"), "out", 30), (world.id("F01"), "in", 1)}


def test_a_self_loop_is_one_relation_each_way_and_parallel_edges_stay_apart(world: World, load: Load) -> None:
    world.firm("A").firm("B").relation("GUARANTEES", "A", "A", amount_fen=1)
    world.relation("GUARANTEES", "A", "B", amount_fen=2).relation("GUARANTEES", "A", "B", occurrence=1, amount_fen=2).commit()
    found = load(world).expand([world.id("A")], Hop(GUARANTEES, on("2025-06-30")))
    assert edges(found, world) == [("A", "in", "A", 1), ("A", "out", "B", 2), ("A", "out", "B", 2), ("A", "out", "A", 1)]
    assert len(set(found["rel"].to_pylist())) == 3


def test_shares_rank_where_a_type_has_no_amount(world: World, load: Load) -> None:
    world.firm("A").firm("B").firm("C")
    world.relation("HOLDS_SHARES", "A", "B", equity_share=0.1).relation("HOLDS_SHARES", "A", "C", equity_share=0.6).commit()
    found = load(world).expand([world.id("A")], Hop(("HOLDS_SHARES",), on("2025-06-30"), cap=1))
    assert found["share"].to_pylist() == [0.6]


def test_the_state_of_an_entity_is_that_of_the_day(world: World, load: Load) -> None:
    world.firm("A", name="旧名", established_on=date(2001, 2, 3))
    world.firm("A", name="新名", valid_from="2025-04-01", known="2025-04-03").commit()
    store = load(world)
    ids = [world.id("A"), "Firm-" + "0" * 32, "Spaceship-1"]
    before, after = store.states(ids, on("2025-04-02")), store.states(ids, on("2025-04-03"))
    assert list(before) == [world.id("A")]
    assert (before[world.id("A")]["name"], before[world.id("A")]["established_on"]) == ("旧名", date(2001, 2, 3))
    assert after[world.id("A")]["name"] == "新名"


def test_one_relation_is_told_with_all_its_properties(world: World, load: Load) -> None:
    guarantee_chain(world)
    world.relation("GUARANTEES", "A", "C", amount_fen=3, signed_on=date(2024, 5, 6), liability="ordinary").commit()
    store = load(world)
    rel = store.expand([world.id("A")], Hop(GUARANTEES, on("2025-02-01"), ("out",)))["rel"][0].as_py()
    told = store.relation(rel, "GUARANTEES", on("2025-02-01"))
    assert told is not None
    assert (told["src"], told["dst"], told["signed_on"], told["liability"]) == (
        world.id("A"),
        world.id("C"),
        date(2024, 5, 6),
        "ordinary",
    )
    assert store.relation(rel, "GUARANTEES", on("2024-12-31")) is None


def test_firms_are_found_by_id_code_and_part_of_their_name(world: World, load: Load) -> None:
    world.firm("A", name="江城机械制造有限公司", uscc="91310000775785552L").firm("B", name="江城").firm(
        "C", name="东湖贸易"
    ).commit()
    store = load(world)
    assert [hit.name for hit in store.find_firms("江城")] == ["江城", "江城机械制造有限公司"]
    assert [hit.id for hit in store.find_firms("91310000775785552L")] == [world.id("A")]
    assert [hit.id for hit in store.find_firms(world.id("C"))] == [world.id("C")]
    assert store.find_firms("没有") == []


def test_a_type_that_a_bank_adds_is_stored_and_walked(world: World, load: Load) -> None:
    added = {"entities": {"Medium": {"properties": {"risk": "text"}}}, "relations": {"SIGNS_IN": {"ends": [["Medium", "Firm"]]}}}
    world.ledger.extend(OntologyAdditions.model_validate(added))
    world.firm("A").entity("Medium", "M", risk="high").relation("SIGNS_IN", "M", "A").commit()
    store = load(world)
    assert edges(store.expand([world.id("A")], Hop(("SIGNS_IN",), on("2025-06-30"))), world) == [("A", "in", "M", None)]
    assert store.states([world.id("M")], on("2025-06-30"))[world.id("M")]["risk"] == "high"


def test_a_type_that_is_not_there_is_named(world: World, load: Load) -> None:
    guarantee_chain(world).commit()
    with pytest.raises(InputError, match="'GARANTEES'"):
        load(world).expand([world.id("A")], Hop(("GARANTEES",), on("2025-06-30")))


def test_unknown_anchors_give_no_rows(world: World, load: Load) -> None:
    guarantee_chain(world).commit()
    store = load(world)
    for strange in ("Firm-unknown", "nonsense", "Spaceship-1", "Firm-' OR 1=1"):
        assert store.expand([strange], Hop(GUARANTEES, on("2025-06-30"))).num_rows == 0


def test_a_store_knows_how_far_it_was_built(world: World, load: Load) -> None:
    guarantee_chain(world)
    first = world.commit()
    assert load(world).through_seq == first
    second = world.firm("D").commit()
    assert load(world).through_seq == second == first + 1


def test_relations_of_one_type_come_with_all_that_they_carry(world: World, load: Load) -> None:
    world.firm("A").firm("B").person("P").relation("HOLDS_SHARES", "P", "A", equity_share=0.4, voting_share=0.9)
    world.relation("HOLDS_SHARES", "B", "A", equity_share=0.6).relation("HOLDS_SHARES", "A", "B", equity_share=0.1).commit()
    store, hop = load(world), Hop((), on("2025-06-30"))
    found = store.details([world.id("A"), world.id("B"), "Firm-unknown"], "HOLDS_SHARES", "in", hop)
    told = {(r["anchor"], r["other"]): (r["equity_share"], r["voting_share"], r["valid_to"]) for r in found.to_pylist()}
    assert told == {
        (world.id("A"), world.id("P")): (0.4, 0.9, 99991231),
        (world.id("A"), world.id("B")): (0.6, None, 99991231),
        (world.id("B"), world.id("A")): (0.1, None, 99991231),
    }
    capped = store.details([world.id("A")], "HOLDS_SHARES", "in", Hop((), on("2025-06-30"), cap=1))
    assert capped["equity_share"].to_pylist() == [0.6]
    assert store.details([world.id("A")], "HOLDS_SHARES", "out", Hop((), on("2024-06-30"))).num_rows == 0
    assert store.details([world.id("P")], "HOLDS_SHARES", "in", hop).num_rows == 0  # nobody holds a person
