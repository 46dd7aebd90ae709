"""Labelled rows of several days, one under the other: the same rows for every model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features import FeatureTable


@dataclass(frozen=True)
class LabelledDay:
    """A day's features with a label for each of `rows` (positions among its firms)."""

    features: FeatureTable
    rows: NDArray[np.int64]
    labels: NDArray[np.float64]

    @classmethod
    def of(cls, features: FeatureTable, labels: NDArray[np.float64]) -> "LabelledDay":
        """From one label a firm, NaN where it is no target."""
        rows = np.flatnonzero(~np.isnan(labels))
        return cls(features, rows, labels[rows])


@dataclass(frozen=True)
class Samples:
    """`values` [rows, features], NaN missing; `labels` [rows]."""

    values: NDArray[np.float64]
    labels: NDArray[np.float64]


def stack(days: Sequence[LabelledDay]) -> Samples:
    """All labelled rows of `days`."""
    values = np.vstack([day.features.values[day.rows] for day in days])
    return Samples(values, np.concatenate([day.labels for day in days]))
