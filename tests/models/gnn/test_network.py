"""The additive network: parts that add up, edges that can be named, and nothing where there is no relation."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models.gnn.network import AdditiveNetwork, Shape, batch_of
from models.gnn.training import split
from models.tensors import GraphDay, Index

SHAPE = Shape(widths={"Firm": 3, "Person": 2}, channels=4, edge_width=2, hidden=8, dropout=0.0)

# Six firms (0 to 5) and two persons (6, 7). Firm 5 has no relation. 1 -> 0 and 0 -> 1 are the two ways of one guarantee.
EDGES = [(1, 0, 0), (0, 1, 1), (2, 1, 0), (3, 0, 2), (4, 3, 2), (6, 0, 3), (6, 2, 3), (7, 4, 3), (1, 0, 2)]


def drawn(targets: list[int]) -> GraphDay:
    draw = np.random.default_rng(7)
    nodes = {"Firm": draw.normal(size=(6, 3)).astype(np.float32), "Person": draw.normal(size=(2, 2)).astype(np.float32)}
    src, dst, channel = (np.array(x, np.int64) for x in zip(*EDGES, strict=True))
    attributes = draw.normal(size=(len(EDGES), 2)).astype(np.float32)
    labels = np.zeros(len(targets), np.float32)
    return GraphDay(nodes, src, dst, channel, attributes, np.array(targets, np.int64), labels)


@pytest.fixture
def network() -> AdditiveNetwork:
    torch.manual_seed(3)
    net = AdditiveNetwork(SHAPE).eval()
    for parameter in net.parameters():  # away from the zeros it starts with
        torch.nn.init.normal_(parameter, std=0.5)
    return net


def test_own_and_contributions_add_up_to_the_log_odds(network: AdditiveNetwork) -> None:
    batch = batch_of(drawn([0, 1, 2, 5]), SHAPE.channels)
    own, contribution = split(network, batch)
    summed = own.clone()
    summed.index_add_(0, batch.last[1], contribution)
    assert torch.allclose(summed.float(), network.total(batch), atol=1e-6)


def test_a_firm_without_relations_has_no_contagion_at_all(network: AdditiveNetwork) -> None:
    batch = batch_of(drawn([5]), SHAPE.channels)
    own, contribution = split(network, batch)
    assert contribution.numel() == 0
    assert own.item() == pytest.approx(network.total(batch).item())


def test_an_untrained_channel_contributes_exactly_nothing() -> None:
    torch.manual_seed(3)
    fresh = AdditiveNetwork(SHAPE).eval()
    _, contribution = split(fresh, batch_of(drawn([0, 1, 2]), SHAPE.channels))
    assert contribution.numel() > 0
    assert torch.count_nonzero(contribution) == 0


def test_the_order_of_edges_and_of_firms_changes_nothing(network: AdditiveNetwork) -> None:
    day = drawn([0, 1, 2, 3, 4, 5])
    draw = np.random.default_rng(1)
    edges = draw.permutation(len(day.src))
    firms = draw.permutation(6)  # new position -> old firm
    place: Index = np.concatenate([np.argsort(firms), [6, 7]])
    nodes = {"Firm": day.nodes["Firm"][firms], "Person": day.nodes["Person"]}
    src, dst = place[day.src[edges]], place[day.dst[edges]]
    other = GraphDay(nodes, src, dst, day.channel[edges], day.attributes[edges], place[day.targets], day.labels)
    with torch.no_grad():
        before = network.total(batch_of(day, SHAPE.channels))
        after = network.total(batch_of(other, SHAPE.channels))
    assert torch.allclose(before, after, atol=1e-5)


def test_what_a_firm_told_its_neighbour_does_not_come_back_as_contagion(network: AdditiveNetwork) -> None:
    """Firm 0 and firm 1 guarantee each other and know nobody else: 0's features reach 0 by its own part and by C g_0 only."""
    day = drawn([0])
    pair = np.array([0, 1])
    mutual = GraphDay(day.nodes, day.src[pair], day.dst[pair], day.channel[pair], day.attributes[pair], day.targets, day.labels)
    alone = GraphDay(day.nodes, day.src[:1], day.dst[:1], day.channel[:1], day.attributes[:1], day.targets, day.labels)
    with_way_back, _ = split(network, batch_of(mutual, SHAPE.channels)), None
    without = split(network, batch_of(alone, SHAPE.channels))
    assert torch.allclose(with_way_back[1], without[1], atol=1e-6)


def test_days_and_targets_taken_in_pieces_answer_as_one(network: AdditiveNetwork) -> None:
    whole = drawn([0, 1, 2, 3])
    with torch.no_grad():
        together = network.total(batch_of(whole, SHAPE.channels))
        apart = [network.total(batch_of(whole.of(np.array([i])), SHAPE.channels)) for i in (0, 1, 2, 3)]
    assert torch.allclose(together, torch.cat(apart), atol=1e-6)


def test_a_day_comes_back_from_its_file_as_it_was_in_whatever_order_it_lay_in_memory(tmp_path: Path) -> None:
    day = drawn([0, 5])
    turned = GraphDay(
        {name: np.asfortranarray(x) for name, x in day.nodes.items()},
        *(day.src, day.dst, day.channel, np.asfortranarray(day.attributes), day.targets, day.labels),
    )
    turned.save(tmp_path / "day.safetensors")
    back = GraphDay.load(tmp_path / "day.safetensors")
    assert list(back.nodes) == ["Firm", "Person"]
    for name, x in day.nodes.items():
        np.testing.assert_array_equal(back.nodes[name], x)
    np.testing.assert_array_equal(back.attributes, day.attributes)
    np.testing.assert_array_equal(back.targets, day.targets)
