"""Where money goes, in worlds drawn by hand, and against a plain simulation that keeps every lot in a list."""

import random
from collections import defaultdict, deque
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from graph.knowledge.flows.query import FlowBounds
from tests.graph.knowledge.drawn_flows import Paid, carried, ends, hows, rel, starts_of, told, trace

WIDE = FlowBounds(days=3_000, hops=20, smallest_fen=1)


def test_a_drawdown_that_the_payee_sends_back_is_a_round_trip() -> None:
    world = told([("N1", "B", 1000, 0), ("B", "A", 650, 3), ("B", "C", 100, 4)])
    assert ends(trace(world)) == {"borrower": 650, "third_party": 350}


def test_first_in_first_out_uses_what_lay_there_first_and_pro_rata_shares() -> None:
    paid: list[Paid] = [("C", "B", 400, 0), ("N1", "B", 600, 1), ("B", "X1", 500, 2), ("B", "A", 500, 3)]
    assert ends(trace(told(paid), 1)) == {"outside": 100, "borrower": 500}
    assert ends(trace(told(paid), 1, method="pro_rata")) == {"outside": 300, "borrower": 300}
    unseen = FlowBounds(before_days=0, smallest_fen=1)
    assert ends(trace(told(paid), 1, bounds=unseen)) == {"outside": 500, "borrower": 100}  # what came before the window is untold


def test_what_the_bank_saw_arrive_before_a_drawdown_leaves_first_and_backward_agrees() -> None:
    paid: list[Paid] = [("X1", "A", 50, 0), ("N1", "A", 100, 1), ("A", "P", 80, 2), ("A", "C", 70, 2.1), ("C", "A", 40, 3)]
    world = told(paid)
    assert ends(trace(world, 1)) == {"third_party": 60, "borrower": 40}
    assert ends(trace(world, 1, method="pro_rata"))["borrower"] == 27  # 100/150 of 40
    assert ends(trace(world, 1, bounds=FlowBounds(opening="least", smallest_fen=1))) == {"third_party": 60, "borrower": 40}
    for number in (2, 3):
        backward = trace(world, number, direction="backward")
        assert carried(backward).get(rel(1), 0) == carried(trace(world, 1))[rel(number)]


def test_money_untold_is_used_last_or_where_it_must_have_been_there_first() -> None:
    paid: list[Paid] = [("N1", "B", 600, 0), ("B", "A", 500, 1), ("B", "X1", 300, 2)]
    assert ends(trace(told(paid))) == {"borrower": 500, "outside": 100}
    least = FlowBounds(opening="least", smallest_fen=1)  # 800 left and 600 came: 200 lay there
    assert ends(trace(told(paid), bounds=least)) == {"borrower": 300, "outside": 300}
    assert ends(trace(told(paid), bounds=least, method="pro_rata")) == {"borrower": 375, "outside": 225}


def test_moving_between_the_borrowers_own_accounts_is_no_round_trip() -> None:
    world = told([("N1", "A1", 900, 0), ("A1", "A2", 800, 1), ("A2", "B", 500, 2), ("B", "A1", 200, 3)])
    assert ends(trace(world)) == {"unspent": 400, "third_party": 300, "borrower": 200}


def test_ownership_is_certain_and_words_are_read_only_where_it_says_nothing() -> None:
    paid: list[Paid] = [
        ("N1", "B", 1000, 0), ("B", "G", 100, 1, "借款"), ("B", "H", 100, 1, "货款"), ("B", "C", 100, 1, "购房款"),
        ("B", "C", 100, 1, "证券保证金"), ("B", "C", 100, 1, "过桥资金"), ("B", "X1", 100, 1, "归还贷款"),
        ("B", "C", 100, 1, "取现"), ("B", "R", 100, 1, "货款"), ("B", "N2", 100, 1),
    ]  # fmt: skip
    world = told(paid, group=[("A", "G")], guarantor=[("A", "H")], trades=[("R", "K7010")])
    assert ends(trace(world)) == {
        "group": 100, "guarantor": 100, "property": 200, "securities": 100, "private_lending": 100, "other_loan": 100, "cash": 100,
        "repaid": 100, "third_party": 100,
    }  # fmt: skip


def test_money_is_followed_through_the_group_to_the_borrower_but_not_beyond_an_end() -> None:
    world = told([("N1", "G", 500, 0), ("G", "A", 500, 1), ("A", "C", 500, 2)], group=[("A", "G")])
    assert ends(trace(world)) == {"borrower": 500}
    assert rel(2) not in carried(trace(world))


def test_bounds_end_a_trace_and_say_so() -> None:
    chain: list[Paid] = [("N1", "B", 1000, 0), ("B", "C", 900, 1), ("C", "D", 800, 2), ("D", "E", 50, 3)]
    assert hows(trace(told(chain), bounds=FlowBounds(hops=1, smallest_fen=1))) == {"rests": 100, "hops": 900}
    assert hows(trace(told(chain), bounds=FlowBounds(days=1, smallest_fen=1))) == {"rests": 1000}
    assert hows(trace(told(chain), bounds=FlowBounds(smallest_fen=100))) == {"rests": 950, "small": 50}
    busy = [*chain, *[("C", f"X{n}", 1, 4 + n / 100) for n in range(5)]]
    assert hows(trace(told(busy), bounds=FlowBounds(hub_rows=4, smallest_fen=1))) == {"rests": 100, "hub": 900}


@pytest.mark.parametrize("method", ["fifo", "pro_rata"])
def test_money_at_a_hub_ends_there_whoever_owns_it(method: Any) -> None:
    """Neither with a stranger nor unspent: it may have gone anywhere."""
    few = FlowBounds(hub_rows=4, smallest_fen=1)
    paid: list[Paid] = [
        ("N1", "A", 1000, 0),
        ("C", "A", 300, 1),
        *[("A", f"X{n}", 1, 2 + n / 100) for n in range(5)],
        ("A", "B", 90, 9),
    ]
    world = told(paid)
    assert ends(trace(world, bounds=few, method=method)) == {"hub_cut": 1000}
    assert ends(trace(world, 7, bounds=few, method=method, direction="backward")) == {"hub_cut": 90}


@pytest.mark.parametrize("method", ["fifo", "pro_rata"])
def test_backward_a_repayment_is_made_of_what_came_in(method: Any) -> None:
    paid: list[Paid] = [("N2", "A", 300, 0), ("C", "A", 300, 1), ("A", "N1", 600, 2)]
    assert ends(trace(told(paid), 2, direction="backward", method=method)) == {"loan": 300, "third_party": 300}


def test_a_new_loan_that_pays_an_old_one_over_three_accounts_is_seen_backward() -> None:
    paid: list[Paid] = [("N2", "B", 800, 0), ("B", "C", 800, 1), ("C", "A", 700, 2), ("A", "N1", 700, 3)]
    found = trace(told(paid), 3, direction="backward")
    assert ends(found) == {"loan": 700}
    assert carried(found) == {rel(3): 700, rel(2): 700, rel(1): 700, rel(0): 700}


def test_on_one_day_money_is_drawn_paid_on_and_repaid_in_that_order() -> None:
    world = told([("A", "N1", 100, 0), ("B", "A", 100, 0), ("N2", "B", 100, 0)])
    assert ends(trace(world, 2)) == {"borrower": 100}


def test_what_has_no_amount_or_goes_to_itself_is_left_out() -> None:
    world = told([("N1", "B", 100, 0), ("B", "B", 50, 1), ("B", "C", -20, 1), ("B", "C", 30, 2)])
    assert ends(trace(world)) == {"third_party": 100} and carried(trace(world))[rel(3)] == 30


@pytest.mark.parametrize("wrong", [{"days": -1}, {"hops": 21}, {"smallest_fen": 0}, {"hub_rows": 0}])
def test_a_bound_that_is_none_is_refused_by_name(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError) as refused:
        FlowBounds(**wrong)  # type: ignore[arg-type]
    assert refused.value.field == next(iter(wrong))


POCKETS = ("A", "A2", "B", "C", "G", "X1", "X2", "D")


@st.composite
def worlds(draw: Any) -> list[Paid]:
    """A drawdown, then payments at different instants between a few accounts, round amounts so that lots meet."""
    size = draw(st.integers(1, 25))
    paid: list[Paid] = [("N1", draw(st.sampled_from(POCKETS)), draw(st.integers(1, 60)), 0)]
    for number in range(size):
        src, dst = draw(
            st.tuples(st.sampled_from(POCKETS), st.sampled_from((*POCKETS, "N2"))).filter(lambda pair: pair[0] != pair[1])
        )
        paid.append((src, dst, draw(st.integers(1, 40)), 1 + number))
    return paid


def simulate(paid: list[Paid], least: bool) -> dict[str, int]:
    """FIFO as a clerk would do it: a list of lots on each account, the oldest paid out first. Fen by end."""
    opening: dict[str, int] = defaultdict(int)
    if least:
        there: dict[str, int] = defaultdict(int)
        for src, dst, fen, *_ in paid:
            there[src] -= fen
            opening[src] = max(opening[src], -there[src])
            there[dst] += fen
    lots: dict[str, deque[list[Any]]] = defaultdict(deque)
    for account, fen in opening.items():
        lots[account].append([fen, False])
    result: dict[str, int] = defaultdict(int)
    for number, (src, dst, fen, *_) in enumerate(paid):
        moved: list[list[Any]] = [[fen, True]] if number == 0 else []
        left = 0 if number == 0 else fen
        while left:
            if not lots[src]:
                moved.append([left, False])
                break
            lot = lots[src][0]
            part = min(left, lot[0])
            moved.append([part, lot[1]])
            lot[0] -= part
            left -= part
            if not lot[0]:
                lots[src].popleft()
        home = dst[0] == "A" and src[0] != "A" and number > 0
        stops = dst == "N2" or home
        for part, traced in moved:
            if traced and stops:
                result["repaid" if dst == "N2" else "borrower"] += part
            lots[dst].append([part, traced and not stops])
    for account, queue in lots.items():
        end = {"A": "unspent", "G": "group", "X": "outside"}.get(account[0], "third_party")
        result[end] += sum(part for part, traced in queue if traced)
    return {end: fen for end, fen in result.items() if fen}


@given(worlds(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_first_in_first_out_is_what_a_clerk_with_lists_of_lots_finds(paid: list[Paid], least: bool) -> None:
    world = told(paid, group=[("A", "G")])
    bounds = FlowBounds(days=3_000, hops=20, smallest_fen=1, opening="least" if least else "none")
    found = trace(world, bounds=bounds)
    assert sum(ends(found).values()) == paid[0][2]
    if "hops" not in hows(found):
        assert ends(found) == simulate(paid, least)


def mixed(paid: list[Paid], least: bool) -> dict[str, Fraction]:
    """Pro rata as an accountant would do it, in exact fractions: an account is one mixture, and each payment a part of it."""
    there: dict[str, Fraction] = defaultdict(Fraction)
    if least:
        held: dict[str, int] = defaultdict(int)
        for src, dst, fen, *_ in paid:
            held[src] -= fen
            there[src] = max(there[src], Fraction(-held[src]))
            held[dst] += fen
    ours: dict[str, Fraction] = defaultdict(Fraction)
    result: dict[str, Fraction] = defaultdict(Fraction)
    for number, (src, dst, fen, *_) in enumerate(paid):
        whole = max(there[src], Fraction(fen))  # money of which nothing is told comes in when it is needed
        moved = Fraction(fen) if number == 0 else ours[src] * fen / whole
        if number:
            ours[src] -= moved
        there[src], there[dst] = whole - fen, there[dst] + fen
        if dst == "N2":
            result["repaid"] += moved
        elif dst[0] == "A" and src[0] != "A" and number:
            result["borrower"] += moved
        else:
            ours[dst] += moved
    for account, part in ours.items():
        result[{"A": "unspent", "G": "group", "X": "outside"}.get(account[0], "third_party")] += part
    return result


@given(worlds(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_pro_rata_is_what_an_accountant_finds_in_exact_fractions_but_for_roundings_to_the_fen(
    paid: list[Paid], least: bool
) -> None:
    large: list[Paid] = [(src, dst, fen * 1_000_003, day) for src, dst, fen, day, *_ in paid]
    bounds = FlowBounds(days=3_000, hops=20, smallest_fen=1, opening="least" if least else "none")
    found = trace(told(large, group=[("A", "G")]), bounds=bounds, method="pro_rata")
    seen, exact = ends(found), mixed(large, least)
    if "hops" not in hows(found):
        assert all(abs(seen.get(end, 0) - exact[end]) <= len(large) for end in {*seen, *exact})


@given(worlds(), st.sampled_from(["none", "least"]), st.integers(1, 20), st.integers(0, 6), st.integers(1, 20))
@settings(max_examples=150, deadline=None)
def test_no_fen_is_lost_whatever_the_bounds_way_and_rule(
    paid: list[Paid], opening: Any, days: int, hops: int, smallest: int
) -> None:
    world = told(paid, group=[("A", "G")])
    bounds = FlowBounds(days=days, hops=hops, smallest_fen=smallest, opening=opening)
    for method in ("fifo", "pro_rata"):
        for direction, number in (("forward", 0), ("backward", len(paid) - 1)):
            found = trace(world, number, bounds=bounds, method=method, direction=direction)  # type: ignore[arg-type]
            assert sum(ends(found).values()) == paid[number][2]
            assert all(fen > 0 for fen in found[1].columns("ends")["amount"].tolist())
            amounts = {rel(n): fen for n, (_, _, fen, *_) in enumerate(paid)}
            assert all(0 < fen <= amounts[key] for key, fen in carried(found).items())


@given(worlds(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_changes_nothing(paid: list[Paid], rng: random.Random) -> None:
    world = told(paid, group=[("A", "G")])
    order = list(range(len(paid)))
    rng.shuffle(order)
    mixed = type(world)(world.moves[order], world.owners, world.industries, world.roles)
    for method in ("fifo", "pro_rata"):
        one, other = (trace(each, bounds=WIDE, method=method) for each in (world, mixed))
        assert (ends(one), carried(one)) == (ends(other), carried(other))


@given(worlds())
@settings(max_examples=80, deadline=None)
def test_a_payment_split_in_two_of_one_instant_changes_no_end(paid: list[Paid]) -> None:
    split: list[Paid] = []
    for src, dst, fen, day, *_ in paid[1:]:
        split += [(src, dst, part, day) for part in (fen - fen // 2, fen // 2) if part]
    whole, parts = (trace(told(each, group=[("A", "G")]), bounds=WIDE) for each in (paid, [paid[0], *split]))
    if "hops" not in hows(whole):
        assert ends(whole) == ends(parts)


@given(worlds(), st.integers(1, 25))
@settings(max_examples=100, deadline=None)
def test_backward_finds_in_a_payment_what_forward_sent_into_it(paid: list[Paid], number: int) -> None:
    """With nothing that ends a trace on the way, the two are one relation read from either side."""
    number = min(number, len(paid) - 1)
    plain = [(f"X{src}" if src[0] != "N" else src, f"X{dst}", fen, day) for src, dst, fen, day in paid if dst != "N2"]  # type: ignore[misc]
    if number >= len(plain):
        return
    forward = trace(told(plain), 0, bounds=WIDE, borrower="Z")
    backward = trace(told(plain), number, bounds=WIDE, direction="backward", borrower="Z")
    if "hops" not in hows(forward) | hows(backward):
        assert carried(forward).get(rel(number), 0) == carried(backward).get(rel(0), 0)


def test_many_starts_at_once_are_each_what_one_alone_is() -> None:
    rng = random.Random(5)
    paid: list[Paid] = [("N1", "A", 500, 0), ("N3", "B", 400, 3), ("N4", "A2", 300, 9)]
    paid += [(*rng.sample(POCKETS, 2), rng.randint(1, 200), rng.uniform(0, 60)) for _ in range(300)]  # type: ignore[misc]
    book = told(paid).book(["Firm-A"])
    import numpy as np

    from graph.knowledge.flows.fifo import trace_fifo
    from graph.knowledge.flows.reading import Starts

    bounds = FlowBounds(days=30, smallest_fen=1)
    each = [starts_of(book, number, bounds) for number in range(3)]
    names = ("place", "borrower", "amount", "low", "high")
    together = Starts(*(np.concatenate([getattr(one, name) for one in each]) for name in names))
    found = trace_fifo(book, together, bounds, "forward").columns("ends")
    for start, one in enumerate(each):
        alone = trace_fifo(book, one, bounds, "forward").columns("ends")
        mine = found["start"] == start
        rows = [
            sorted(zip(*(side[k][m].tolist() for k in ("place", "end", "amount", "hop")), strict=True))
            for side, m in ((found, mine), (alone, alone["start"] == 0))
        ]
        assert rows[0] == rows[1]
