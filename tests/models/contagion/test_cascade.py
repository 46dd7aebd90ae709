"""Guarantee calls and the whole cascade, on networks worked out by hand, and what must hold on any network."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats
from models.contagion.cascade import Losses, call_guarantees, run_cascade
from models.contagion.guarantees import Guarantees, Owed, call
from models.contagion.network import FirmNetwork
from tests.models.contagion.drawn import network

ALL = Losses(trade=1.0, holding=1.0, property=0.0, capacity="equity")


def failing(firms: int, *which: int) -> Flags:
    found = np.zeros(firms, np.bool_)
    found[list(which)] = True
    return found


def test_collateral_comes_before_any_guarantor() -> None:
    """0 owes 100 and its collateral brings 100: nobody is called."""
    found = call_guarantees(network(2, guarantees=[(1, 0, 500, True)], credit=[100, 0], collateral=[100, 0]), failing(2, 0), ALL)
    assert found.lost[1] == 0 and found.bank_loss.sum() == 0


def test_joint_guarantors_pay_by_caps_and_for_one_who_cannot() -> None:
    """90 uncovered, caps 200 and 100: asked 60 and 30. The first has 20: the second is asked for the other 40 too."""
    drawn = network(3, guarantees=[(1, 0, 200, True), (2, 0, 100, True)], credit=[90, 0, 0], equity=[10, 20, 500])
    found = call_guarantees(drawn, failing(3, 0), ALL)
    assert found.lost.tolist() == [0, 20, 70]
    assert found.fell.tolist() == [0, 1, -1]
    assert found.bank_loss.sum() == 0 and found.paid_by_guarantors[0] == 90


def test_ordinary_guarantors_bear_their_part_and_no_more() -> None:
    """The same two, each bound for its part alone: 60 and 30, of which 20 and 30 come."""
    drawn = network(3, guarantees=[(1, 0, 200, False), (2, 0, 100, False)], credit=[90, 0, 0], equity=[10, 20, 500])
    found = call_guarantees(drawn, failing(3, 0), ALL)
    assert found.lost.tolist() == [0, 20, 30]
    assert found.bank_loss[0] == pytest.approx(40)


def test_an_ordinary_guarantor_is_asked_after_the_joint_one_and_after_the_debtors_property() -> None:
    """100 uncovered: the joint one pays its cap of 50; the debtor's property brings 20; the ordinary one bears 30."""
    drawn = network(3, guarantees=[(1, 0, 50, True), (2, 0, 80, False)], credit=[100, 0, 0], equity=[10, 500, 500])
    found = call_guarantees(drawn, failing(3, 0), replace(ALL, property=0.2))
    assert found.lost.tolist() == [0, 50, 30]
    assert found.bank_loss[0] == pytest.approx(0)


def test_calls_run_down_a_chain_until_somebody_stands() -> None:
    drawn = network(
        4, guarantees=[(1, 0, 99, True), (2, 1, 99, True), (3, 2, 99, True)], credit=[50, 40, 30, 0], equity=[9, 9, 9, 60]
    )
    found = call_guarantees(drawn, failing(4, 0), ALL)
    assert found.fell.tolist() == [0, 1, 2, -1]
    assert found.lost.tolist() == [0, 9, 9, 30]
    hits = found.hits
    told = sorted(zip(hits.round.tolist(), hits.sender.tolist(), hits.bearer.tolist(), hits.asked.tolist(), strict=True))
    assert told == [(1, 0, 1, 50.0), (2, 1, 2, 40.0), (3, 2, 3, 30.0)]


def test_a_guarantor_rich_in_assets_and_poor_in_cash_falls_by_the_call() -> None:
    drawn = network(2, guarantees=[(1, 0, 99, True)], credit=[50, 0], equity=[9, 500], cash=[0, 30])
    assert call_guarantees(drawn, failing(2, 0), replace(ALL, capacity="liquidity")).fell[1] == 1
    assert call_guarantees(drawn, failing(2, 0), ALL).fell[1] == -1


def test_two_debtors_share_a_guarantor_that_cannot_pay_both() -> None:
    """Asked 60 and 30 with 45: half of each."""
    drawn = network(3, guarantees=[(2, 0, 99, True), (2, 1, 99, True)], credit=[60, 30, 0], equity=[9, 9, 45])
    assert call_guarantees(drawn, failing(3, 0, 1), ALL).paid_by_guarantors.tolist() == [30, 15, 0]


def test_a_joint_scheme_of_many_members_ends() -> None:
    """Two thousand members who are all poor: each is spent, and the bank keeps the rest."""
    members = 2_000
    guarantees = [(i, 0, 1e6, True) for i in range(1, members)]
    drawn = network(members, guarantees=guarantees, credit=[1e7] + [0] * (members - 1), equity=[9.0] + [100.0] * (members - 1))
    found = call_guarantees(drawn, failing(members, 0), ALL)
    assert (found.fell[1:] == 1).all() and found.bank_loss[0] == pytest.approx(1e7 - 100 * (members - 1))


def test_trade_debt_and_holdings_take_their_declared_part() -> None:
    """0 fails owing 1 a hundred, sixty of it lost; 1's equity is 50, so it falls, and 2, its holder, loses all of 80."""
    drawn = network(3, trade=[(1, 0, 100)], holdings=[(2, 1, 80)], equity=[10, 50, 100])
    found = run_cascade(drawn, failing(3, 0), Losses(trade=0.6, holding=1.0))
    assert found.fell.tolist() == [0, 1, -1]
    assert found.lost.tolist() == [0, 60, 80]


def test_a_shock_of_all_equity_is_a_fall_in_round_nought() -> None:
    found = run_cascade(network(2, equity=[10, 20]), failing(2), ALL, np.array([10.0, 19.0]))
    assert found.fell.tolist() == [0, -1]


def test_who_was_in_default_before_neither_falls_nor_sends() -> None:
    drawn = network(2, trade=[(1, 0, 100)], equity=[10, 50])
    drawn = drawn.with_sheets(performing=np.array([False, True]))
    assert run_cascade(drawn, failing(2, 0), ALL).fell.tolist() == [-1, -1]


def test_who_has_no_known_equity_absorbs_and_pays_no_call() -> None:
    drawn = network(2, trade=[(1, 0, 100)], guarantees=[(1, 0, 99, True)], credit=[40, 0], equity=[10, np.inf])
    found = run_cascade(drawn, failing(2, 0), ALL)
    assert found.fell.tolist() == [0, -1] and found.bank_loss[0] == 40


@pytest.mark.parametrize(("cap", "guarantor", "field"), [(-1.0, 1, "cap"), (np.nan, 1, "cap"), (5.0, 0, "guarantor")])
def test_a_guarantee_that_cannot_be_is_refused_with_its_field(cap: float, guarantor: int, field: str) -> None:
    with pytest.raises(InputError) as refused:
        Guarantees.of(np.array([guarantor]), np.array([0]), np.array([cap]), np.array([True]), 2)
    assert refused.value.field == field


@st.composite
def drawn_networks(draw: st.DrawFn) -> tuple[FirmNetwork, Flags]:
    firms = draw(st.integers(3, 14))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))

    def edges(count: int) -> list[tuple[int, int, float]]:
        pairs = rng.integers(0, firms, (count, 2))
        return [(int(a), int(b), float(rng.integers(10, 3000))) for a, b in pairs if a != b]

    guarantees = [(a, b, c, bool(rng.random() < 0.6)) for a, b, c in edges(firms * 2)]
    told = {name: rng.integers(low, 2000, firms).astype(float) for name, low in (("equity", 10), ("cash", 0), ("credit", 0))}
    found = network(firms, trade=edges(firms), holdings=edges(firms // 2), guarantees=guarantees, **told)
    return found, rng.random(firms) < 0.3


@given(drawn_networks())
def test_what_guarantors_lose_is_what_the_bank_gets_and_nobody_pays_more_than_he_has(world: tuple[FirmNetwork, Flags]) -> None:
    drawn, first = world
    found = call_guarantees(drawn, first, ALL)
    assert found.lost.sum() == pytest.approx(found.paid_by_guarantors.sum())
    assert (found.lost <= drawn.sheets.equity + 1e-6).all()
    gone = found.fell >= 0
    np.testing.assert_allclose((found.bank_loss + found.paid_by_guarantors)[gone], drawn.sheets.credit[gone], atol=1e-6)
    assert (found.paid_by_guarantors[~gone] == 0).all()


@given(drawn_networks())
def test_each_call_stays_within_its_cap(world: tuple[FirmNetwork, Flags]) -> None:
    drawn, first = world
    hits = run_cascade(drawn, first, Losses()).hits
    of_calls = hits.kind == 2
    paid = np.bincount(hits.edge[of_calls], hits.amount[of_calls], len(drawn.guarantees.cap))
    assert (paid <= drawn.guarantees.cap + 1e-6).all()


@given(drawn_networks(), st.integers(0, 13))
def test_one_more_failure_never_saves_anybody(world: tuple[FirmNetwork, Flags], more: int) -> None:
    """With claims alone. (With guarantees it need not hold: who fails early is not asked to pay for another.)"""
    drawn, first = world
    drawn = replace(drawn, guarantees=network(drawn.size).guarantees)
    base = run_cascade(drawn, first, Losses())
    first = first.copy()
    first[more % drawn.size] = True
    assert ((run_cascade(drawn, first, Losses()).fell >= 0) >= (base.fell >= 0)).all()


@given(drawn_networks(), st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(world: tuple[FirmNetwork, Flags], seed: int) -> None:
    drawn, first = world
    rng = np.random.default_rng(seed)
    claims, book = drawn.claims, drawn.guarantees
    order, turn = rng.permutation(len(claims.debtor)), rng.permutation(len(book.debtor))
    mixed = replace(
        drawn,
        claims=replace(
            claims,
            creditor=claims.creditor[order],
            debtor=claims.debtor[order],
            amount=claims.amount[order],
            kind=claims.kind[order],
        ),
        guarantees=Guarantees.of(book.guarantor[turn], book.debtor[turn], book.cap[turn], book.joint[turn], drawn.size),
    )
    one, other = run_cascade(drawn, first, Losses()), run_cascade(mixed, first, Losses())
    assert one.fell.tolist() == other.fell.tolist()
    np.testing.assert_allclose(one.lost, other.lost, rtol=1e-9)


def by_hand(book: Guarantees, debtor: int, need: float, capacity: Floats) -> float:
    """The plain way: joint guarantors of one debtor, asked again and again by what is left of caps."""
    left = {k: float(book.cap[k]) for k in range(len(book.cap)) if book.debtor[k] == debtor and book.joint[k]}
    has = {k: float(capacity[book.guarantor[k]]) for k in left}
    paid = 0.0
    while need - paid > 1 and left:
        total, want = sum(left.values()), need - paid
        for k in list(left):
            part = min(left[k], want * left[k] / total, has[k])
            paid += part
            has[k] -= part
            left[k] -= part
        left = {k: cap for k, cap in left.items() if cap > 1 and has[k] > 1}
    return paid


@given(st.lists(st.tuples(st.floats(10, 500), st.floats(0, 400)), min_size=1, max_size=8), st.floats(10, 2000))
def test_joint_calls_bring_what_the_plain_way_brings(told: list[tuple[float, float]], need: float) -> None:
    firms = len(told) + 1
    book = Guarantees.of(
        np.arange(1, firms), np.zeros(firms - 1, np.int64), np.array([t[0] for t in told]), np.ones(firms - 1, np.bool_), firms
    )
    capacity = np.array([0.0] + [t[1] for t in told])
    wanted = by_hand(book, 0, need, capacity.copy())
    calls = call(book, Owed(np.array([0]), np.array([need]), np.zeros(1)), capacity)
    assert calls.paid.sum() == pytest.approx(wanted, abs=20)
    assert calls.paid.sum() == pytest.approx(min(need, sum(min(t) for t in told)), abs=20)
