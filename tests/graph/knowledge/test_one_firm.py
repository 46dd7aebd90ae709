"""One firm out of the store is what the whole book says of it, on both engines; with its chains, on both clocks."""

from datetime import date
from typing import Any

import pytest

from graph.errors import NotFoundError
from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.control.kind import CONTROL
from graph.knowledge.control.one_firm import control_answer
from graph.knowledge.control.upward import Bounds
from graph.store import Hop, Moment
from graph.verify import verify
from tests.stores.conftest import Load
from tests.worlds.build import World

DAY = "2025-06-30"
WHEN = Moment.of(date.fromisoformat(DAY))


def tangled(world: World) -> World:
    """A pyramid, a pair that hold each other, a deadlock, a concert group, a state owner, and firms of unknown owners."""
    for firm in "ABCDEFGHIJKLS":
        told: dict[str, Any] = {"S": {"name": "虚构市国有资产经营有限公司", "state_owned": True}}.get(firm, {})
        world.firm(firm, **told)
    for person in ("P0", "P1", "P2", "P3", "P4"):
        world.person(person)
    shares = [
        ("P0", "A", 0.6), ("P1", "A", 0.4), ("A", "B", 0.55), ("P1", "B", 0.45), ("B", "C", 0.3), ("A", "C", 0.3), ("P2", "C", 0.2),
        ("P3", "D", 0.9), ("E", "D", 0.1), ("D", "E", 0.5), ("P4", "E", 0.5), ("P0", "F", 0.5), ("D", "F", 0.5),
        ("P2", "G", 0.3), ("P3", "G", 0.25), ("C", "G", 0.45), ("G", "H", 0.6), ("S", "I", 1.0), ("S", "J", 0.7), ("I", "J", 0.1),
        ("K", "L", 0.8), ("C", "L", 0.1),
    ]  # fmt: skip
    for src, dst, share in shares:
        world.relation("HOLDS_SHARES", src, dst, equity_share=share)
    world.relation("HOLDS_SHARES", "P4", "K", equity_share=0.2, voting_share=0.7)
    world.relation("ACTS_WITH", "P2", "P3").relation("CONTROLS", "P0", "B").relation("CONTROLS", "P1", "G")
    world.relation("SERVES_AS", "P1", "J", role="legal_representative").relation("SERVES_AS", "P1", "H", role="manager")
    world.commit()
    return world


def test_every_firm_is_answered_as_the_whole_book_has_it(world: World, load: Load) -> None:
    tangled(world)
    book = KnowledgeBook.beside(world.ledger)
    compute_book(book, world.snapshot(DAY), (CONTROL,))
    tables = {table.name: book.read(table.name, date.fromisoformat(DAY)).to_pylist() for table in CONTROL.tables}
    store = load(world)
    for key in "ABCDEFGHIJKLS":
        firm = world.id(key)
        answer = control_answer(store, firm, WHEN)
        (status,) = [row for row in tables["control_status"] if row["firm"] == firm]
        assert {name: getattr(answer, name) for name in status if name != "firm"} == {
            k: v for k, v in status.items() if k != "firm"
        }
        pairs = [
            ("src", "id"),
            ("votes", "votes"),
            ("interest", "interest"),
            ("ultimate", "ultimate"),
            ("joint", "joint"),
            ("state", "state"),
        ]
        told = {tuple(row[name] for name, _ in pairs) for row in tables["controllers"] if row["dst"] == firm}
        assert {tuple(getattr(each, name) for _, name in pairs) for each in answer.controllers} == told, key
        owners = {(r["person"], r["interest"], r["votes"], r["tests"]) for r in tables["beneficial_owners"] if r["firm"] == firm}
        assert {(o.id, o.interest, o.votes, ",".join(o.tests)) for o in answer.beneficial_owners} == owners, key
        assert set(answer.deadlocked) == {r["party"] for r in tables["control_deadlocks"] if r["firm"] == firm}
        found = {(r["finding"], r["entity"], r["rel"]) for r in tables["control_findings"] if r["firm"] == firm}
        assert {(f.finding, f.entity, f.rel) for f in answer.findings} == found, key
        assert answer.complete


def test_control_is_a_relation_of_the_graph_and_verified(world: World, load: Load) -> None:
    tangled(world)
    compute_book(KnowledgeBook.beside(world.ledger), world.snapshot(DAY), (CONTROL,))
    store = load(world)
    found = store.expand([world.id("C")], Hop(("ACTUALLY_CONTROLS",), WHEN, ("in",))).to_pylist()
    assert {(row["other"], row["share"]) for row in found} == {(world.id("A"), 0.6), (world.id("P0"), 0.6)}
    assert verify(store, world.ledger).equal


@pytest.fixture
def pyramid(world: World) -> World:
    """P holds 60% of A, A 60% of B in two parts; on 1 June the bank learns that since May P2 has had A's 60%."""
    world.firm("A").firm("B").person("P").person("P2").relation("HOLDS_SHARES", "P", "A", known="2025-01-01", equity_share=0.6)
    world.close("2025-05-01", known="2025-06-01")
    world.relation("HOLDS_SHARES", "P2", "A", valid_from="2025-05-01", known="2025-06-01", equity_share=0.6)
    world.relation("HOLDS_SHARES", "A", "B", equity_share=0.4)
    world.relation("HOLDS_SHARES", "A", "B", occurrence=1, equity_share=0.2).commit()
    return world


def test_each_controller_comes_with_its_chain_and_the_relations_that_tell_it(pyramid: World, load: Load) -> None:
    answer = control_answer(load(pyramid), pyramid.id("B"), WHEN)
    person, company = answer.controllers
    assert (person.id, person.ultimate, company.id) == (pyramid.id("P2"), True, pyramid.id("A"))
    (chain,) = person.chains
    assert chain.nodes == (pyramid.id("P2"), pyramid.id("A"), pyramid.id("B"))
    assert chain.share == pytest.approx(0.36) == person.interest
    assert [[link.equity for link in step] for step in chain.steps] == [[0.6], [0.4, 0.2]]
    assert len(answer.links()) == 3 and all(link.valid_from for link in answer.links())
    assert [(gap.id, gap.untold, gap.weight) for gap in answer.missing] == [
        (pyramid.id("B"), 0.4, 0.4),
        (pyramid.id("A"), 0.4, 0.24),
    ]


def test_who_controlled_is_told_as_it_was_known_then(pyramid: World, load: Load) -> None:
    store, firm = load(pyramid), pyramid.id("B")

    def top(valid: str, known: str) -> list[str]:
        answer = control_answer(store, firm, Moment(date.fromisoformat(valid), date.fromisoformat(known)))
        return [each.id for each in answer.controllers if each.ultimate]

    assert top("2025-05-15", "2025-05-15") == [pyramid.id("P")]  # the bank did not know yet
    assert top("2025-05-15", "2025-06-30") == [pyramid.id("P2")]
    assert top("2025-04-15", "2025-06-30") == [pyramid.id("P")]


def test_a_firm_with_more_holders_than_are_read_says_so(world: World, load: Load) -> None:
    world.firm("A")
    for n in range(6):
        world.person(f"P{n}").relation("HOLDS_SHARES", f"P{n}", "A", equity_share=0.1)
    world.commit()
    store, firm = load(world), world.id("A")
    answer = control_answer(store, firm, WHEN, Bounds(cap=4))
    assert not answer.complete and [(cut.shown, cut.degree) for cut in answer.cuts] == [(4, 6)]
    assert not control_answer(store, firm, WHEN, Bounds(max_entities=3)).complete
    assert control_answer(store, firm, WHEN, Bounds(cap=6)).complete


def test_a_firm_that_is_not_there_is_named(pyramid: World, load: Load) -> None:
    with pytest.raises(NotFoundError, match="Nothing is known of"):
        control_answer(load(pyramid), "Firm-" + "0" * 32, WHEN)
