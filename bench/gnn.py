"""The relational network against plain PyG message passing with the same weights: scoring, and one training epoch.

    python -m bench.gnn [--entities 20000] [--relations 24] [--degree 10] [--json FILE]

The peer is `torch_geometric.nn.RGCNConv` (bases, mean), its weights copied, so that both give the same log-odds, which is checked.
Dropout is off on both sides. Each side runs in a process of its own, so that peak memory is its own; what the process held before
the network ran is taken off.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.peak import peak_mib
from models.gnn.relational import Compiled, RelationalNetwork, RelationalShape, compile_graph
from models.tensors import RelationalGraph

SIDES = ("ours", "pyg")
_TIMES = 3


@dataclass(frozen=True)
class Measured:
    """Best of `_TIMES`, seconds; memory beyond what was held before, MiB; a checksum of the log-odds."""

    score_seconds: float
    epoch_seconds: float
    more_mib: float
    checksum: float


def draw(entities: int, relations: int, degree: int, seed: int = 7) -> RelationalGraph:
    """A random graph, every entity asked about; shares are those of a mean."""
    rng = np.random.default_rng(seed)
    edges = entities * degree
    src, dst = rng.integers(0, entities, edges), rng.integers(0, entities, edges)
    relation = rng.integers(0, relations, edges)
    _, place = np.unique(dst * relations + relation, return_inverse=True)
    share = (1.0 / np.bincount(place))[place].astype(np.float32)
    x = rng.normal(size=(entities, 64)).astype(np.float32)
    rows, labels = np.arange(entities), (rng.random(entities) < 0.1).astype(np.float32)
    return RelationalGraph(x, np.zeros(entities, np.int64), src, dst, relation, share, rows, labels)


class Peer(nn.Module):
    """The same function by PyG's own layers."""

    def __init__(self, ours: RelationalNetwork, graph: RelationalGraph) -> None:
        super().__init__()
        from torch_geometric.nn import RGCNConv

        shape, h = ours.shape, ours.shape.hidden
        self.ours = ours
        self.edges = torch.from_numpy(np.stack([graph.src, graph.dst]))
        self.kinds = torch.from_numpy(graph.relation)
        self.layers = nn.ModuleList()
        for layer in range(shape.layers):
            conv = RGCNConv(h, h, shape.relations, num_bases=shape.bases)
            with torch.no_grad():
                conv.weight.copy_(ours.bases[layer])
                conv.comp.copy_(ours.mix[layer])
                conv.root.copy_(ours.stay[layer].weight.T)
                conv.bias.copy_(ours.stay[layer].bias)
            self.layers.append(conv)

    def forward(self, graph: Compiled) -> Tensor:
        h = torch.relu(self.ours.encode(graph.x) + self.ours.kind(graph.kind))
        seen = [h]
        for layer, conv in enumerate(self.layers):
            h = torch.relu(self.ours.norm[layer](conv(h, self.edges, self.kinds)))
            seen.append(h)
        out: Tensor = self.ours.out(torch.cat(seen, dim=1)).squeeze(-1)
        return out


def measure(side: str, entities: int, relations: int, degree: int) -> Measured:
    """One side, in this process."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    graph = draw(entities, relations, degree)
    shape = RelationalShape(graph.x.shape[1], 1, relations, dropout=0.0, edge_dropout=0.0)
    ours, compiled = RelationalNetwork(shape), compile_graph(graph, relations)
    network: nn.Module = ours if side == "ours" else Peer(ours, graph)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
    before = peak_mib()
    scoring, learning, checksum = [], [], 0.0
    for _ in range(_TIMES):
        network.eval()
        start = time.perf_counter()
        with torch.no_grad():
            told = network(compiled)
        scoring.append(time.perf_counter() - start)
        checksum = checksum or float(told.double().abs().mean())
        network.train()
        start = time.perf_counter()
        optimiser.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(network(compiled), compiled.labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        learning.append(time.perf_counter() - start)
    return Measured(min(scoring), min(learning), peak_mib() - before, checksum)


def main() -> None:
    """Both sides in processes of their own, side by side."""
    parser = argparse.ArgumentParser(prog="python -m bench.gnn")
    parser.add_argument("--entities", type=int, default=20_000)
    parser.add_argument("--relations", type=int, default=24)
    parser.add_argument("--degree", type=int, default=10)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    told = parser.parse_args()
    size = [told.entities, told.relations, told.degree]
    if told.side:
        print(json.dumps(asdict(measure(told.side, *size))))
        return
    words = [f"--{name}={value}" for name, value in zip(("entities", "relations", "degree"), size, strict=True)]
    found = {}
    for side in SIDES:
        command = [sys.executable, "-W", "ignore", "-m", "bench.gnn", "--side", side, *words]
        found[side] = Measured(
            **json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        )
    ours, pyg = found["ours"], found["pyg"]
    if abs(ours.checksum - pyg.checksum) > 1e-4 * pyg.checksum:
        raise SystemExit(f"the two sides do not say the same: {ours.checksum} and {pyg.checksum}")
    print(f"{told.entities:,} entities, {told.entities * told.degree:,} edges, {told.relations} relations, one thread")
    for name in ("score_seconds", "epoch_seconds", "more_mib"):
        a, b = getattr(ours, name), getattr(pyg, name)
        print(f"{name:<15} ours {a:8.3f}   PyG {b:8.3f}   ratio {b / a:6.2f}")
    if told.json:
        told.json.write_text(json.dumps({side: asdict(m) for side, m in found.items()}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
