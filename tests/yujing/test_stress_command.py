"""`yujing stress` over a town worked out by hand."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graph.errors import YujingError
from graph.stores import build_ladybug
from tests.models.stress.town import DAY, scored, town
from yujing.cli import build_app


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("town")
    world = town(root)
    scored(root, world)
    build_ladybug(world.ledger, root / "graph")
    return root


@pytest.fixture
def home(built: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("YUJING_HOME", str(built)), ("YUJING_TODAY", DAY), ("COLUMNS", "200")):
        monkeypatch.setenv(name, value)
    return built


def told(*words: str) -> Any:
    result = CliRunner().invoke(build_app(), ["stress", *words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in words else result.stdout


def test_a_name_fails_and_what_follows_is_told(home: Path) -> None:
    answer = told("--fail", "甲", "--runs", "0", "--json")
    assert answer["central"]["by_round"] == [1, 1, 1]
    text = told("--fail", "甲", "--runs", "20", "-o", str(home / "out"))
    assert "担保被代偿 甲" in text and "货款收不回 乙" in text and "world.csv:" in text and "未推算" in text
    assert (home / "out" / "falls.csv").is_file()


def test_options_add_to_a_scenario_file_and_two_are_compared(home: Path) -> None:
    file = home / "s.yaml"
    file.write_text("name: 行业\nshocks: [{industry: C, equity_loss: 0.5}]\n", "utf-8")
    both = told("--scenario", str(file), "--gdp", "-2", "--fail", "戊", "--against", "baseline", "--runs", "20", "--json")
    assert both["first"]["scenario"]["name"] == "基准 baseline"
    assert len(both["second"]["scenario"]["shocks"]) == 2 and len(both["second"]["scenario"]["macro"]) == 4
    assert "行业" in told("--scenario", str(file), "--against", "baseline", "--runs", "5")
    near = told("--fail", "甲", "--around", "甲", "--runs", "0", "--json")
    assert near["scope"].startswith("Firm-")


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (["--fail", "无此企业"], "firm"),
        (["--industry", "Z"], "industry"),
        (["--industry", "C", "--equity-loss", "2"], "equity_loss"),
        (["--gdp", "-99"], "gdp"),
        (["--runs", "-1"], "runs"),
        (["--scenario", "none.yaml"], "scenario"),
        (["--as-of", "2001-01-01"], "as_of"),
    ],
)
def test_what_cannot_be_is_refused_by_field(home: Path, words: list[str], field: str) -> None:
    with pytest.raises(YujingError) as refused:
        told(*words)
    assert refused.value.field == field
