"""The way from a ledger to registered models: days, features, labels, three models on the same rows, one report."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.errors import InputError
from graph.ledger import Ledger
from graph.snapshot import Engine, Snapshot
from models.calibration import Calibration, fit, probability
from models.ensembles import EnsembleModel
from models.features import Family, FeatureTable, build_features
from models.labels import label_target
from models.linear import LinearModel, fit_linear
from models.metrics import Metrics, measure
from models.networks import NetworkPlan, available, fit_network
from models.parts import Index
from models.registry import Manifest, Model, Registry, days_by_set
from models.report import Comparison, write_report
from models.samples import LabelledDay, stack
from models.splits import Plan, Split, firms_of_set, out_of_time
from models.targets import DEFAULT, Outcomes, Target, read_spells, target_named
from models.trees import fit_trees

BASELINES = ("degree only", "own features only")


@dataclass(frozen=True)
class Request:
    """What `yujing train` may be asked. `as_of`: train as if it were that day; None for the newest there is.

    `target`: what is foretold (models/targets). `keep_intervened`: negatives about which the bank did something within the
    horizon stay rows; else they are left out, so that they do not teach that the alert was wrong.
    """

    as_of: date | None = None
    plan: Plan = field(default_factory=Plan)
    seed: int = 0
    threads: int = 2
    target: str = DEFAULT
    keep_intervened: bool = False


@dataclass(frozen=True)
class Trained:
    """What came out: the comparison, its files, the registered manifests, and who won on validation."""

    comparison: Comparison
    report: Path
    manifests: tuple[Manifest, ...]
    best: Manifest
    promoted: bool


@dataclass(frozen=True)
class _Data:
    split: Split
    sets: dict[str, list[LabelledDay]]
    ledger_seq: int
    target: Target
    counts: dict[str, dict[str, int]]  # by set: how many firms by `models.targets.Why`

    @property
    def first(self) -> LabelledDay:
        return self.sets["train"][0]

    def columns(self, *families: Family) -> Index:
        return self.first.features.columns(families)


def train(
    ledger: Ledger, registry: Registry, request: Request, tell: Callable[[str], None], engine: Engine | None = None
) -> Trained:
    """Train and compare all models, register them, and promote the best where none was promoted before.

    InputError where history is too short or a set lacks one of the two classes. `tell` hears each step,
    `engine` computes the features.
    """
    data = read_data(ledger, request, tell, engine)
    models = fit_models(data, request, registry.root / ".training", tell)
    tell("comparing")
    calibrations, metrics = {}, {}
    for name, model in models.items():
        odds = _log_odds(model, data)
        calibrations[name] = fit(odds["validation"], _labels(data, "validation"))
        metrics[name] = {s: _measured(calibrations[name], odds[s], _labels(data, s)) for s in data.sets}
    tell("registering")
    kept = [n for n in models if n not in BASELINES]
    manifests = [registry.add(_manifest(n, data, request, calibrations[n], metrics[n]), models[n]) for n in kept]
    best = max(manifests, key=lambda m: m.metrics["validation"]["average_precision"])
    promoted = not registry.has_champion(data.target.name)
    if promoted:
        registry.promote(best.name, best.version, "best average precision on validation; no model was promoted before")
    named = {m.kind: m for m in manifests}
    told = data.target, data.counts
    comparison = Comparison(data.split, metrics, named, best.kind, request.seed, data.ledger_seq, *told)
    return Trained(comparison, write_report(comparison, registry.root / "reports"), tuple(manifests), best, promoted)


def read_data(ledger: Ledger, request: Request, tell: Callable[[str], None], engine: Engine | None = None) -> _Data:
    """Features and labels of every day of the split."""
    target = target_named(ledger.ontology, request.target)
    target.check_horizon(request.plan.horizon_days)
    first, last = history_of(ledger, request.as_of)
    split = out_of_time(first, last, request.plan)
    later = Snapshot(ledger, last, engine=engine)
    spells = read_spells(later, target)
    labelled: dict[date, tuple[FeatureTable, Outcomes]] = {}
    for day in sorted(set(split.days)):
        tell(f"features and labels of {day} ({', '.join(name for name, days in split.sets().items() if day in days)})")
        snapshot = Snapshot(ledger, day, later.ledger_seq, engine)
        features = build_features(snapshot)
        labelled[day] = features, label_target(snapshot, features, spells, split.horizon_days)
    sets, counts = {}, {}
    for name, days in split.sets().items():
        sets[name] = [_labelled(*labelled[day], split, name, request) for day in days]
        counts[name] = dict(sum((Counter(labelled[day][1].counts()) for day in days), Counter()))
    data = _Data(split, sets, later.ledger_seq, target, counts)
    for name in sets:
        _check_classes(name, _labels(data, name), data)
    return data


def _labelled(features: FeatureTable, found: Outcomes, split: Split, name: str, request: Request) -> LabelledDay:
    """The rows of one set on one day."""
    values = found.values if request.keep_intervened else found.without_interventions()
    if split.by_firm and name != "test":
        values = np.where(firms_of_set(features.firms, name), values, np.nan)
    return LabelledDay.of(features, values, found.intervened)


def history_of(ledger: Ledger, as_of: date | None) -> tuple[date, date]:
    """The first and the last day on which the bank knows loan notes' states. InputError where it knows none."""
    rows = ledger.table("LoanNoteState")
    if as_of is not None:
        rows = rows.filter(rows.valid_from <= as_of)
    found = rows.aggregate(first=rows.valid_from.min(), last=rows.valid_from.max()).to_pyarrow().to_pylist()[0]
    if found["first"] is None:
        by_then = f" by {as_of}" if as_of else ""
        fix = "Ingest LoanNoteState facts (monthly states of loan notes) first, or name a later day."
        raise InputError(f"The ledger holds no states of loan notes{by_then}.", fix, "LoanNoteState")
    return found["first"], found["last"]


def fit_models(data: _Data, request: Request, work: Path, tell: Callable[[str], None]) -> dict[str, Model]:
    """Three models and two baselines on the same rows; without torch the network is left out."""
    train_rows, validation_rows = stack(data.sets["train"]), stack(data.sets["validation"])
    own, every = data.columns(Family.OWN), data.columns(*Family)
    counts = np.array([i for i, n in enumerate(data.first.features.names) if n.endswith(".others")], np.int64)

    def linear(columns: Index) -> LinearModel:
        return fit_linear(train_rows, validation_rows, columns, own, request.seed)

    tell("logistic regression")
    models: dict[str, Model] = {"logistic": linear(every)}
    alone = linear(own)
    tell("LightGBM")
    models["lightgbm"] = fit_trees(train_rows, validation_rows, every, request.seed)
    if available():
        tell("graph network")
        folder = work / _key(data, request)
        plan = NetworkPlan(seed=request.seed, threads=request.threads)
        models["gnn"] = fit_network(data.sets["train"], data.sets["validation"], alone, plan, folder)
        shutil.rmtree(folder)
    tell("ensemble")
    models["ensemble"] = _ensemble(models, data)
    tell("baselines")
    return models | {"degree only": linear(counts), "own features only": alone}


def _ensemble(models: dict[str, Model], data: _Data) -> EnsembleModel:
    """The mean of all, each calibrated on validation first."""
    days = data.sets["validation"]
    labels = _labels(data, "validation")
    asked = [(day.features, day.rows) for day in days]
    told = {name: np.concatenate(model.raw(asked)) for name, model in models.items()}
    return EnsembleModel(dict(models), {name: fit(odds, labels) for name, odds in told.items()})


def _key(data: _Data, request: Request) -> str:
    """Names a fit's working folder: the same question finds its checkpoint, another does not."""
    said = [request, data.split, data.ledger_seq, data.first.features.version, data.first.features.ontology_hash]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _log_odds(model: Model, data: _Data) -> dict[str, NDArray[np.float64]]:
    """Raw log-odds of every set, [rows]."""
    asked = [(day.features, day.rows) for days in data.sets.values() for day in days]
    told = iter(model.raw(asked))
    return {name: np.concatenate([next(told) for _ in days]) for name, days in data.sets.items()}


def _measured(calibration: Calibration, raw: NDArray[np.float64], labels: NDArray[np.float64]) -> Metrics:
    odds = calibration.log_odds(raw)
    return measure(labels, odds, probability(odds))


def _labels(data: _Data, name: str) -> NDArray[np.float64]:
    return np.concatenate([day.labels for day in data.sets[name]])


def _check_classes(name: str, labels: NDArray[np.float64], data: _Data) -> None:
    if len(np.unique(labels)) == 2:
        return
    what, fix = "no firm that owes and performs", "Was history ingested with `backfill: assumed`? Else nothing was known then."
    if len(labels):
        event = data.target.en
        what = f"nothing but positives ({event})" if labels.any() else f"not one positive ({event})"
        fix = "Take another --horizon, or more history."
    days = data.split.sets()[name]
    raise InputError(f"The {name} set ({days[0]} to {days[-1]}, {len(labels)} rows) has {what}.", fix, "horizon")


def _manifest(name: str, data: _Data, request: Request, calibration: Calibration, metrics: dict[str, Metrics]) -> Manifest:
    features = data.first.features
    plain: dict[str, dict[str, Any]] = {s: m.plain() for s, m in metrics.items()}
    return Manifest(
        name=name if data.target.name == DEFAULT else f"{data.target.name}-{name}",
        kind=name,
        horizon_days=data.split.horizon_days,
        feature_version=features.version,
        features=features.names,
        ontology_hash=features.ontology_hash,
        ledger_seq=data.ledger_seq,
        seed=request.seed,
        days=days_by_set(data.split.sets()),
        calibration={"a": calibration.a, "b": calibration.b},
        metrics=plain,
        target=data.target.name,
        target_version=data.target.version,
        target_digest=data.target.digest,
    )
