"""Gradient-boosted trees (LightGBM) on the raw features, split exactly by TreeSHAP (Lundberg et al., 2020)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np

from graph.errors import InputError
from models.features import FeatureTable
from models.parts import Array, Index, Parts, from_features
from models.samples import Samples

FILE = "model.txt"
_PARAMETERS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
_ROUNDS, _PATIENCE = 600, 50


@dataclass(frozen=True)
class TreeModel:
    """The booster and the columns it was trained on."""

    booster: lgb.Booster
    columns: Index

    def log_odds(self, values: Array) -> Array:
        """[rows]."""
        return np.asarray(self.booster.predict(values[:, self.columns], raw_score=True), np.float64)

    def raw(self, asked: Sequence[tuple[FeatureTable, Index]]) -> list[Array]:
        """Log-odds of several days' rows, not split."""
        return [self.log_odds(features.values[rows]) for features, rows in asked]

    def parts(self, features: FeatureTable, rows: Index) -> Parts:
        """TreeSHAP: contributions and the expected value add up to the log-odds."""
        shap = np.asarray(self.booster.predict(features.values[np.ix_(rows, self.columns)], pred_contrib=True))
        by_feature = np.zeros((len(rows), len(features.features)))
        by_feature[:, self.columns] = shap[:, :-1]
        return from_features(features, rows, shap[:, -1], by_feature)

    def save(self, folder: Path) -> None:
        """LightGBM's own text, the columns as its feature names."""
        (folder / FILE).write_text(self.booster.model_to_string(), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "TreeModel":
        try:
            booster = lgb.Booster(model_str=(folder / FILE).read_text("utf-8"))
        except lgb.basic.LightGBMError as problem:
            raise InputError(f"LightGBM cannot read {folder / FILE}: {problem}", "Train again.", "model") from None
        return cls(booster, np.array([int(name.removeprefix("f")) for name in booster.feature_name()], np.int64))


def fit_trees(train: Samples, validation: Samples, columns: Index, seed: int) -> TreeModel:
    """Rounds stop when validation's cross-entropy no longer falls; the same seed gives the same trees."""
    names = [f"f{c}" for c in columns]
    data = lgb.Dataset(train.values[:, columns], train.labels, feature_name=names, params={"verbosity": -1})
    watched = data.create_valid(validation.values[:, columns], validation.labels)
    stop = lgb.early_stopping(_PATIENCE, verbose=False)
    booster = lgb.train({**_PARAMETERS, "seed": seed}, data, _ROUNDS, valid_sets=[watched], callbacks=[stop])
    best = booster.model_to_string(num_iteration=booster.best_iteration)
    return TreeModel(lgb.Booster(model_str=best), columns)
