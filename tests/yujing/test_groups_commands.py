"""The commands of groups and of related parties, over a home of a few firms."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graph.errors import YujingError
from tests.worlds.build import World
from yujing.cli import build_app

DAY = "2025-06-30"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A over B; X sells almost all to B; A is a related party of the bank."""
    for name, value in (("YUJING_HOME", str(tmp_path)), ("YUJING_TODAY", DAY)):
        monkeypatch.setenv(name, value)
    world = World(tmp_path)
    world.firm("A").firm("B").firm("X").relation("HOLDS_SHARES", "A", "B", equity_share=0.7)
    world.relation("SUPPLIES", "X", "B", sales_share=0.9).entity("LoanNote", "L").relation("BORROWS", "X", "L")
    world.fact("LoanNoteState", "L", balance_fen=500).fact("RelatedParty", "A", category="legal_person", basis="主要股东").commit()
    return tmp_path


def told(*words: str) -> Any:
    result = CliRunner().invoke(build_app(), list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in words else result.stdout


def test_an_officer_lists_shows_and_decides(home: Path) -> None:
    told("knowledge", "--as-of", DAY)
    told("graph", "build")
    (group,) = told("groups", "list", "--json")["items"]
    assert (group["name"], group["members"]) == ("A", 2)
    assert "集团" in told("groups", "list") and "被企业控制" in told("groups", "show", group["id"])
    (proposal,) = told("groups", "proposals", "--json")["items"]
    assert proposal["dependent"]["name"] == "X" and proposal["rows"][0]["file"] == "world.csv"
    before = told("groups", "show", group["id"], "--json")
    assert (before["connected_exposure_fen"], before["connected_exposure_with_pending_fen"]) == (0, 500)
    assert "待下次推算" in told("groups", "decide", proposal["id"], "confirm", "--why", "九成销售")
    after = told("groups", "show", group["id"], "--json")
    assert (after["connected_exposure_fen"], after["connected_exposure_with_pending_fen"]) == (500, 500)
    assert told("groups", "proposals", "--status", "confirmed", "--json")["items"][0]["why"] == "九成销售"
    assert len(told("groups", "firm", "B", "--json")["members"]) == 2
    assert told("knowledge", "--as-of", DAY, "--kinds", "groups", "--json")["runs"][-1]["how"] == "computed"  # what was said counts


def test_a_related_party_is_listed_and_makes_no_group(home: Path) -> None:
    (party,) = told("related-parties", "--json")
    assert (party["name"], party["category"], party["basis"]) == ("A", "legal_person", "主要股东")
    assert "关联法人" in told("related-parties")


def test_a_day_that_was_not_computed_names_the_fix(home: Path) -> None:
    with pytest.raises(YujingError, match="was not computed"):
        told("groups", "list", "--json")
