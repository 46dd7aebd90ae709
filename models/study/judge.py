"""How good log-odds are, and from which probability on a case is called: calibration and the cut, chosen without the test set."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, f1_score, roc_auc_score

from models.calibration import Calibration, fit, probability
from models.metrics import expected_calibration_error, kolmogorov_smirnov
from models.study.world import Floats

_FEW = 0.02  # the cut leaves at least this share of cases on either side


@dataclass(frozen=True)
class Figures:
    """Of one set of log-odds; f1 and accuracy at a written probability of 0.5."""

    auc: float
    average_precision: float
    ks: float
    f1: float
    accuracy: float
    brier: float
    ece: float

    def plain(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Map:
    """From raw log-odds to what is written: calibrated, then moved by -`cut` so that 0.5 is where a case is called."""

    calibration: Calibration
    cut: float = 0.0

    def honest(self, raw: Floats) -> Floats:
        """Calibrated probability."""
        return probability(self.calibration.log_odds(raw))

    def written(self, raw: Floats) -> Floats:
        """Probability whose 0.5 is the cut."""
        return probability(self.calibration.log_odds(raw) - self.cut)


def choose(raw: Floats, labels: Floats, call: str) -> Map:
    """Calibrate on log-odds that did not see their labels; `call` "f1": cut where the expected F1 is highest, "half": leave 0.5.

    With calibrated p the expected F1 of calling all above t is nearly 2 Σ_{p>t} p / (Σ p + #{p>t}); unlike the F1 counted on a few
    hundred labels it is smooth (Lipton et al., 2014: the best t is half the best F1).
    """
    calibration = fit(raw, labels)
    if call == "half":
        return Map(calibration)
    p = np.sort(probability(calibration.log_odds(raw)))[::-1]
    called = np.arange(1, len(p) + 1)
    expected = 2 * np.cumsum(p) / (p.sum() + called)
    edge = max(1, int(_FEW * len(p)))
    best = edge + int(np.argmax(expected[edge - 1 : len(p) - edge])) if len(p) > 2 * edge else len(p) // 2
    t = float((p[best - 1] + p[min(best, len(p) - 1)]) / 2)
    return Map(calibration, float(np.log(t / (1 - t))))


def judge(raw: Floats, labels: Floats, how: Map) -> Figures:
    """Both classes must be there."""
    written, honest = how.written(raw), how.honest(raw)
    return Figures(
        auc=float(roc_auc_score(labels, raw)),
        average_precision=float(average_precision_score(labels, raw)),
        ks=kolmogorov_smirnov(labels, raw),
        f1=float(f1_score(labels, written > 0.5)),
        accuracy=float(accuracy_score(labels, written > 0.5)),
        brier=float(brier_score_loss(labels, honest)),
        ece=expected_calibration_error(labels, honest),
    )


def mean_of(figures: list[Figures]) -> Figures:
    """Figure by figure."""
    return Figures(**{name: float(np.mean([getattr(f, name) for f in figures])) for name in asdict(figures[0])})
