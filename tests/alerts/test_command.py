"""The three stages from the command line: what an officer reads, and what a wrong request is told."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from graph.errors import InputError
from tests.alerts.towns import DAY, Town
from yujing.cli import build_app


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("home")
    made = Town(root)
    made.capital(1e9, 8e8).firm("甲", name="甲纺织有限公司").loan("甲", past_due=5, tier="normal")
    made.firm("乙", name="乙棉业有限公司").contract("甲", "HT-1")
    made.commit()
    return root


def run(home: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    monkeypatch.setenv("YUJING_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "160")
    result = CliRunner().invoke(build_app(), words, catch_exceptions=False, standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.output


def test_a_scan_prints_its_alerts_in_both_languages_and_again_adds_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = run(home, monkeypatch, "scan", "--as-of", DAY)
    assert "借款人最长逾期5天" in first
    assert "Up to 5 days past due" in first
    assert "world.csv:" in first
    assert "2 新 new" in first
    assert "0 新 new, 0 更新 updated, 2 不变 unchanged" in run(home, monkeypatch, "scan", "--as-of", DAY)
    listed = run(home, monkeypatch, "alerts", "list", "--grade", "red")
    ids = [word for word in listed.split() if word.startswith("A-")]
    shown = "".join(run(home, monkeypatch, "alerts", "show", name) for name in ids)
    assert "商业银行金融资产风险分类办法" in shown
    assert "could not be seen" in shown


def test_an_application_and_a_drawdown_are_decided(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"applicant": {"name": "甲纺织有限公司"}, "amount_fen": 100000000, "on": "2025-06-30"}', "utf-8")
    assert "拒绝 decline" in run(home, monkeypatch, "decide", "pre-loan", str(body))
    payee = '{"firm": {"name": "乙棉业有限公司"}}'
    body.write_text(f'{{"contract": "HT-1", "amount_fen": 100, "on": "2025-06-30", "payee": {payee}, "entrusted": true}}', "utf-8")
    assert "阻断 block" in run(home, monkeypatch, "decide", "drawdown", str(body))


def test_a_wrong_request_and_a_wrong_grade_are_named_errors(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match=r"body\.json"):
        run(home, monkeypatch, "decide", "drawdown", str(tmp_path / "body.json"))
    with pytest.raises(InputError, match="no grade"):
        run(home, monkeypatch, "alerts", "list", "--grade", "blue")
