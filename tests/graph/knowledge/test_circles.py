"""Circles, chains, what returns, the weakest link and the cheapest cut, worked out by hand."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.knowledge.circles.assess import Assessment
from graph.knowledge.circles.cut import EXACT, _Graph, _local, _ordered, cheapest_cut, cheapest_cuts
from tests.graph.knowledge.drawn_circles import Guarantee, calls, chain, circle, circles_of, member, rings, scheme

JOINTLY = {"liability": "joint_and_several"}


def test_a_circle_of_three_is_one_circle_whichever_firm_starts_it() -> None:
    for order in ("ABC", "BCA", "CAB"):
        a, b, c = order
        found = circles_of([(a, b, 10), (b, c, 10), (c, a, 10), ("D", "A", 10), ("A", "E", 10)])
        assert rings(found) == {"ABC"} and circle(found)["kind"] == "circle"


def test_two_that_guarantee_each_other_are_a_mutual_pair_and_a_chain_is_no_circle() -> None:
    found = circles_of([("A", "B", 10), ("B", "A", 10), ("C", "D", 5), ("D", "E", 5), ("C", "C", 5)])
    assert rings(found) == {"AB"} and circle(found)["kind"] == "mutual"


def test_a_joint_scheme_is_one_circle_however_few_pairs_tell_it_and_two_are_not_a_scheme() -> None:
    found = circles_of(scheme("ABCD", 10))
    assert rings(found) == {"ABCD"} and circle(found)["kind"] == "joint_scheme"
    assert rings(circles_of(scheme("AB", 10))) == set()
    assert rings(circles_of([*scheme("ABC", 1, "J"), *scheme("DEF", 1, "J")])) == {"ABC", "DEF"}, "one number, two contracts"
    assert circle(circles_of([*scheme("ABC", 10), ("A", "D", 1), ("D", "B", 1)]))["kind"] == "circle"


def test_a_chain_is_counted_in_guarantees_and_a_circle_in_it_counts_as_one() -> None:
    """X → A ⇄ B → Y → Z, and X → Z."""
    found = circles_of([("X", "A", 1), ("A", "B", 1), ("B", "A", 1), ("B", "Y", 1), ("Y", "Z", 1), ("X", "Z", 1)])
    assert [chain(found, who) for who in "XABYZ"] == [(0, 3), (1, 2), (1, 2), (2, 1), (3, 0)]


def test_a_firm_with_ten_guaranteed_is_a_hub() -> None:
    found = circles_of([("A", f"B{n}", 1) for n in range(10)]).chains().to_pylist()
    assert [row["party"] for row in found if row["hub"]] == ["Firm-A"]


def test_what_returns_to_its_giver() -> None:
    """A pair returns all. With 40 of A's 100 going to C, 60% returns to both. In A → B → C → A, of whom B gives half to D: half."""
    assert circle(circles_of([("A", "B", 100), ("B", "A", 70)]))["returns"] == 1.0
    leaking = circles_of([("A", "B", 60), ("A", "C", 40), ("B", "A", 100)])
    assert [member(leaking, who)["returns"] for who in "AB"] == [0.6, 0.6] and circle(leaking)["returns"] == 0.6
    assert circle(circles_of([("A", "B", 9), ("B", "C", 5), ("B", "D", 5), ("C", "A", 3)]))["returns"] == 0.5
    # A → B, A → C, B → A, C → A, C → out, all equal parts: back to A after B surely, after C by half: 1/2 + 1/4.
    three = circles_of([("A", "B", 1), ("A", "C", 1), ("B", "A", 1), ("C", "A", 1), ("C", "D", 1)])
    assert member(three, "A")["returns"] == 0.75


def test_a_scheme_of_three_and_one_outside() -> None:
    """Each gives 10 to the scheme, A also 10 to D. A's chain leaves with 1/2; else a step among three goes to each other by half.
    From B: to A by 1/2, to C by 1/2; h = 1/2 + h/2, so back to A surely. A returns 1/2."""
    found = circles_of([*scheme("ABC", 10), ("A", "D", 10)])
    assert member(found, "A")["returns"] == 0.5


def test_exposure_inside_net_assets_and_what_is_not_told() -> None:
    found = circles_of([("A", "B", 100), ("B", "A", 50), ("A", "C", 50)], owes={"A": 30, "B": 40, "C": 99}, net={"A": 60})
    told = circle(found)
    assert (told["exposure_fen"], told["untold"], told["leader"], told["amount_fen"]) == (70, 1, "B", 150)
    assert (member(found, "A")["over_net_assets"], member(found, "B")["over_net_assets"]) == (2.5, None)


def test_negative_net_assets_pay_nothing_and_give_no_ratio() -> None:
    found = circles_of([("A", "B", 100), ("B", "A", 50)], owes={"A": 30, "B": 40}, net={"A": -5, "B": 100})
    assert (member(found, "A")["net_assets_fen"], member(found, "A")["over_net_assets"]) == (-5, None)
    assert [member(found, who)["loss_fen"] for who in "AB"] == [0, 40]


def test_the_weakest_link_is_the_member_whose_failure_costs_most_after_one_round_of_calls() -> None:
    """B owes 100. A guarantees 80 and has 50, X from outside guarantees 30 and has 1000: 20 is lost. A owes 30, B pays it."""
    found = circles_of(
        [("A", "B", 80, JOINTLY), ("B", "A", 80), ("X", "B", 30, JOINTLY)], {"A": 30, "B": 100}, {"A": 50, "B": 90, "X": 1000}
    )
    told = circle(found)
    assert (told["weakest"], told["loss_fen"], told["endangered_fen"]) == ("B", 20, 30)
    assert calls(found) == {"A": (50, True), "X": (30, False)}


def test_several_guarantors_share_by_their_amounts_and_one_pays_for_another_who_cannot() -> None:
    """B owes 90; A 60 and C 30, both strong: 60 and 30 of 90. With A worth 20, C pays no more than its 30."""
    drawn = [("A", "B", 60, JOINTLY), ("C", "B", 30, JOINTLY), ("B", "A", 1), ("A", "C", 1), ("C", "A", 1)]
    owes = {"B": 45}
    assert calls(circles_of(drawn, owes, {"A": 999, "C": 999})) == {"A": (30, False), "C": (15, False)}
    assert calls(circles_of(drawn, owes, {"A": 20, "C": 999})) == {"A": (20, True), "C": (25, False)}


def test_an_ordinary_guarantor_is_called_for_what_the_joint_and_several_leave() -> None:
    drawn: list[Guarantee] = [("A", "B", 60, JOINTLY), ("C", "B", 60), ("B", "A", 1), ("B", "C", 1)]
    assert calls(circles_of(drawn, {"B": 70}, {"A": 999, "C": 999})) == {"A": (60, False), "C": (10, False)}


def test_a_guarantor_of_whom_no_net_assets_are_told_pays_nothing_and_is_counted() -> None:
    found = circles_of([("A", "B", 80), ("B", "A", 80)], {"B": 100})
    assert (circle(found)["loss_fen"], member(found, "B")["untold_guarantors"]) == (100, 1)


def test_a_guarantor_has_its_net_assets_once_though_it_guarantees_alone_and_in_a_scheme() -> None:
    """B owes 100; A has 30 and stands behind B by itself for 50 and in the scheme for 50; C has 20."""
    found = circles_of([*scheme("ABC", 50), ("A", "B", 50)], {"B": 100}, {"A": 30, "C": 20})
    assert circle(found)["loss_fen"] == 50 and calls(found) == {"A": (30, True), "C": (20, True)}


def test_the_cheapest_cut_and_what_it_needs() -> None:
    """A → B 100, B → C 30, C → A 100: B's guarantee goes. C owes 20 here, all of it covered by B alone."""
    found = circles_of([("A", "B", 100), ("B", "C", 30), ("C", "A", 100)], {"A": 50, "B": 50, "C": 20})
    (cut,) = found.cuts().to_pylist()
    assert (cut["src"], cut["dst"], cut["amount_fen"]) == ("Firm-B", "Firm-C", 30)
    assert (cut["substitute_fen"], cut["uncovered_fen"], cut["consent"]) == (20, 20, "perhaps_other_lenders")
    assert (circle(found)["cut_fen"], circle(found)["cut_bound_fen"]) == (30, 30)


def test_a_guarantee_of_a_firm_that_owes_nothing_here_needs_the_other_lenders() -> None:
    found = circles_of([("A", "B", 5), ("B", "A", 50)], {"A": 50})
    (cut,) = found.cuts().to_pylist()
    assert (cut["dst"], cut["substitute_fen"], cut["consent"]) == ("Firm-B", 0, "other_lenders")
    covered = circles_of([("A", "B", 5), ("B", "A", 50), ("X", "B", 99)], {"A": 50, "B": 40})
    (cut,) = covered.cuts().to_pylist()
    assert (cut["substitute_fen"], cut["uncovered_fen"], cut["consent"]) == (5, 0, "none")


def test_shared_arcs_are_cut_rather_than_many_cheaper_ones() -> None:
    """Two circles through A → B (5): A → B → C → A and A → B → D → A, whose other arcs cost 3: 5 is less than 3 + 3."""
    found = circles_of([("A", "B", 5), ("B", "C", 3), ("C", "A", 3), ("B", "D", 3), ("D", "A", 3)])
    assert (circle(found)["cut_fen"], circle(found)["cuts"]) == (5, 1)


def test_amounts_that_are_not_told_stand_for_the_exposure() -> None:
    found = circles_of([("A", "B", None), ("B", "A", 10)], {"A": 50, "B": 70}, {"A": 60})
    assert (circle(found)["cut_fen"], member(found, "A")["given_fen"], member(found, "B")["loss_fen"]) == (10, 70, 10)


def test_ten_thousand_in_a_joint_scheme_are_a_circle_like_any_other() -> None:
    names = [f"M{n:05d}" for n in range(10_000)]
    found = circles_of(scheme(names, 100), dict.fromkeys(names, 1000), dict.fromkeys(names, 1))
    told = circle(found)
    assert (told["members"], told["loss_fen"], told["returns"], told["kind"]) == (10_000, 0, None, "joint_scheme")
    assert told["cut_fen"] >= told["cut_bound_fen"] == 10_000 * 100, "each either guarantees or is guaranteed"


amounts = st.integers(1, 20)
books = st.lists(st.tuples(st.sampled_from("ABCDEFG"), st.sampled_from("ABCDEFG"), amounts), max_size=18)


def plain(found: Assessment) -> dict[str, object]:
    guarantees = found.guarantees().to_pylist()
    return {
        "circles": found.circles().drop_columns(["guarantees"]).to_pylist(),
        "members": found.members().to_pylist(),
        "calls": found.calls().to_pylist(),
        "cuts": found.cuts().to_pylist(),
        "chains": found.chains().to_pylist(),
        "pairs": sorted({(row["src"], row["dst"]) for row in guarantees}),
    }


@settings(max_examples=60, deadline=None)
@given(books, st.dictionaries(st.sampled_from("ABCDEFG"), amounts), st.dictionaries(st.sampled_from("ABCDEFG"), amounts))
def test_row_order_and_guarantees_split_in_two_change_nothing(
    drawn: list[tuple[str, str, int]], owes: dict[str, int], net: dict[str, int]
) -> None:
    found = plain(circles_of(drawn, owes, net))
    assert plain(circles_of(drawn[::-1], owes, net)) == found
    halved = [(a, b, part) for a, b, fen in drawn for part in (fen * 2 - 1, 1)]
    assert plain(circles_of(halved, owes, net)) == plain(circles_of([(a, b, fen * 2) for a, b, fen in drawn], owes, net))


@settings(max_examples=60, deadline=None)
@given(books)
def test_circles_and_chains_are_those_that_networkx_finds(drawn: list[tuple[str, str, int]]) -> None:
    found = circles_of(drawn)
    graph = nx.DiGraph([(a, b) for a, b, _ in drawn if a != b])
    assert rings(found) == {"".join(sorted(part)) for part in nx.strongly_connected_components(graph) if len(part) > 1}
    dag = nx.condensation(graph)
    for node in dag:
        above = nx.dag_longest_path_length(dag.subgraph({node} | nx.ancestors(dag, node)))
        below = nx.dag_longest_path_length(dag.subgraph({node} | nx.descendants(dag, node)))
        for who in dag.nodes[node]["members"]:
            assert chain(found, who) == (above, below)


def cheapest(arcs: dict[tuple[str, str], int]) -> int:
    """By trying every order of the members."""
    from itertools import permutations

    nodes = sorted({node for arc in arcs for node in arc})
    return min(sum(fen for (a, b), fen in arcs.items() if order.index(a) > order.index(b)) for order in permutations(nodes))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABCDEF"), st.sampled_from("ABCDEF"), amounts), min_size=4, max_size=20))
def test_the_cut_is_the_cheapest_of_all_orders_and_the_bounds_hold(drawn: list[tuple[str, str, int]]) -> None:
    arcs = {(a, b): fen for a, b, fen in drawn if a != b}
    graph = nx.DiGraph(list(arcs))
    for part in nx.strongly_connected_components(graph):
        if len(part) < 2:
            continue
        inside = {arc: fen for arc, fen in arcs.items() if set(arc) <= part}
        number = {node: at for at, node in enumerate(sorted(part))}
        src, dst = (np.array([number[arc[end]] for arc in inside]) for end in (0, 1))
        cost = np.array(list(inside.values()))
        best = cheapest(inside)
        exact = cheapest_cut(src, dst, cost, len(part))
        assert exact.cost == best == exact.bound
        (ordered,) = cheapest_cuts(src, dst, cost, np.zeros(len(src), np.int64))
        assert ordered.cost == best == ordered.bound == cost[ordered.arcs].sum()
        assert nx.is_directed_acyclic_graph(nx.DiGraph([arc for at, arc in enumerate(inside) if at not in ordered.arcs]))
        for bounded in (_local(_Graph(src, dst, cost, len(part))), _ordered(_Graph(src, dst, cost, len(part)))):
            assert bounded.bound <= best <= bounded.cost
        left = [arc for at, arc in enumerate(inside) if at not in exact.arcs]
        assert nx.is_directed_acyclic_graph(nx.DiGraph(left))


@pytest.mark.parametrize(("arcs", "size"), [(EXACT + 200, 120), (21_000, 2_000)])
def test_a_cut_of_a_large_circle_leaves_no_circle_and_tells_its_bound(arcs: int, size: int) -> None:
    rng = np.random.default_rng(7)
    pairs = np.unique(rng.integers(0, size, (arcs, 2)), axis=0)
    pairs = np.concatenate([pairs[pairs[:, 0] != pairs[:, 1]], [[n, (n + 1) % size] for n in range(size)]])
    pairs = np.unique(pairs, axis=0)
    cost = rng.integers(1, 10**9, len(pairs))
    cut = cheapest_cut(pairs[:, 0], pairs[:, 1], cost, size)
    left = np.delete(pairs, cut.arcs, axis=0)
    assert nx.is_directed_acyclic_graph(nx.DiGraph(left.tolist()))
    assert 0 < cut.bound <= cut.cost == cost[cut.arcs].sum()
