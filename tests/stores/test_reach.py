"""How much risk can reach a firm, and on which ways: drawn by hand, on both engines, and against NetworkX."""

from datetime import date
from itertools import pairwise
from math import prod

import networkx as nx
import numpy as np
import pytest

from graph.changes import network_changes, path_changes
from graph.errors import InputError
from graph.network import Network, RiskPaths
from graph.reach import Figures, RiskPathQuery, RiskQuery, risk_network, risk_paths
from graph.store import Moment
from graph.walks import NetworkQuery, PathQuery, exposure_network
from tests.stores.conftest import Load
from tests.worlds.build import World

JUNE = Moment.of(date(2025, 6, 30))


def town(world: World) -> World:
    """A guarantees B for 50 of its 100 net assets and C for 200; B sells 40% to D; A holds 30% of C in two rows; P serves A."""
    for key in ("A", "B", "C", "D", "E"):
        world.firm(key)
    world.person("P").relation("SERVES_AS", "P", "A", role="director")
    world.fact("FinancialStatement", "A", valid_from="2025-02-01", period_end="2024-12-31", net_assets_fen=100)
    world.relation("GUARANTEES", "A", "B", amount_fen=50)
    world.relation("GUARANTEES", "A", "C", amount_fen=200, valid_from="2025-05-01", known="2025-05-01")
    world.relation("SUPPLIES", "B", "D", annual_fen=7, sales_share=0.4)
    world.relation("HOLDS_SHARES", "A", "C", equity_share=0.1).relation("HOLDS_SHARES", "A", "C", occurrence=1, equity_share=0.2)
    world.relation("SUPPLIES", "C", "D", annual_fen=9, sales_share=0.1)
    world.entity("LoanNote", "N1", number="N1").relation("BORROWS", "B", "N1")
    world.fact("LoanNoteState", "N1", valid_from="2025-03-01", known="2025-03-01", balance_fen=1_000)
    world.commit()
    return world


def means(world: World, when: Moment = JUNE) -> Figures:
    return Figures.of(world.snapshot(when.valid.isoformat()))


def reaches(network: Network, world: World) -> dict[str, float]:
    names = {world.id(key): key for key in world.keys}
    return {names[node.id]: round(node.reach or 0.0, 9) for node in network.nodes}


def ways(found: RiskPaths, world: World) -> list[tuple[str, float]]:
    names = {world.id(key): key for key in world.keys}
    return [("".join(names[n] for n in path.nodes), round(path.share, 9)) for path in found.paths]


def test_a_network_is_ranked_by_what_can_reach_the_firm(world: World, load: Load) -> None:
    """B reaches A by half its net assets; D by B: 0.5 × 0.4; C by a guarantee above net assets; the director bears none."""
    store = load(town(world))
    found = risk_network(store, world.id("A"), RiskQuery(NetworkQuery(JUNE)), means(world))
    assert list(reaches(found, world).items()) == [("A", 1.0), ("C", 1.0), ("B", 0.5), ("D", 0.2), ("P", 0.0)]
    way = {node.id: node.way for node in found.nodes}[world.id("D")]
    assert way == (world.id("D"), world.id("B"), world.id("A"))
    assert found.complete and len(found.edges) == 7


def test_without_net_assets_a_guarantee_may_take_all_and_says_that_it_was_assumed(world: World, load: Load) -> None:
    store = load(town(world))
    found = risk_paths(store, world.id("B"), world.id("A"), RiskPathQuery(PathQuery(JUNE)))
    assert ways(found, world) == [("BA", 1.0)]
    assert found.paths[0].steps[0].assumed
    known = risk_paths(store, world.id("B"), world.id("A"), RiskPathQuery(PathQuery(JUNE)), means(world))
    assert ways(known, world) == [("BA", 0.5)] and not known.paths[0].steps[0].assumed


def test_towards_the_bank_a_network_is_ranked_by_what_a_failure_can_cost_it(world: World, load: Load) -> None:
    """D's failure takes 40% of B's sales; B owes 1,000."""
    store = load(town(world))
    found = risk_network(store, world.id("D"), RiskQuery(NetworkQuery(JUNE), "bank"), means(world))
    names = {world.id(key): key for key in world.keys}
    assert [(names[n.id], n.at_risk_fen) for n in found.nodes][:2] == [("D", None), ("B", 400)]


def test_the_strongest_paths_come_first_with_every_relation_of_each_step(world: World, load: Load) -> None:
    store = load(town(world))
    found = risk_paths(store, world.id("D"), world.id("A"), RiskPathQuery(PathQuery(JUNE)), means(world))
    assert ways(found, world) == [("DBA", 0.2), ("DCA", 0.1)] and found.complete
    april = Moment.of(date(2025, 4, 30))  # before the guarantee for C: 30% of C in two rows
    before = risk_paths(store, world.id("D"), world.id("A"), RiskPathQuery(PathQuery(april)), means(world, april))
    assert ways(before, world) == [("DBA", 0.2), ("DCA", 0.03)]
    assert [edge.share for edge in before.paths[1].steps[1].edges] in ([0.1, 0.2], [0.2, 0.1])
    changes = path_changes(before.paths, found.paths)
    assert not changes.new and not changes.gone
    (change,) = changes.changed
    assert [step.type for step in change.before.steps] == ["SUPPLIES", "HOLDS_SHARES"]
    assert [step.type for step in change.after.steps] == ["SUPPLIES", "GUARANTEES"]


def test_a_step_names_only_the_relations_on_which_risk_moves_that_way(world: World, load: Load) -> None:
    """A and B guarantee each other: what B cannot pay, A pays by its own guarantee, not by B's."""
    world.firm("A").firm("B").relation("GUARANTEES", "A", "B", amount_fen=1).relation("GUARANTEES", "B", "A", amount_fen=2).commit()
    found = risk_paths(load(world), world.id("B"), world.id("A"), RiskPathQuery(PathQuery(JUNE)))
    assert [[edge.amount_fen for edge in step.edges] for step in found.paths[0].steps] == [[1]]


def test_no_path_one_end_and_a_useless_bound(world: World, load: Load) -> None:
    store = load(town(world))
    query = RiskPathQuery(PathQuery(JUNE))
    assert risk_paths(store, world.id("E"), world.id("A"), query).paths == ()
    assert risk_paths(store, world.id("P"), world.id("A"), query).paths == ()  # a post carries no claim
    with pytest.raises(InputError, match="same entity"):
        risk_paths(store, world.id("A"), world.id("A"), query)
    with pytest.raises(InputError, match="at least 1"):
        risk_paths(store, world.id("A"), world.id("B"), RiskPathQuery(PathQuery(JUNE), k=0))


def test_a_bound_keeps_the_largest_and_tells_what_the_rest_can_reach_at_most(world: World, load: Load) -> None:
    world.firm("H")
    for n in range(1, 10):
        world.firm(f"F{n}").relation("SUPPLIES", "H", f"F{n}", annual_fen=1, sales_share=n / 100)
    world.commit()
    found = risk_network(load(world), world.id("H"), RiskQuery(NetworkQuery(JUNE, max_nodes=4)))
    assert reaches(found, world) == {"H": 1.0, "F9": 0.09, "F8": 0.08, "F7": 0.07}
    assert (found.floor, found.left_out, found.complete) == (0.06, 6, False)


def test_what_changed_between_two_days_names_new_ended_and_changed_relations_and_who_came_and_went(
    world: World, load: Load
) -> None:
    for key in ("A", "B", "C", "D"):
        world.firm(key)
    world.relation("GUARANTEES", "A", "B", amount_fen=5, known="2025-01-01")
    world.relation("GUARANTEES", "A", "B", amount_fen=8, known="2025-05-01")
    world.relation("GUARANTEES", "A", "C", amount_fen=3).close("2025-04-01", known="2025-04-01")
    world.relation("GUARANTEES", "D", "A", amount_fen=1, valid_from="2025-06-01", known="2025-06-01")
    world.commit()
    store, query = load(world), NetworkQuery(JUNE)

    def walk(when: Moment) -> Network:
        return risk_network(store, world.id("A"), RiskQuery(NetworkQuery(when)))

    found = network_changes(store, world.id("A"), query, date(2025, 3, 1), walk)
    assert (found.joined, found.left) == ({world.id("D"): 1}, {world.id("C"): 1})
    assert [edge.src for edge in found.new] == [world.id("D")] and [edge.dst for edge in found.ended] == [world.id("C")]
    assert [(c.before.amount_fen, c.after.amount_fen, c.fields) for c in found.changed] == [(5, 8, ("amount_fen",))]
    assert found.complete
    all_new = network_changes(store, world.id("A"), query, date(1899, 1, 1), walk)
    assert not all_new.left and not all_new.ended and len(all_new.new) == 2
    same = network_changes(store, world.id("A"), query, JUNE.valid, walk)
    assert not (same.joined or same.left or same.new or same.ended or same.changed)


def test_what_is_new_is_in_the_later_picture_and_what_ended_in_the_earlier(world: World, load: Load) -> None:
    for key in ("A", "B", "C"):
        world.firm(key)
    world.relation("GUARANTEES", "A", "B", amount_fen=5).relation("GUARANTEES", "A", "C", amount_fen=3)
    world.close("2025-04-01", known="2025-04-01")
    world.relation("GUARANTEES", "C", "B", amount_fen=9, valid_from="2025-05-01", known="2025-05-01").commit()
    store, query = load(world), NetworkQuery(JUNE, depth=1)

    def walk(when: Moment) -> Network:
        return exposure_network(store, world.id("A"), NetworkQuery(when, depth=1))

    found = network_changes(store, world.id("A"), query, date(2025, 3, 1), walk)
    shown = {edge.rel for edge in walk(JUNE).edges}
    assert [edge for edge in found.new if edge.rel not in shown] == [] and found.new == ()
    assert [edge.dst for edge in found.ended] == [world.id("C")] and found.left == {world.id("C"): 1}


@pytest.mark.parametrize("seed", range(3))
def test_against_networkx_no_stronger_path_is_missed(world: World, load: Load, seed: int) -> None:
    rng = np.random.default_rng(seed)
    keys = [f"F{n}" for n in range(9)]
    for key in keys:
        world.firm(key)
    oracle: nx.DiGraph[str] = nx.DiGraph()
    for seller, buyer in {(str(a), str(b)) for a, b in rng.choice(keys, (26, 2)) if a != b}:
        share = float(rng.integers(1, 100)) / 100
        world.relation("SUPPLIES", seller, buyer, annual_fen=1, sales_share=share)
        oracle.add_edge(world.id(buyer), world.id(seller), share=share)
    world.commit()
    store, (start, end) = load(world), (world.id("F0"), world.id("F1"))
    simple = nx.all_simple_paths(oracle, start, end, cutoff=4) if {start, end} <= set(oracle) else []
    wanted = sorted((prod(oracle.edges[pair]["share"] for pair in pairwise(way)) for way in simple), reverse=True)
    found = risk_paths(store, start, end, RiskPathQuery(PathQuery(JUNE, max_length=4), k=1_000))
    assert [path.share for path in found.paths] == pytest.approx(wanted)
    assert found.complete
    network = risk_network(store, end, RiskQuery(NetworkQuery(JUNE, depth=4)))
    reach = {node.id: node.reach for node in network.nodes}
    assert reach.get(start, 0.0) == pytest.approx(wanted[0] if wanted else 0.0)
