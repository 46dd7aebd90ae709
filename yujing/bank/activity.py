"""What a firm's life looks like from outside: monthly indicators and quarterly statements, with lags and noise.

Business in month t is turnover_i * exp(g_i t - 0.10 strain_i(t) - drop_i(t)) * festival(t) * noise, where `drop` sets in after
a failure; each indicator sees it late or smoothed, so that distress shows before default but never cleanly.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from yujing.bank.distress import Distress
from yujing.bank.firms import Firms, other_lenders
from yujing.bank.plan import BankPlan, Bools, Days, Floats, Ints

_NEW_YEARS = {2020: "01-25", 2021: "02-12", 2022: "02-01", 2023: "01-22", 2024: "02-10", 2025: "01-29"} | {
    2026: "02-17",
    2027: "02-06",
    2028: "01-26",
    2029: "02-13",
    2030: "02-03",
}


_FLOWS = ("revenue_fen", "net_profit_fen", "interest_expense_fen", "operating_cash_flow_fen")


@dataclass(frozen=True)
class Indicators:
    """Arrays are firms by months; money in fen."""

    turnover_fen: Floats
    tax_fen: Floats
    kwh: Floats
    heads: Floats
    inflow_fen: Floats
    balance_fen: Floats


@dataclass(frozen=True)
class Statements:
    """One statement an entry; flows are from January on, as Chinese statements give them."""

    firm: Ints
    period_end: Days
    audited: Bools
    delivered_on: Days
    figures: dict[str, Ints]  # column of FinancialStatement -> fen


def festival(plan: BankPlan) -> Floats:
    """What part of a month's business is done, given Spring Festival: a week before and two after lose 55%."""
    factor = np.ones(plan.months)
    for month in range(plan.months):
        start = plan.month_start(np.array([month]))[0]
        days = np.arange(start, plan.month_end(np.array([month]))[0] + np.timedelta64(1, "D"))
        new_year = _NEW_YEARS.get(int(str(start)[:4]))
        if new_year:
            eve = np.datetime64(f"{str(start)[:4]}-{new_year}")
            quiet = (days >= eve - np.timedelta64(7, "D")) & (days < eve + np.timedelta64(14, "D"))
            factor[month] = 1.0 - 0.55 * float(quiet.mean())
    return factor


def watch_indicators(plan: BankPlan, firms: Firms, distress: Distress) -> Indicators:
    """Turnover and electricity at once, tax a month late, headcount slowly, inflow and balance harder under strain."""
    rng, shape = plan.rng("activity"), distress.strain.shape
    growth = rng.normal(0.003, 0.006, firms.count)[:, None] * np.arange(plan.months)
    since = np.maximum(0, np.arange(plan.months) - distress.failed[:, None])
    core = np.exp(growth - 0.10 * distress.strain - np.minimum(1.6, 0.2 * since))
    season = festival(plan)

    def noisy(values: Floats, deviation: float) -> Floats:
        return np.asarray(values * rng.lognormal(0.0, deviation, shape))

    turnover = noisy(firms.turnover_fen[:, None] * core * season, 0.14)
    late = np.concatenate([turnover[:, :1], turnover[:, :-1]], axis=1)
    zero = rng.random(shape) < np.where(distress.room < 0.5, 0.08, 0.012)
    shared = other_lenders(plan, firms) > 0  # a firm with one bank has its money there
    share = np.where(shared, rng.uniform(0.35, 0.95, firms.count), rng.uniform(0.84, 0.98, firms.count))[:, None]
    pressed = np.exp(-0.05 * np.maximum(0.0, distress.strain))
    inflow = noisy(share * turnover * 1.1 * pressed, 0.2)
    return Indicators(
        turnover_fen=turnover,
        tax_fen=np.where(zero, 0.0, noisy(0.032 * late, 0.25)),
        kwh=noisy(firms.kwh[:, None] * core**0.8 * season, 0.12),
        heads=np.maximum(1.0, np.round(noisy(firms.heads[:, None] * _smooth(core, 4) ** 0.5, 0.03))),
        inflow_fen=inflow,
        balance_fen=noisy(0.22 * inflow * pressed**3, 0.35),
    )


def _smooth(values: Floats, months: int) -> Floats:
    padded = np.concatenate([np.repeat(values[:, :1], months - 1, axis=1), values], axis=1)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, months, axis=1).mean(axis=2))


def draw_statements(plan: BankPlan, firms: Firms, distress: Distress, turnover_fen: Floats) -> Statements:
    """Quarters that end inside the bank's months and were delivered by today; some firms dress theirs up under strain."""
    rng = plan.rng("statements")
    gives = (firms.customer != "") & ((firms.size <= 2) | (rng.random(firms.count) < 0.45))
    ends = np.array([m for m in range(2, plan.months) if _month(plan, m).month % 3 == 0])
    firm, end = (grid.ravel() for grid in np.meshgrid(np.flatnonzero(gives), ends, indexing="ij"))
    strain = _smooth(distress.strain, 3)[firm, end]
    period_end = plan.month_end(end)
    audited = (period_end.astype("datetime64[M]").astype(int) % 12 == 11) & (firms.size[firm] <= 1)
    delay = np.where(audited, rng.integers(75, 125, len(firm)), rng.integers(18, 75, len(firm)))
    delivered = period_end + delay.astype("timedelta64[D]")
    dresses = (rng.random(firms.count) < 0.07)[firm] & (strain > 0.7)
    quarter = (turnover_fen[firm, end - 2] + turnover_fen[firm, end - 1] + turnover_fen[firm, end]) * np.where(dresses, 1.35, 1.0)
    figures = _figures(rng, firms, (firm, end), strain, quarter)
    calendar = np.array([_month(plan, m).month for m in ends])
    for name in _FLOWS:
        figures[name] = _year_to_date(figures[name].reshape(-1, len(ends)), calendar).ravel()
    kept = (delivered <= np.datetime64(plan.today)) & (distress.failed[firm] + 9 > end) & (rng.random(len(firm)) < 0.97)
    figures = {name: values[kept] for name, values in figures.items()}
    return Statements(firm[kept], period_end[kept], audited[kept], delivered[kept], figures)


def _year_to_date(flow: Ints, calendar: Ints) -> Ints:
    """Sums from January on, [firms, quarters]; `calendar`: the month in which each quarter ends.

    Where the first quarter ends later than March, those before it are taken to have been like it.
    """
    total = flow.copy()
    total[:, 0] = flow[:, 0] * (calendar[0] // 3)
    for quarter in range(1, flow.shape[1]):
        if calendar[quarter] > 3:
            total[:, quarter] += total[:, quarter - 1]
    return total


def _figures(rng: np.random.Generator, firms: Firms, which: tuple[Ints, Ints], strain: Floats, quarter: Floats) -> dict[str, Ints]:
    firm, end = which
    count = len(firm)
    assets = firms.assets_fen[firm] * (1 + 0.004 * end) * np.exp(-0.03 * strain) * rng.lognormal(0, 0.04, count)
    leverage = np.clip(firms.leverage[firm] + 0.022 * strain + rng.normal(0, 0.02, count), 0.05, 1.25)
    liabilities = assets * leverage
    cash = assets * 0.07 * np.exp(-0.22 * strain) * rng.lognormal(0, 0.3, count)
    receivables = assets * np.clip(0.17 + 0.025 * strain + rng.normal(0, 0.04, count), 0.02, 0.5)
    inventory = assets * np.clip(0.15 + 0.01 * strain + rng.normal(0, 0.04, count), 0.01, 0.45)
    margin = rng.normal(0.055, 0.02, firms.count)[firm] - 0.022 * strain + rng.normal(0, 0.015, count)
    revenue = quarter * rng.lognormal(0, 0.05, count)
    profit = revenue * margin
    columns = {
        "total_assets_fen": assets,
        "total_liabilities_fen": liabilities,
        "net_assets_fen": assets.astype(np.int64) - liabilities.astype(np.int64),
        "current_assets_fen": cash + receivables + inventory + assets * 0.06,
        "current_liabilities_fen": liabilities * rng.uniform(0.6, 0.9, count),
        "cash_fen": cash,
        "receivables_fen": receivables,
        "inventory_fen": inventory,
        "revenue_fen": revenue,
        "net_profit_fen": profit,
        "interest_expense_fen": liabilities * 0.5 * 0.047 / 4,
        "operating_cash_flow_fen": profit - 0.035 * strain * revenue + rng.normal(0, 0.05, count) * revenue,
    }
    return {name: values.astype(np.int64) for name, values in columns.items()}


def _month(plan: BankPlan, month: int) -> date:
    return date.fromisoformat(str(plan.month_start(np.array([month]))[0]))
