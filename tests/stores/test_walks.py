"""Exposure networks and shortest paths, worked out by hand, on both engines."""

import itertools
from datetime import date

import pytest

from graph.errors import InputError, NotFoundError
from graph.network import Network
from graph.store import Moment
from graph.views import edge_sources, firm_card, neighbours, network_svg
from graph.walks import NetworkQuery, PathQuery, exposure_network, exposure_types, shortest_paths
from tests.stores.conftest import Load
from tests.worlds.build import World

JUNE = Moment.of(date(2025, 6, 30))


def circle(world: World) -> World:
    """A guarantees B, B guarantees C, C guarantees A; the person P owns C and D; E stands apart."""
    for key in ("A", "B", "C", "D", "E"):
        world.firm(key, name=f"{key}公司")
    world.person("P")
    for src, dst, amount in (("A", "B", 300), ("B", "C", 200), ("C", "A", 100)):
        world.relation("GUARANTEES", src, dst, amount_fen=amount, valid_from="2025-02-01", known="2025-02-01")
    world.relation("HOLDS_SHARES", "P", "C", equity_share=0.6).relation("HOLDS_SHARES", "P", "D", equity_share=0.4)
    world.relation("TRANSFERS", "D", "E", amount_fen=1, valid_from="2025-03-01")
    world.commit()
    return world


def distances(network: Network, world: World) -> dict[str, int]:
    names = {world.id(key): key for key in world.keys}
    return {names[node.id]: node.distance for node in network.nodes}


def test_the_network_of_a_firm_reaches_as_far_as_its_depth(world: World, load: Load) -> None:
    store = load(circle(world))
    one = exposure_network(store, world.id("A"), NetworkQuery(JUNE, depth=1))
    assert distances(one, world) == {"A": 0, "B": 1, "C": 1}
    assert [edge.amount_fen for edge in one.edges if edge.src == world.id("A")] == [300]
    three = exposure_network(store, world.id("A"), NetworkQuery(JUNE, depth=3))
    assert distances(three, world) == {"A": 0, "B": 1, "C": 1, "P": 2, "D": 3}  # E is reached by a payment alone
    assert len(three.edges) == 5 and three.complete


def test_payments_are_walked_when_they_are_named(world: World, load: Load) -> None:
    store = load(circle(world))
    assert "TRANSFERS" not in exposure_types(store.ontology)
    found = exposure_network(store, world.id("D"), NetworkQuery(JUNE, depth=1, types=("TRANSFERS",)))
    assert distances(found, world) == {"D": 0, "E": 1}


def test_a_network_before_a_guarantee_was_known_is_without_it(world: World, load: Load) -> None:
    store = load(circle(world))
    january = Moment.of(date(2025, 1, 31))
    assert distances(exposure_network(store, world.id("A"), NetworkQuery(january)), world) == {"A": 0}


def test_a_hub_that_is_cut_is_counted_and_reported(world: World, load: Load) -> None:
    world.firm("H")
    for n in range(12):
        world.firm(f"F{n:02}").relation("GUARANTEES", "H", f"F{n:02}", amount_fen=n)
    world.commit()
    found = exposure_network(load(world), world.id("H"), NetworkQuery(JUNE, depth=1, cap_per_hop=5))
    (cut,) = found.cuts
    assert (cut.anchor, cut.type, cut.way, cut.shown, cut.degree) == (world.id("H"), "GUARANTEES", "out", 5, 12)
    assert sorted(edge.amount_fen or 0 for edge in found.edges) == [7, 8, 9, 10, 11]
    assert not found.complete


def test_a_network_without_room_keeps_the_largest_and_says_how_many_are_left_out(world: World, load: Load) -> None:
    world.firm("H")
    for n in range(12):
        world.firm(f"F{n:02}").relation("GUARANTEES", "H", f"F{n:02}", amount_fen=n)
    world.commit()
    found = exposure_network(load(world), world.id("H"), NetworkQuery(JUNE, max_nodes=4))
    assert sorted(distances(found, world)) == ["F09", "F10", "F11", "H"]
    assert found.left_out == 9 and not found.complete and not found.cuts


def test_parallel_relations_and_self_loops_are_each_kept_once(world: World, load: Load) -> None:
    world.firm("A").firm("B").relation("GUARANTEES", "A", "A", amount_fen=1)
    world.relation("GUARANTEES", "A", "B", amount_fen=2).relation("GUARANTEES", "A", "B", occurrence=1, amount_fen=2).commit()
    found = exposure_network(load(world), world.id("A"), NetworkQuery(JUNE, depth=2))
    assert sorted(edge.amount_fen or 0 for edge in found.edges) == [1, 2, 2]


def test_shortest_paths_are_all_found_and_no_longer_one(world: World, load: Load) -> None:
    """From S to T there are two ways of two steps and one of three."""
    for key in ("S", "X", "Y", "T", "L1", "L2"):
        world.firm(key)
    for src, dst in (("S", "X"), ("X", "T"), ("T", "Y"), ("S", "Y"), ("S", "L1"), ("L1", "L2"), ("L2", "T")):
        world.relation("GUARANTEES", src, dst, amount_fen=1)
    world.commit()
    answer = shortest_paths(load(world), world.id("S"), world.id("T"), PathQuery(JUNE))
    names = {world.id(key): key for key in world.keys}
    assert sorted("".join(names[n] for n in path.nodes) for path in answer.paths) == ["SXT", "SYT"]
    for path in answer.paths:
        for at, (near, far) in enumerate(zip(path.nodes, path.nodes[1:], strict=False)):
            assert {path.edges[at].src, path.edges[at].dst} == {near, far}


def test_long_and_missing_paths(world: World, load: Load) -> None:
    keys = [f"N{n}" for n in range(6)]
    for key in (*keys, "Z"):
        world.firm(key)
    for src, dst in itertools.pairwise(keys):
        world.relation("GUARANTEES", src, dst, amount_fen=1)
    world.commit()
    store = load(world)
    (path,) = shortest_paths(store, world.id("N0"), world.id("N5"), PathQuery(JUNE)).paths
    assert path.nodes == tuple(world.id(key) for key in keys)
    assert shortest_paths(store, world.id("N0"), world.id("N5"), PathQuery(JUNE, max_length=4)).paths == ()
    assert shortest_paths(store, world.id("N0"), world.id("Z"), PathQuery(JUNE)).paths == ()
    assert shortest_paths(store, world.id("Z"), world.id("Z"), PathQuery(JUNE)).paths[0].nodes == (world.id("Z"),)


def test_an_unknown_firm_and_a_useless_bound_are_refused_by_name(world: World, load: Load) -> None:
    store = load(circle(world))
    with pytest.raises(NotFoundError, match="Firm-nobody"):
        exposure_network(store, "Firm-nobody", NetworkQuery(JUNE))
    with pytest.raises(InputError, match="at least 1"):
        exposure_network(store, world.id("A"), NetworkQuery(JUNE, depth=0))


def test_the_card_and_the_neighbours_of_a_firm(world: World, load: Load) -> None:
    store = load(circle(world))
    card = firm_card(store, world.id("C"), JUNE)
    assert (card.name, card.relations_out, card.relations_in) == ("C公司", {"GUARANTEES": 1}, {"GUARANTEES": 1, "HOLDS_SHARES": 1})
    assert distances(neighbours(store, world.id("C"), JUNE), world) == {"C": 0, "A": 1, "B": 1, "P": 1}
    with pytest.raises(NotFoundError):
        firm_card(store, "Firm-nobody", JUNE)


def test_every_edge_of_an_answer_leads_to_its_file_and_line(world: World, load: Load) -> None:
    circle(world)
    world.relation("GUARANTEES", "A", "B", amount_fen=301, valid_from="2025-02-01", known="2025-05-01").commit()
    store = load(world)
    found = exposure_network(store, world.id("A"), NetworkQuery(JUNE, depth=1))
    sources = {source.rel: source for source in edge_sources(world.ledger, found.edges, JUNE.known)}
    assert set(sources) == {edge.rel for edge in found.edges}
    corrected = next(edge for edge in found.edges if edge.amount_fen == 301)
    assert (sources[corrected.rel].file, sources[corrected.rel].batch_seq) == ("world.csv", 2)
    before = edge_sources(world.ledger, [corrected], date(2025, 4, 30))
    assert [source.batch_seq for source in before] == [1]


def test_the_picture_is_the_same_each_time_and_names_the_firm(world: World, load: Load) -> None:
    found = exposure_network(load(circle(world)), world.id("A"), NetworkQuery(JUNE))
    picture = network_svg(found)
    assert picture == network_svg(found)
    assert "A公司 敞口网络" in picture and "担保 GUARANTEES" in picture and picture.startswith("<svg")
