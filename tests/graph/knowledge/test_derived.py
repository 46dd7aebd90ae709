"""What was derived is loaded into both stores as relations of their own, from the day computed to the next that differs."""

from collections.abc import Mapping
from datetime import date

import pyarrow as pa
import pytest

from graph.errors import InputError
from graph.knowledge import Inputs, Kind, KnowledgeBook, KnowledgeTable
from graph.knowledge.compute import compute_book
from graph.ontology import core_ontology, derived_relations
from graph.ontology.load import OntologyAdditions, extend_ontology
from graph.projection import graph_types
from graph.store import Hop, Moment
from graph.verify import verify
from graph.walks import exposure_types
from tests.stores.conftest import Load
from tests.worlds.build import World

ENDS = [("src", pa.string()), ("dst", pa.string())]
FLAGS = [("ultimate", pa.bool_()), ("joint", pa.bool_()), ("state", pa.bool_())]
SCHEMA = pa.schema([*ENDS, ("votes", pa.float64()), ("interest", pa.float64()), *FLAGS])


def majorities(inputs: Inputs) -> Mapping[str, pa.Table]:
    """Who holds more than half itself: less than control, and enough to be loaded."""
    rows = [row for row in inputs.read("HOLDS_SHARES").to_pylist() if row["equity_share"] > 0.5]
    told = [
        {"src": r["src"], "dst": r["dst"], "votes": r["equity_share"], "interest": r["equity_share"], "ultimate": True}
        for r in rows
    ]
    return {"controllers": pa.Table.from_pylist(told, SCHEMA)}


MAJORITY = Kind(
    "majority",
    "过半",
    "1",
    {"HOLDS_SHARES": ("src", "dst", "equity_share")},
    (KnowledgeTable("controllers", SCHEMA, ("src", "dst")),),
    majorities,
)
BY = ("ACTUALLY_CONTROLS",)


def compute(world: World, *days: str) -> None:
    for day in days:
        compute_book(KnowledgeBook.beside(world.ledger), world.snapshot(day), (MAJORITY,))


def told(world: World, load: Load, day: str) -> list[tuple[str, str, float]]:
    names = {world.id(key): key for key in world.keys}
    when = Moment.of(date.fromisoformat(day))
    found = load(world).expand([world.id("A"), world.id("B")], Hop(BY, when, ways=("out",)))
    return [(names[row["anchor"]], names[row["other"]], row["share"]) for row in found.to_pylist()]


@pytest.fixture
def sold(world: World) -> World:
    """A holds 60% of C, from June on 70%; from September on B does."""
    world.firm("A").firm("B").firm("C").relation("HOLDS_SHARES", "A", "C", known="2025-01-01", equity_share=0.6)
    world.relation("HOLDS_SHARES", "A", "C", valid_from="2025-06-01", known="2025-06-01", equity_share=0.7)
    world.close("2025-09-01", known="2025-09-01")
    world.relation("HOLDS_SHARES", "B", "C", valid_from="2025-09-01", known="2025-09-01", equity_share=0.7)
    world.commit()
    return world


def test_a_derived_relation_holds_from_the_day_computed_until_a_computed_day_says_otherwise(sold: World, load: Load) -> None:
    compute(sold, "2025-03-31", "2025-04-30", "2025-06-30", "2025-09-30")
    assert told(sold, load, "2025-03-30") == []  # nothing had been computed yet
    assert told(sold, load, "2025-05-31") == told(sold, load, "2025-06-29") == [("A", "C", 0.6)]
    assert told(sold, load, "2025-06-30") == [("A", "C", 0.7)]
    assert told(sold, load, "2025-09-29") == [("A", "C", 0.7)]
    assert told(sold, load, "2025-12-31") == [("B", "C", 0.7)]
    assert verify(load(sold), sold.ledger).types["ACTUALLY_CONTROLS"].store.rows == 3


def test_stores_follow_the_book_build_by_build_and_verify_sees_one_that_did_not(sold: World, load: Load) -> None:
    compute(sold, "2025-03-31", "2025-09-30")
    store = load(sold)
    assert verify(store, sold.ledger).equal
    compute(sold, "2025-06-30")  # a day between two that were loaded
    stale = verify(store, sold.ledger)
    assert not stale.equal and not stale.types["ACTUALLY_CONTROLS"].equal
    assert verify(load(sold), sold.ledger).equal
    assert told(sold, load, "2025-07-01") == [("A", "C", 0.7)]


def test_a_day_computed_again_over_more_of_the_ledger_replaces_what_it_said(sold: World, load: Load) -> None:
    compute(sold, "2025-03-31")
    assert told(sold, load, "2025-04-01") == [("A", "C", 0.6)]
    sold.relation("HOLDS_SHARES", "A", "C", valid_from="2025-01-15", known="2025-02-01", equity_share=0.5).commit()
    compute(sold, "2025-03-31")
    assert told(sold, load, "2025-04-01") == []
    assert verify(load(sold), sold.ledger).equal


def test_a_store_of_an_earlier_ledger_knows_nothing_of_later_runs(sold: World, load: Load) -> None:
    sold.firm("D").commit()
    compute(sold, "2025-03-31")
    from graph.projection import Projection

    with Projection(sold.ledger, 1) as early, Projection(sold.ledger) as now:
        with early.versions("ACTUALLY_CONTROLS") as versions:
            assert versions.count == 0
        with now.versions("ACTUALLY_CONTROLS") as versions:
            assert versions.count == 1


def test_nothing_is_walked_over_derived_relations_unless_asked() -> None:
    assert not set(derived_relations()) & set(exposure_types(core_ontology()))
    assert not set(derived_relations()) & set(core_ontology().types)


def test_a_bank_cannot_add_a_relation_under_a_derived_name() -> None:
    added = {"relations": {"ACTUALLY_CONTROLS": {"ends": [["Firm", "Firm"]]}}}
    ontology = extend_ontology(core_ontology(), OntologyAdditions.model_validate(added))
    with pytest.raises(InputError, match="what Yujing derives"):
        graph_types(ontology)


def test_rows_that_would_be_one_relation_twice_are_refused(sold: World) -> None:
    def twice(inputs: Inputs) -> Mapping[str, pa.Table]:
        rows = majorities(inputs)["controllers"]
        return {"controllers": pa.concat_tables([rows, rows])}

    kind = Kind(MAJORITY.name, "", "2", MAJORITY.reads, MAJORITY.tables, twice)
    with pytest.raises(InputError, match="twice"):
        compute_book(KnowledgeBook.beside(sold.ledger), sold.snapshot("2025-03-31"), (kind,))
