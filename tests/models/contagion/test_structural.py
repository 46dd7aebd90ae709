"""The structural columns of a score, on a chain worked out by hand."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from deltalake import write_deltalake

from models.contagion.structural import COLUMNS, structure, with_structure
from models.scores import SCORE_SCHEMA, ScoreBook
from tests.models.contagion.drawn import network
from tests.models.stress.town import AS_OF, DAY, MILLION, town
from tests.models.test_scores import rows


def test_impact_vulnerability_shortfall_and_call_of_a_chain() -> None:
    """1 has sold 0 goods for half its equity; 2 guarantees 1 (owing 40) up to 30, of equity 60. Own probabilities 0.2, 0, 0."""
    drawn = network(
        3,
        trade=[(1, 0, 50)],
        guarantees=[(2, 1, 30, True)],
        equity=[10, 100, 60],
        assets=[70, 200, 60],
        liabilities=[60, 100, 0],
        credit=[0, 40, 0],
    )
    found = structure(drawn, np.array([0.2, 0.1, 0.0]))
    # 0 fails: half of 1's equity, that is 20 of the 40 the bank has lent in all; 2 loses 0.5 * 30 / 60, and owes nothing.
    assert found["debtrank"] == pytest.approx([0.5, 0.0, 0.0])
    assert found["vulnerability"] == pytest.approx([0.0, 0.1, 0.5 * 0.2])
    assert found["guarantee_call"] == pytest.approx([0, 0, 3])
    assert found["clearing_shortfall"] == pytest.approx([0, 0, 0]), "losses below equity leave everybody able to pay"


def test_scored_rows_get_their_columns_and_older_tables_still_read(tmp_path: Path) -> None:
    world = town(tmp_path)
    firms = sorted(world.id(name) for name in "甲乙丙戊")
    filled = with_structure(rows("run", firms, AS_OF, own=0.0, log_odds=0.25), world.snapshot(DAY))
    told = {row["firm"]: row for row in filled.to_pylist()}
    assert told[world.id("乙")]["guarantee_call"] == pytest.approx(0.5 * 8 * MILLION)
    assert told[world.id("丙")]["vulnerability"] == pytest.approx(0.5), "it can lose no more than what is left"
    assert 0 < told[world.id("甲")]["debtrank"] <= 1
    before = [name for name in SCORE_SCHEMA.names if name != "vulnerability"]
    old = rows("old", firms, date(2026, 2, 28)).select(before)
    write_deltalake(tmp_path / "scores", old, mode="append", partition_by=["run_id"])
    book = ScoreBook(tmp_path / "scores")
    assert book.latest().num_rows == 4
    book.append(filled)
    assert book.latest()["vulnerability"].null_count == 0
    assert book.run("old")["vulnerability"].null_count == 4
    assert set(COLUMNS) <= set(SCORE_SCHEMA.names)
