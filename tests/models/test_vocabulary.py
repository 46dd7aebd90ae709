"""What a network is given of a day: known channels only, edge values relative to the receiver."""

from pathlib import Path

import numpy as np
import pytest

from models.features import build_features
from models.parts import charge
from models.preparation import Preparation, prepare
from models.vocabulary import Vocabulary, edge_values
from tests.worlds.build import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """甲 guarantees 乙 (3) and 丙 (1) and supplies 丙; its net assets are 8."""
    world = World(tmp_path).firm("甲").firm("乙").firm("丙")
    world.relation("GUARANTEES", "甲", "乙", amount_fen=300).relation("GUARANTEES", "甲", "丙", amount_fen=100)
    world.relation("SUPPLIES", "甲", "丙", annual_fen=50)
    world.fact("FinancialStatement", "甲", valid_from="2024-12-31", period_end="2024-12-31", net_assets_fen=800)
    world.commit()
    return world


def test_an_edge_type_that_training_never_saw_is_left_out(world: World) -> None:
    features = build_features(world.snapshot("2025-06-30"))
    column = np.array([features.names.index("net_assets_log")])
    vocabulary = Vocabulary(Preparation(column, np.zeros(1), np.ones(1), np.empty(0, np.int64)), ("GUARANTEES.out",), {})
    day, exposure = vocabulary.day(features, np.array([0, 1, 2]))
    assert features.exposures["channel"].take(exposure).to_pylist() == ["GUARANTEES.out"] * 2
    assert day.nodes["Firm"].shape == (3, 1)


def test_edge_values_are_seen_from_the_receiver(world: World) -> None:
    features = build_features(world.snapshot("2025-06-30"))
    values = edge_values(features)
    edges = features.exposures.to_pylist()
    at = next(i for i, e in enumerate(edges) if e["channel"] == "GUARANTEES.out" and e["other"] == world.id("乙"))
    back = next(i for i, e in enumerate(edges) if e["channel"] == "GUARANTEES.in" and e["firm"] == world.id("乙"))
    assert values[at, 1] == pytest.approx(0.75)  # of all that 甲 guarantees
    assert values[at, 5] == pytest.approx(300 / 800)
    assert values[back, 1] == 1
    assert values[back, 5] == 0  # 乙's net assets are not known


def test_a_relation_features_contribution_is_charged_to_its_edges_by_amount(world: World) -> None:
    features = build_features(world.snapshot("2025-06-30"))
    firm = features.firms.to_pylist().index(world.id("甲"))
    by_feature = np.zeros((1, len(features.features)))
    by_feature[0, features.names.index("GUARANTEES.out.amount")] = 1.0
    edge, receiver, brought = charge(features, np.array([firm]), by_feature)
    others = features.exposures["other"].take(edge).to_pylist()
    assert dict(zip(others, brought.tolist(), strict=True)) == {world.id("乙"): 0.75, world.id("丙"): 0.25}
    assert set(receiver.tolist()) == {0}


def test_columns_that_say_nothing_are_left_out_and_absence_of_relations_stays_zero() -> None:
    values = np.array([[1.0, 7.0, np.nan, 4.0], [3.0, 7.0, np.nan, np.nan], [5.0, 7.0, np.nan, 2.0]])
    own = np.array([0, 1, 2])
    found = prepare(values, np.arange(4), own)
    assert found.kept.tolist() == [0, 3]  # 1 is constant, 2 never known
    assert found.apply(values)[:, 0].tolist() == pytest.approx([-1.2247, 0, 1.2247], abs=1e-4)
    assert found.apply(values)[1, 1] == 0  # no relation
    assert (found.apply(values)[[0, 2], 1] > 0).all()
