"""What other implementations gave for the same inputs (R systemicrisk, R NetworkRiskMeasures, neva), to 1e-8."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.contagion.arrays import leverage
from models.contagion.clearing import Balances, Costs, clear
from models.contagion.debtrank import (
    impact_susceptibility,
    impacts,
    linear_debtrank,
    single_hit_debtrank,
    threshold_debtrank,
)
from tests.models.contagion.drawn import matrix


def close(found: Any, told: Any) -> None:
    np.testing.assert_allclose(found, told, rtol=0.0, atol=1e-8)


@pytest.fixture(scope="module")
def oracles(data_root: Path) -> dict[str, Any]:
    file = data_root / "contagion" / "oracles.json"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    assert found["conventions"].startswith("L[i][j] = i owes j")
    return found


@pytest.mark.data
@pytest.mark.parametrize("method", ["fictitious", "fixed_point"])
def test_clearing_pays_what_the_oracle_pays(oracles: dict[str, Any], method: Any) -> None:
    for case in oracles["eisenberg_noe"]:
        balances = Balances(matrix(case["L"]), np.array(case["e"], float), np.array(case["el"], float))
        for costs in (None, Costs(1.0, 1.0)):
            cleared = clear(balances, costs, method=method)
            close(cleared.payments, case["payments_total"])
            assert cleared.defaults.astype(int).tolist() == case["default"]


@pytest.mark.data
def test_debtrank_moves_what_the_oracle_moves(oracles: dict[str, Any]) -> None:
    case = next(each for each in oracles["debtrank"] if each["id"] == "DR1")
    lever = leverage(matrix(case["A"]), np.array(case["buffer"], float))
    weights = np.array(case["weights"], float)
    close(lever.toarray(), case["vulnerability_row_creditor_col_debtor"])
    for name, run in (("linear", linear_debtrank), ("single_hit", single_hit_debtrank), ("threshold", threshold_debtrank)):
        alone = [run(lever, shock).lost(shock, weights) for shock in np.eye(3)]
        close(alone, case[name]["additional_stress"])
    close(impacts(lever, weights, floor=0.0), case["linear"]["additional_stress"])
    tenth = np.full(3, 0.1)
    spread = linear_debtrank(lever, tenth).lost(tenth, weights)
    close(spread, case["uniform_10pct_shock_linear_additional_stress"])
    susceptible = impact_susceptibility(lever)
    close(susceptible, case["impact_susceptibility"])
    close(susceptible.mean(), case["impact_fluidity"])


@pytest.mark.data
def test_equity_after_a_shock_is_the_oracles(oracles: dict[str, Any]) -> None:
    case = next(each for each in oracles["debtrank"] if each["id"] == "DR3")
    claims = matrix(case["A"])
    outside = np.array(case["e"], float) - np.array(case["el"], float)
    equity = outside + claims.sum(axis=1) - claims.sum(axis=0)
    for each in case["cases"]:
        shock = np.array(each["shock"], float)
        found = linear_debtrank(leverage(claims, equity), np.minimum(shock / equity, 1.0))
        close(equity - shock - found.arrived * equity, each["equity"])
