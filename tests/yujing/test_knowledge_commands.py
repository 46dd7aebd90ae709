"""`yujing knowledge` and `yujing control`, as one runs them."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from graph.errors import InputError
from graph.stores import build_ladybug
from tests.worlds.build import World
from yujing.cli import build_app, main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """P holds 60% of 甲, 甲 60% of 乙; 乙's director is filed as its controller."""
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    monkeypatch.setenv("YUJING_TODAY", "2025-06-30")
    world = World(tmp_path).firm("甲").firm("乙").person("P").person("Q")
    world.relation("HOLDS_SHARES", "P", "甲", equity_share=0.6).relation("HOLDS_SHARES", "甲", "乙", equity_share=0.6)
    world.relation("CONTROLS", "Q", "乙").commit()
    build_ladybug(world.ledger, tmp_path / "graph")
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(build_app(), list(words))


def runs(*words: str) -> list[dict[str, Any]]:
    ran = run("knowledge", "--json", *words)
    assert ran.exit_code == 0, ran.output
    told: list[dict[str, Any]] = json.loads(ran.stdout)["runs"]
    return told


def test_a_day_is_computed_then_known_and_another_with_equal_inputs_unchanged(home: Path) -> None:
    first = runs("--kinds", "control")
    assert [(run["kind"], run["how"], run["rows"]["controllers"]) for run in first] == [("control", "computed", 3)]
    assert runs("--kinds", "control")[0]["how"] == "known"
    assert runs("--kinds", "control", "--as-of", "2025-06-29")[0]["how"] == "unchanged"
    assert "control 2" in run("knowledge").stdout


def test_a_day_computed_after_a_later_one_names_the_later_to_run_again(home: Path) -> None:
    world = World(home, feed="ring").firm("A").firm("B").relation("GUARANTEES", "A", "B", valid_from="2025-01-01")
    world.relation("GUARANTEES", "B", "A", valid_from="2025-01-01").commit()
    later, earlier = ("--kinds", "circles", "--as-of", "2025-06-30"), ("--kinds", "circles", "--as-of", "2025-06-20", "--json")
    run("knowledge", *later)
    (circle,) = json.loads(run("circles", "--as-of", "2025-06-30", "--json").stdout)["items"]
    assert json.loads(run("knowledge", *earlier).stdout)["stale"] == ["2025-06-30"]

    def births() -> list[str]:
        told = json.loads(run("circles", "show", circle["id"], "--as-of", "2025-06-30", "--json").stdout)
        return [event["on"] for event in told["lineage"] if event["event"] == "born"]

    assert births() == ["2025-06-20"]
    assert json.loads(run("knowledge", *later, "--json").stdout)["runs"][0]["how"] == "computed"
    assert births() == ["2025-06-20"] and json.loads(run("knowledge", *earlier).stdout)["stale"] == []


def test_an_unknown_kind_and_a_home_without_data_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = run("knowledge", "--kinds", "gossip").exception
    assert isinstance(refused, InputError) and "'gossip'" in refused.message
    monkeypatch.setenv("YUJING_HOME", str(home / "empty"))
    empty = run("knowledge").exception
    assert isinstance(empty, InputError) and empty.field == "home"


def test_a_firm_is_told_with_its_chain_its_rows_and_what_contradicts(home: Path) -> None:
    told = run("control", "乙").stdout
    assert "P --60%--> 甲 --60%--> 乙 = 36%" in told
    assert "world.csv:" in told
    assert "申报的控制人与推算不符" in told
    plain = json.loads(run("control", "乙", "--as-of", "2025-06-29", "--json").stdout)
    told_by = plain["controllers"]
    assert (told_by["status"], told_by["as_of"]) == ("controlled", "2025-06-29")
    assert {f["finding"] for f in told_by["findings"]} == {"filed_contradicted", "computed_unfiled"}
    links = [link for each in told_by["controllers"] for chain in each["chains"] for step in chain["steps"] for link in step]
    assert links and all(link["row"]["file"] == "world.csv" and link["row"]["line"] for link in links)
    assert plain["beneficial_owners"]["firm"]["name"] == "乙"
    seen = json.loads(run("network", "乙", "--json").stdout)
    assert seen["as_of"] == "2025-06-30" and all(edge["row"]["file"] == "world.csv" for edge in seen["edges"])


def test_a_refusal_is_one_object_for_a_program_that_asked_for_json(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["yujing", "control", "丙", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert (ended.value.code, told["refused"], told["field"]) == (2, True, "firm")
    assert "错误" in printed.err
