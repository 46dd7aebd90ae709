"""Two models of how a note ends: LightGBM over every feature, and a multinomial regression on few to be beaten. Both calibrated."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from graph.errors import InputError
from models.preparation import Preparation, prepare

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
_PARAMETERS = {
    "objective": "multiclass",
    "learning_rate": 0.04,
    "num_leaves": 7,
    "min_data_in_leaf": 25,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
_ROUNDS, _PATIENCE = 400, 30
_STRENGTHS = (0.003, 0.01, 0.03, 0.1)
_LEAST = 1e-6  # probability of an end that training never saw, before it is calibrated
TREES, WEIGHTS, SHAPE = "model.txt", "weights.safetensors", "ends.json"


class Ends(Protocol):
    """[notes, features] to log-probabilities [notes, ends] before calibration; an end never seen in training has the least."""

    def log_probability(self, values: Array) -> Array:
        """Rows add up to one."""

    def save(self, folder: Path) -> None:
        """Write the weights."""


@dataclass(frozen=True)
class VectorScaling:
    """p ∝ exp(a · log p + b_k), fitted on notes that were not trained on (Guo et al., 2017, section 4.2)."""

    a: float
    b: tuple[float, ...]

    def probability(self, log_probability: Array) -> Array:
        """Calibrated, [notes, ends]."""
        return np.asarray(np.exp(log_softmax(self.a * log_probability + np.array(self.b), axis=1)))

    @classmethod
    def fit(cls, log_probability: Array, ends: Ints) -> "VectorScaling":
        """Least cross-entropy with a weak pull to the identity, so that rare ends do not run away."""
        count = log_probability.shape[1]

        def loss(theta: Array) -> float:
            told = log_softmax(np.exp(theta[0]) * log_probability + theta[1:], axis=1)
            return float(-told[np.arange(len(ends)), ends].sum() + 0.5 * theta[0] ** 2 + 0.5 * (theta[1:] ** 2).sum())

        found = minimize(loss, np.zeros(count + 1), method="L-BFGS-B").x
        return cls(float(np.exp(found[0])), tuple(float(x) for x in found[1:]))


@dataclass(frozen=True)
class EndsTrees:
    """`seen`: the ends in training, in the order of the booster's classes, of `count` there are."""

    booster: lgb.Booster
    seen: tuple[int, ...]
    count: int

    def log_probability(self, values: Array) -> Array:
        """[notes, ends]."""
        return _spread(np.asarray(self.booster.predict(values), np.float64), self.seen, self.count)

    def save(self, folder: Path) -> None:
        (folder / TREES).write_text(self.booster.model_to_string(), "utf-8")
        (folder / SHAPE).write_text(json.dumps({"seen": self.seen, "count": self.count}), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "EndsTrees":
        said = json.loads((folder / SHAPE).read_text("utf-8"))
        try:
            booster = lgb.Booster(model_str=(folder / TREES).read_text("utf-8"))
        except lgb.basic.LightGBMError as problem:
            raise InputError(f"LightGBM cannot read {folder / TREES}: {problem}", "Train again.", "model") from None
        return cls(booster, tuple(said["seen"]), said["count"])


@dataclass(frozen=True)
class EndsLogistic:
    """softmax(intercepts + prepared · coefficients), [features, seen ends]."""

    preparation: Preparation
    coefficients: Array
    intercepts: Array
    seen: tuple[int, ...]
    count: int

    def log_probability(self, values: Array) -> Array:
        """[notes, ends]."""
        odds = self.preparation.apply(values) @ self.coefficients + self.intercepts
        return _spread(np.exp(log_softmax(odds, axis=1)), self.seen, self.count)

    def save(self, folder: Path) -> None:
        arrays: dict[str, NDArray[np.generic]] = self.preparation.arrays()
        save_file({**arrays, "coefficients": self.coefficients, "intercepts": self.intercepts}, folder / WEIGHTS)
        (folder / SHAPE).write_text(json.dumps({"seen": self.seen, "count": self.count}), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "EndsLogistic":
        arrays, said = load_file(folder / WEIGHTS), json.loads((folder / SHAPE).read_text("utf-8"))
        told = arrays["coefficients"], arrays["intercepts"]
        return cls(Preparation.of(arrays), *told, tuple(said["seen"]), said["count"])


@dataclass(frozen=True)
class EndRows:
    """`values` [notes, features], `ends` [notes]: places among the declared ends, of `count` there are."""

    values: Array
    ends: Ints
    count: int


def fit_ends_trees(train: EndRows, validation: EndRows, seed: int) -> EndsTrees:
    """Rounds stop when validation's cross-entropy no longer falls; the same seed gives the same trees."""
    seen = tuple(int(e) for e in np.unique(train.ends))
    told = np.isin(validation.ends, seen)
    parameters = {**_PARAMETERS, "num_class": len(seen), "seed": seed}
    data = lgb.Dataset(train.values, np.searchsorted(seen, train.ends), params={"verbosity": -1})
    watched = data.create_valid(validation.values[told], np.searchsorted(seen, validation.ends[told]))
    stop = lgb.early_stopping(_PATIENCE, verbose=False)
    booster = lgb.train(parameters, data, _ROUNDS, valid_sets=[watched], callbacks=[stop])
    best = booster.model_to_string(num_iteration=booster.best_iteration)
    return EndsTrees(lgb.Booster(model_str=best), seen, train.count)


def fit_ends_logistic(train: EndRows, validation: EndRows, columns: Ints, seed: int) -> EndsLogistic:
    """Ridge-penalised multinomial regression on `columns`; validation chooses the strength."""
    seen = tuple(int(e) for e in np.unique(train.ends))
    preparation = prepare(train.values, columns, columns)
    x, best = preparation.apply(train.values), None
    for strength in _STRENGTHS:
        fitted = LogisticRegression(C=strength, max_iter=500, random_state=seed).fit(x, np.searchsorted(seen, train.ends))
        coefficients, intercepts = _every_class(fitted, len(seen))
        model = EndsLogistic(preparation, coefficients, intercepts, seen, train.count)
        loss = -model.log_probability(validation.values)[np.arange(len(validation.ends)), validation.ends].mean()
        if best is None or loss < best[0]:
            best = (loss, model)
    assert best is not None
    return best[1]


def _every_class(fitted: LogisticRegression, classes: int) -> tuple[Array, Array]:
    """Coefficients [features, classes] and intercepts; scikit-learn tells one row only where there are two classes."""
    coefficients, intercepts = fitted.coef_.astype(np.float64), fitted.intercept_.astype(np.float64)
    if classes == 2:
        coefficients, intercepts = np.vstack([-coefficients, coefficients]) / 2, np.append(-intercepts, intercepts) / 2
    return np.ascontiguousarray(coefficients.T), intercepts


def _spread(probability: Array, seen: tuple[int, ...], count: int) -> Array:
    """Log-probabilities over all ends; those never seen have the least."""
    out = np.full((len(probability), count), _LEAST)
    out[:, list(seen)] = np.maximum(probability, _LEAST)
    return np.asarray(np.log(out / out.sum(axis=1, keepdims=True)), np.float64)
