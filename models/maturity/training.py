"""From a ledger to registered models of how loan notes end: notes of past days, their ends, two models, a baseline, a report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph.errors import InputError
from graph.ledger import Ledger
from graph.snapshot import Engine, Snapshot
from models.features import Family, FeatureTable, build_features
from models.maturity.endings import OPEN, UNTOLD, Endings, read_endings
from models.maturity.measures import measure_ends
from models.maturity.models import Array, EndRows, Ends, Ints, VectorScaling, fit_ends_logistic, fit_ends_trees
from models.maturity.notes import DueNotes, due_notes
from models.maturity.report import EndsComparison, write_ends_report
from models.registry import Manifest, Registry, days_by_set
from models.splits import Plan, Split, out_of_time
from models.targets import Target, target_named
from models.training import Request, history_of

DAYS = {"train": 12, "validation": 2, "test": 2}
"""Month ends in each set: few notes fall due in a month, and windows of notes do not overlap from one month to the next."""


@dataclass(frozen=True)
class EndsTrained:
    """What came out, as `models.training.Trained` says it of firms."""

    comparison: EndsComparison
    report: Path
    manifests: tuple[Manifest, ...]
    best: Manifest
    promoted: bool


@dataclass(frozen=True)
class _Notes:
    target: Target
    split: Split
    sets: dict[str, EndRows]
    counts: dict[str, dict[str, int]]
    names: tuple[str, ...]
    few: Ints  # columns of the plain model: the borrower's own features and the note's
    version: str
    ontology_hash: str
    ledger_seq: int


def train_ends(
    ledger: Ledger, registry: Registry, request: Request, tell: Callable[[str], None], engine: Engine | None = None
) -> EndsTrained:
    """Train, calibrate, compare, register; promote the best on validation where none was promoted for the target.

    InputError where history is too short, no note fell due, or all of a set ended alike.
    """
    data = _read(ledger, request, tell, engine)
    train, validation = data.sets["train"], data.sets["validation"]
    tell("multinomial regression")
    models: dict[str, Ends] = {"logistic": fit_ends_logistic(train, validation, data.few, request.seed)}
    tell("LightGBM")
    models["lightgbm"] = fit_ends_trees(train, validation, request.seed)
    tell("comparing")
    names = tuple(end.name for end in data.target.ends)
    scalings, metrics = {}, {"shares of training": _prior(data, names)}
    for name, model in models.items():
        scalings[name] = VectorScaling.fit(model.log_probability(validation.values), validation.ends)
        metrics[name] = {
            s: measure_ends(rows.ends, scalings[name].probability(model.log_probability(rows.values)), names)
            for s, rows in data.sets.items()
        }
    tell("registering")
    manifests = {n: registry.add(_manifest(n, data, request, scalings[n], metrics[n]), models[n]) for n in models}
    best = min(models, key=lambda n: metrics[n]["validation"]["log_loss"])
    promoted = not registry.has_champion(data.target.name)
    if promoted:
        registry.promote(manifests[best].name, manifests[best].version, "least log-loss on validation; none was promoted before")
    told = data.split, data.target, metrics, data.counts
    comparison = EndsComparison(*told, {n: m.version for n, m in manifests.items()}, best, request.seed, data.ledger_seq)
    report = write_ends_report(comparison, registry.root / "reports")
    return EndsTrained(comparison, report, tuple(manifests.values()), manifests[best], promoted)


def _read(ledger: Ledger, request: Request, tell: Callable[[str], None], engine: Engine | None) -> _Notes:
    target = target_named(ledger.ontology, request.target)
    horizon = request.plan.horizon_days
    target.check_horizon(horizon)
    first, last = history_of(ledger, request.as_of)
    # a note's window ends when it is settled; so far training's days must lie before validation's
    split = out_of_time(first, last, Plan(horizon + target.settled_days, **DAYS, step=1))
    if split.by_firm:
        needed = 3 * (horizon + target.settled_days) + 90
        said = f"History from {first} to {last} is too short for three sets of notes."
        raise InputError(said, f"About {needed} days are needed: take a shorter --horizon.", "horizon")
    later = Snapshot(ledger, last, engine=engine)
    found: dict[str, list[DueNotes]] = {}
    features: FeatureTable | None = None
    for name, days in split.sets().items():
        found[name] = []
        for day in days:
            tell(f"notes due about {horizon} days after {day} ({name})")
            snapshot = Snapshot(ledger, day, later.ledger_seq, engine)
            features = build_features(snapshot)
            found[name].append(due_notes(snapshot, features, target, horizon))
    assert features is not None
    endings = {name: read_endings(later, target, days) for name, days in found.items()}
    sets, counts = {}, {}
    for name, notes in found.items():
        sets[name], counts[name] = _rows(notes, endings[name]), _counted(endings[name])
        _check(name, sets[name], split)
    one = found["train"][0]
    few = np.concatenate([features.columns([Family.OWN]), np.arange(len(features.names), len(one.names))])
    about = one.names, few.astype(np.int64), one.version, features.ontology_hash, later.ledger_seq
    return _Notes(target, split, sets, counts, *about)


def _rows(days: list[DueNotes], endings: Endings) -> EndRows:
    """Notes whose end is told."""
    kept = [np.flatnonzero(ends >= 0) for ends in endings.ends]
    values = np.vstack([day.values[rows] for day, rows in zip(days, kept, strict=True)])
    ends = np.concatenate([ends[rows] for ends, rows in zip(endings.ends, kept, strict=True)])
    return EndRows(values, ends, len(endings.target.ends))


def _counted(endings: Endings) -> dict[str, int]:
    ends = np.concatenate(endings.ends)
    told = {end.name: int((ends == code).sum()) for code, end in enumerate(endings.target.ends)}
    return {**told, "open": int((ends == OPEN).sum()), "untold": int((ends == UNTOLD).sum())}


def _check(name: str, rows: EndRows, split: Split) -> None:
    if len(np.unique(rows.ends)) > 1:
        return
    days = split.sets()[name]
    what = "no note that fell due" if not len(rows.ends) else "notes that all ended alike"
    fix = "Take another --horizon, or more history."
    raise InputError(f"The {name} set ({days[0]} to {days[-1]}, {len(rows.ends)} notes) has {what}.", fix, "horizon")


def _prior(data: _Notes, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """The plain baseline: every note gets the shares of the training set."""
    shares = (np.bincount(data.sets["train"].ends, minlength=len(names)) + 1.0) / (len(data.sets["train"].ends) + len(names))
    out: dict[str, dict[str, Any]] = {}
    for name, rows in data.sets.items():
        told: Array = np.tile(shares, (len(rows.ends), 1))
        out[name] = measure_ends(rows.ends, told, names)
    return out


def _manifest(name: str, data: _Notes, request: Request, scaling: VectorScaling, metrics: dict[str, dict[str, Any]]) -> Manifest:
    ends = [end.name for end in data.target.ends]
    return Manifest(
        name=f"{data.target.name}-{name}",
        kind=f"ends-{name}",
        horizon_days=request.plan.horizon_days,
        feature_version=data.version,
        features=data.names,
        ontology_hash=data.ontology_hash,
        ledger_seq=data.ledger_seq,
        seed=request.seed,
        days=days_by_set(data.split.sets()),
        calibration={"a": scaling.a, **{f"b.{end}": b for end, b in zip(ends, scaling.b, strict=True)}},
        metrics=metrics,
        target=data.target.name,
        target_version=data.target.version,
        target_digest=data.target.digest,
    )
