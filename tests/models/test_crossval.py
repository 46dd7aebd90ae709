"""A rating that is the label is recognised and refused, whatever it is called."""

from pathlib import Path

import numpy as np
import pytest

from graph.errors import InputError
from graph.ontology.load import read_additions
from models.crossval import cross_validate, labels_in_disguise, usable
from models.features import FeatureTable, build_features
from models.parts import Array
from tests.worlds.build import World

RATED = """
entities:
  Firm:
    properties:
      grade: {kind: choice, values: [A, B, D]}
      odd: {kind: flag}
      stress: {kind: number}
"""


@pytest.fixture
def rated(tmp_path: Path) -> tuple[FeatureTable, Array]:
    """Sixty firms: the twelve D firms are the defaults; stress foretells them with noise; `odd` falls on anyone."""
    (tmp_path / "o.yaml").write_text(RATED)
    world = World(tmp_path)
    world.ledger.extend(read_additions(tmp_path / "o.yaml"))
    draw = np.random.default_rng(0)
    bad = {}
    for i in range(60):
        failed = i < 12
        world.firm(f"F{i}", grade="D" if failed else "AB"[i % 2], odd=bool(i % 3), stress=float(draw.normal(2.0 * failed, 1)))
        bad[world.id(f"F{i}")] = float(failed)
    world.commit()
    features = build_features(world.snapshot("2025-06-30"))
    return features, np.array([bad[firm] for firm in features.firms.to_pylist()])


def test_rating_d_is_the_label_and_no_rating_is_a_feature(rated: tuple[FeatureTable, Array]) -> None:
    features, labels = rated
    found = labels_in_disguise(features, np.arange(60), labels)
    assert [(d.feature, d.source, d.firms) for d in found] == [("Firm.grade=D", "Firm.grade", 12)]
    left = {features.names[i] for i in usable(features, found)}
    assert not any(name.startswith("Firm.grade") for name in left)
    assert {"Firm.odd", "Firm.stress"} <= left


def test_firms_are_foretold_by_models_that_did_not_see_them(rated: tuple[FeatureTable, Array]) -> None:
    features, labels = rated
    done = cross_validate(features, np.arange(60), labels, folds=4, repeats=2)
    assert done.metrics.auc is not None
    assert 0.75 < done.metrics.auc < 1.0  # stress is noisy: whoever sees 1.0 saw the label
    shuffled = np.random.default_rng(1).permutation(labels)
    blind = cross_validate(features, np.arange(60), shuffled, folds=4, repeats=2).metrics.auc
    assert blind is not None
    assert blind < 0.7


def test_too_few_defaults_for_the_folds_is_said(rated: tuple[FeatureTable, Array]) -> None:
    features, _ = rated
    with pytest.raises(InputError, match="too few"):
        cross_validate(features, np.arange(60), np.eye(1, 60)[0], folds=4)
