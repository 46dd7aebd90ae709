"""`yujing firm` and `yujing paths`, as one runs them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graph.errors import InputError, NotFoundError
from tests.api.bank import BAIYUN, CHENGHU, CODES, QIUSHI, TINGSONG, WANG, build_bank
from yujing.cli import build_app


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build_bank(tmp_path)
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    monkeypatch.setenv("YUJING_TODAY", "2026-03-31")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(build_app(), list(words))


def test_a_firm_fits_on_two_screens_with_its_sentence_its_rows_and_what_is_not_computed(home: Path) -> None:
    ran = run("firm", CODES[CHENGHU])
    assert ran.exit_code == 0, ran.output
    lines = ran.stdout.splitlines()
    assert len(lines) <= 100
    text = "".join(line.strip("│ ") for line in lines)
    assert "余额1,500万元" in text and "world.csv:" in text and "尚未计算 not computed" in text
    assert WANG not in ran.stdout and "王**" in ran.stdout


def test_parts_alone_and_json(home: Path) -> None:
    told = json.loads(run("firm", CHENGHU, "--part", "owners", "--part", "trade", "--json", "--as-of", "2026-03-30").stdout)
    assert [part["name"] for part in told["parts"]] == ["owners", "trade"] and told["as_of"] == "2026-03-30"
    assert "headline" in json.loads(run("firm", CHENGHU, "--json").stdout)
    assert BAIYUN in run("firm", CHENGHU, "--part", "owners").stdout


def test_paths_are_told_with_shares_reasons_and_rows(home: Path) -> None:
    told = run("paths", CHENGHU, TINGSONG, "--since", "2025-05-01").stdout
    assert f"{TINGSONG} —26.7% 被担保人违约由担保人代偿→ {CHENGHU} = 26.67%" in told
    assert "world.csv:" in told and "新增 new" in told
    plain = json.loads(run("paths", CHENGHU, TINGSONG, "--json").stdout)
    assert plain["arriving"]["paths"][0]["share"] == pytest.approx(8 / 30)
    assert "无 none" in run("paths", TINGSONG, QIUSHI, "--length", "1").stdout


def test_what_cannot_be_answered_names_the_field(home: Path) -> None:
    refused = run("firm", CHENGHU, "--part", "horoscope").exception
    assert isinstance(refused, InputError) and refused.field == "parts"
    later = run("firm", CHENGHU, "--as-of", "2026-04-01").exception
    assert isinstance(later, InputError) and later.field == "as_of"
    nobody = run("paths", CHENGHU, "查无此企业").exception
    assert isinstance(nobody, NotFoundError)
    same = run("paths", CHENGHU, CHENGHU).exception
    assert isinstance(same, InputError) and same.field == "to"
