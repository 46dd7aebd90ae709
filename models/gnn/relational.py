"""A relational graph network over entities, the nodes between them and their groups (Schlichtkrull et al., 2018).

    h⁰_i    = relu(E x_i + k_τ(i))                       τ: kind of node; x is 0 where a node brings nothing
    m^l_i   = Σ_r W^l_r · Σ_j A_r[i,j] h^{l-1}_j          A_r: rows sum to one; r: relation, way, even or by amount
    h^l_i   = relu(LayerNorm(S^l h^{l-1}_i + m^l_i))
    logit_i = w · [h⁰_i, h¹_i, …, h^L_i] + b             (Xu et al., 2018)
    W^l_r   = Σ_b c^l_{rb} V^l_b                          few bases, so that a rare relation borrows from the others

All A_r lie in one sparse matrix over (relation, receiver) rows: a layer is one sparse product and one small dense product a
relation, whatever the number of edges. The transpose is kept: nothing is scattered, and a seed gives the same weights.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from models.tensors import Index, RelationalGraph


@dataclass(frozen=True)
class RelationalShape:
    """What a network is built from."""

    width: int
    kinds: int
    relations: int
    hidden: int = 32
    layers: int = 2
    bases: int = 8
    dropout: float = 0.5
    edge_dropout: float = 0.2


@dataclass(frozen=True)
class Operator:
    """A sparse matrix, its transpose, and where each of the transpose's values stands in it: [rows, nodes]."""

    crow: Tensor
    col: Tensor
    value: Tensor
    back_crow: Tensor
    back_col: Tensor
    back: Tensor  # position of the transpose's values among `value`
    rows: int
    nodes: int

    def to(self, device: torch.device) -> "Operator":
        moved: dict[str, Any] = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in vars(self).items()}
        return Operator(**moved)


@dataclass(frozen=True)
class Compiled:
    """A graph ready for the network. `receiver`: node of each operator row; `bounds`: where each relation's rows begin."""

    x: Tensor
    kind: Tensor
    operator: Operator
    receiver: Tensor
    bounds: tuple[int, ...]
    rows: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Compiled":
        moved = {k: v.to(device) for k, v in vars(self).items() if isinstance(v, Tensor | Operator)}
        return Compiled(**{**vars(self), **moved})


def compile_graph(graph: RelationalGraph, relations: int) -> Compiled:
    """Rows of the operator are (relation, receiver) pairs in order; values are the edges' shares of their row."""
    nodes, told = len(graph.kind), torch.from_numpy
    key = graph.relation * nodes + graph.dst
    order = _by(key, graph.src)
    key, src, share = key[order], graph.src[order], graph.share[order]
    pairs, start = torch.unique_consecutive(told(key), return_counts=True)
    crow = torch.cat([torch.zeros(1, dtype=torch.int64), start.cumsum(0)])
    row = torch.repeat_interleave(torch.arange(len(pairs)), start)
    back = torch.argsort(told(src), stable=True)
    back_crow = torch.cat([torch.zeros(1, dtype=torch.int64), torch.bincount(told(src), minlength=nodes).cumsum(0)])
    operator = Operator(crow, told(src), told(share), back_crow, row[back], back, len(pairs), nodes)
    relation = torch.div(pairs, nodes, rounding_mode="floor")
    bounds = torch.searchsorted(relation, torch.arange(relations + 1)).tolist()
    x = torch.zeros((nodes, graph.x.shape[1]))
    x[: len(graph.x)] = told(graph.x)
    return Compiled(x, told(graph.kind), operator, pairs % nodes, tuple(bounds), told(graph.rows), told(graph.labels))


def _by(key: Index, then: Index) -> Index:
    """Positions in ascending order of `key`, then of `then`."""
    first = torch.argsort(torch.from_numpy(then), stable=True)
    found: Index = first[torch.argsort(torch.from_numpy(key)[first], stable=True)].numpy()
    return found


class _Product(torch.autograd.Function):
    """A · z, with Aᵀ at hand for the way back; the values of A are no parameters."""

    @staticmethod
    def forward(ctx: Any, operator: Operator, value: Tensor, z: Tensor) -> Tensor:
        ctx.operator, ctx.value = operator, value
        return _multiply(operator.crow, operator.col, value, (operator.rows, operator.nodes), z)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, Tensor]:
        operator: Operator = ctx.operator
        size = (operator.nodes, operator.rows)
        return None, None, _multiply(operator.back_crow, operator.back_col, ctx.value[operator.back], size, gradient)


def _multiply(crow: Tensor, col: Tensor, value: Tensor, size: tuple[int, int], dense: Tensor) -> Tensor:
    product: Tensor = torch.sparse_csr_tensor(crow, col, value, size, check_invariants=False) @ dense.contiguous()
    return product


class RelationalNetwork(nn.Module):
    """The network of this module's equations."""

    def __init__(self, shape: RelationalShape) -> None:
        super().__init__()
        self.shape = shape
        h, layers = shape.hidden, range(shape.layers)
        self.encode = nn.Linear(shape.width, h)
        self.kind = nn.Embedding(shape.kinds, h)
        self.bases = nn.ParameterList([nn.Parameter(torch.randn(shape.bases, h, h) / h**0.5) for _ in layers])
        self.mix = nn.ParameterList([nn.Parameter(torch.randn(shape.relations, shape.bases) / shape.bases**0.5) for _ in layers])
        self.stay = nn.ModuleList([nn.Linear(h, h) for _ in layers])
        self.norm = nn.ModuleList([nn.LayerNorm(h) for _ in layers])
        self.out = nn.Linear(h * (shape.layers + 1), 1)

    def forward(self, graph: Compiled) -> Tensor:
        """Log-odds of the graph's rows, [rows]."""
        rate, learning = self.shape.dropout, self.training
        value = graph.operator.value
        if learning and self.shape.edge_dropout:
            value = dropout(value, self.shape.edge_dropout, True)
        h = torch.relu(self.encode(dropout(graph.x, 0.4 * rate, learning)) + self.kind(graph.kind))
        seen = [h[graph.rows]]
        for layer in range(self.shape.layers):
            z = dropout(h, rate, learning)
            h = torch.relu(self.norm[layer](self.stay[layer](z) + self._arrived(graph, value, z, layer)))
            seen.append(h[graph.rows])
        out: Tensor = self.out(dropout(torch.cat(seen, dim=1), rate, learning)).squeeze(-1)
        return out

    def _arrived(self, graph: Compiled, value: Tensor, z: Tensor, layer: int) -> Tensor:
        weights = torch.einsum("rb,bhk->rhk", self.mix[layer], self.bases[layer])
        gathered: Tensor = _Product.apply(graph.operator, value, z)
        if not len(gathered):
            return torch.zeros_like(z)
        sizes = [after - before for before, after in pairwise(graph.bounds)]
        told = torch.cat([piece @ weights[r] for r, piece in enumerate(torch.split(gathered, sizes)) if len(piece)])
        return torch.zeros_like(z).index_add(0, graph.receiver, told)
