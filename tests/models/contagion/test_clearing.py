"""Clearing on networks worked out by hand, and conservation on any network."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graph.errors import InputError
from models.contagion.arrays import NotConvergedError
from models.contagion.clearing import Balances, Costs, clear
from tests.models.contagion.drawn import matrix

METHODS: tuple[Any, ...] = ("fictitious", "fixed_point")


@pytest.mark.parametrize("method", METHODS)
def test_two_firms_where_the_first_can_pay_half(method: Any) -> None:
    """0 owes 1 ten and has five; 1 owes outside six and has two: it gets five and pays all."""
    cleared = clear(Balances(matrix([[0, 10], [0, 0]]), np.array([5.0, 2.0]), np.array([0.0, 6.0])), method=method)
    assert cleared.payments.tolist() == [5.0, 6.0]
    assert cleared.defaults.tolist() == [True, False]
    assert cleared.equity.tolist() == [0.0, 1.0]


@pytest.mark.parametrize("method", METHODS)
def test_default_costs_take_the_second_firm_too(method: Any) -> None:
    """Half of 0's assets are lost: 2.5 arrive, 1 has 4.5 for 6, and of that 0.5 * 2 + 0.5 * 2.5 is left."""
    balances = Balances(matrix([[0, 10], [0, 0]]), np.array([5.0, 2.0]), np.array([0.0, 6.0]))
    cleared = clear(balances, Costs(0.5, 0.5), method=method)
    np.testing.assert_allclose(cleared.payments, [2.5, 2.25])
    assert cleared.fell.tolist() == [0, 1]
    assert cleared.destroyed == pytest.approx(2.5 + 2.25)


@pytest.mark.parametrize("method", METHODS)
def test_a_balanced_ring_without_any_money_clears_in_full(method: Any) -> None:
    """The greatest clearing vector: everyone pays with what he is paid."""
    ring = matrix([[0, 7, 0], [0, 0, 7], [7, 0, 0]])
    cleared = clear(Balances(ring, np.zeros(3), np.zeros(3)), method=method)
    assert cleared.payments.tolist() == [7, 7, 7] and not cleared.defaults.any()


def test_outside_creditors_rank_equally() -> None:
    cleared = clear(Balances(matrix([[0, 30], [0, 0]]), np.array([20.0, 0.0]), np.array([10.0, 0.0])))
    assert cleared.receipts.tolist() == [0.0, 15.0]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"outside_assets": np.array([-1.0, 0.0])}, "outside_assets"),
        ({"outside_liabilities": np.array([np.nan, 0.0])}, "outside_liabilities"),
        ({"liabilities": matrix([[0, -3], [0, 0]])}, "liabilities"),
        ({"liabilities": matrix([[2, 3], [0, 0]])}, "liabilities"),
        ({"outside_assets": np.zeros(3)}, "outside_assets"),
    ],
)
def test_amounts_that_cannot_be_are_refused_with_their_field(changed: dict[str, Any], field: str) -> None:
    whole: dict[str, Any] = {
        "liabilities": matrix([[0, 3], [0, 0]]),
        "outside_assets": np.zeros(2),
        "outside_liabilities": np.zeros(2),
    }
    with pytest.raises(InputError) as refused:
        Balances(**(whole | changed))
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["alpha", "beta"])
def test_a_recovery_over_one_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=name):
        Costs(**{name: 1.2})


def test_a_fixed_point_that_creeps_is_an_error_and_not_a_number() -> None:
    """0 and 1 owe each other nearly all they owe: each round of the plain map takes a hundred-millionth off."""
    balances = Balances(matrix([[0, 1], [1, 0]]), np.zeros(2), np.array([1e-8, 1e-8]))
    with pytest.raises(NotConvergedError):
        clear(balances, method="fixed_point")
    np.testing.assert_allclose(clear(balances).payments, 0.0, atol=1e-6)


@st.composite
def drawn(draw: st.DrawFn) -> Balances:
    firms = draw(st.integers(2, 10))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    owed = sparse.random_array((firms, firms), density=0.4, rng=rng).toarray() * 100
    np.fill_diagonal(owed, 0.0)
    return Balances(sparse.csr_array(owed), rng.uniform(0, 80, firms), rng.uniform(1, 60, firms))


@given(drawn())
def test_without_costs_nothing_is_made_and_nothing_is_lost(balances: Balances) -> None:
    """What firms have outside ends with outside creditors or with owners."""
    cleared = clear(balances)
    owed = cleared.obligations
    outside = np.divide(cleared.payments * balances.outside_liabilities, owed, out=np.zeros_like(owed), where=owed > 0)
    assert outside.sum() + cleared.equity.sum() == pytest.approx(balances.outside_assets.sum())
    assert cleared.destroyed == pytest.approx(0.0, abs=1e-9)


@given(drawn(), st.floats(0, 1), st.floats(0, 0.99))
def test_with_costs_what_is_gone_is_what_they_took(balances: Balances, alpha: float, beta: float) -> None:
    cleared = clear(balances, Costs(alpha, beta))
    owed = cleared.obligations
    outside = np.divide(cleared.payments * balances.outside_liabilities, owed, out=np.zeros_like(owed), where=owed > 0)
    assert outside.sum() + cleared.equity.sum() + cleared.destroyed == pytest.approx(balances.outside_assets.sum())


@given(drawn(), st.floats(0.2, 1), st.floats(0.2, 0.95))
def test_both_ways_come_to_the_same_and_costs_only_take(balances: Balances, alpha: float, beta: float) -> None:
    plain, costly = clear(balances), clear(balances, Costs(alpha, beta))
    np.testing.assert_allclose(clear(balances, method="fixed_point").payments, plain.payments, atol=1e-6)
    np.testing.assert_allclose(clear(balances, Costs(alpha, beta), method="fixed_point").payments, costly.payments, atol=1e-6)
    assert (costly.payments <= plain.payments + 1e-9).all()
    assert (costly.defaults >= plain.defaults).all()


@given(drawn(), st.floats(1, 2))
def test_more_assets_never_mean_less_paid(balances: Balances, more: float) -> None:
    richer = Balances(balances.liabilities, balances.outside_assets * more, balances.outside_liabilities)
    assert (clear(richer).payments >= clear(balances).payments - 1e-9).all()


@given(drawn(), st.integers(0, 1000))
def test_the_order_of_firms_changes_nothing(balances: Balances, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(balances.outside_assets))
    owed = sparse.csr_array(balances.liabilities.toarray()[np.ix_(order, order)])
    turned = Balances(owed, balances.outside_assets[order], balances.outside_liabilities[order])
    np.testing.assert_allclose(clear(turned).payments, clear(balances).payments[order], atol=1e-9)
