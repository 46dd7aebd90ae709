"""The learners of a study: boosted trees, extremely randomised trees and a relational network, on the same rows, by seed."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from safetensors.numpy import load_file
from sklearn.ensemble import ExtraTreesClassifier

from models.networks import available, call_worker
from models.study.features import FAMILIES, Family, Matrix
from models.study.graphs import Scale, Words, graph_of
from models.study.world import Floats, Index, World

_BOOSTED: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 12,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.25,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_ROUNDS, _BAGS = 150, 3
_RANDOM: dict[str, Any] = {"n_estimators": 200, "min_samples_leaf": 3, "max_features": 0.25}
_MISSING = -9.0  # below every count and logarithm, so that a cut can tell it apart
_SURE = 1e-3
_NETWORK: tuple[Family, ...] = ("own", "events", "degree", "structure")  # what neighbours carry it hears by itself
LEARNERS = ("boosted", "random", "network")


@dataclass(frozen=True)
class Day:
    """A set's world with its features; rows and labels are positions among the world's asked entities."""

    world: World
    matrix: Matrix

    def values(self, columns: Index) -> Floats:
        """[asked, columns]."""
        return self.matrix.values[np.ix_(self.world.rows, columns)]


@dataclass(frozen=True)
class Budget:
    """How much a seed may cost. `members`: networks a seed, averaged."""

    threads: int = 1
    epochs: int = 120
    members: int = 2
    shape: dict[str, Any] = field(default_factory=dict)


Rows = Mapping[str, Index]
"""By set, which of the asked entities."""


def fit_and_tell(
    learner: str,
    days: Mapping[str, Day],
    fit_on: Rows,
    tell: Sequence[str],
    seeds: Sequence[int],
    budget: Budget,
    families: Sequence[Family] = FAMILIES,
) -> dict[int, dict[str, Floats]]:
    """Log-odds of every asked entity of the sets in `tell`, by seed and set, after fitting on the rows of `fit_on`."""
    first = next(iter(days.values())).matrix
    if learner == "network":
        used = tuple(f for f in _NETWORK if f in families)
        return _network(days, fit_on, tell, seeds, budget, first.columns(*used))
    columns = first.columns(*families)
    x = np.vstack([days[name].values(columns)[rows] for name, rows in fit_on.items()])
    y = np.concatenate([days[name].world.labels[rows] for name, rows in fit_on.items()])
    asked = {name: days[name].values(columns) for name in tell}
    one = _boosted if learner == "boosted" else _random
    return {seed: one(x, y, asked, seed, budget.threads) for seed in seeds}


def _boosted(x: Floats, y: Floats, asked: Mapping[str, Floats], seed: int, threads: int) -> dict[str, Floats]:
    """The mean of a few gradient-boosted models (LightGBM) that see other rows and columns."""
    told = {name: np.zeros(len(values)) for name, values in asked.items()}
    data = lgb.Dataset(x, y, params={"verbosity": -1, "max_bin": _BOOSTED["max_bin"]}, free_raw_data=False)
    for bag in range(_BAGS):
        booster = lgb.train({**_BOOSTED, "seed": seed * 1009 + bag, "num_threads": threads}, data, _ROUNDS)
        for name, values in asked.items():
            told[name] += np.asarray(booster.predict(values, raw_score=True)) / _BAGS
    return told


def _random(x: Floats, y: Floats, asked: Mapping[str, Floats], seed: int, threads: int) -> dict[str, Floats]:
    """Extremely randomised trees (Geurts et al., 2006)."""
    forest = ExtraTreesClassifier(**_RANDOM, n_jobs=threads, random_state=seed).fit(np.nan_to_num(x, nan=_MISSING), y)
    out = {}
    for name, values in asked.items():
        p = np.clip(forest.predict_proba(np.nan_to_num(values, nan=_MISSING))[:, 1], _SURE, 1 - _SURE)
        out[name] = np.log(p / (1 - p))
    return out


def _network(
    days: Mapping[str, Day], fit_on: Rows, tell: Sequence[str], seeds: Sequence[int], budget: Budget, columns: Index
) -> dict[int, dict[str, Floats]]:
    """Relational networks, fitted in the worker process; the mean of `members` a seed."""
    # the vocabulary of relations and the scale are those of the first set that is learnt from
    base = days[next(iter(fit_on))]
    words, scale = Words.of(base.world), Scale.of(base.values(columns))
    members = {seed: [seed * 1009 + m for m in range(budget.members)] for seed in seeds}
    with tempfile.TemporaryDirectory(prefix="yujing-study-") as name:
        folder = Path(name)
        width = 0
        for i, (which, rows) in enumerate(fit_on.items()):
            world = days[which].world
            graph = graph_of(world, days[which].matrix, columns, scale, words, world.rows[rows], world.labels[rows])
            graph.save(folder / f"fit-{i:04}.safetensors")
            width = graph.x.shape[1]
        for i, which in enumerate(tell):
            world = days[which].world
            blank = np.zeros(len(world.rows))
            graph_of(world, days[which].matrix, columns, scale, words, world.rows, blank).save(folder / f"tell-{i:04}.safetensors")
        shape = {"width": width, "kinds": len(words.kinds), "relations": len(words.relations), **budget.shape}
        plan = {"epochs": budget.epochs, "threads": budget.threads}
        job = {"shape": shape, "plan": plan, "seeds": [m for each in members.values() for m in each]}
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        call_worker("", folder, "models.gnn.relational_worker")
        return {
            seed: {
                which: np.mean([load_file(folder / f"told-{m}-{i:04}.safetensors")["log_odds"] for m in each], axis=0)
                for i, which in enumerate(tell)
            }
            for seed, each in members.items()
        }


def learners() -> tuple[str, ...]:
    """Which can run here: without torch there is no network."""
    return LEARNERS if available() else tuple(name for name in LEARNERS if name != "network")


def plain(budget: Budget) -> dict[str, Any]:
    """What was set, for the report."""
    return {"boosted": {**_BOOSTED, "rounds": _ROUNDS, "bags": _BAGS}, "random": _RANDOM, "network": asdict(budget)}
