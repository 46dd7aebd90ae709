"""How good a model is on one set, in the numbers that a credit committee knows."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score, roc_curve

Array = NDArray[np.float64]
CAPACITY = 0.05  # the share of the book that officers can look at
BINS = 10


@dataclass(frozen=True)
class Metrics:
    """auc and ks need both classes (else None). precision_at_capacity: defaults among the top `CAPACITY` of firms."""

    firms: int
    defaults: int
    base_rate: float
    auc: float | None
    average_precision: float | None
    ks: float | None
    brier: float
    ece: float
    precision_at_capacity: float
    recall_at_capacity: float | None

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def measure(labels: Array, log_odds: Array, probability: Array) -> Metrics:
    """Ranking by log-odds (no ties lost to rounding), calibration by probability."""
    bad = int(labels.sum())
    both = 0 < bad < len(labels)
    top = np.argsort(-log_odds, kind="stable")[: max(1, int(np.ceil(CAPACITY * len(labels))))]
    return Metrics(
        firms=len(labels),
        defaults=bad,
        base_rate=float(labels.mean()),
        auc=float(roc_auc_score(labels, log_odds)) if both else None,
        average_precision=float(average_precision_score(labels, log_odds)) if both else None,
        ks=kolmogorov_smirnov(labels, log_odds) if both else None,
        brier=float(brier_score_loss(labels, probability)),
        ece=expected_calibration_error(labels, probability),
        precision_at_capacity=float(labels[top].mean()),
        recall_at_capacity=float(labels[top].sum() / bad) if bad else None,
    )


def kolmogorov_smirnov(labels: Array, score: Array) -> float:
    """The largest gap between the two classes' distributions of the score."""
    false, true, _ = roc_curve(labels, score)
    return float(np.max(true - false))


def expected_calibration_error(labels: Array, probability: Array) -> float:
    """Mean gap of predicted to observed rate over `BINS` groups of equal size, ordered by probability."""
    order = np.argsort(probability, kind="stable")
    groups = [group for group in np.array_split(order, BINS) if len(group)]
    gaps = [abs(float(labels[g].mean() - probability[g].mean())) * len(g) for g in groups]
    return sum(gaps) / len(labels)
