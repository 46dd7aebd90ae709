"""A small invented book with one rule that tests know: who guarantees a failing firm fails half a year later."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tests.worlds.build import World

FIRST, MONTHS = date(2023, 4, 30), 24


def month_end(index: int) -> date:
    """The end of the month `index` months after April 2023."""
    month = FIRST.month - 1 + index + 1
    return date(FIRST.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def book(root: Path, firms: int = 120, seed: int = 3) -> World:
    """`firms` borrowers with monthly loan states. A weak one (high leverage) slips 20, 50, 80, 110 days; its guarantor follows."""
    draw = np.random.default_rng(seed)
    world = World(root)
    fails_at = _fates(draw, firms)
    for i in range(firms):
        name, note = f"F{i}", f"N{i}"
        own_fault = fails_at[i][1]
        world.firm(name, size="small", established_on="2010-01-01", valid_from="2020-01-01", known="2023-04-01")
        world.entity(
            "LoanNote", note, product="working_capital", matures_on="2027-01-01", valid_from="2023-04-01", known="2023-04-01"
        )
        world.relation("BORROWS", name, note, valid_from="2023-04-01", known="2023-04-01")
        leverage = draw.normal(0.85 if own_fault else 0.5, 0.1)
        assets = 10**9
        world.fact(
            "FinancialStatement",
            name,
            valid_from="2022-12-31",
            known="2023-04-01",
            period_end="2022-12-31",
            total_assets_fen=assets,
            total_liabilities_fen=int(assets * leverage),
            net_assets_fen=int(assets * (1 - leverage)),
        )
        for month in range(MONTHS):
            late = max(0, 30 * (month - fails_at[i][0]) + 110)
            world.fact(
                "LoanNoteState",
                note,
                valid_from=month_end(month).isoformat(),
                known=month_end(month).isoformat(),
                balance_fen=10**8,
                days_past_due=min(late, 360),
                five_tier="substandard" if late >= 90 else "normal",
            )
    for i in range(0, firms, 2):  # the even firm guarantees the odd one
        world.relation("GUARANTEES", f"F{i}", f"F{i + 1}", valid_from="2023-04-01", known="2023-04-01", amount_fen=10**8)
    world.commit()
    return world


def _fates(draw: np.random.Generator, firms: int) -> list[tuple[int, bool]]:
    """For each firm the month in which it reaches 110 days (beyond the end: never), and whether by itself."""
    fates = [(10**6, False)] * firms
    for i in range(1, firms, 2):
        if draw.random() < 0.5:
            month = int(draw.integers(4, MONTHS + 4))
            fates[i] = (month, True)
            if draw.random() < 0.8:
                fates[i - 1] = (month + 5, False)
    return fates
