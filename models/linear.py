"""Logistic regression on the prepared features: the scorecard that every other model must beat."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from models.features import FeatureTable
from models.parts import Array, Index, Parts, from_features
from models.preparation import Preparation, prepare
from models.samples import Samples

_STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)
FILE = "weights.safetensors"


@dataclass(frozen=True)
class LinearModel:
    """log-odds = intercept + Σ coefficient · prepared feature."""

    preparation: Preparation
    coefficients: Array
    intercept: float

    def log_odds(self, values: Array) -> Array:
        """[rows]."""
        return np.asarray(self.preparation.apply(values) @ self.coefficients + self.intercept, np.float64)

    def raw(self, asked: Sequence[tuple[FeatureTable, Index]]) -> list[Array]:
        """Log-odds of several days' rows, not split."""
        return [self.log_odds(features.values[rows]) for features, rows in asked]

    def parts(self, features: FeatureTable, rows: Index) -> Parts:
        """Each feature brings its coefficient times its prepared value, its flag for missing included."""
        prepared = self.preparation.apply(features.values[rows]) * self.coefficients
        by_feature = np.zeros((len(rows), len(features.features)))
        np.add.at(by_feature.T, self.preparation.source, prepared.T)
        return from_features(features, rows, self.intercept, by_feature)

    def save(self, folder: Path) -> None:
        arrays: dict[str, NDArray[np.generic]] = self.preparation.arrays()
        save_file({**arrays, "coefficients": self.coefficients, "intercept": np.array([self.intercept])}, folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> "LinearModel":
        arrays = load_file(folder / FILE)
        return cls(Preparation.of(arrays), arrays["coefficients"], float(arrays["intercept"][0]))


def fit_linear(train: Samples, validation: Samples, columns: Index, own: Index, seed: int) -> LinearModel:
    """Ridge-penalised; of a few strengths the one with the least cross-entropy on validation."""
    preparation = prepare(train.values, columns, own)
    best: tuple[float, LogisticRegression] | None = None
    for strength in _STRENGTHS:
        model = LogisticRegression(C=strength, max_iter=500, random_state=seed)
        pipeline = make_pipeline(FunctionTransformer(preparation.apply), model).fit(train.values, train.labels)
        loss = log_loss(validation.labels, pipeline.predict_proba(validation.values)[:, 1], labels=[0, 1])
        if best is None or loss < best[0]:
            best = (loss, model)
    assert best is not None
    return LinearModel(preparation, best[1].coef_[0].astype(np.float64), float(best[1].intercept_[0]))
