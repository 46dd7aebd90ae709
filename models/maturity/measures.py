"""How good probabilities of several ends are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from models.metrics import expected_calibration_error

Array = NDArray[np.float64]


def measure_ends(ends: NDArray[np.int64], probability: Array, names: tuple[str, ...]) -> dict[str, Any]:
    """log_loss, brier (sum over ends of squared errors), accuracy; auc, average_precision and ece are means over the ends that
    occur, each against the rest, and stand beside them by end. `firms` counts notes, `defaults` those overdue."""
    hit = np.eye(len(names))[ends]
    each: dict[str, Any] = {}
    for code, name in enumerate(names):
        each[f"count.{name}"] = int(hit[:, code].sum())
        if 0 < hit[:, code].sum() < len(ends):
            each[f"auc.{name}"] = float(roc_auc_score(hit[:, code], probability[:, code]))
            each[f"average_precision.{name}"] = float(average_precision_score(hit[:, code], probability[:, code]))
            each[f"ece.{name}"] = expected_calibration_error(hit[:, code], probability[:, code])

    def mean(what: str) -> float | None:
        found = [value for name, value in each.items() if name.startswith(f"{what}.")]
        return float(np.mean(found)) if found else None

    overdue = int(hit[:, names.index("overdue")].sum()) if "overdue" in names else 0
    return {
        "firms": len(ends),
        "defaults": overdue,
        "base_rate": overdue / len(ends),
        "log_loss": float(-np.log(np.maximum(probability[np.arange(len(ends)), ends], 1e-15)).mean()),
        "brier": float(((probability - hit) ** 2).sum(axis=1).mean()),
        "accuracy": float((probability.argmax(axis=1) == ends).mean()),
        "auc": mean("auc"),
        "average_precision": mean("average_precision"),
        "ece": mean("ece"),
        **each,
    }
