"""A relational network whose log-odds are a sum by construction, one term an edge.

    logit_i = own(x_i) + Σ_{e = (j → i, r)} c_e

    own(x)  = b + w·x + v·relu(V x)
    g_j     = [relu(E_τ x_j), own(x_j)]                              τ: type of node; own is 0 but for firms
    μ_kj    = relu(U g_k ⊙ s_r + A a_kj + b_r) / sqrt(n_r(j))        a message from k to j over channel r, edge values a
    h_j\\i   = relu(S g_j + Σ_{k ≠ i} μ_kj)                           what j has to say to i, without what i told it
    c_e     = q_r · relu(P h_j\\i + B a_e + C g_i + d_r) / sqrt(n_r(i))

So own and contagion add up exactly, every contribution names its edge, a firm without relations has none, and q starts at zero:
a channel that training never saw contributes exactly 0. Relational weights after Schlichtkrull et al. (2018) and, for the
elementwise s_r, Vashishth et al. (2020); the sum by edges is a generalised additive model over messages.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import scatter

from models.tensors import FIRM, GraphDay, Index, damping, reach


@dataclass(frozen=True)
class Shape:
    """What a network is built from; kept in the manifest. `widths`: features by node type, in order."""

    widths: dict[str, int]
    channels: int
    edge_width: int
    hidden: int = 16
    dropout: float = 0.2


@dataclass(frozen=True)
class Batch:
    """One day's tensors around its targets, computed once: every epoch uses them again."""

    nodes: dict[str, Tensor]
    targets: Tensor
    labels: Tensor
    first: Tensor  # [2, first edges]
    first_channel: Tensor
    first_attributes: Tensor
    first_damping: Tensor
    last: Tensor  # [2, last edges]; row 1: position among the targets
    last_channel: Tensor
    last_attributes: Tensor
    last_damping: Tensor
    last_receiver: Tensor  # node index of the receiver
    echo_first: Tensor
    echo_group: Tensor
    last_group: Tensor
    groups: int
    size: int

    def to(self, device: torch.device) -> "Batch":
        """The same on another device."""
        moved: dict[str, Any] = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **moved, nodes={k: v.to(device) for k, v in self.nodes.items()})


def batch_of(day: GraphDay, channels: int) -> Batch:
    """The tensors of `day` around its targets; edges are sorted by receiver so that sums run over neighbouring rows."""
    around = reach(day, day.targets)
    position = torch.full((day.size,), -1, dtype=torch.int64)
    position[torch.from_numpy(day.targets)] = torch.arange(len(day.targets))
    ends = torch.from_numpy

    def edges(which: Index) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        index = torch.stack([ends(day.src[which]), ends(day.dst[which])])
        return index, ends(day.channel[which]), ends(day.attributes[which]), ends(damping(day, which, channels))

    first, first_channel, first_attributes, first_damping = edges(around.first)
    last, last_channel, last_attributes, last_damping = edges(around.last)
    return Batch(
        nodes={name: ends(x) for name, x in day.nodes.items()},
        targets=ends(day.targets),
        labels=ends(day.labels),
        first=first,
        first_channel=first_channel,
        first_attributes=first_attributes,
        first_damping=first_damping,
        last=torch.stack([last[0], position[last[1]]]),
        last_channel=last_channel,
        last_attributes=last_attributes,
        last_damping=last_damping,
        last_receiver=last[1],
        echo_first=ends(around.echo_first),
        echo_group=ends(around.echo_group),
        last_group=ends(around.last_group),
        groups=around.groups,
        size=day.size,
    )


class Own(nn.Module):
    """b + w·x + v·relu(V x): [firms, width] to [firms]. The second part starts at zero.

    Without a bias under the relu the function is b + ∇(x)·x exactly, so `by_feature` splits it without a rest.
    """

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 1)
        self.bend = nn.Sequential(nn.Linear(width, hidden, bias=False), nn.ReLU(), nn.Dropout(dropout))
        self.bent = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.bent.weight)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = (self.linear(x) + self.bent(self.bend(x))).squeeze(-1)
        return out

    def by_feature(self, x: Tensor) -> Tensor:
        """What each feature brings, [firms, width]: adds up, with the bias, to `forward` without dropout."""
        hidden = self.bend[0]
        active = (hidden(x) > 0).to(x.dtype)
        slope: Tensor = self.linear.weight + (active * self.bent.weight) @ hidden.weight
        return slope * x


class RelationMessages(MessagePassing):  # type: ignore[misc]
    """μ: one message an edge, [edges, hidden], and their sum at each receiver, [nodes, hidden]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(aggr="sum")
        self.sender = nn.Linear(shape.hidden + 1, shape.hidden, bias=False)
        self.values = nn.Linear(shape.edge_width, shape.hidden, bias=False)
        self.scale = nn.Embedding(shape.channels, shape.hidden)
        self.shift = nn.Embedding(shape.channels, shape.hidden)
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, g: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        messages = self.edge_updater(batch.first, z=self.sender(g), batch=batch)
        return messages, self.propagate(batch.first, messages=messages, size=(batch.size, batch.size))

    def edge_update(self, z_j: Tensor, batch: Batch) -> Tensor:
        said = z_j * self.scale(batch.first_channel) + self.values(batch.first_attributes) + self.shift(batch.first_channel)
        damped: Tensor = said.relu() * batch.first_damping.unsqueeze(-1)
        return damped

    def message(self, messages: Tensor) -> Tensor:
        return messages


class AdditiveNetwork(nn.Module):
    """The network of this module's equation."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        hidden = shape.hidden
        self.own = Own(shape.widths[FIRM], hidden, shape.dropout)
        self.encoders = nn.ModuleDict({name: nn.Linear(width, hidden) for name, width in shape.widths.items()})
        self.messages = RelationMessages(shape)
        self.self_loop = nn.Linear(hidden + 1, hidden)
        self.tell = nn.Linear(hidden, hidden, bias=False)
        self.values = nn.Linear(shape.edge_width, hidden, bias=False)
        self.hear = nn.Linear(hidden + 1, hidden)
        self.channel_shift = nn.Embedding(shape.channels, hidden)
        self.channel_weight = nn.Embedding(shape.channels, hidden)
        self.drop = nn.Dropout(shape.dropout)
        nn.init.zeros_(self.channel_shift.weight)
        nn.init.zeros_(self.channel_weight.weight)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(own [targets], contribution [last edges]); the sum at each target is `total`."""
        own = self.own(batch.nodes[FIRM])
        g = self._encode(batch, own)
        messages, arrived = self.messages(g, batch)
        echo = scatter(messages[batch.echo_first], batch.echo_group, dim=0, dim_size=max(batch.groups, 1), reduce="sum")
        source = batch.last[0]
        heard = (self.self_loop(g) + arrived)[source] - echo[batch.last_group]
        told = self.tell(self.drop(heard.relu())) + self.values(batch.last_attributes)
        told = told + self.hear(g)[batch.last_receiver] + self.channel_shift(batch.last_channel)
        contribution = (told.relu() * self.channel_weight(batch.last_channel)).sum(-1) * batch.last_damping
        return own[batch.targets], contribution

    def total(self, batch: Batch) -> Tensor:
        """Log-odds [targets]."""
        own, contribution = self(batch)
        arrived: Tensor = scatter(contribution, batch.last[1], dim=0, dim_size=len(own), reduce="sum")
        total: Tensor = own + arrived
        return total

    def _encode(self, batch: Batch, own: Tensor) -> Tensor:
        """g for all nodes, [nodes, hidden + 1]."""
        parts = []
        for name, x in batch.nodes.items():
            spoken = own if name == FIRM else torch.zeros(len(x), device=x.device)
            parts.append(torch.cat([self.drop(self.encoders[name](x).relu()), spoken.unsqueeze(-1)], dim=-1))
        return torch.cat(parts)
