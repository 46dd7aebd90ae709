"""Few labelled firms, many without history: cross-validated training, and a watch for features that are the label in disguise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import RepeatedStratifiedKFold

from graph.errors import InputError
from models.calibration import Calibration, fit, probability
from models.features import Family, FeatureTable
from models.linear import LinearModel, fit_linear
from models.metrics import Metrics, measure
from models.parts import Array, Index
from models.samples import Samples

_ENOUGH = 10  # firms; fewer may all have failed by chance
_PURE = 0.99


@dataclass(frozen=True)
class Disguise:
    """A flag whose bearers all defaulted: it says what is to be foretold. `source`: the property it comes from."""

    feature: str
    source: str
    firms: int


@dataclass(frozen=True)
class CrossValidated:
    """`metrics`: each labelled firm foretold by models that did not see it, mean of the repeats. `model`: fitted on all."""

    metrics: Metrics
    model: LinearModel
    calibration: Calibration
    refused: tuple[Disguise, ...]
    log_odds: NDArray[np.float64]


def labels_in_disguise(features: FeatureTable, rows: Index, labels: Array) -> tuple[Disguise, ...]:
    """Flags among own features that `_ENOUGH` labelled firms bear and (nearly) all of these defaulted, where most firms did not."""
    out = []
    for column in features.columns([Family.OWN]):
        feature = features.features[column]
        bears = features.values[rows, column] == 1
        if feature.unit != "flag" or bears.sum() < _ENOUGH or labels.mean() > 0.5:
            continue
        if labels[bears].mean() >= _PURE:
            out.append(Disguise(feature.name, feature.name.split("=")[0], int(bears.sum())))
    return tuple(out)


def usable(features: FeatureTable, refused: tuple[Disguise, ...]) -> Index:
    """All features but those of a refused property: where D is the label, A to C are its shadow."""
    sources = {d.source for d in refused}
    return np.array([i for i, f in enumerate(features.features) if f.name.split("=")[0] not in sources], np.int64)


def cross_validate(
    features: FeatureTable, rows: Index, labels: Array, *, folds: int = 5, repeats: int = 4, seed: int = 0
) -> CrossValidated:
    """Logistic regression over `repeats` stratified `folds`-fold splits; calibrated on what was foretold out of fold.

    InputError where a class has fewer firms than folds.
    """
    fewest = int(min(labels.sum(), len(labels) - labels.sum()))
    if fewest < folds:
        raise InputError(f"{fewest} firms of one class are too few for {folds} folds.", "Bring more labelled firms.", "labels")
    refused = labels_in_disguise(features, rows, labels)
    columns, own = usable(features, refused), features.columns([Family.OWN])
    values = features.values[rows]
    told = np.zeros((repeats, len(rows)))
    splitter = RepeatedStratifiedKFold(n_splits=folds, n_repeats=repeats, random_state=seed)
    for i, (seen, unseen) in enumerate(splitter.split(values, labels)):
        train = Samples(values[seen], labels[seen])
        told[i // folds, unseen] = fit_linear(train, _held_back(train, seed), columns, own, seed).log_odds(values[unseen])
    raw = told.mean(axis=0)
    calibration = fit(raw, labels)
    odds = calibration.log_odds(raw)
    whole = Samples(values, labels)
    model = fit_linear(whole, _held_back(whole, seed), columns, own, seed)
    return CrossValidated(measure(labels, odds, probability(odds)), model, calibration, refused, odds)


def _held_back(train: Samples, seed: int) -> Samples:
    """A third of the training rows by which the penalty's strength is chosen; the fold that is foretold never takes part."""
    chosen = np.random.default_rng(seed).permutation(len(train.labels))[: len(train.labels) // 3]
    return Samples(train.values[chosen], train.labels[chosen])
