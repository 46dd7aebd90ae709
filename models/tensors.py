"""One day's graph as arrays: what a graph network sees, without saying which library computes on it.

Nodes stand in one index space, type by type, firms first. Edges point from the sender of risk to its receiver; a *channel* is a
relation type and a way (`GUARANTEES.out`: the receiver guarantees the sender). Days are disjoint graphs: nothing crosses them.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

Floats = NDArray[np.float32]
Index = NDArray[np.int64]

FIRM = "Firm"


@dataclass(frozen=True)
class GraphDay:
    """`nodes`: per type [n_type, width]; `src`, `dst`, `channel` [edges]; `attributes` [edges, width]; `targets`, `labels` [t]."""

    nodes: dict[str, Floats]
    src: Index
    dst: Index
    channel: Index
    attributes: Floats
    targets: Index = field(default_factory=lambda: np.empty(0, np.int64))
    labels: Floats = field(default_factory=lambda: np.empty(0, np.float32))

    @property
    def size(self) -> int:
        """How many nodes of all types."""
        return sum(len(x) for x in self.nodes.values())

    @property
    def firms(self) -> int:
        return len(self.nodes[FIRM])

    def of(self, targets: Index) -> "GraphDay":
        """The same graph, asked about other firms (no labels)."""
        return GraphDay(self.nodes, self.src, self.dst, self.channel, self.attributes, targets)

    def save(self, path: Path) -> None:
        """As one safetensors file; node types keep their order through its numbering."""
        arrays = {f"node.{i}.{name}": x for i, (name, x) in enumerate(self.nodes.items())}
        arrays |= {name: getattr(self, name) for name in _PLAIN}
        # safetensors writes memory as it lies: an array in Fortran order would come back scrambled
        save_file({name: np.ascontiguousarray(x) for name, x in arrays.items()}, path)

    @classmethod
    def load(cls, path: Path) -> "GraphDay":
        with safe_open(path, framework="numpy") as file:
            names = sorted((key for key in file.keys() if key.startswith("node.")), key=lambda key: int(key.split(".")[1]))  # noqa: SIM118
            nodes = {key.split(".", 2)[2]: file.get_tensor(key) for key in names}
            return cls(nodes, *(file.get_tensor(name) for name in _PLAIN))


_PLAIN = ("src", "dst", "channel", "attributes", "targets", "labels")


@dataclass(frozen=True)
class Reach:
    """The edges that can touch some targets, in two layers, and which echoes to leave out.

    `last`: edges into the targets. `first`: edges into their senders. Where a first edge is the way back of a last one
    (i -> j under j -> i), what i told j must not return to i as j's own news: `echo_first` lists such edges, `echo_group`
    the pair each belongs to, and `last_group` the pair of each last edge, of `groups` pairs.
    """

    last: Index
    first: Index
    echo_first: Index
    echo_group: Index
    last_group: Index
    groups: int


def reach(day: GraphDay, targets: Index) -> Reach:
    """Two layers of edges around `targets`, by array operations only."""
    wanted = np.zeros(day.size, bool)
    wanted[targets] = True
    last = np.flatnonzero(wanted[day.dst])
    senders = np.zeros(day.size, bool)
    senders[day.src[last]] = True
    first = np.flatnonzero(senders[day.dst])
    back = day.dst[last] * day.size + day.src[last]  # the key that an edge i -> j has, for a last edge j -> i
    forth = day.src[first] * day.size + day.dst[first]
    pairs = np.unique(back)
    place = np.searchsorted(pairs, forth)
    place[place == len(pairs)] = 0
    echoes = np.flatnonzero(pairs[place] == forth) if len(pairs) else np.empty(0, np.int64)
    return Reach(last, first, echoes, place[echoes], np.searchsorted(pairs, back), len(pairs))


def damping(day: GraphDay, edges: Index, channels: int) -> Floats:
    """1 / sqrt(how many of `edges` share receiver and channel): twenty guarantees weigh more than one, but not twenty times."""
    key = day.dst[edges] * channels + day.channel[edges]
    _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / np.sqrt(counts[inverse]), np.float32) if len(key) else np.empty(0, np.float32)


@dataclass(frozen=True)
class RelationalGraph:
    """A graph whose edges are shares: `x` [entities, width] of the first nodes; `kind` [nodes]; edges from `src` to `dst`.

    `share`: of all that the receiver hears over the `relation`, how much comes over this edge. `rows`: nodes asked about; `labels`:
    theirs.
    """

    x: Floats
    kind: Index
    src: Index
    dst: Index
    relation: Index
    share: Floats
    rows: Index
    labels: Floats

    def save(self, path: Path) -> None:
        """As one safetensors file."""
        save_file({name: np.ascontiguousarray(value) for name, value in vars(self).items()}, path)

    @classmethod
    def load(cls, path: Path) -> "RelationalGraph":
        with safe_open(path, framework="numpy") as file:
            return cls(**{name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
