"""The relational network says what PyG's own layers say, whatever the order of the edges, and the same seed learns the same."""

from dataclasses import replace

import numpy as np
import torch

from bench.gnn import Peer, draw
from models.gnn.relational import RelationalNetwork, RelationalShape, compile_graph
from models.gnn.relational_training import RelationalPlan, fit_member, tell_rows

SHAPE = RelationalShape(64, 1, 5, hidden=8, bases=3, dropout=0.3)
GRAPH = draw(entities=60, relations=5, degree=4)


def test_log_odds_and_gradients_are_those_of_plain_message_passing() -> None:
    torch.manual_seed(0)
    ours, compiled = RelationalNetwork(replace(SHAPE, dropout=0.0, edge_dropout=0.0)), compile_graph(GRAPH, 5)
    peer = Peer(ours, GRAPH)
    torch.testing.assert_close(ours(compiled), peer(compiled), rtol=1e-4, atol=1e-5)
    ours(compiled).square().sum().backward()
    told = [basis.grad.clone() for basis in ours.bases if basis.grad is not None]
    peer(compiled).square().sum().backward()
    assert len(told) == 2
    for mine, layer in zip(told, peer.layers, strict=True):
        torch.testing.assert_close(mine, layer.weight.grad, rtol=1e-3, atol=1e-4)


def test_the_order_of_edges_changes_nothing_and_a_seed_gives_the_same_weights() -> None:
    shuffled = np.random.default_rng(1).permutation(len(GRAPH.src))
    other = replace(GRAPH, **{name: getattr(GRAPH, name)[shuffled] for name in ("src", "dst", "relation", "share")})
    plan = RelationalPlan(epochs=4)
    fitted = [fit_member([compile_graph(g, 5)], SHAPE, plan, 3, lambda _: None) for g in (GRAPH, GRAPH, other)]
    told = [tell_rows(SHAPE, weights, compile_graph(GRAPH, 5)) for weights in fitted]
    np.testing.assert_array_equal(told[0], told[1])
    np.testing.assert_allclose(told[0], told[2], atol=1e-5)
    another = fit_member([compile_graph(GRAPH, 5)], SHAPE, plan, 4, lambda _: None)
    assert np.abs(tell_rows(SHAPE, another, compile_graph(GRAPH, 5)) - told[0]).max() > 1e-3


def test_a_graph_without_an_edge_is_told_from_its_features_alone() -> None:
    none = np.empty(0, np.int64)
    alone = replace(GRAPH, src=none, dst=none, relation=none, share=np.empty(0, np.float32))
    told = RelationalNetwork(SHAPE).eval()(compile_graph(alone, 5))
    assert told.shape == (60,)
    assert bool(torch.isfinite(told).all())
