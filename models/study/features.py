"""The features of a study: own, events, structure, neighbours and groups, the same columns on every day."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from models.study.structure import Shape, Table, channel_degrees, neighbourhoods, positions
from models.study.world import Floats, Happened, Index, World

Family = Literal["own", "events", "degree", "structure", "neighbours", "groups"]
FAMILIES: tuple[Family, ...] = ("own", "events", "degree", "structure", "neighbours", "groups")
_FREQUENT = 0.05  # the share of entities that must stand in a relation before it gets neighbour features of its own
_CARRIED = 0.05  # the share of entities that must stand in a relation before neighbours carry how many they have
_PAIR = 0.02  # the share of entities that must have a category of events before it gets a column


@dataclass(frozen=True)
class Matrix:
    """`values`: [entities, columns], NaN missing. `families`: which each column belongs to."""

    names: tuple[str, ...]
    families: tuple[Family, ...]
    values: Floats

    def columns(self, *families: Family) -> Index:
        """Positions of the columns of some families."""
        return np.array([i for i, f in enumerate(self.families) if f in families], np.int64)


@dataclass(frozen=True)
class Vocabulary:
    """What training saw: columns in order, relations with neighbour features, categories of events."""

    names: tuple[str, ...]
    neighbours: frozenset[str]
    categories: frozenset[str]
    degrees: frozenset[str]


def learn(world: World) -> tuple[Vocabulary, Matrix]:
    """The features of the training day, and what the other days are to be computed by."""
    first = Vocabulary((), _frequent(world), _spoken(world), _common(world))
    matrix = _compute(world, first)
    varied = [i for i, column in enumerate(matrix.values[world.rows].T) if _varies(column)]
    kept = Matrix(tuple(matrix.names[i] for i in varied), tuple(matrix.families[i] for i in varied), matrix.values[:, varied])
    return Vocabulary(kept.names, first.neighbours, first.categories, first.degrees), kept


def _varies(column: Floats) -> bool:
    known = column[~np.isnan(column)]
    return len(known) > 0 and (len(known) < len(column) or bool(known.min() < known.max()))


def compute(world: World, vocabulary: Vocabulary, like: Matrix) -> Matrix:
    """The same columns for another day. What that day does not have is 0 for counts, missing otherwise; what is new is left out."""
    found = _compute(world, vocabulary)
    at = {name: i for i, name in enumerate(found.names)}
    counted = {"events", "degree"}
    columns = [
        found.values[:, at[name]] if name in at else np.full(world.size, 0.0 if family in counted else np.nan)
        for name, family in zip(like.names, like.families, strict=True)
    ]
    return Matrix(like.names, like.families, np.column_stack(columns))


def _compute(world: World, vocabulary: Vocabulary) -> Matrix:
    shape = Shape.of(world)
    own = {name: world.own[:, i] for i, name in enumerate(world.own_names)}
    events: Table = {}
    carried: Table = {name: _signed_log(values) for name, values in own.items() if "=" not in name}
    for happened in world.happened:
        columns, spoken = _events(happened, world.size, vocabulary.categories)
        events |= columns
        carried |= {name: columns[name] for name in spoken}
    degree, where = channel_degrees(world), positions(shape)
    carried |= {name: values for name, values in degree.items() if name in vocabulary.degrees}
    for name in ("neighbours", "other nodes", "leaves", "mean degree of neighbours", "relations a neighbour"):
        carried[name] = where[name]
    carrying = np.column_stack(list(carried.values()))
    structure = {**where, **_within(shape.block[: world.size], where)}
    families: dict[Family, Table] = {
        "own": own,
        "events": events,
        "degree": degree,
        "structure": structure,
        "neighbours": _neighbours(shape, vocabulary.neighbours, tuple(carried), carrying),
        "groups": _groups(world, tuple(carried), carrying),
    }
    names = tuple(name for table in families.values() for name in table)
    which = tuple(family for family, table in families.items() for _ in table)
    return Matrix(names, which, np.column_stack([v for table in families.values() for v in table.values()]))


def _events(happened: Happened, size: int, categories: frozenset[str]) -> tuple[Table, list[str]]:
    """Columns of one table of events, and which of them neighbours carry."""
    entity, age, name = happened.entity, happened.age_days, happened.name
    out: Table = {f"{name}.count": np.log1p(np.bincount(entity, minlength=size).astype(float))}
    for which, ufunc in (("last", np.fmin), ("first", np.fmax)):
        days = np.full(size, np.nan)
        ufunc.at(days, entity, age)
        out[f"{name}.{which} days ago"] = days
    spoken = [f"{name}.count", f"{name}.last days ago"]
    for half_life in happened.spec.half_lives_days:
        weight = 0.5 ** (np.nan_to_num(age, nan=np.inf) / half_life)
        said = f"{name}.decay{half_life:g}"
        out[said] = np.log1p(np.bincount(entity, weight, size))
        spoken.append(said)
        for category, chosen in _categories(happened):
            if category in categories:
                out[f"{said}.{category}"] = np.log1p(np.bincount(entity[chosen], weight[chosen], size))
        for column, amount in happened.amounts.items():
            out[f"{said}.log {column}"] = np.log1p(np.bincount(entity, weight * np.nan_to_num(np.maximum(amount, 0)), size))
    slowest = f"{name}.decay{max(happened.spec.half_lives_days):g}"
    spoken += [f"{slowest}.{c}" for c in sorted(categories) if "," not in c and f"{slowest}.{c}" in out]
    return out, spoken


def _categories(happened: Happened) -> list[tuple[str, NDArray[np.bool_]]]:
    """Which events belong to each value, or pair of values, that the study tells apart."""
    told = happened.spec.by if happened.spec.by is not None else tuple(happened.words)
    out = []
    for by in told:
        named = (by,) if isinstance(by, str) else by
        code, count = np.zeros(len(happened.entity), np.int64), 1
        known = np.ones(len(code), bool)
        for each in named:
            known &= happened.codes[each] >= 0
            code = code * len(happened.words[each]) + happened.codes[each]
            count *= len(happened.words[each])
        for value in np.unique(code[known]):
            rest, words = int(value), []
            for each in reversed(named):
                rest, position = divmod(rest, len(happened.words[each]))
                words.append(f"{each}={happened.words[each][position]}")
            out.append((",".join(reversed(words)), known & (code == value)))
    return out


def _spoken(world: World) -> frozenset[str]:
    """Categories that enough entities have for a tree to learn from."""
    out = set()
    for happened in world.happened:
        for category, chosen in _categories(happened):
            if len(np.unique(happened.entity[chosen])) >= max(5, _PAIR * world.size):
                out.add(category)
    return frozenset(out)


def _common(world: World) -> frozenset[str]:
    degrees = channel_degrees(world)
    return frozenset(n for n, v in degrees.items() if n.endswith((".in", ".out")) and (v > 0).mean() >= _CARRIED)


def _frequent(world: World) -> frozenset[str]:
    names = set()

    def note(name: str, matrix: sp.csr_matrix) -> bool:
        if (np.diff(matrix.indptr) > 0).mean() >= _FREQUENT:
            names.add(name)
        return False

    neighbourhoods(Shape.of(world), note)
    return frozenset(names)


def _neighbours(shape: Shape, wanted: frozenset[str], names: tuple[str, ...], values: Floats) -> Table:
    """How many neighbours, and the mean of what they carry over those who have it: by neighbourhood and over the whole block."""
    known, filled = (~np.isnan(values)).astype(float), np.nan_to_num(values)
    out: Table = {}
    for near, matrix in neighbourhoods(shape, lambda name, _: name in wanted).items():
        mean = _mean(matrix @ filled, matrix @ known)
        out[f"{near}: how many"] = np.diff(matrix.indptr).astype(float)
        for i, name in enumerate(names):
            out[f"{near}: mean of {name}"] = mean[:, i]
    block, size = shape.block[: shape.world.size], int(shape.block.max()) + 1
    count, total = np.zeros((size, values.shape[1])), np.zeros((size, values.shape[1]))
    np.add.at(count, block, known)
    np.add.at(total, block, filled)
    mean = _mean(total, count)[block]
    return out | {f"block: mean of {name}": mean[:, i] for i, name in enumerate(names)}


def _groups(world: World, names: tuple[str, ...], values: Floats) -> Table:
    """By kind of group: how many, how large, and the mean of what the other members carry."""
    known, filled = (~np.isnan(values)).astype(float), np.nan_to_num(values)
    out: Table = {}
    for group in world.groups:
        belongs = sp.coo_matrix((np.ones(len(group.member)), (group.member, group.code)), (world.size, group.count)).tocsr()
        members, count = np.asarray(belongs.sum(0)).ravel(), np.diff(belongs.indptr).astype(float)
        out[f"{group.name}: how many"] = count
        share = np.asarray(belongs @ (members - 1)) / world.size
        out[f"{group.name}: share of entities"] = np.divide(share, count, out=np.full(world.size, np.nan), where=count > 0)
        others = count[:, None]
        some = belongs @ (belongs.T @ known) - others * known
        total = belongs @ (belongs.T @ filled) - others * filled
        mean = _mean(total, some)
        out |= {f"{group.name}: mean of {name}": mean[:, i] for i, name in enumerate(names)}
    return out


def _mean(total: Floats, count: Floats) -> Floats:
    """NaN where nobody has a value."""
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0.5)


def _within(block: Index, where: Table) -> Table:
    """Rank and difference from the mean within the connected block."""
    out: Table = {}
    for name in ("neighbours", "other nodes", "leaves", "relations a neighbour", "within two steps", "pagerank"):
        values = np.nan_to_num(where[name])
        mean = np.bincount(block, values) / np.maximum(np.bincount(block), 1)
        out[f"{name} above its block"] = values - mean[block]
        out[f"{name} rank in its block"] = _rank(block, values)
    return out


def _rank(group: Index, values: Floats) -> Floats:
    """Mean rank from 0 to 1 among the known values of each group; NaN where it is not known."""
    out = np.full(len(values), np.nan)
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return out
    g, v = group[known], values[known]
    order = np.lexsort((v, g))
    g, v = g[order], v[order]
    start = np.flatnonzero(np.r_[True, g[1:] != g[:-1]])
    tied = np.flatnonzero(np.r_[True, (g[1:] != g[:-1]) | (v[1:] != v[:-1])])
    ends = np.r_[tied[1:], len(g)]
    middle = np.repeat((tied + ends - 1) / 2, ends - tied)
    sizes = np.diff(np.r_[start, len(g)])
    first = np.repeat(start, sizes)
    ranks = (middle - first + 1) / np.repeat(sizes, sizes)
    out[known[order]] = ranks
    return out


def _signed_log(values: Floats) -> Floats:
    return np.sign(values) * np.log1p(np.abs(values))
