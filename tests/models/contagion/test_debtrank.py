"""DebtRank on networks worked out by hand, and what must hold on any network."""

from collections.abc import Sequence

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from graph.errors import InputError
from models.contagion.arrays import Floats, NotConvergedError, capped, claims_matrix, leverage
from models.contagion.debtrank import impacts, linear_debtrank, single_hit_debtrank, threshold_debtrank
from tests.models.contagion.drawn import matrix

CHAIN = leverage(matrix([[0, 0, 0], [50, 0, 0], [0, 40, 0]]), np.array([10.0, 100.0, 50.0]))
"""1 has lent 0 half of its equity, 2 has lent 1 four fifths of its own."""


def test_half_of_a_lender_and_two_fifths_of_its_lender() -> None:
    found = linear_debtrank(CHAIN, np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(found.h, [1.0, 0.5, 0.4])
    assert found.lost(np.array([1.0, 0, 0]), np.ones(3)) == pytest.approx(0.3)


def test_only_a_firm_that_is_gone_passes_on_under_the_threshold() -> None:
    np.testing.assert_allclose(threshold_debtrank(CHAIN, np.array([1.0, 0.0, 0.0])).h, [1.0, 0.5, 0.0])


def test_in_a_ring_single_hit_stops_where_linear_goes_round_and_round() -> None:
    """Each bears half of the next. Linear: h = 0.2 + h / 2 is 0.4. Single hit: 0.2 + 0.1 and no more."""
    ring = matrix([[0, 0.5], [0.5, 0]])
    shock = np.full(2, 0.2)
    np.testing.assert_allclose(linear_debtrank(ring, shock).h, [0.4, 0.4])
    np.testing.assert_allclose(single_hit_debtrank(ring, shock).h, [0.3, 0.3])


def test_battistons_cap_counts_a_debtor_for_no_more_than_all_equity() -> None:
    lever = matrix([[0, 0], [4, 0]])
    assert single_hit_debtrank(lever, np.array([0.2, 0.0])).h[1] == pytest.approx(0.8)
    assert single_hit_debtrank(capped(lever), np.array([0.2, 0.0])).h[1] == pytest.approx(0.2)


def test_an_iteration_that_does_not_come_to_rest_is_no_number() -> None:
    slow = matrix([[0, 1.0 - 1e-9], [1.0 - 1e-9, 0]])
    with pytest.raises(NotConvergedError, match="still moves"):
        linear_debtrank(slow, np.array([1e-6, 0.0]), most_rounds=50)


@pytest.mark.parametrize(
    ("amount", "creditor", "debtor", "field"),
    [(-1.0, 0, 1, "amount"), (np.nan, 0, 1, "amount"), (np.inf, 0, 1, "amount"), (1.0, 1, 1, "debtor"), (1.0, 0, 2, "firm")],
)
def test_a_claim_that_cannot_be_is_refused_with_its_field(amount: float, creditor: int, debtor: int, field: str) -> None:
    with pytest.raises(InputError) as refused:
        claims_matrix(np.array([creditor]), np.array([debtor]), np.array([amount]), 2)
    assert refused.value.field == field


@pytest.mark.parametrize("equity", [0.0, -5.0, np.nan])
def test_equity_of_nothing_is_refused(equity: float) -> None:
    with pytest.raises(InputError, match="Equity of firm 1"):
        leverage(matrix([[0, 1], [1, 0]]), np.array([1.0, equity]))


def test_a_shock_beyond_all_equity_is_refused() -> None:
    with pytest.raises(InputError, match="shock"):
        linear_debtrank(CHAIN, np.array([1.5, 0, 0]))


Drawn = tuple[sparse.csr_array, Floats]


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    firms = draw(st.integers(2, 12))
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    lever = sparse.random_array((firms, firms), density=0.3, rng=rng).toarray() * draw(st.sampled_from([0.3, 1.0, 3.0]))
    np.fill_diagonal(lever, 0.0)
    return sparse.csr_array(lever), rng.uniform(0, 1, firms) * (rng.uniform(0, 1, firms) < 0.4)


@given(drawn())
def test_more_shock_and_more_claims_never_mean_less_distress(world: Drawn) -> None:
    lever, shock = world
    for run in (linear_debtrank, threshold_debtrank):
        base = run(lever, shock).h
        assert (base >= shock - 1e-12).all() and (base <= 1).all()
        assert (run(lever, np.minimum(1, shock * 1.3)).h >= base - 1e-9).all()
    more = lever.copy()
    more.data = more.data * 1.5
    assert (linear_debtrank(more, shock).h >= linear_debtrank(lever, shock).h - 1e-9).all()


@given(drawn(), st.integers(0, 1000))
def test_the_order_of_firms_changes_nothing(world: Drawn, seed: int) -> None:
    lever, shock = world
    order = np.random.default_rng(seed).permutation(len(shock))
    turned = sparse.csr_array(lever.toarray()[np.ix_(order, order)])
    for run in (linear_debtrank, single_hit_debtrank, threshold_debtrank):
        np.testing.assert_allclose(run(turned, shock[order]).h, run(lever, shock).h[order], atol=1e-9)


@given(drawn())
def test_the_linear_map_is_its_own_dense_fixed_point(world: Drawn) -> None:
    """Where nobody is gone, h = (1 - L)^-1 h(0)."""
    lever, shock = world
    found = linear_debtrank(lever, shock)
    np.testing.assert_allclose(found.h, np.minimum(1, shock + lever @ found.h), atol=1e-9)
    if (found.h < 1 - 1e-9).all():
        np.testing.assert_allclose(found.h, np.linalg.solve(np.eye(len(shock)) - lever.toarray(), shock), atol=1e-7)


@given(drawn())
def test_who_is_never_reached_is_who_has_no_path_of_claims(world: Drawn) -> None:
    """An independent look at the same: NetworkX says whom a failure can reach."""
    lever, shock = world
    graph = nx.from_scipy_sparse_array(sparse.csr_array(lever.T), create_using=nx.DiGraph)
    hit = set(np.flatnonzero(shock).tolist())
    reached = hit | {node for one in hit for node in nx.descendants(graph, one)}
    assert set(np.flatnonzero(linear_debtrank(lever, shock).h > 0).tolist()) == reached


@given(drawn())
def test_impacts_of_all_firms_at_once_are_those_of_each_alone(world: Drawn) -> None:
    lever, _ = world
    weights = np.arange(1.0, lever.shape[0] + 1)
    one_by_one = [linear_debtrank(lever, shock).lost(shock, weights) for shock in np.eye(lever.shape[0])]
    np.testing.assert_allclose(impacts(lever, weights, floor=1e-13), one_by_one, atol=1e-8)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(4, 7), st.integers(0, 10**6)), max_size=12), st.integers(0, 100))
def test_splitting_a_claim_in_two_equal_rows_and_their_order_change_nothing(rows: list[tuple[int, int, int]], seed: int) -> None:
    def built(told: Sequence[tuple[float, ...]]) -> Floats:
        creditor, debtor = (np.array([row[i] for row in told], np.int64) for i in (0, 1))
        return claims_matrix(creditor, debtor, np.array([row[2] for row in told], np.float64), 8).toarray()

    halves = [(c, d, a / 2) for c, d, a in rows for _ in range(2)]
    np.random.default_rng(seed).shuffle(halves)
    np.testing.assert_allclose(built(halves), built(rows), rtol=1e-12)
