"""Fitting relational networks: several graphs at once, members by seed, weights averaged over the last epochs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from models.gnn.relational import Compiled, RelationalNetwork, RelationalShape
from models.gnn.training import device


@dataclass(frozen=True)
class RelationalPlan:
    """How long and how boldly to learn. `average`: how much of the running mean of weights each step keeps."""

    epochs: int = 120
    learning_rate: float = 5e-3
    weight_decay: float = 5e-3
    average: float = 0.95
    threads: int = 1


def fit_member(
    graphs: Sequence[Compiled], shape: RelationalShape, plan: RelationalPlan, seed: int, tell: Callable[[int], None]
) -> dict[str, Tensor]:
    """Weights of one network: a step takes all graphs, each row weighs alike. The same seed gives the same weights."""
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    graphs = [graph.to(device()) for graph in graphs]
    rows = sum(len(graph.labels) for graph in graphs)
    network = RelationalNetwork(shape).to(device())
    optimiser = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay)
    mean = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.train()
    for epoch in range(plan.epochs):
        optimiser.zero_grad()
        for graph in graphs:
            loss = binary_cross_entropy_with_logits(network(graph), graph.labels, reduction="sum") / rows
            loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimiser.step()
        keep = min(plan.average, (1 + epoch) / (10 + epoch))
        for name, value in network.state_dict().items():
            mean[name].lerp_(value.detach(), 1 - keep)
        tell(epoch + 1)
    return mean


@torch.no_grad()
def tell_rows(shape: RelationalShape, weights: dict[str, Tensor], graph: Compiled) -> NDArray[np.float64]:
    """Log-odds of the graph's rows."""
    network = RelationalNetwork(shape).to(device())
    network.load_state_dict(weights)
    network.eval()
    told: NDArray[np.float64] = network(graph.to(device())).double().cpu().numpy()
    return told
