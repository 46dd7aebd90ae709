"""The whole way on a small invented book: three models trained side by side, one promoted, a day scored by each."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from graph.errors import InputError
from models.registry import Registry
from models.scorer import ModelScorer
from models.scores import ScoreBook
from models.splits import Plan
from models.training import Request, Trained, history_of, train
from tests.models.world import FIRST, book, month_end
from tests.worlds.build import World

pytestmark = pytest.mark.slow
PLAN = Plan(horizon_days=90, train=4, validation=1, test=1, step=2)
MODELS = {"logistic", "lightgbm", "gnn", "ensemble"}


@dataclass(frozen=True)
class Book:
    world: World
    registry: Registry
    trained: Trained
    steps: list[str]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Book:
    root: Path = tmp_path_factory.mktemp("book")
    world, steps = book(root), list[str]()
    registry = Registry(root / "models")
    return Book(world, registry, train(world.ledger, registry, Request(plan=PLAN), steps.append), steps)


def test_models_and_baselines_stand_side_by_side_on_the_same_rows(done: Book) -> None:
    metrics = done.trained.comparison.metrics
    assert set(metrics) == MODELS | {"degree only", "own features only"}
    for name in ("train", "validation", "test"):
        assert len({(sets[name].firms, sets[name].defaults) for sets in metrics.values()}) == 1
    assert (metrics["logistic"]["test"].auc or 0) > 0.9
    text = done.trained.report.read_text("utf-8")
    assert all(f"| {name} |" in text for name in metrics)
    assert done.trained.report.with_suffix(".json").exists()


def test_the_best_on_validation_is_promoted_once_and_no_later_training_changes_that(done: Book) -> None:
    best = max(done.trained.manifests, key=lambda m: m.metrics["validation"]["average_precision"])
    assert done.registry.champion() == (best.name, best.version)
    assert done.trained.promoted


def test_every_model_scores_a_day_with_parts_that_add_up_and_reasons_that_name_relations(done: Book, tmp_path: Path) -> None:
    scores = ScoreBook(tmp_path)
    snapshot = done.world.snapshot("2025-01-31")
    for name in sorted(MODELS):
        rows = ModelScorer(done.registry.load(name)).score(snapshot)
        scores.append(rows)  # refuses parts that do not add up within 1e-9
        known = {(done.world.id(f"F{i}"), done.world.id(f"F{i + 1}")) for i in range(0, 120, 2)}
        for row in rows.to_pylist():
            for arrived in row["top_relations"]:
                pair = (row["firm"], arrived["other"])
                assert (pair if arrived["way"] == "out" else pair[::-1]) in known
    assert scores.runs().num_rows == len(MODELS)


def test_a_history_that_ends_before_any_default_says_what_is_missing(done: Book) -> None:
    with pytest.raises(InputError, match="too short"):
        train(done.world.ledger, done.registry, Request(as_of=date(2023, 9, 30), plan=PLAN), print)


def test_history_ends_where_the_modeler_says(done: Book) -> None:
    assert history_of(done.world.ledger, None) == (FIRST, month_end(23))
    assert history_of(done.world.ledger, date(2024, 2, 15)) == (FIRST, date(2024, 1, 31))


def test_a_ledger_without_loan_notes_cannot_teach_default(tmp_path: Path) -> None:
    world = World(tmp_path).firm("甲")
    world.commit()
    with pytest.raises(InputError, match="no states of loan notes"):
        train(world.ledger, Registry(tmp_path / "models"), Request(), print)
