"""A data set that nobody wrote code for goes the whole way by its manifest and its study."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from graph.errors import InputError, YujingError
from models.study import read_study
from tests.models.study import invented
from yujing.cli import build_app


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("YUJING_DATA", str(tmp_path))
    monkeypatch.setenv("YUJING_THREADS", "1")


def run(study: Path, *words: str) -> Result:
    told = ["study", str(study), "--out", str(study.parent), "--epochs", "20", "--members", "1", "--json", *words]
    return CliRunner().invoke(build_app(), told, catch_exceptions=True)


def refused(study: Path) -> YujingError:
    problem = run(study).exception
    assert isinstance(problem, YujingError), problem
    return problem


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_other_names_sizes_and_relations_just_work(tmp_path: Path) -> None:
    done = run(invented.write(tmp_path))
    assert done.exit_code == 0, done.exception
    said = json.loads(done.stdout[done.stdout.index('{"study"') :])
    assert said["sets"] == {
        "train": {"asked": 80, "labelled": 80, "positive": said["sets"]["train"]["positive"]},
        "validation": {"asked": 80, "labelled": 80, "positive": said["sets"]["validation"]["positive"]},
        "test": {"asked": 80, "labelled": 0, "positive": 0},
    }
    chosen = next(iter(said["validation"].values()))
    assert chosen["auc"] > 0.7
    assert chosen["auc"] > said["validation"]["counts of relations only, trees"]["auc"]
    assert {"no relations, trees", "relations with shuffled ends, trees"} <= set(said["validation"])
    told = rows_of(tmp_path / "told.csv")
    assert list(told[0]) == ["dealer", "seed", "probability"]
    assert {(r["dealer"], r["seed"]) for r in told} == {(f"D{i}", s) for i in range(2, 240, 3) for s in "01"}
    assert len(told) == 160
    assert all(0 < float(r["probability"]) < 1 for r in told)


def test_a_set_without_relations_groups_or_events_is_learnt_from_its_own_features(tmp_path: Path) -> None:
    done = run(invented.write(tmp_path, ties=False, complaints=False))
    assert done.exit_code == 0, done.exception
    said = json.loads(done.stdout[done.stdout.index('{"study"') :])
    assert next(iter(said["validation"].values()))["auc"] > 0.8
    assert any("not one relation" in note for note in said["notes"])


def test_no_outcome_at_all_is_said_with_what_is_there(tmp_path: Path) -> None:
    problem = refused(invented.write(tmp_path, labels=False))
    assert "Closing" in problem.message
    assert "none" in problem.message


def test_no_positive_names_the_set_and_the_days(tmp_path: Path) -> None:
    study = invented.write(tmp_path)
    study.write_text(study.read_text("utf-8").replace("positive: [closed]", "positive: [shut]"), "utf-8")
    problem = refused(study)
    assert problem.field == "sets.train"
    assert "not one positive" in problem.message
    assert "shut" in problem.fix


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("property: state", "property: status", "target.property"),
        ("fact: Closing", "fact: Book2", ""),
        ("entity: Dealer\ntarget", "entity: Deal\ntarget", ""),
        ("groups: [Town]", "groups: [Town.size]", "groups"),
        ("equals: b", "equals: z", "sets.validation"),
        ("where: {property: Book.half, equals: a}", "where: {property: Book.part, equals: a}", "sets.train.where"),
    ],
)
def test_what_the_ontology_does_not_have_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    study = invented.write(tmp_path, dealers=30)
    text = study.read_text("utf-8")
    assert old in text
    study.write_text(text.replace(old, new), "utf-8")
    assert refused(study).field == field


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("outcome_by: 2021-12-31, where: {property: Book.half, equals: a}", "outcome_by: 2020-12-31", "sets.train"),
        (", where: {property: Book.half, equals: a}", "", "sets"),
        ("  validation: {as_of", "  valid: {as_of", "sets.validation"),
        ("seeds: [0, 1]", "seeds: []", "seeds"),
        ("name: dealers", "nam: dealers", "name"),
    ],
)
def test_a_study_that_cannot_be_is_refused_with_its_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    study = invented.write(tmp_path, dealers=30)
    study.write_text(study.read_text("utf-8").replace(old, new), "utf-8")
    with pytest.raises(InputError) as refusal:
        read_study(study)
    assert refusal.value.field == field
    with pytest.raises(InputError, match="there is no such study"):
        read_study(tmp_path / "absent.yaml")
