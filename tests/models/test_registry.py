"""The registry: what was trained is what is loaded, or nothing is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from graph.errors import InputError, NotFoundError
from models.calibration import Calibration, fit, probability
from models.features import FeatureTable, build_features
from models.linear import LinearModel
from models.preparation import Preparation
from models.registry import MANIFEST, Manifest, Registry
from models.scorer import score_features
from models.scores import ScoreBook
from tests.worlds.build import World


@pytest.fixture
def features(tmp_path: Path) -> FeatureTable:
    world = World(tmp_path).firm("甲", size="small").firm("乙", size="large").firm("丙")
    world.relation("GUARANTEES", "甲", "乙", amount_fen=100)
    world.entity("LoanNote", "n").relation("BORROWS", "乙", "n")
    world.fact("LoanNoteState", "n", valid_from="2025-05-31", balance_fen=100, days_past_due=45)
    world.commit()
    return build_features(world.snapshot("2025-06-30"))


def model(features: FeatureTable) -> LinearModel:
    kept = np.array([features.names.index(n) for n in ("size_code", "GUARANTEES.out.overdue")])
    preparation = Preparation(kept, np.array([1.0, 0.0]), np.array([1.0, 0.5]), np.empty(0, np.int64))
    return LinearModel(preparation, np.array([-0.5, 2.0]), -3.0)


def manifest(features: FeatureTable) -> Manifest:
    return Manifest(
        name="logistic",
        kind="logistic",
        horizon_days=180,
        feature_version=features.version,
        features=features.names,
        ontology_hash=features.ontology_hash,
        ledger_seq=1,
        seed=0,
        days={"train": ["2025-01-31"]},
        calibration={"a": 2.0, "b": 0.5},
        metrics={"validation": {"average_precision": 0.5}, "test": {"auc": 0.8}},
    )


def test_a_loaded_model_scores_as_the_one_that_was_saved(tmp_path: Path, features: FeatureTable) -> None:
    """甲 is small (1, the centre), guarantees 乙 that is half way to ninety days: 2 · 0.5/0.5 = 2; 丙 has no relation."""
    registry = Registry(tmp_path / "models")
    saved = registry.add(manifest(features), model(features))
    rows = score_features(features, registry.load("logistic"))
    found = {r["firm"]: r for r in rows.to_pylist()}
    guarantor = next(r for r in found.values() if r["contagion"])
    assert guarantor["contagion"] == pytest.approx(2.0 * 2.0)
    assert guarantor["own"] == pytest.approx(2.0 * -3.0 + 0.5)
    assert [(t["type"], t["way"]) for t in guarantor["top_relations"]] == [("GUARANTEES", "out")]
    assert guarantor["top_relations"][0]["contribution"] == pytest.approx(4.0)
    assert sorted(r["contagion"] for r in found.values())[:2] == [0.0, 0.0]
    assert saved.version == "1"
    assert ScoreBook(tmp_path / "scores").append(rows) == 3


def test_versions_count_up_and_only_a_promotion_makes_a_champion(tmp_path: Path, features: FeatureTable) -> None:
    registry = Registry(tmp_path / "models", f"sqlite:///{tmp_path}/mlflow.db")
    versions = [registry.add(manifest(features), model(features)).version for _ in range(2)]
    assert versions == ["1", "2"]
    with pytest.raises(NotFoundError, match="promoted"):
        registry.load()
    registry.promote("logistic", "1", "the first")
    registry.promote("logistic", "2", "the better")
    assert registry.load().manifest.version == "2"
    said = json.loads((registry.root / "champion.json").read_text("utf-8"))
    assert [p["reason"] for p in said["before"]] == ["the first"]

    from mlflow import MlflowClient

    tracked = MlflowClient(registry_uri=registry.mlflow_url, tracking_uri=registry.mlflow_url)
    assert tracked.get_model_version_by_alias("yujing-logistic", "champion").tags["yujing_version"] == "2"


@pytest.mark.parametrize(("file", "what"), [("weights.safetensors", "checksum"), (MANIFEST, "edited")])
def test_a_corrupted_or_edited_model_is_not_loaded(tmp_path: Path, features: FeatureTable, file: str, what: str) -> None:
    registry = Registry(tmp_path / "models")
    registry.add(manifest(features), model(features))
    path = registry.root / "logistic" / "1" / file
    raw = bytearray(path.read_bytes())
    raw[-3] ^= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError, match=what):
        registry.load("logistic")


def test_features_that_a_model_was_not_trained_on_are_refused_by_name(tmp_path: Path, features: FeatureTable) -> None:
    registry = Registry(tmp_path / "models")
    other = replace(manifest(features), feature_version="000000000000", features=features.names[1:])
    registry.add(other, model(features))
    with pytest.raises(InputError, match="size_code") as refused:
        score_features(features, registry.load("logistic"))
    assert refused.value.field == "features"


def test_calibration_keeps_the_order_and_the_sum_of_the_parts() -> None:
    draw = np.random.default_rng(0)
    raw = draw.normal(size=2000)
    labels = (draw.random(2000) < probability(2 * raw - 1)).astype(np.float64)
    found = fit(raw, labels)
    assert found.a == pytest.approx(2, abs=0.35)
    assert found.b == pytest.approx(-1, abs=0.25)
    own, contagion = raw * 0.3, raw * 0.7
    np.testing.assert_allclose(found.own(own) + found.contagion(contagion), found.log_odds(raw), atol=1e-12)
    assert fit(raw, np.zeros(2000)) == Calibration()
