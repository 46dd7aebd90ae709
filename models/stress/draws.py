"""Monte Carlo: own defaults drawn from the scores, contagion worked out in each run.

    firm i fails by itself  where  sqrt(rho) M + sqrt(1 - rho) e_i  <  N^-1(p_i)

M and e are standard normal, M common to all: the one-factor form of Vasicek (Risk 2002) that Basel CRE31 rests on. p is the firm's
*own* probability of default (the score without what arrives over relations, so that contagion is not counted twice), its log-odds
moved by the scenario. A run is numbered: its draws come of (seed, number) alone, so two scenarios of one seed meet the same luck,
and their difference is the scenario's. Firms that have no score are not drawn, but fall by contagion like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats, Index, summed
from models.contagion.cascade import Cascade, Losses, run_cascade
from models.stress.compiled import Compiled

MOST_RUNS = 100_000
QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999)


@dataclass(frozen=True)
class Plan:
    """How many runs, from which seed, with which correlation of asset values, and what is lost of a claim."""

    runs: int
    seed: int
    correlation: float
    losses: Losses

    def __post_init__(self) -> None:
        if not 0 <= self.runs <= MOST_RUNS:
            raise InputError(f"runs is {self.runs}.", f"Take 0 to {MOST_RUNS}.", "runs")
        if self.seed < 0:
            raise InputError(f"seed is {self.seed}.", "Take a whole number of 0 and more.", "seed")
        if not 0 <= self.correlation < 1:
            raise InputError(f"correlation is {self.correlation}.", "It is at least 0 and below 1.", "correlation")


@dataclass(frozen=True)
class Drawn:
    """`loss`: of the bank, fen, [runs]; `own`: the part of it on firms that fell in the first round, [runs].

    `fell`, `fell_first`: in how many runs each firm fell, and fell first; `lost`: fen over all runs: [firms]. `parts`: by dimension
    (branch, industry, region) [runs, values].
    """

    loss: Floats
    own: Floats
    fell: Index
    fell_first: Index
    lost: Floats
    parts: dict[str, Floats]

    @property
    def runs(self) -> int:
        return len(self.loss)

    def expected_shortfall(self, level: float) -> float:
        """Mean of the worst losses, those from the quantile on."""
        worst = self.loss[self.loss >= np.quantile(self.loss, level)]
        return float(worst.mean())


def own_probabilities(own_log_odds: Floats, compiled: Compiled) -> Floats:
    """p of each firm in the scenario, [firms]; 0 where there is no score (NaN) or it is in default already."""
    moved = expit(np.nan_to_num(own_log_odds) + compiled.log_odds)
    return np.where(np.isnan(own_log_odds) | ~compiled.network.sheets.performing, 0.0, moved)


def draw(
    compiled: Compiled,
    probability: Floats,
    plan: Plan,
    groupings: dict[str, tuple[Index, int]],
    progress: Callable[[int], None] = lambda _: None,
) -> Drawn:
    """`groupings`: of each dimension the value's number of each firm, and how many values there are."""
    firms = compiled.network.size
    threshold = np.where(probability > 0, ndtri(np.clip(probability, 1e-12, 1 - 1e-12)), -np.inf)
    loss, own = np.zeros(plan.runs), np.zeros(plan.runs)
    fell, fell_first, lost = np.zeros(firms, np.int64), np.zeros(firms, np.int64), np.zeros(firms)
    parts = {name: np.zeros((plan.runs, count)) for name, (_, count) in groupings.items()}
    for run in range(plan.runs):
        first = compiled.first | drawn_first(threshold, plan, run)
        found = run_cascade(compiled.network, first, plan.losses, compiled.lost, keep=False)
        loss[run] = found.bank_loss.sum()
        own[run] = found.bank_loss[found.fell == 0].sum()
        fell += found.fell >= 0
        fell_first += found.fell == 0
        lost += found.bank_loss
        for name, (number, count) in groupings.items():
            parts[name][run] = summed(number, found.bank_loss, count)
        progress(run + 1)
    return Drawn(loss, own, fell, fell_first, lost, parts)


def drawn_first(threshold: Floats, plan: Plan, run: int) -> Flags:
    """Who fails by himself in one run."""
    rng = np.random.default_rng([plan.seed, run])
    common = rng.standard_normal()
    alone = rng.standard_normal(len(threshold))
    drawn: Flags = np.sqrt(plan.correlation) * common + np.sqrt(1 - plan.correlation) * alone < threshold
    return drawn


def central(compiled: Compiled, losses: Losses) -> Cascade:
    """The scenario itself, nobody drawn."""
    return run_cascade(compiled.network, compiled.first, losses, compiled.lost)
