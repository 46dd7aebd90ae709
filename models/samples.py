"""Labelled rows of several days, one under the other: the same rows for every model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.features import FeatureTable


@dataclass(frozen=True)
class LabelledDay:
    """A day's features with a label for each of `rows` (positions among its firms).

    `intervened`: of each row whether the bank did something about the firm within the horizon; None where nobody asked.
    """

    features: FeatureTable
    rows: NDArray[np.int64]
    labels: NDArray[np.float64]
    intervened: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, features: FeatureTable, labels: NDArray[np.float64], intervened: NDArray[np.bool_] | None = None) -> "LabelledDay":
        """From one label a firm, NaN where it is no target."""
        rows = np.flatnonzero(~np.isnan(labels))
        return cls(features, rows, labels[rows], None if intervened is None else intervened[rows])


@dataclass(frozen=True)
class Samples:
    """`values` [rows, features], NaN missing; `labels` [rows]."""

    values: NDArray[np.float64]
    labels: NDArray[np.float64]


def stack(days: Sequence[LabelledDay]) -> Samples:
    """All labelled rows of `days`."""
    values = np.vstack([day.features.values[day.rows] for day in days])
    return Samples(values, np.concatenate([day.labels for day in days]))
