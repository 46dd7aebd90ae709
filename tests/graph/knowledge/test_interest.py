"""Integrated ownership, worked out by hand, and against a dense solve of the textbook formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.knowledge.control.holdings import Floats, Matrix
from graph.knowledge.control.interest import Interests
from tests.graph.knowledge.drawn import drawn, findings, interest, status


def test_along_a_chain_shares_multiply() -> None:
    found = drawn([("P", "A", 0.6), ("A", "B", 0.5), ("B", "C", 0.4)])
    assert interest(found, "P", "C") == pytest.approx(0.12)
    assert interest(found, "A", "C") == pytest.approx(0.2)


def test_over_two_ways_they_add_up() -> None:
    found = drawn([("P", "A", 0.8), ("P", "B", 0.5), ("A", "C", 0.5), ("B", "C", 0.4), ("P", "C", 0.1)])
    assert interest(found, "P", "C") == pytest.approx(0.8 * 0.5 + 0.5 * 0.4 + 0.1)


def test_firms_that_hold_each_other_are_owned_by_those_outside() -> None:
    """V of the pair is 1 / (1 - 0.1 * 0.5): each owner's part grows by it, and together they own all."""
    found = drawn([("P", "A", 0.9), ("B", "A", 0.1), ("A", "B", 0.5), ("P2", "B", 0.5)])
    assert interest(found, "P", "A") == pytest.approx(0.9 / 0.95)
    assert interest(found, "P2", "A") == pytest.approx(0.5 * 0.1 / 0.95)
    assert interest(found, "P", "B") == pytest.approx(0.45 / 0.95)
    assert interest(found, "A", "B") == pytest.approx(0.5)  # not 0.5 / 0.95: ways back over A itself are not counted (Baldone)
    assert status(found, "A")["unknown"] == 0


def test_a_firm_that_holds_part_of_itself_belongs_to_the_others() -> None:
    found = drawn([("P", "A", 0.5), ("P2", "A", 0.25), ("A", "A", 0.25)])
    assert interest(found, "P", "A") == pytest.approx(2 / 3)
    assert ("holds_itself", "A", None) in findings(found)


def test_two_firms_that_own_all_of_each_other_have_no_owner() -> None:
    found = drawn([("A", "B", 1.0), ("B", "A", 1.0), ("A", "C", 0.5), ("P", "C", 0.5)])
    assert {status(found, firm)["control"] for firm in "AB"} == {"circular"}
    assert status(found, "A")["unknown"] == 1
    assert status(found, "C")["unknown"] == pytest.approx(0.5)
    assert interest(found, "P", "C") == 0.5 and interest(found, "A", "C") == 0.5
    assert ("circular", "A", None) in findings(found)


def test_an_owner_of_itself_alone_is_an_answer_and_not_an_error() -> None:
    found = drawn([("A", "A", 1.0)])
    assert (status(found, "A")["control"], status(found, "A")["owners"]) == ("circular", "not_determinable")


def test_shares_over_one_are_scaled_to_one_and_told() -> None:
    found = drawn([("P", "A", 0.9), ("P2", "A", 0.6)])
    assert interest(found, "P", "A") == pytest.approx(0.6)
    assert findings(found) == {("shares_over_one", "A", None)}
    assert findings(drawn([("P", "A", 0.667), ("P2", "A", 0.334)])) == set()  # rounding in the source


@pytest.mark.parametrize("share", [1.2, -0.1])
def test_a_share_that_cannot_be_counts_for_nothing_and_is_told(share: float) -> None:
    found = drawn([("P", "A", share), ("P2", "A", 0.6)])
    assert interest(found, "P2", "A") == 0.6
    assert findings(found) == {("share_out_of_range", "A", "P")}


def test_a_thousand_subsidiaries_of_one_hub_are_a_thousand_rows() -> None:
    found = drawn([("P", "H", 0.8), *(("H", f"S{n}", 0.9) for n in range(1000))])
    assert found.controllers().num_rows == 2001


SIZE = 7


@st.composite
def books(draw: st.DrawFn) -> list[tuple[int, int, float]]:
    """Any holdings among seven entities, loops and self-holdings included; of no firm more than 95% is held in all."""
    pairs = draw(st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=20))
    parts = [draw(st.integers(1, 10)) for _ in pairs]
    total = {dst: sum(part for (_, d), part in zip(pairs, parts, strict=True) if d == dst) for _, dst in pairs}
    return [(src, dst, 0.95 * part / max(total[dst], 10)) for (src, dst), part in zip(pairs, parts, strict=True)]


def summed(rows: list[tuple[int, int, float]]) -> Matrix:
    dense = np.zeros((SIZE, SIZE))
    for src, dst, share in rows:
        dense[src, dst] += share
    rows_, columns = np.nonzero(dense)
    return Matrix(rows_, columns, dense[rows_, columns], SIZE)


def textbook(matrix: Matrix) -> Floats:
    v = np.linalg.solve(np.eye(SIZE) - matrix.sparse.toarray(), np.eye(SIZE))
    return np.asarray((v - np.eye(SIZE)) / np.diag(v)[:, None])


@given(books())
def test_any_book_is_what_a_dense_solve_gives(rows: list[tuple[int, int, float]]) -> None:
    matrix = summed(rows)
    found = Interests.build(matrix).of(np.arange(SIZE)).toarray()
    np.testing.assert_allclose(found, textbook(matrix), atol=1e-7)


@given(books())
def test_what_is_owned_and_what_is_untold_make_the_whole(rows: list[tuple[int, int, float]]) -> None:
    matrix = summed(rows)
    missing = 1 - matrix.known
    np.testing.assert_allclose(Interests.build(matrix).weigh(missing), np.ones(SIZE), atol=1e-7)


def test_a_part_too_large_to_invert_is_summed_way_by_way(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = summed([(0, 1, 0.9), (1, 2, 0.9), (2, 0, 0.9), (0, 3, 0.5), (4, 0, 0.05)])
    monkeypatch.setattr("graph.knowledge.control.interest.INVERTED", 1)
    np.testing.assert_allclose(Interests.build(matrix).of(np.arange(SIZE)).toarray(), textbook(matrix), atol=1e-7)
