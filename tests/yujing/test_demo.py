"""The demo over a bank that is too small for one of its steps."""

from datetime import date
from pathlib import Path

import pytest

from tests.worlds.build import World
from yujing.commands import demo
from yujing.pipeline import Pipeline
from yujing.settings import Settings


def test_a_bank_too_small_to_train_on_goes_on_with_rules_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    world = World(tmp_path).firm("甲").entity("LoanNote", "N").relation("BORROWS", "甲", "N")
    world.fact("LoanNoteState", "N", valid_from="2025-05-01", known="2025-05-01", balance_fen=1).commit()
    pipeline = Pipeline(Settings(), world.ledger, date(2025, 6, 30))
    demo._models(pipeline)
    told = capsys.readouterr().out
    assert "不训练模型" in told and "--firms 3000" in told and "不评分" in told
    assert not pipeline.registry.has_champion()
