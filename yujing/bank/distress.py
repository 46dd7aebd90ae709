"""How firms come into distress: a latent own process, hits over channels, and a barrier.

With margin m, own stress S and arrived hits H, firm i fails in the first month t with

    x_i(t) = m_i - S_i(t) - H_i(t) < 0,
    S_i(t) = industry + region + firm AR(1) processes + rare jumps + scripted stress,
    H_i(t) = 0.92 H_i(t-1) + sum over edges (j -> i) of strength * w_ji * [t_j + delay_ji = t].

S never depends on H, so running the same world with strength 0 is the exact counterfactual: a default that it lacks
would not have happened without a hit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from yujing.bank.channels import Channels
from yujing.bank.firms import GUARANTEE_COMPANY, Firms
from yujing.bank.names import PLACES, TRADES
from yujing.bank.plan import BankPlan, Bools, Floats, Ints

DEFAULT_LAG = 3  # months from the first missed payment to more than 90 days past due
DECAY = 0.92  # of what arrived, a month
_WEAK = 0.9  # a parent nearer to the barrier than this drains its subsidiaries
_DRAIN = 0.08
_OWN_RATE = 0.0205  # defaults a year and borrower without any hit
_TOTAL_RATE = 0.041  # and with them
_SAFE = 50.0
_SHIELD = 0.35  # how far from the barrier a scripted firm is kept until its month
_STRAIN = 6.0
FALL = 30.0  # scripted own stress that no margin withstands


@dataclass(frozen=True)
class Script:
    """What the demonstration cases need.

    `stress` is added to the own stress of each firm and month, or stands in its place for the `steady` firms; `not_before`
    is the first month in which each firm may fail.
    """

    stress: Floats
    not_before: Ints
    steady: Ints


@dataclass(frozen=True)
class Hits:
    """Every hit that arrived: over which edge, in which month, how large."""

    edge: Ints
    month: Ints
    size: Floats


@dataclass(frozen=True)
class Distress:
    """`failed`: the first month of missed payments, `months` where never; `own_failed` the same without any hit.

    `room` is x of every firm and month, `strain` S + H within bounds; arrays are firms by months.
    """

    failed: Ints
    own_failed: Ints
    room: Floats
    strain: Floats
    hits: Hits
    strength: float


@dataclass(frozen=True)
class _Run:
    failed: Ints
    arrived: Floats
    hits: Hits


def simulate_distress(plan: BankPlan, firms: Firms, channels: Channels, script: Script) -> Distress:
    """Sets the barrier so that own defaults come at their rate, then the strength so that all do, and runs once more."""
    own = _own_stress(plan, firms)
    own[script.steady] = 0.0
    own = own + script.stress
    spread = plan.rng("margin").normal(0.0, 0.75, firms.count) - 1.1 * (firms.leverage - 0.56)
    years, borrowers = plan.months / 12, int(firms.borrower.sum())
    want_own, want_all = round(_OWN_RATE * years * borrowers), round(_TOTAL_RATE * years * borrowers)

    def margins(level: float) -> Floats:
        margin = np.maximum(level + spread, own[:, :2].max(axis=1) + 0.4)
        margin[: GUARANTEE_COMPANY + 1] = _SAFE
        return np.asarray(margin)

    def own_defaults(level: float) -> int:
        return _defaults(plan, firms, _first_below(margins(level)[:, None] - own))

    level = _bisect(own_defaults, want_own, 6.0, 0.5)
    margin = margins(level)
    shielded = np.arange(plan.months) < script.not_before[:, None]
    margin = np.maximum(margin, np.where(shielded, own, -_SAFE).max(axis=1) + _SHIELD)

    def all_defaults(log_strength: float) -> int:
        return _defaults(plan, firms, _run(margin, own, channels, (float(np.exp(log_strength)), shielded)).failed)

    strength = float(np.exp(_bisect(all_defaults, want_all, -3.0, 2.5)))
    run = _run(margin, own, channels, (strength, shielded))
    room = margin[:, None] - own - run.arrived
    strain = np.clip(own + run.arrived, -_STRAIN, _STRAIN)
    return Distress(run.failed, _first_below(margin[:, None] - own), room, strain, run.hits, strength)


def _defaults(plan: BankPlan, firms: Firms, failed: Ints) -> int:
    return int((firms.borrower & (failed + DEFAULT_LAG < plan.months)).sum())


def _bisect(count: Callable[[float], int], want: int, few: float, many: float) -> float:
    """The value between `few` (gives too few) and `many` whose count comes nearest to `want`."""
    best, gap = few, abs(count(few) - want)
    for _ in range(18):
        middle = (few + many) / 2
        have = count(middle)
        if abs(have - want) < gap:
            best, gap = middle, abs(have - want)
        few, many = (middle, many) if have < want else (few, middle)
    return best


def _own_stress(plan: BankPlan, firms: Firms) -> Floats:
    rng, months = plan.shared_rng("stress"), plan.months  # trades and cities fare alike in every society
    industry = _autoregressive(rng, len(TRADES), months, 0.95, 0.5)
    region = _autoregressive(rng, len(PLACES), months, 0.95, 0.3)
    rng = rng if plan.block is None else plan.rng("stress")
    own = _autoregressive(rng, firms.count, months, 0.93, 1.0)
    jumps = (rng.random((firms.count, months)) < 0.0025) * rng.exponential(1.6, (firms.count, months))
    for t in range(1, months):
        jumps[:, t] += DECAY * jumps[:, t - 1]
    return np.asarray(own + industry[firms.trade] + region[firms.place] + jumps)


def _autoregressive(rng: np.random.Generator, rows: int, months: int, memory: float, deviation: float) -> Floats:
    """AR(1) with the given stationary deviation, already stationary in the first month."""
    shock = rng.normal(0.0, deviation, (rows, months))
    path = np.empty((rows, months))
    path[:, 0] = shock[:, 0]
    for t in range(1, months):
        path[:, t] = memory * path[:, t - 1] + np.sqrt(1 - memory**2) * shock[:, t]
    return path


def _first_below(room: Floats) -> Ints:
    below = room < 0
    return np.asarray(np.where(below.any(axis=1), below.argmax(axis=1), room.shape[1]))


def _run(margin: Floats, own: Floats, channels: Channels, world: tuple[float, Bools]) -> _Run:
    """One pass through the months; what fails in a month hits others from the next month on, never itself."""
    strength, shielded = world
    count, months = own.shape
    failed = np.full(count, months)
    pending = np.zeros((months + 8, count))
    arrived = np.zeros((count, months))
    level = np.zeros(count)
    log: list[tuple[Ints, Ints, Floats]] = []
    for t in range(months):
        level = DECAY * level + pending[t]
        level = np.where(shielded[:, t], np.minimum(level, np.maximum(0.0, margin - own[:, t] - _SHIELD / 2)), level)
        arrived[:, t] = level
        room = margin - own[:, t] - level
        falls = (room < 0) & (failed == months)
        failed[falls] = t
        weak = (failed == months) & (room < _WEAK)
        edges, size = _sent(channels, falls, weak, t)
        due = t + channels.delay[edges]
        np.add.at(pending, (due, channels.target[edges]), strength * size)
        log.append((edges, due, strength * size))
    edge, month, size = (np.concatenate([entry[k] for entry in log]) for k in range(3))
    seen = month < months
    return _Run(failed, arrived, Hits(edge[seen].astype(np.int64), month[seen].astype(np.int64), size[seen]))


def _sent(channels: Channels, falls: Bools, weak: Bools, month: int) -> tuple[Ints, Floats]:
    open_now = (channels.start <= month) & (month < channels.end)
    calls = np.flatnonzero(open_now & falls[channels.source])
    drains = np.flatnonzero(open_now & channels.drains & weak[channels.source])
    return np.concatenate([calls, drains]), np.concatenate([channels.weight[calls], _DRAIN * channels.weight[drains]])
