"""A study from ledger to predictions: features of each day, learners chosen on validation, refitted on all that is labelled.

    1. train -> validation, every seed and learner: the figures that are printed, and by them the ensemble is chosen
    2. three folds over train and validation together, whole connected blocks in a fold: calibration and cut
    3. train and validation -> test, every seed: what is written
Beside them on validation: trees without relations, on counts of relations only, and on relations whose ends were shuffled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.errors import InputError
from graph.ledger import Ledger
from graph.snapshot import Engine, Snapshot
from models.study import learners as learning
from models.study.features import FAMILIES, Family, compute, learn
from models.study.judge import Figures, Map, choose, judge, mean_of
from models.study.learners import Budget, Day, fit_and_tell
from models.study.spec import Study
from models.study.structure import Shape
from models.study.world import Floats, Index, World, outcomes_dated, read_world, resolved

_FOLDS, _BIG = 3, 0.3
_BETTER = 0.005  # in AUC on validation, by which one learner must beat the mean of all to stand alone
Seeds = dict[int, dict[str, Floats]]
CONTROLS: dict[str, tuple[Family, ...]] = {
    "no relations (own and events), trees": ("own", "events"),
    "counts of relations only, trees": ("degree",),
    "everything, trees": FAMILIES,
}
SHUFFLED = "relations with shuffled ends, trees"


@dataclass(frozen=True)
class Told:
    """What came out. `validation`: mean over seeds, by learner, ensemble and control. `test`: written probability, [seeds, asked]."""

    study: Study
    sizes: dict[str, tuple[int, int, int]]  # asked, labelled, positive
    validation: dict[str, Figures]
    by_seed: list[Figures]
    chosen: tuple[str, ...]
    map: Map
    keys: list[str]
    test: Floats
    honest: Floats
    columns: int
    notes: tuple[str, ...]


def run_study(study: Study, ledger: Ledger, budget: Budget, tell: Callable[[str], None], engine: Engine | None = None) -> Told:
    """InputError where a set is empty or lacks a class, or the ontology does not have what the study names."""
    study.check(ledger.ontology)
    days, notes = read_days(study, ledger, tell, engine)
    rows = labelled(study, days, notes)
    raw: dict[str, Seeds] = {}
    train = {"train": rows["train"]}
    for name in learning.learners():
        tell(f"{name}: train → validation, {len(study.seeds)} seeds")
        raw[name] = fit_and_tell(name, days, train, ["validation"], study.seeds, budget)
    truth = days["validation"].world.labels[rows["validation"]]
    chosen, singles = _choose(raw, rows["validation"], truth)
    tell(f"ensemble: {' + '.join(chosen)}; calibration by {_FOLDS} folds over train and validation")
    how = _calibrate(study, days, rows, chosen, budget)
    by_seed = [judge(_mean(raw, chosen, seed, "validation")[rows["validation"]], truth, how) for seed in study.seeds]
    validation = {"ensemble: " + " + ".join(chosen): mean_of(by_seed)}
    for name in singles:
        validation[name] = mean_of([judge(raw[name][s]["validation"][rows["validation"]], truth, how) for s in study.seeds])
    validation |= _controls(study, days, rows, truth, how, budget, tell)
    keys, told = [], np.empty((len(study.seeds), 0))
    if "test" in days:
        tell("train and validation → test")
        fit_on = _without_test(study, days, rows)
        final = {name: fit_and_tell(name, days, fit_on, ["test"], study.seeds, budget) for name in chosen}
        told = np.stack([_mean(final, chosen, seed, "test") for seed in study.seeds])
        world = days["test"].world
        keys = [world.keys[i] for i in world.rows]
    sizes = {
        n: (len(d.world.rows), int((~np.isnan(d.world.labels)).sum()), int(np.nansum(d.world.labels))) for n, d in days.items()
    }
    return Told(
        study=study,
        sizes=sizes,
        validation=validation,
        by_seed=by_seed,
        chosen=chosen,
        map=how,
        keys=keys,
        test=how.written(told),
        honest=how.honest(told),
        columns=days["train"].matrix.values.shape[1],
        notes=tuple(notes),
    )


def read_days(study: Study, ledger: Ledger, tell: Callable[[str], None], engine: Engine | None) -> tuple[dict[str, Day], list[str]]:
    """Each set's world and features; training's fix the columns."""
    sets = study.sets.named()
    seen = {name: Snapshot(ledger, each.as_of, engine=engine) for name, each in sets.items()}
    study = resolved(study, list(seen.values()))
    worlds: dict[str, World] = {}
    notes: list[str] = []
    for name, each in sets.items():
        tell(f"reading {name}: as of {each.as_of}, outcomes by {each.outcome_by}")
        worlds[name] = read_world(study, name, seen[name], Snapshot(ledger, each.outcome_by, engine=engine))
    if all(np.isnan(w.labels).all() for w in worlds.values()):
        outcomes_dated(study, Snapshot(ledger, max(s.outcome_by for s in sets.values()), engine=engine))
    tell("features")
    vocabulary, first = learn(worlds["train"])
    days = {"train": Day(worlds["train"], first)}
    days |= {name: Day(world, compute(world, vocabulary, first)) for name, world in worlds.items() if name != "train"}
    known = {c.name for c in worlds["train"].channels}
    for name, world in worlds.items():
        for channel in sorted({c.name for c in world.channels} - known):
            notes.append(f"{name}: relation {channel} was never seen in training and is left out.")
    if not worlds["train"].channels and not worlds["train"].groups:
        notes.append("train: there is not one relation and not one group; only own features and events are learnt from.")
    return days, notes


def labelled(study: Study, days: Mapping[str, Day], notes: list[str]) -> dict[str, Index]:
    """Of train and validation the entities with a known outcome that no later set asks about. InputError where a class is missing."""
    out: dict[str, Index] = {}
    names = list(days)
    for at, name in enumerate(names):
        if name == "test":
            continue
        world = days[name].world
        ids = np.array(world.ids.take(world.rows).to_pylist(), object)
        rows = np.flatnonzero(~np.isnan(world.labels))
        # Who is asked about on the test day stays in validation: what is chosen there is not what is told of it
        for later in [n for n in names[at + 1 :] if name == "train"]:
            other = days[later].world
            again = np.isin(ids[rows].astype(str), np.array(other.ids.take(other.rows).to_pylist(), str))
            if again.any():
                what = "dropped from train" if study.on_overlap == "drop" else "kept in both"
                notes.append(f"{int(again.sum())} entities of train stand in {later} too: {what}.")
            if study.on_overlap == "drop":
                rows = rows[~again]
        truth = world.labels[rows]
        if len(np.unique(truth)) < 2:
            what = "no outcome" if not len(truth) else ("not one positive" if not truth.any() else "not one negative")
            each = study.sets.named()[name]
            raise InputError(
                f"The {name} set ({len(world.rows)} asked on {each.as_of}) has {what} between {each.as_of} and {each.outcome_by}.",
                f"See that {study.target.fact} is dated after as_of and by outcome_by, and that `positive` ({', '.join(study.target.positive)}) is right.",
                f"sets.{name}",
            )
        out[name] = rows
    return out


def _without_test(study: Study, days: Mapping[str, Day], rows: Mapping[str, Index]) -> dict[str, Index]:
    """The rows to refit on: those of validation, too, without who is asked about on the test day."""
    if study.on_overlap == "keep":
        return dict(rows)
    test, world = days["test"].world, days["validation"].world
    ids = np.array(world.ids.take(world.rows[rows["validation"]]).to_pylist(), str)
    again = np.isin(ids, np.array(test.ids.take(test.rows).to_pylist(), str))
    return {**rows, "validation": rows["validation"][~again]}


def _choose(raw: Mapping[str, Seeds], rows: Index, truth: Floats) -> tuple[tuple[str, ...], dict[str, float]]:
    """All learners' mean, unless one alone is clearly better on validation."""
    singles = {name: float(np.mean([_auc(truth, s["validation"][rows]) for s in seeds.values()])) for name, seeds in raw.items()}
    every = tuple(raw)
    together = float(np.mean([_auc(truth, _mean(raw, every, s, "validation")[rows]) for s in next(iter(raw.values()))]))
    best = max(singles, key=lambda n: singles[n])
    return ((best,) if singles[best] > together + _BETTER else every), singles


def _mean(raw: Mapping[str, Seeds], chosen: Sequence[str], seed: int, which: str) -> Floats:
    """Mean log-odds; trees together weigh as much as the network."""
    trees = [raw[n][seed][which] for n in chosen if n != "network"]
    parts = ([np.mean(trees, axis=0)] if trees else []) + ([raw["network"][seed][which]] if "network" in chosen else [])
    out: Floats = np.mean(parts, axis=0)
    return out


def _auc(truth: Floats, raw: Floats) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, raw))


def _calibrate(study: Study, days: Mapping[str, Day], rows: Mapping[str, Index], chosen: Sequence[str], budget: Budget) -> Map:
    """By log-odds of rows that took no part in their fit."""
    folds = {name: _folds(days[name].world, rows[name]) for name in rows}
    out = {name: np.full(len(days[name].world.rows), np.nan) for name in rows}
    for fold in range(_FOLDS):
        fit_on = {name: rows[name][folds[name] != fold] for name in rows}
        raw = {n: fit_and_tell(n, days, fit_on, list(rows), study.seeds[:1], budget) for n in chosen}
        for name in rows:
            unseen = rows[name][folds[name] == fold]
            out[name][unseen] = _mean(raw, chosen, study.seeds[0], name)[unseen]
    told = np.concatenate([out[name][rows[name]] for name in rows])
    truth = np.concatenate([days[name].world.labels[rows[name]] for name in rows])
    return choose(told, truth, study.predictions.call)


def _folds(world: World, rows: Index) -> Index:
    """Connected blocks stay together; where one holds most of the entities, rows are dealt one by one."""
    block = Shape.of(world).block[world.rows[rows]]
    draw = np.random.default_rng(0)
    if np.bincount(block).max() > _BIG * len(rows):
        return draw.permutation(len(rows)) % _FOLDS
    names, place = np.unique(block, return_inverse=True)
    dealt: Index = (draw.permutation(len(names)) % _FOLDS)[place]
    return dealt


def _controls(
    study: Study,
    days: Mapping[str, Day],
    rows: Mapping[str, Index],
    truth: Floats,
    how: Map,
    budget: Budget,
    tell: Callable[[str], None],
) -> dict[str, Figures]:
    """Boosted trees, first seed, so that what differs is what they see."""
    out = {}
    train, seed = {"train": rows["train"]}, study.seeds[0]

    def trees(of: Mapping[str, Day], families: Sequence[Family]) -> Figures | None:
        if not len(of["train"].matrix.columns(*families)):
            return None
        raw = {n: fit_and_tell(n, of, train, ["validation"], [seed], budget, families) for n in ("boosted", "random")}
        return judge(_mean(raw, tuple(raw), seed, "validation")[rows["validation"]], truth, how)

    for name, families in CONTROLS.items():
        tell(f"control: {name}")
        if (found := trees(days, families)) is not None:
            out[name] = found
    tell(f"control: {SHUFFLED}")
    worlds = {name: _shuffled(days[name].world) for name in ("train", "validation")}
    vocabulary, first = learn(worlds["train"])
    blind = {
        "train": Day(worlds["train"], first),
        "validation": Day(worlds["validation"], compute(worlds["validation"], vocabulary, first)),
    }
    if (found := trees(blind, FAMILIES)) is not None:
        out[SHUFFLED] = found
    return out


def _shuffled(world: World) -> World:
    """Every relation keeps its number of ends, and loses whom it ties; memberships likewise."""
    draw = np.random.default_rng(0)
    channels = tuple(replace(c, src=draw.permutation(c.src), dst=draw.permutation(c.dst)) for c in world.channels)
    groups = tuple(replace(g, member=draw.permutation(g.member)) for g in world.groups)
    return replace(world, channels=channels, groups=groups)
