"""One firm out of the store is what the book says of it, on both engines; circles keep their identity from day to day."""

from datetime import date
from typing import Any

import pytest

from api.rows import RowReader
from graph.errors import NotComputedError, NotFoundError
from graph.knowledge import KnowledgeBook
from graph.knowledge.circles.answer import circle_on, lineage_of
from graph.knowledge.circles.kind import CIRCLES_KIND
from graph.knowledge.circles.one_firm import Bounds, firm_answer, firm_in_book
from graph.knowledge.compute import compute_book
from graph.store import Hop, Moment
from graph.verify import verify
from tests.stores.conftest import Load
from tests.worlds.build import World

DAY = "2025-06-30"
WHEN = Moment.of(date.fromisoformat(DAY))


def borrows(world: World, firm: str, balance: int, **told: Any) -> World:
    note = f"note of {firm}"
    world.entity("LoanNote", note, number=note, principal_fen=balance * 2).relation("BORROWS", firm, note)
    return world.fact("LoanNoteState", note, balance_fen=balance, **told)


def knit(world: World) -> World:
    """A leaking circle, a pair within reach of it, a joint scheme, chains on both sides, debts of all kinds."""
    for firm in "ABCDEFGHIJKLMXY":
        world.firm(firm)
    world.person("P")
    told = [
        ("A", "B", 100), ("B", "C", 30), ("C", "A", 80), ("A", "C", 50), ("C", "D", 20), ("D", "E", 10), ("E", "D", 15),
        ("X", "A", 40), ("P", "X", 5), ("E", "Y", 7), ("M", "F", 9), ("L", "P", 3), ("P", "L", 3),
    ]  # fmt: skip
    for n, (src, dst, amount) in enumerate(told):
        liability = ("ordinary", "joint_and_several")[n % 2]
        world.relation("GUARANTEES", src, dst, amount_fen=amount * 1000, liability=liability)
    world.relation("GUARANTEES", "B", "A")  # an amount that is not told
    world.relation("GUARANTEES", "C", "B", amount_fen=5, currency="USD").relation("GUARANTEES", "K", "K", amount_fen=1)
    for other in "GHI":
        world.relation("GUARANTEES", "F", other, amount_fen=60_000, scheme="joint", contract="J-1")
    world.relation("GUARANTEES", "J", "K", amount_fen=1, scheme="joint", contract="J-2")
    for n, firm in enumerate("ABCDEFGHP"):
        borrows(world, firm, 20_000 + 7_000 * n)
    borrows(world, "I", 99_000, written_off=True)
    world.entity("Contract", "HT-9", number="HT-9", amount_fen=1).relation("BORROWS", "A", "HT-9")
    world.entity("LoanNote", "drawn", number="drawn", contract="HT-9", principal_fen=6_000, product="acceptance")
    for n, firm in enumerate("ABCFGX"):
        world.fact("FinancialStatement", firm, valid_from="2025-03-31", period_end="2024-12-31", net_assets_fen=10_000 * (n + 1))
    world.fact(
        "FinancialStatement", "B", valid_from="2025-05-31", period_end="2025-03-31", total_assets_fen=9, total_liabilities_fen=99
    )
    world.fact("FinancialStatement", "A", valid_from="2025-05-31", known="2025-07-01", period_end="2025-03-31", net_assets_fen=1)
    world.fact("BureauReport", "C", valid_from="2025-02-01", reported_on="2025-02-01", other_banks_balance_fen=5_000)
    world.commit()
    return world


def told(answer: Any) -> Any:
    """A circle without its identity and days."""
    if answer is None:
        return None
    parts = [answer.told, *answer.members, *answer.guarantees, *answer.calls, *answer.cuts]
    rows = [{name: value for name, value in row.items() if name != "circle"} for row in parts]
    return sorted(rows, key=repr)


def test_every_firm_is_answered_as_the_whole_book_has_it(world: World, load: Load) -> None:
    knit(world)
    book = KnowledgeBook.beside(world.ledger)
    compute_book(book, world.snapshot(DAY), (CIRCLES_KIND,))
    store, rows = load(world), RowReader(world.snapshot(DAY))
    kinds = set()
    for key in "ABCDEFGHIJKLMXYP":
        one, whole = firm_answer(store, rows, world.id(key), WHEN), firm_in_book(book, world.id(key), WHEN)
        assert one.complete and one.circle_complete
        assert {**(one.chain or {}), "circle": 0} == {**(whole.chain or {}), "circle": 0}, key
        assert told(one.circle) == told(whole.circle), key
        kinds |= {one.circle.told["kind"]} if one.circle else set()
    assert kinds == {"circle", "mutual", "joint_scheme"}
    assert firm_answer(store, rows, world.id("K"), WHEN).chain is not None


def test_a_circle_can_be_walked_and_is_verified(world: World, load: Load) -> None:
    knit(world)
    compute_book(KnowledgeBook.beside(world.ledger), world.snapshot(DAY), (CIRCLES_KIND,))
    store = load(world)
    found = store.expand([world.id("F")], Hop(("CIRCLE_WITH",), WHEN)).to_pylist()
    assert {row["other"] for row in found} == {world.id("H")}, "H owes most"
    assert verify(store, world.ledger).equal


def test_what_was_learnt_later_is_not_seen(world: World) -> None:
    """On the day A's net assets were 10,000; that they had shrunk to 1 came a day later."""
    knit(world)
    book = KnowledgeBook.beside(world.ledger)
    for day in (DAY, "2025-07-01"):
        compute_book(book, world.snapshot(day), (CIRCLES_KIND,))
    seen = [
        next(iter(book.about("guarantee_circle_members", "member", [world.id("A")], date.fromisoformat(day)).to_pylist()))
        for day in (DAY, "2025-07-01")
    ]
    assert [row["net_assets_fen"] for row in seen] == [10_000, 1] and seen[0]["circle"] == seen[1]["circle"]
    assert seen[0]["exposure_fen"] == 26_000, "a note on its own name, and what was drawn on its contract"


def test_a_circle_that_is_too_large_to_walk_says_so(world: World, load: Load) -> None:
    for n in range(9):
        world.firm(f"F{n}")
    for n in range(9):
        world.relation("GUARANTEES", f"F{n}", f"F{(n + 1) % 9}", amount_fen=1)
    world.firm("Z").relation("GUARANTEES", "Z", "F0", amount_fen=1).commit()
    store, rows = load(world), RowReader(world.snapshot(DAY))
    cut = firm_answer(store, rows, world.id("F0"), WHEN, Bounds(max_entities=4))
    assert not cut.complete and not cut.circle_complete and cut.circle is None
    hub = firm_answer(store, rows, world.id("Z"), WHEN, Bounds(max_entities=4))
    assert not hub.complete and hub.circle_complete, "nobody guarantees Z, so it is in no circle"
    assert [(c.shown, c.degree) for c in firm_answer(store, rows, world.id("F0"), WHEN, Bounds(cap=1)).cuts] == [(1, 2)]
    with pytest.raises(NotFoundError, match="Nothing is known of"):
        firm_answer(store, rows, "Firm-" + "0" * 32, WHEN)


@pytest.fixture
def growing(world: World) -> World:
    """A and B; in February C joins; in March the circle D, E is absorbed; in April it falls apart."""
    for firm in "ABCDE":
        world.firm(firm)
    ring = {"2025-01-01": ["AB", "BA", "DE", "ED"], "2025-02-01": ["BC", "CA"], "2025-03-01": ["CD", "EC"]}
    for day, arcs in ring.items():
        for arc in arcs:
            src, dst = arc[0], arc[1]
            world.relation("GUARANTEES", src, dst, amount_fen=10, valid_from=day, known=day)
            if day == "2025-02-01" or arc == "AB":
                world.close("2025-04-01", known="2025-04-01")
    world.commit()
    return world


def test_a_circle_keeps_its_identity_while_it_grows_merges_and_loses_members(growing: World) -> None:
    book = KnowledgeBook.beside(growing.ledger)
    days = ("2025-01-15", "2025-02-15", "2025-02-20", "2025-03-15", "2025-04-15")
    for day in days:
        compute_book(book, growing.snapshot(day), (CIRCLES_KIND,))
    (first,) = {
        row["circle"] for row in book.about("guarantee_circle_members", "member", [growing.id("A")], date(2025, 1, 15)).to_pylist()
    }
    (other,) = {
        row["circle"] for row in book.about("guarantee_circle_members", "member", [growing.id("D")], date(2025, 1, 15)).to_pylist()
    }
    assert [len(circle_on(book, first, date.fromisoformat(day)).members) for day in days[:4]] == [2, 3, 3, 5]
    lineage = [row for row in lineage_of(book, first, date(2025, 4, 30)) if row["event"] != "renamed"]  # as the leader's id falls
    events = [(row["as_of"].month, row["event"], row["other"]) for row in lineage]
    assert events == [(1, "born", None), (2, "grown", first), (3, "grown", first), (3, "merged", other), (4, "shrunk", first)]
    with pytest.raises(NotFoundError, match=f"absorbed by {first} on 2025-03-15"):
        circle_on(book, other, date(2025, 4, 15))
    with pytest.raises(NotFoundError, match="no guarantee circle 'Circle-x'"):
        circle_on(book, "Circle-x", date(2025, 4, 15))
    with pytest.raises(NotComputedError, match="not computed"):
        circle_on(book, first, date(2025, 4, 16))


def test_a_day_between_computed_later_gives_the_same_identities_and_a_quiet_day_is_not_computed_anew(growing: World) -> None:
    book = KnowledgeBook.beside(growing.ledger)
    runs = {}
    for day in ("2025-01-15", "2025-01-20", "2025-01-25", "2025-03-15", "2025-02-15", "2025-03-15"):
        (run,) = compute_book(book, growing.snapshot(day), (CIRCLES_KIND,))
        runs[day] = run
    assert runs["2025-01-25"].rows_run == runs["2025-01-20"].run
    names = [book.read("guarantee_circles", date.fromisoformat(day))["circle"].to_pylist() for day in ("2025-01-15", "2025-03-15")]
    assert names[1][0] in names[0]
