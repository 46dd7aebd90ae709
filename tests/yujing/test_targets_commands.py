"""The commands of targets and features, over a home of a few firms."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from graph.errors import InputError, NotFoundError
from tests.worlds.build import World
from yujing.cli import build_app

DAY = "2025-06-30"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (("YUJING_HOME", str(tmp_path)), ("YUJING_TODAY", DAY)):
        monkeypatch.setenv(name, value)
    world = World(tmp_path).firm("甲").firm("乙").relation("GUARANTEES", "甲", "乙", amount_fen=100)
    world.entity("LoanNote", "L").relation("BORROWS", "乙", "L")
    for day, late in (("2024-12-31", 0), ("2025-05-31", 30)):
        world.fact("LoanNoteState", "L", valid_from=day, known=day, balance_fen=500, days_past_due=late)
    world.commit()
    return tmp_path


def told(*words: str) -> Any:
    result = CliRunner().invoke(build_app(), list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in words else result.stdout


@pytest.mark.usefixtures("home")
def test_targets_are_listed_and_shown_with_their_rules() -> None:
    found = {target["name"]: target for target in told("targets", "list", "--json")}
    assert found["default"]["horizons"] == [30, 90, 180, 365]
    assert {"default", "early", "near_maturity"} <= set(found)
    shown = told("targets", "show", "default", "--json")
    assert shown["digest"] == found["default"]["digest"]
    assert all(limb["source"] and limb["status"] for limb in shown["limbs"])
    assert "展期" in told("targets", "show", "near_maturity")
    with pytest.raises(NotFoundError, match="no target"):
        told("targets", "show", "luck")


def test_features_of_a_day_are_written_with_their_profile(home: Path) -> None:
    found = told("features", "--as-of", DAY, "--against", "2025-01-31", "--json")
    written = pq.read_table(found["file"])
    assert written.num_rows == 2
    assert written.column_names[1:] == [each["name"] for each in found["features"]]
    late = next(each for each in found["features"] if each["name"] == "days_past_due")
    assert (late["told"], late["mean"], late["constant"]) == (1, 30.0, True)
    assert Path(found["file"]).with_suffix(".profile.json").exists()
    assert Path(found["file"]).is_relative_to(home)
    assert "derived" in told("features", "--as-of", DAY)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("features", "--as-of", "2020-01-31"), "before the first"),
        (("features", "--as-of", DAY, "--against", "2025-07-31"), "no day between"),
        (("features", "--as-of", DAY, "--out", "x.csv"), "no .parquet"),
        (("train", "--target", "default", "--horizon", "45"), "not declared for 45"),
        (("train", "--target", "early", "--horizon", "90"), "too short"),
        (("train", "--target", "near_maturity", "--horizon", "30"), "too short"),
    ],
)
def test_what_cannot_be_done_names_the_field(words: tuple[str, ...], what: str) -> None:
    with pytest.raises(InputError, match=what) as refused:
        told(*words)
    assert refused.value.field
