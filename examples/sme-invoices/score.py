"""Scores the 302 firms without history by a model trained on the 123 whose outcome is known, cross-validated.

Features are those of any bank: what the ledger says by the day. Which firms defaulted is read from a later snapshot.
"""

import sys
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from graph.errors import YujingError
from graph.snapshot import Snapshot
from models.crossval import CrossValidated, cross_validate
from models.features import FeatureTable, build_features
from models.registry import Manifest, Registry
from models.scorer import score_features
from models.scores import ScoreBook
from yujing.settings import Settings
from yujing.wiring import open_ledger

DAY, OUTCOME = date(2020, 2, 29), date(2020, 3, 31)
NAME, SEED = "sme-logistic", 0
Index = NDArray[np.int64]

console = Console()


def main() -> None:
    """Train, say how well, score, and show the firms most at risk with their reasons."""
    settings = Settings()
    ledger = open_ledger(settings)
    features = build_features(Snapshot(ledger, DAY))
    rated, unrated = firms_of(Snapshot(ledger, DAY).read("LendingProfile"), features)
    failed = Snapshot(ledger, OUTCOME).read("DefaultEvent")["subject"]
    labels = np.isin(features.firms.take(rated).to_numpy(zero_copy_only=False), failed.to_numpy()).astype(np.float64)
    done = cross_validate(features, rated, labels, seed=SEED)
    show_quality(done)
    registry = Registry(settings.models, settings.mlflow)
    manifest = registry.add(manifest_of(features, done), done.model)
    registered = registry.load(NAME, manifest.version)
    scores = score_features(features, registered, only=unrated)
    ScoreBook(settings.scores).append(scores)
    show_riskiest(scores.sort_by([("log_odds", "descending")]), Snapshot(ledger, DAY))


def firms_of(profiles: pa.Table, features: FeatureTable) -> tuple[Index, Index]:
    """Positions of the firms with a rating, and of those without."""
    rated = pc.is_valid(profiles["credit_rating"])
    place = [pc.index_in(profiles.filter(which)["subject"], value_set=features.firms) for which in (rated, pc.invert(rated))]
    return np.sort(place[0].to_numpy()).astype(np.int64), np.sort(place[1].to_numpy()).astype(np.int64)


def manifest_of(features: FeatureTable, done: CrossValidated) -> Manifest:
    """The outcome of these firms bears no date: the horizon is only what the files allow to say."""
    return Manifest(
        name=NAME,
        kind="logistic",
        horizon_days=(OUTCOME - DAY).days,
        feature_version=features.version,
        features=features.names,
        ontology_hash=features.ontology_hash,
        ledger_seq=features.ledger_seq,
        seed=SEED,
        days={"cross-validated": [DAY.isoformat()]},
        calibration={"a": done.calibration.a, "b": done.calibration.b},
        metrics={"validation": done.metrics.plain(), "test": done.metrics.plain()},
        refused=tuple(d.feature for d in done.refused),
    )


def show_quality(done: CrossValidated) -> None:
    """What was refused, and how well firms were foretold by models that had not seen them."""
    for found in done.refused:
        console.print(
            f"[yellow]refused:[/] {found.feature}: all {found.firms} firms that bear it defaulted; it is the label, not a feature."
        )
    m = done.metrics
    console.print(f"{m.firms} firms, {m.defaults} defaults, foretold out of fold (5 folds, 4 repeats):")
    table = Table("AUC", "AP", "KS", "Brier", "ECE", "base rate")
    table.add_row(*(f"{x:.3f}" for x in (m.auc, m.average_precision, m.ks, m.brier, m.ece, m.base_rate)))
    console.print(table)


def show_riskiest(scores: pa.Table, snapshot: Snapshot) -> None:
    """The ten firms without history that are most at risk, and why."""
    keys = dict(zip(*(snapshot.read("Firm")[c].to_pylist() for c in ("id", "key")), strict=True))
    table = Table(
        "firm", "probability", "own", "contagion", "first reasons", title=f"{len(scores)} firms without history scored as of {DAY}"
    )
    for row in scores.slice(0, 10).to_pylist():
        reasons = "; ".join(f"{f['zh']} {f['contribution']:+.2f}" for f in row["top_features"][:2])
        table.add_row(keys[row["firm"]], f"{row['probability']:.3f}", f"{row['own']:+.2f}", f"{row['contagion']:+.2f}", reasons)
    console.print(table)
    console.print(f"Run {scores['run_id'][0]} stands in the score table.")


if __name__ == "__main__":
    try:
        main()
    except YujingError as problem:
        console.print(f"[red]error:[/] {problem}")
        sys.exit(2)
