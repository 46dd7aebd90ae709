"""What every model says of a firm: log-odds as a sum of named parts."""

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features import Family, FeatureTable

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """log_odds = own + contagion for each of `rows` (positions in the feature table), before calibration.

    `by_feature` [rows, features]: what each feature brings. `edge`, `receiver`, `brought`: for each arriving part the exposure it
    came by, the position in `rows` it arrives at, and how much. Contagion that no edge can be named for is in no row of these.
    """

    rows: Index
    own: Array
    contagion: Array
    by_feature: Array
    edge: Index
    receiver: Index
    brought: Array

    @property
    def log_odds(self) -> Array:
        return self.own + self.contagion


def from_features(features: FeatureTable, rows: Index, bias: float | Array, by_feature: Array) -> Parts:
    """Own features to the own part, all others to contagion, charged to the edges they came by."""
    own = features.columns([Family.OWN])
    rest = features.columns([Family.RELATION, Family.NEIGHBOUR, Family.DERIVED])
    edge, receiver, brought = charge(features, rows, by_feature)
    return Parts(rows, bias + by_feature[:, own].sum(axis=1), by_feature[:, rest].sum(axis=1), by_feature, edge, receiver, brought)


def charge(features: FeatureTable, rows: Index, by_feature: Array) -> tuple[Index, Index, Array]:
    """Split each relation's and neighbour's contribution over the edges of its channel: by weight times what the sender carries.

    Where nothing is carried (all zero), by weight alone. Returns exposure, position in `rows`, and log-odds, one row an edge.
    """
    place = np.full(len(features.firms), -1, np.int64)
    place[rows] = np.arange(len(rows))
    edges = features.exposures
    firm, other = firm_index(features, "firm"), firm_index(features, "other")
    receiver = np.where(firm >= 0, place[firm], -1)
    weight, channel = edges["weight"].to_numpy(), edges["channel"].to_numpy()
    brought = np.zeros(len(weight))
    position = {name: i for i, name in enumerate(features.names)}
    touched = {name: np.flatnonzero((channel == name) & (receiver >= 0)) for name in set(np.unique(channel).tolist())}
    for column, feature in enumerate(features.features):
        at = touched.get(feature.channel)
        if at is None or not len(at) or not by_feature[:, column].any():
            continue
        share = weight[at]
        if feature.carries:
            value = np.where(other[at] >= 0, features.values[other[at], position[feature.carries]], 0.0)
            share = _or_weight(share, np.abs(np.nan_to_num(value)), receiver[at], len(rows))
        total = np.bincount(receiver[at], share, len(rows))[receiver[at]]
        brought[at] += by_feature[receiver[at], column] * share / total
    named = np.flatnonzero((receiver >= 0) & (brought != 0))
    return named, receiver[named], brought[named]


def _or_weight(weight: Array, carried: Array, receiver: Index, rows: int) -> Array:
    """weight x carried; at receivers where that is zero throughout, weight."""
    product = weight * carried
    nothing = np.bincount(receiver, product, rows)[receiver] <= 0
    return np.where(nothing, weight, product)


def firm_index(features: FeatureTable, column: str) -> Index:
    """For each exposure the position of its `column` among the firms, -1 where that is no firm."""
    found = pc.index_in(features.exposures[column], value_set=features.firms)
    return np.asarray(pc.fill_null(found, -1).to_numpy(), np.int64)
