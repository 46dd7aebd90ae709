"""The learners of a study: boosted trees, extremely randomised trees and a relational network, on the same rows, by seed."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from safetensors.numpy import load_file
from sklearn.ensemble import ExtraTreesClassifier

from models.networks import available, call_worker
from models.study.features import FAMILIES, Family, Matrix
from models.study.graphs import Encoder, Scale, Words
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
_STRIDE = 1009  # between the members of one seed and those of the next
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


Rows = Mapping[str, Index]
"""By set, which of the asked entities."""


@dataclass(frozen=True)
class Job:
    """Fit on the rows of `fit_on`, then tell every asked entity of the sets in `tell`, once a seed."""

    days: Mapping[str, Day]
    fit_on: Rows
    tell: Sequence[str]
    seeds: Sequence[int]
    budget: Budget
    families: Sequence[Family] = FAMILIES

    def columns(self, families: Sequence[Family]) -> Index:
        """Those that the job may see."""
        return next(iter(self.days.values())).matrix.columns(*(f for f in families if f in self.families))


def fit_and_tell(learner: str, job: Job) -> dict[int, dict[str, Floats]]:
    """Log-odds by seed and set, [asked]. Where a fold holds one class only nothing can be told apart: the same for all."""
    y = np.concatenate([job.days[name].world.labels[rows] for name, rows in job.fit_on.items()])
    if len(np.unique(y)) < 2:
        return {seed: {name: np.zeros(len(job.days[name].world.rows)) for name in job.tell} for seed in job.seeds}
    if learner == "network":
        return _network(job)
    columns = job.columns(FAMILIES)
    x = np.vstack([job.days[name].values(columns)[rows] for name, rows in job.fit_on.items()])
    asked = {name: job.days[name].values(columns) for name in job.tell}
    one = _boosted if learner == "boosted" else _random
    return {seed: one(x, y, asked, seed, threads=job.budget.threads) for seed in job.seeds}


def _boosted(x: Floats, y: Floats, asked: Mapping[str, Floats], seed: int, *, threads: int) -> dict[str, Floats]:
    """The mean of a few gradient-boosted models (LightGBM) that see other rows and columns."""
    told = {name: np.zeros(len(values)) for name, values in asked.items()}
    data = lgb.Dataset(x, y, params={"verbosity": -1, "max_bin": _BOOSTED["max_bin"]}, free_raw_data=False)
    for bag in range(_BAGS):
        booster = lgb.train({**_BOOSTED, "seed": seed * _STRIDE + bag, "num_threads": threads}, data, _ROUNDS)
        for name, values in asked.items():
            told[name] += np.asarray(booster.predict(values, raw_score=True)) / _BAGS
    return told


def _random(x: Floats, y: Floats, asked: Mapping[str, Floats], seed: int, *, threads: int) -> dict[str, Floats]:
    """Extremely randomised trees (Geurts et al., 2006)."""
    forest = ExtraTreesClassifier(**_RANDOM, n_jobs=threads, random_state=seed).fit(np.nan_to_num(x, nan=_MISSING), y)
    out = {}
    for name, values in asked.items():
        p = np.clip(forest.predict_proba(np.nan_to_num(values, nan=_MISSING))[:, 1], _SURE, 1 - _SURE)
        out[name] = np.log(p / (1 - p))
    return out


def _network(job: Job) -> dict[int, dict[str, Floats]]:
    """Relational networks, fitted in the worker process; the mean of `members` a seed."""
    columns = job.columns(_NETWORK)
    base = job.days[next(iter(job.fit_on))]  # relations and scale are those of the first set that is learnt from
    encoder = Encoder(columns, Scale.of(base.values(columns)), Words.of(base.world))
    members = {seed: [seed * _STRIDE + m for m in range(job.budget.members)] for seed in job.seeds}
    with tempfile.TemporaryDirectory(prefix="yujing-study-") as name:
        folder = Path(name)
        width = _write_graphs(job, encoder, folder)
        shape = {"width": width, "kinds": len(encoder.words.kinds), "relations": len(encoder.words.relations)}
        plan = {"epochs": job.budget.epochs, "threads": job.budget.threads}
        told = {"shape": shape, "plan": plan, "seeds": [m for each in members.values() for m in each]}
        (folder / "job.json").write_text(json.dumps(told), "utf-8")
        call_worker("", folder, "models.gnn.relational_worker")
        return {
            seed: {
                which: np.mean([load_file(folder / f"told-{m}-{i:04}.safetensors")["log_odds"] for m in each], axis=0)
                for i, which in enumerate(job.tell)
            }
            for seed, each in members.items()
        }


def _write_graphs(job: Job, encoder: Encoder, folder: Path) -> int:
    """What the worker reads; returns the width of a node's features."""
    width = 0
    for i, (which, rows) in enumerate(job.fit_on.items()):
        day = job.days[which]
        graph = encoder.graph(day.world, day.matrix, day.world.rows[rows], day.world.labels[rows])
        graph.save(folder / f"fit-{i:04}.safetensors")
        width = graph.x.shape[1]
    for i, which in enumerate(job.tell):
        day = job.days[which]
        blank = np.zeros(len(day.world.rows))
        encoder.graph(day.world, day.matrix, day.world.rows, blank).save(folder / f"tell-{i:04}.safetensors")
    return width


def learners() -> tuple[str, ...]:
    """Which can run here: without torch there is no network."""
    return LEARNERS if available() else tuple(name for name in LEARNERS if name != "network")
