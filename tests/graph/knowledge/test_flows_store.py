"""One payment over a store is what the whole book says of it, on both engines; and as known on an earlier day."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from graph.clock import start_of_day_us
from graph.errors import InputError, NotFoundError
from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.control.kind import CONTROL
from graph.knowledge.flows.around_firm import shapes_of
from graph.knowledge.flows.kind import FUND_FLOWS
from graph.knowledge.flows.one_start import FlowQuery
from graph.knowledge.flows.patterns import PatternBounds
from graph.knowledge.flows.query import FlowBounds
from graph.knowledge.flows.starts import trace_firm
from graph.store import Hop, Moment, Window
from graph.verify import verify
from tests.stores.conftest import Load
from tests.worlds.build import World

DAY = "2025-06-30"
WHEN = Moment.of(date.fromisoformat(DAY))


def paid(world: World) -> World:
    """A borrows twice; B is its supplier, G a sister firm under P, H guarantees it, X's owner is not known."""
    for firm in "ABCGH":
        world.firm(firm, industry={"C": "K7010"}.get(firm, "C30"))
        world.entity("Account", f"{firm}1", number=f"62{firm}")
        world.relation("OWNS_ACCOUNT", firm, f"{firm}1")
    world.person("P").entity("Account", "X1", number="99X", stub=True)
    world.relation("HOLDS_SHARES", "P", "A", equity_share=0.9).relation("HOLDS_SHARES", "P", "G", equity_share=0.8)
    world.relation("GUARANTEES", "H", "A", amount_fen=10_000_000)
    for note, day, to in (("N1", "2025-05-01", "B1"), ("N2", "2025-06-01", "A1")):
        world.entity("LoanNote", note, number=note, principal_fen=1_000_000).relation("BORROWS", "A", note)
        world.relation("DISBURSES", note, to, amount_fen=1_000_000, **dated(day, 0))
    moves = [
        ("C1", "B1", 100_000, "2025-04-20", "货款"),
        ("B1", "A1", 300_000, "2025-05-03", "往来款"), ("B1", "G1", 200_000, "2025-05-04", "货款"),
        ("G1", "A1", 150_000, "2025-05-20", "往来款"),
        ("B1", "X1", 250_000, "2025-05-06", "货款"), ("A1", "H1", 400_000, "2025-06-02", "货款"),
        ("A1", "C1", 350_000, "2025-06-10", "设备款"),
        ("X1", "A1", 90_000, "2025-06-12", "货款"), ("H1", "B1", 390_000, "2025-06-20", "货款"),
        ("B1", "A1", 380_000, "2025-06-25", "货款"),
    ]  # fmt: skip
    for src, dst, fen, day, purpose in moves:
        occurrence = int(day[5:7]) * 100 + int(day[8:])
        world.relation("TRANSFERS", src, dst, occurrence=occurrence, amount_fen=fen, purpose=purpose, **dated(day, 10))
    world.relation("REPAYS", "A1", "N1", amount_fen=100_000, **dated("2025-06-05", 12))
    world.commit()
    return world


def dated(day: str, hour: int) -> dict[str, Any]:
    at = start_of_day_us(date.fromisoformat(day), "Asia/Shanghai") + hour * 3_600_000_000
    return {"valid_from": day, "known": day, "at": at}


def test_every_drawdown_is_answered_as_the_whole_book_has_it_and_the_graph_holds_it(world: World, load: Load) -> None:
    paid(world)
    book = KnowledgeBook.beside(world.ledger)
    compute_book(book, world.snapshot(DAY), (CONTROL, FUND_FLOWS))
    rows = pl.DataFrame(book.read("fund_flows", WHEN.valid)).to_dicts()
    assert len(rows) == 2
    store = load(world)
    for row in rows:
        note = next(key for key in ("N1", "N2") if world.id(key) == row["note"])
        (answer,) = trace_firm(store, world.id("A"), note, FlowQuery(WHEN))
        ends = {each.end: each.amount_fen for each in answer.sums}
        told = [name for name in row if name.endswith("_fen") and name not in {"amount_fen", "cut_fen", "by_word_fen"}]
        assert ends == {name.removesuffix("_fen"): row[name] for name in told if row[name]}
        assert sum(each.amount_fen for each in answer.ends) == 1_000_000
        assert (answer.round_trip, answer.round_trip_days) == (row["round_trip_share"], row["round_trip_days"])
        listed = book.about("fund_flow_transfers", "drawdown", [row["drawdown"]], WHEN.valid).to_pylist()
        assert {r["transfer"]: r["traced_fen"] for r in listed} == {p.rel: p.traced_fen for p in answer.payments}
    found = store.expand([world.id("N1")], Hop(("FUNDS_REACHED",), WHEN, ("out",))).to_pylist()
    assert {row["other"] for row in found} >= {world.id("A"), world.id("G")}
    assert verify(store, world.ledger).equal


def test_both_rules_both_ways_and_earlier_days(world: World, load: Load) -> None:
    store = load(paid(world))
    firm = world.id("A")
    early = Moment.of(date(2025, 5, 3))
    (answer,) = trace_firm(store, firm, "N1", FlowQuery(early))
    assert {each.end: each.amount_fen for each in answer.sums} == {
        "borrower": 200_000,
        "third_party": 800_000,
    }  # 100,000 lay there first
    for method in ("fifo", "pro_rata"):
        (back,) = trace_firm(store, firm, "2025-06-05", FlowQuery(WHEN, "backward", method, FlowBounds(smallest_fen=1)))
        assert sum(each.amount_fen for each in back.ends) == 100_000
        assert back.sums[0].end == "loan"
    with pytest.raises(NotFoundError):
        trace_firm(store, firm, "N2", FlowQuery(early))
    with pytest.raises(InputError):
        trace_firm(store, firm, "N1", FlowQuery(WHEN, amount_fen=1_000_001))


def test_a_hub_is_counted_and_not_read(world: World, load: Load) -> None:
    paid(world)
    for number in range(30):
        world.relation("TRANSFERS", "B1", "X1", occurrence=9_000 + number, amount_fen=100 + number, **dated("2025-05-10", 10))
    world.commit()
    store = load(world)
    window = Window(date(2025, 5, 1), WHEN, 10)
    found = store.during([world.id("B1"), world.id("A1")], ("TRANSFERS", "out"), window, ("id", "amount_fen", "at"))
    assert found.crowded == {world.id("B1"): 34} and set(found.rows["anchor"].to_pylist()) == {world.id("A1")}
    (answer,) = trace_firm(store, world.id("A"), "N1", FlowQuery(WHEN, bounds=FlowBounds(hub_rows=5)))
    assert [each.end for each in answer.sums] == ["hub_cut"] and answer.cut == 1.0 and answer.hubs[0].payments == 34


def test_money_that_goes_round_is_a_cycle_in_time_order(world: World, load: Load) -> None:
    store = load(paid(world))
    shapes = shapes_of(store, world.id("A"), WHEN, PatternBounds(parties=2, smallest_fen=100_000)).shapes
    cycle = next(shape for shape in shapes if shape.kind == "cycle")
    assert [each.amount_fen for each in cycle.payments] == [400_000, 390_000, 380_000]
    assert cycle.others == 2 and cycle.days == 23
    assert {shape.kind for shape in shapes} == {"cycle", "gather", "scatter"}
