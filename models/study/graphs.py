"""From a study's world to what the relational network sees: features on one scale, groups as nodes, relations both ways."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.study.features import Matrix
from models.study.world import Floats, Index, World
from models.tensors import RelationalGraph

_STEPS, _CLIP = 256, 2.5
_RARE = 0.01


@dataclass(frozen=True)
class Scale:
    """Normal scores by the training day's quantiles; what is missing is 0, with a flag where that is not rare."""

    quantiles: Floats  # [steps, columns]
    flagged: Index

    @classmethod
    def of(cls, values: Floats) -> "Scale":
        """From training rows, [rows, columns]."""
        missing = np.isnan(values).mean(axis=0)
        with np.errstate(all="ignore"):
            filled = np.where(np.isnan(values).all(axis=0), 0.0, values)
            quantiles = np.nanquantile(filled, np.linspace(0, 1, _STEPS), axis=0)
        return cls(quantiles, np.flatnonzero((missing > _RARE) & (missing < 1 - _RARE)))

    def apply(self, values: Floats) -> NDArray[np.float32]:
        """[rows, columns + flags]; ties take the middle of their range."""
        out = np.zeros(values.shape)
        for i, steps in enumerate(self.quantiles.T):
            low, high = np.searchsorted(steps, values[:, i], "left"), np.searchsorted(steps, values[:, i], "right")
            out[:, i] = np.clip(ndtri(np.clip((low + high) / (2 * _STEPS), 1e-3, 1 - 1e-3)), -_CLIP, _CLIP)
        missing = np.isnan(values)
        out[missing] = 0.0
        return np.hstack([out, missing[:, self.flagged]]).astype(np.float32)


@dataclass(frozen=True)
class Words:
    """Relations and kinds of nodes that training saw, in order of code; others say nothing."""

    relations: tuple[str, ...]
    kinds: tuple[str, ...]

    @classmethod
    def of(cls, world: World) -> "Words":
        relations = [f"{c.name}{way}{twin}" for c in world.channels for way in (">", "<") for twin in _twins(c.weight)]
        relations += [f"{g.name}{way}" for g in world.groups for way in (">", "<")]
        others = sorted({c.other for c in world.channels if c.other}) + [g.name for g in world.groups]
        return cls(tuple(relations), ("", *others))


def _twins(weight: Floats) -> tuple[str, ...]:
    """A relation that tells how much of it there is is heard twice: each alike, and by the logarithm of its amount."""
    told = weight[weight > 0]
    return ("", " by amount") if len(told) and told.std() > 0 else ("",)


@dataclass(frozen=True)
class Encoder:
    """What a world's graph is made with: the columns an entity brings, their scale, and the words for relations and nodes."""

    columns: Index
    scale: Scale
    words: Words

    def graph(self, world: World, matrix: Matrix, rows: Index, labels: Floats) -> RelationalGraph:
        """The arrays of one day, asked about `rows`."""
        kind, edges = _edges(world, self.words)
        none = np.empty(0, np.int64)
        src, dst = (np.concatenate([none, *(e[i] for e in edges)]) for i in (0, 1))
        relation = np.concatenate([none, *(np.full(len(e[0]), e[2]) for e in edges)])
        share = _shares(dst, relation, np.concatenate([np.empty(0), *(e[3] for e in edges)]))
        x = self.scale.apply(matrix.values[:, self.columns])
        return RelationalGraph(x, kind, src, dst, relation, share, rows, labels.astype(np.float32))


_Edges = tuple[Index, Index, int, Floats]


def _edges(world: World, words: Words) -> tuple[Index, list[_Edges]]:
    """The kind of every node, groups last, and the edges by relation and way: sender, receiver, code, amount."""
    kind_of = {name: i for i, name in enumerate(words.kinds)}
    code_of = {name: i for i, name in enumerate(words.relations)}
    kind = np.zeros(world.nodes, np.int64)
    edges: list[_Edges] = []
    for channel in world.channels:
        if channel.other in kind_of:
            for end in (channel.src, channel.dst):
                kind[end[end >= world.size]] = kind_of[channel.other]
        for way, src, dst in ((">", channel.src, channel.dst), ("<", channel.dst, channel.src)):
            for twin in _twins(channel.weight):
                code = code_of.get(f"{channel.name}{way}{twin}")
                amount = np.log1p(np.nan_to_num(np.maximum(channel.weight, 0))) if twin else np.ones(len(src))
                if code is not None:
                    edges.append((src, dst, code, amount))
    nodes = world.nodes
    for group in world.groups:
        if group.name in kind_of:
            kind = np.concatenate([kind, np.full(group.count, kind_of[group.name])])
            node = group.code + nodes
            nodes += group.count
            edges.append((group.member, node, code_of[f"{group.name}>"], np.ones(len(node))))
            edges.append((node, group.member, code_of[f"{group.name}<"], np.ones(len(node))))
    return kind, edges


def _shares(dst: Index, relation: Index, amount: Floats) -> NDArray[np.float32]:
    """Each edge's part of what its receiver hears over its relation; where no amount is told, all alike."""
    if not len(dst):
        return np.empty(0, np.float32)
    _, place = np.unique(np.column_stack([dst, relation]), axis=0, return_inverse=True)
    place = place.ravel()
    total, count = np.bincount(place, amount)[place], np.bincount(place)[place]
    return np.where(total > 0, amount / np.where(total > 0, total, 1.0), 1.0 / count).astype(np.float32)
