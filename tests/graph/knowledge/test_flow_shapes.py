"""Shapes that payments make in time, in worlds drawn by hand and against plain search; and a hub with a million payments."""

from itertools import pairwise, permutations
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from graph.knowledge.flows.moves import MOVES
from graph.knowledge.flows.patterns import PatternBounds, bursts, cycles, parties_of
from graph.knowledge.flows.query import DAY_US, FlowBounds
from graph.knowledge.flows.reading import Book
from graph.knowledge.flows.told import INDUSTRIES, OWNERS, ROLES, Told
from tests.graph.knowledge.drawn_flows import T0, Paid, ends, hows, rel, told, trace

BOUNDS = PatternBounds(days=10, length=4, share=0.5, parties=2, smallest_fen=1)


def book_of(paid: list[Paid]) -> Book:
    return told(paid).book(["Firm-A"])


def cycles_of(paid: list[Paid], bounds: PatternBounds = BOUNDS) -> list[list[int]]:
    """Numbers of payments of each cycle that A begins."""
    book = book_of(paid)
    starts = np.flatnonzero(parties_of(book)[book.moves.src] == book.moves.number("Firm-A"))
    numbers = {rel(number): number for number in range(len(paid))}
    return [[numbers[each] for each in book.moves.told("rel", way).to_list()] for way in cycles(book, starts, bounds).places]


def test_a_cycle_goes_forward_in_time_and_two_accounts_of_one_owner_are_one_party() -> None:
    assert cycles_of([("A", "B", 100, 0), ("B1", "C", 90, 1), ("C", "A1", 80, 2)]) == [[0, 1, 2]]
    assert cycles_of([("A", "B", 100, 2), ("B", "C", 90, 1), ("C", "A", 80, 0)]) == []
    assert cycles_of([("A", "B", 100, 0), ("B", "A", 90, 0)]) == [], "of one instant, neither came before the other"


def test_a_cycle_ends_within_its_days_its_length_and_its_amounts() -> None:
    assert cycles_of([("A", "B", 100, 0), ("B", "A", 100, 10)]) == [[0, 1]]
    assert cycles_of([("A", "B", 100, 0), ("B", "A", 100, 10.1)]) == []
    assert cycles_of([("A", "B", 100, 0), ("B", "A", 50, 1), ("B", "A", 49, 2), ("B", "A", 200, 3), ("B", "A", 201, 4)]) == [
        [0, 1],
        [0, 3],
    ]
    around: list[Paid] = [("A", "B", 9, 0), ("B", "C", 9, 1), ("C", "D", 9, 2), ("D", "E", 9, 3), ("E", "A", 9, 4)]
    assert cycles_of(around) == [] and cycles_of(around, PatternBounds(length=5, smallest_fen=1)) == [[0, 1, 2, 3, 4]]


def test_a_cycle_passes_nobody_twice() -> None:
    assert cycles_of([("A", "B", 9, 0), ("B", "C", 9, 1), ("C", "B", 9, 2), ("B", "A", 9, 3)]) == [[0, 3]]


@st.composite
def worlds(draw: Any) -> list[Paid]:
    """Payments between five parties, instants that often tie."""
    ends_of = st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")).filter(lambda pair: pair[0] != pair[1])
    count = draw(st.integers(2, 9))
    return [(*draw(ends_of), draw(st.integers(1, 6)), draw(st.integers(0, 14))) for _ in range(count)]


def by_trying(paid: list[Paid]) -> set[tuple[int, ...]]:
    """Every order of every few payments, tried."""
    found = set()
    for length in range(2, BOUNDS.length + 1):
        for way in permutations(range(len(paid)), length):
            rows = [paid[number] for number in way]
            joined = all(one[1] == next_[0] and one[3] < next_[3] for one, next_ in pairwise(rows))
            payers = [row[0] for row in rows]
            first = rows[0][2]
            sized = all(first * 0.5 <= row[2] and row[2] * 0.5 <= first for row in rows[1:])
            closed = rows[-1][1] == payers[0] == "A" and len(set(payers)) == length
            if joined and sized and closed and rows[-1][3] - rows[0][3] <= BOUNDS.days:
                found.add(way)
    return found


@given(worlds())
@settings(max_examples=120, deadline=None)
def test_cycles_are_those_that_trying_every_order_finds(paid: list[Paid]) -> None:
    found = cycles_of(paid)
    assert {tuple(way) for way in found} == by_trying(paid) and len(found) == len(by_trying(paid))


def bursts_of(paid: list[Paid], gathering: bool, bounds: PatternBounds = BOUNDS) -> dict[str, tuple[int, int]]:
    """Of each party its largest window: fen, others."""
    book = book_of(paid)
    return {book.moves.nodes[each.party][-1]: (each.amount_fen, each.others) for each in bursts(book, gathering, bounds)}


def test_gathering_and_scattering_take_the_days_in_which_most_moved() -> None:
    paid: list[Paid] = [
        ("B", "A", 5, 0),
        ("C", "A", 5, 5),
        ("D", "A", 5, 10),
        ("E", "A", 9, 21),
        ("A", "B", 4, 1),
        ("A", "C", 4, 2),
    ]
    assert bursts_of(paid, gathering=True) == {"A": (15, 3)}
    assert bursts_of(paid, gathering=False) == {"A": (8, 2)}
    few = PatternBounds(days=10, parties=4, smallest_fen=1)
    assert bursts_of(paid, True, few) == {}
    assert bursts_of(paid, True, PatternBounds(days=10, parties=2, smallest_fen=16)) == {}


def test_money_between_ones_own_accounts_and_from_loans_is_no_gathering() -> None:
    assert bursts_of([("A1", "A", 5, 0), ("N1", "A", 50, 1), ("B", "A", 5, 2)], gathering=True) == {}


@given(worlds(), st.booleans())
@settings(max_examples=120, deadline=None)
def test_the_largest_window_is_the_one_that_trying_every_window_finds(paid: list[Paid], gathering: bool) -> None:
    """Windows that end with a payment and reach back its days; of equal ones the earliest."""
    wanted: dict[str, tuple[int, int]] = {}
    for party in "ABCDE":
        rows = sorted(
            (day, fen, src if gathering else dst) for src, dst, fen, day, *_ in paid if party == (dst if gathering else src)
        )
        most = 0
        for last, *_ in rows:
            for size in range(1, len(rows) + 1):
                within = [row for row in rows[:size] if last - BOUNDS.days <= row[0] <= last]
                most = max(most, sum(fen for _, fen, _ in within))
        if most:
            wanted[party] = (most, 0)
    found = bursts_of(paid, gathering, PatternBounds(days=10, parties=2, smallest_fen=1))
    assert all(wanted[party][0] == amount for party, (amount, _) in found.items())
    assert all(2 <= others <= 4 for _, others in found.values())
    alone = {
        party
        for party in wanted
        if len({src if gathering else dst for src, dst, *_ in paid if party == (dst if gathering else src)}) < 2
    }
    assert not alone & set(found)


@pytest.mark.parametrize("wrong", [{"days": -1}, {"length": 9}, {"share": 0.0}, {"parties": 1}, {"most": 0}])
def test_a_bound_of_shapes_that_is_none_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as refused:
        PatternBounds(**wrong)
    assert refused.value.field == next(iter(wrong))


@pytest.fixture(scope="module")
def hub() -> Told:
    """A drawdown that A pays on to a platform, which a hundred thousand others pay and are paid by, a million times in all."""
    count = 1_000_000
    rng = np.random.default_rng(3)
    other = pl.Series(rng.integers(0, 100_000, count)).cast(pl.String)
    inward = pl.Series(np.arange(count) % 2 == 0)
    names = "Account-Y" + other
    rows = pl.DataFrame(
        {
            "rel": "h" + pl.Series(np.arange(count)).cast(pl.String),
            "type": pl.Series(["TRANSFERS"]).new_from_index(0, count),
            "src": names.zip_with(inward, pl.Series(["Account-P"]).new_from_index(0, count)),
            "dst": pl.Series(["Account-P"]).new_from_index(0, count).zip_with(inward, names),
            "amount_fen": rng.integers(1, 10**7, count),
            "at": T0 + DAY_US + rng.integers(0, 60 * DAY_US, count),
            "purpose": pl.Series([None] * count, dtype=pl.String),
            "currency": pl.Series(["CNY"]).new_from_index(0, count),
        },
        MOVES,
    )
    small = told([("N1", "A", 1_000_000, 0), ("A", "P", 600_000, 0.5)])
    owners = pl.DataFrame({"account": ["Account-A", "Account-P"], "owner": ["Firm-A", "Firm-P"]}, OWNERS)
    return Told(pl.concat([small.moves, rows]), owners, pl.DataFrame(schema=INDUSTRIES), pl.DataFrame(schema=ROLES))


@pytest.mark.parametrize("method", ["fifo", "pro_rata"])
def test_a_hub_of_a_million_payments_ends_a_trace_and_is_said_to(hub: Told, method: Any) -> None:
    found = trace(hub, bounds=FlowBounds(hub_rows=2_000), method=method)
    assert hows(found) == {"hub": 600_000, "rests": 400_000}
    assert ends(found) == {"hub_cut": 600_000, "unspent": 400_000}


def test_a_hub_of_a_million_payments_hides_no_shape_of_others_and_its_own_is_found(hub: Told) -> None:
    book = hub.book(["Firm-A"])
    mine = np.array([book.moves.number("Firm-P")])
    (gathered,) = bursts(book, True, PatternBounds(days=30, smallest_fen=1), mine)
    assert gathered.others > 50_000 and len(gathered.places) > 200_000
    starts = np.flatnonzero(parties_of(book)[book.moves.src] == book.moves.number("Firm-A"))
    found = cycles(book, starts, PatternBounds(smallest_fen=1))
    assert found.places == [], "nothing comes back to A"
    assert found.cut >= 0
