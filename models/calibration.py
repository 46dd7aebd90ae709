"""Platt's affine map of the log-odds: f becomes a·f + b. Affine, so that parts that added up still do (Platt, 1999)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """a > 0, so the order of firms never changes."""

    a: float = 1.0
    b: float = 0.0

    def __str__(self) -> str:
        return f"platt a={self.a:.6g} b={self.b:.6g}"

    def own(self, own: Array) -> Array:
        """The own part takes the shift."""
        return self.a * own + self.b

    def contagion(self, contagion: Array) -> Array:
        """Every arriving part is scaled alike."""
        return self.a * contagion

    def log_odds(self, raw: Array) -> Array:
        """a·f + b."""
        return self.a * raw + self.b


def fit(raw: Array, labels: Array) -> Calibration:
    """Least cross-entropy on a set that was not trained on, with Platt's smoothed targets. One class only: the identity.

    A weak pull of a towards 1 keeps few defaults from turning a model's scale upside down.
    """
    good, bad = int((labels == 0).sum()), int((labels == 1).sum())
    if not good or not bad:
        return Calibration()
    target = np.where(labels == 1, (bad + 1) / (bad + 2), 1 / (good + 2))

    def loss(theta: Array) -> float:
        odds = np.exp(theta[0]) * raw + theta[1]
        return float(np.sum(np.logaddexp(0, odds) - target * odds) + 0.5 * theta[0] ** 2)

    found = minimize(loss, np.zeros(2), method="L-BFGS-B").x
    return Calibration(float(np.exp(found[0])), float(found[1]))


def probability(log_odds: Array) -> Array:
    """1 / (1 + e^-x), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * log_odds)), np.float64)
