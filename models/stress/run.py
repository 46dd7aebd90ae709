"""Running a scenario on a day, and comparing two."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from graph.errors import InputError
from models.contagion.arrays import Flags, Floats, Index
from models.contagion.cascade import Cascade
from models.contagion.clearing import clear
from models.contagion.debtrank import linear_debtrank
from models.stress import words
from models.stress.answer import Change, Comparison, Drawing, Likely, Quantile, Spread, StressAnswer
from models.stress.compiled import Compiled, Find, compile_scenario
from models.stress.day import StressDay
from models.stress.draws import QUANTILES, Drawn, Plan, central, draw, own_probabilities
from models.stress.moves import Losses, group_moves, limit_moves
from models.stress.scenario import Scenario
from models.stress.told import falls, groupings, parts

DEFAULT_RUNS = 500


@dataclass(frozen=True)
class Ask:
    """How to run: how many draws, from which seed, how many rows to show; `find` turns what a firm is called into its id."""

    runs: int = DEFAULT_RUNS
    seed: int = 0
    show: int = 50
    find: Find = str


def run_stress(day: StressDay, scenario: Scenario, ask: Ask, progress: Callable[[int], None] = lambda _: None) -> StressAnswer:
    """One scenario. InputError where draws are asked for and no score run is there."""
    return _run(day, scenario, ask, progress)[0]


def compare(
    day: StressDay, scenarios: tuple[Scenario, Scenario], ask: Ask, progress: Callable[[int], None] = lambda _: None
) -> Comparison:
    """Two scenarios on one day with the same luck: what the second changes."""
    (first, fell_first), (second, fell_second) = (_run(day, each, ask, progress) for each in scenarios)
    figures = _figures(first), _figures(second)
    changes = tuple(
        Change(what=name, said=said, first=figures[0][name], second=figures[1][name])
        for name, said in words.CHANGES.items()
        if name in figures[0]
    )
    only = [_named(day, np.flatnonzero(each)[: ask.show]) for each in (fell_first & ~fell_second, fell_second & ~fell_first)]
    return Comparison(first=first, second=second, changes=changes, only_first=only[0], only_second=only[1])


def _named(day: StressDay, places: Index) -> tuple[str, ...]:
    return tuple(day.network.firms.take(pa.array(places)).to_pylist())


def _run(day: StressDay, scenario: Scenario, ask: Ask, progress: Callable[[int], None]) -> tuple[StressAnswer, Flags]:
    if ask.runs and not day.scores.run_id:
        told = f"Nothing was scored up to {day.snapshot.as_of}, so own defaults cannot be drawn."
        raise InputError(told, "Run 'yujing score' first, or ask for runs: 0 (--runs 0).", "runs")
    plan = Plan(ask.runs, ask.seed, day.sensitivities.correlation.default, day.conventions.losses)
    compiled = compile_scenario(scenario, day.network, day.sensitivities, day.groups, ask.find)
    found = central(compiled, plan.losses)
    kinds = groupings(day.network)
    drawn: Drawn | None = None
    if plan.runs:
        numbers = {name: (number, count) for name, (_, number, count) in kinds.items()}
        drawn = draw(compiled, own_probabilities(day.scores.own, compiled), plan, numbers, progress)
    losses = _losses(found, drawn)
    by = {name: parts(day.network, told, found, (drawn, name) if drawn else None) for name, told in kinds.items()}
    answer = StressAnswer(
        as_of=day.snapshot.as_of,
        ledger_seq=day.snapshot.ledger_seq,
        scenario=scenario,
        scope=day.scope,
        firms=day.network.size,
        edges=len(day.network.claims.amount) + len(day.network.guarantees.cap),
        central=_spread(day, compiled, found),
        falls=falls(day, compiled, found, ask.show),
        drawing=_drawing(day, plan, drawn) if drawn else None,
        likely=_likely(day, drawn, ask.show) if drawn else (),
        branches=by["branch"],
        industries=by["industry"],
        regions=by["region"],
        groups=group_moves(day, losses, ask.show),
        limits=limit_moves(day, losses, ask.show),
        left_out=dict(day.network.told),
        assumptions=(*words.ASSUMPTIONS, *([words.MACRO] if scenario.macro else [])),
    )
    return answer, losses.fell


def _figures(answer: StressAnswer) -> dict[str, float]:
    found: dict[str, float] = {name: getattr(answer.central, name) for name in ("fell", "rounds", "bank_loss_fen", "distressed")}
    if answer.drawing:
        found |= {name: getattr(answer.drawing, name) for name in ("expected_fen", "own_fen")}
        found["quantile_99_fen"] = next(q.loss_fen for q in answer.drawing.quantiles if q.level == 0.99)
    if answer.limits.levels:
        found["over"] = answer.limits.levels.get("over", (0, 0))[1]
    return found


def _losses(found: Cascade, drawn: Drawn | None) -> Losses:
    fell = found.fell >= 0
    gone = np.where(fell, found.bank_loss + found.paid_by_guarantors, 0.0)
    if drawn is None:
        return Losses(fell, fell.astype(float), found.bank_loss, gone)
    return Losses(fell, drawn.fell / drawn.runs, drawn.lost / drawn.runs, gone)


def _spread(day: StressDay, compiled: Compiled, found: Cascade) -> Spread:
    fell = found.fell >= 0
    shock = _share_lost(compiled)
    distress = linear_debtrank(day.network.leverage, shock, tolerance=1e-9)
    return Spread(
        shocked=int((found.fell == 0).sum()),
        fell=int(fell.sum()),
        rounds=found.rounds,
        by_round=tuple(np.bincount(found.fell[fell]).tolist()) if fell.any() else (),
        credit_fen=round(float(day.network.sheets.credit[fell].sum())),
        guarantors_paid_fen=round(float(found.paid_by_guarantors.sum())),
        bank_loss_fen=round(float(found.bank_loss.sum())),
        distressed=round(distress.lost(shock, day.network.sheets.credit), 9),
        unpaid_trade_fen=_unpaid_trade(day, compiled, shock),
    )


def _share_lost(compiled: Compiled) -> Floats:
    lost = np.minimum(compiled.lost / compiled.network.sheets.equity, 1.0)
    return np.where(compiled.network.sheets.performing, np.where(compiled.first, 1.0, lost), 0.0)


def _unpaid_trade(day: StressDay, compiled: Compiled, shock: Floats) -> int:
    """Clearing with default costs, after the shock less before: a firm that fails has no assets outside any more."""
    network = compiled.network
    plain = network.balances()
    hit = network.balances(np.where(shock >= 1, plain.outside_assets, compiled.lost))
    unpaid = []
    for balances in (plain, hit):
        cleared = clear(balances, day.conventions.costs)
        owed = balances.obligations
        part = np.divide(cleared.shortfall, owed, out=np.zeros_like(owed), where=owed > 0)
        unpaid.append(float(part @ np.asarray(balances.liabilities.sum(axis=1)).ravel()))
    return max(round(unpaid[1] - unpaid[0]), 0)


def _drawing(day: StressDay, plan: Plan, drawn: Drawn) -> Drawing:
    scored = ~np.isnan(day.scores.own)
    sheets = day.network.sheets
    return Drawing(
        runs=plan.runs,
        seed=plan.seed,
        correlation=plan.correlation,
        score_run=day.scores.run_id,
        model=day.scores.model,
        horizon_days=day.scores.horizon_days,
        scored=int((scored & sheets.performing).sum()),
        unscored=int((~scored & sheets.performing & (sheets.credit > 0)).sum()),
        expected_fen=round(float(drawn.loss.mean())),
        standard_error_fen=round(float(drawn.loss.std() / np.sqrt(plan.runs))),
        own_fen=round(float(drawn.own.mean())),
        quantiles=tuple(Quantile(level=q, loss_fen=round(float(np.quantile(drawn.loss, q)))) for q in QUANTILES),
        shortfall_99_fen=round(drawn.expected_shortfall(0.99)),
    )


def _likely(day: StressDay, drawn: Drawn, most: int) -> tuple[Likely, ...]:
    """Firms by what the bank is expected to lose on them."""
    order = np.lexsort((np.arange(day.network.size), -drawn.fell, -drawn.lost))[:most]
    return tuple(
        Likely(
            firm=day.network.firms[at].as_py(),
            name=day.network.about["name"][at].as_py() or day.network.firms[at].as_py(),
            fell=round(float(drawn.fell[at]) / drawn.runs, 6),
            alone=round(float(drawn.fell_first[at]) / drawn.runs, 6),
            expected_fen=round(float(drawn.lost[at]) / drawn.runs),
        )
        for at in order.tolist()
        if drawn.fell[at]
    )
