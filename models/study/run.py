"""A study from ledger to predictions: features of each day, learners chosen on validation, refitted on all that is labelled.

    1. train -> validation, every seed and learner: the figures that are printed, and by them the ensemble is chosen
    2. three folds over train and validation together, whole connected blocks in a fold: calibration and cut
    3. train and validation -> test, every seed: what is written
Beside them on validation: trees without relations, on counts of relations only, and on relations whose ends were shuffled.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.metrics import roc_auc_score

from graph.errors import InputError
from graph.ledger import Ledger
from graph.snapshot import Engine, Snapshot
from models.study import learners as learning
from models.study.features import FAMILIES, Family, compute, learn
from models.study.judge import Figures, Map, choose, judge, mean_of
from models.study.learners import Budget, Day, Job, fit_and_tell
from models.study.spec import Study
from models.study.structure import Shape
from models.study.world import Floats, Index, World, outcomes_dated, read_world, resolved

_FOLDS, _BIG = 3, 0.3
Seeds = dict[int, dict[str, Floats]]
CONTROLS: dict[str, tuple[Family, ...]] = {
    "no relations, trees": ("own", "events"),
    "counts of relations only, trees": ("degree",),
}
SHUFFLED = "relations with shuffled ends, trees"


@dataclass(frozen=True)
class Told:
    """What came out. `validation`: mean over seeds, by what was judged. `test`: written probability, [seeds, asked]."""

    study: Study
    sizes: dict[str, tuple[int, int, int]]  # asked, labelled, positive
    validation: dict[str, Figures]
    by_seed: list[Figures]
    chosen: tuple[str, ...]
    map: Map
    keys: list[str]
    test: Floats
    columns: int
    notes: tuple[str, ...]


def run_study(study: Study, ledger: Ledger, budget: Budget, tell: Callable[[str], None], engine: Engine | None = None) -> Told:
    """InputError where a set is empty or lacks a class, or the ontology does not have what the study names."""
    study.check(ledger.ontology)
    days, notes = read_days(study, ledger, tell, engine)
    run = _Run(study, days, labelled(study, days, notes), budget, tell)
    raw: dict[str, Seeds] = {}
    for name in learning.learners():
        tell(f"{name}: train to validation, {len(study.seeds)} seeds")
        raw[name] = fit_and_tell(name, Job(days, run.train, ["validation"], study.seeds, budget))
    chosen = _choose(raw, run.rows["validation"], run.truth)
    tell(f"chosen on validation: {' + '.join(chosen)}; calibration by {_FOLDS} folds over train and validation")
    how = run.calibrate(chosen)
    by_seed = [run.judged(_mean(raw, chosen, seed, "validation"), how) for seed in study.seeds]
    validation = {"chosen: " + " + ".join(chosen): mean_of(by_seed)}
    validation |= {n: mean_of([run.judged(each["validation"], how) for each in seeds.values()]) for n, seeds in raw.items()}
    validation |= run.controls(how)
    keys, told = run.predict(chosen)
    return Told(
        study=study,
        sizes={name: _sizes(day.world.labels) for name, day in days.items()},
        validation=validation,
        by_seed=by_seed,
        chosen=chosen,
        map=how,
        keys=keys,
        test=how.written(told),
        columns=days["train"].matrix.values.shape[1],
        notes=tuple(notes),
    )


def _sizes(labels: Floats) -> tuple[int, int, int]:
    return len(labels), int((~np.isnan(labels)).sum()), int(np.nansum(labels))


@dataclass(frozen=True)
class _Run:
    """A study with its days read; `rows`: of train and validation the entities that are learnt from."""

    study: Study
    days: Mapping[str, Day]
    rows: Mapping[str, Index]
    budget: Budget
    tell: Callable[[str], None]

    @property
    def train(self) -> dict[str, Index]:
        return {"train": self.rows["train"]}

    @property
    def truth(self) -> Floats:
        """Labels of validation."""
        return self.days["validation"].world.labels[self.rows["validation"]]

    def judged(self, raw: Floats, how: Map) -> Figures:
        """Of log-odds of everyone asked on validation."""
        return judge(raw[self.rows["validation"]], self.truth, how)

    def calibrate(self, chosen: Sequence[str]) -> Map:
        """By log-odds of rows that took no part in their fit; the first seed."""
        rows, seeds = self.rows, self.study.seeds[:1]
        folds = {name: _folds(self.days[name].world, rows[name]) for name in rows}
        out = {name: np.full(len(self.days[name].world.rows), np.nan) for name in rows}
        for fold in range(_FOLDS):
            fit_on = {name: rows[name][folds[name] != fold] for name in rows}
            raw = {n: fit_and_tell(n, Job(self.days, fit_on, list(rows), seeds, self.budget)) for n in chosen}
            for name in rows:
                unseen = rows[name][folds[name] == fold]
                out[name][unseen] = _mean(raw, chosen, seeds[0], name)[unseen]
        told = np.concatenate([out[name][rows[name]] for name in rows])
        truth = np.concatenate([self.days[name].world.labels[rows[name]] for name in rows])
        return choose(told, truth, self.study.predictions.call)

    def predict(self, chosen: Sequence[str]) -> tuple[list[str], Floats]:
        """Keys and raw log-odds [seeds, asked] of the test set, after a fit on train and validation together."""
        if "test" not in self.days:
            return [], np.empty((len(self.study.seeds), 0))
        self.tell("train and validation to test")
        world, rows = self.days["test"].world, dict(self.rows)
        if self.study.on_overlap == "drop":
            rows["validation"] = _apart(self.days["validation"].world, rows["validation"], world)
        job = Job(self.days, rows, ["test"], self.study.seeds, self.budget)
        raw = {name: fit_and_tell(name, job) for name in chosen}
        return [world.keys[i] for i in world.rows], np.stack([_mean(raw, chosen, seed, "test") for seed in self.study.seeds])

    def controls(self, how: Map) -> dict[str, Figures]:
        """Boosted trees, first seed, so that what differs is what they see."""
        out = {}
        for name, families in CONTROLS.items():
            self.tell(f"control: {name}")
            out[name] = self._trees(self.days, families, how)
        self.tell(f"control: {SHUFFLED}")
        worlds = {name: _shuffled(self.days[name].world) for name in ("train", "validation")}
        vocabulary, first = learn(worlds["train"])
        second = compute(worlds["validation"], vocabulary, first)
        blind = {"train": Day(worlds["train"], first), "validation": Day(worlds["validation"], second)}
        out[SHUFFLED] = self._trees(blind, FAMILIES, how)
        return {name: figures for name, figures in out.items() if figures is not None}

    def _trees(self, days: Mapping[str, Day], families: Sequence[Family], how: Map) -> Figures | None:
        if not len(days["train"].matrix.columns(*families)):
            return None
        seed = self.study.seeds[0]
        told = fit_and_tell("boosted", Job(days, self.train, ["validation"], [seed], self.budget, families))
        return self.judged(told[seed]["validation"], how)


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
        new = sorted({c.name for c in world.channels} - known)
        notes += [f"{name}: relation {channel} was never seen in training and is left out." for channel in new]
    if not worlds["train"].channels and not worlds["train"].groups:
        notes.append("train: there is not one relation and not one group; only own features and events are left.")
    return days, notes


def labelled(study: Study, days: Mapping[str, Day], notes: list[str]) -> dict[str, Index]:
    """Whom to learn from: whose outcome is known, and in train none of a later set. InputError where a class is missing."""
    out: dict[str, Index] = {}
    names = list(days)
    for at, name in enumerate(names):
        if name == "test":
            continue
        world = days[name].world
        rows = np.flatnonzero(~np.isnan(world.labels))
        # Who is asked about on the test day stays in validation: what is chosen there is not what is told of it
        for later in names[at + 1 :] if name == "train" else ():
            left = _apart(world, rows, days[later].world)
            if again := len(rows) - len(left):
                what = "dropped from train" if study.on_overlap == "drop" else "kept in both"
                notes.append(f"{again} entities of train stand in {later} too: {what}.")
            rows = left if study.on_overlap == "drop" else rows
        truth = world.labels[rows]
        if len(np.unique(truth)) < 2:
            what = "no outcome" if not len(truth) else ("not one positive" if not truth.any() else "not one negative")
            each = study.sets.named()[name]
            raise InputError(
                f"The {name} set ({len(world.rows)} asked on {each.as_of}) has {what} between {each.as_of} and {each.outcome_by}.",
                f"Is {study.target.fact} dated between the two, and `positive` ({', '.join(study.target.positive)}) right?",
                f"sets.{name}",
            )
        out[name] = rows
    return out


def _choose(raw: Mapping[str, Seeds], rows: Index, truth: Floats) -> tuple[str, ...]:
    """Of all ways to average learners the one with the best mean AUC on validation; of equals the one with more of them."""
    ways = [way for size in range(len(raw), 0, -1) for way in combinations(raw, size)]
    seeds = next(iter(raw.values()))
    return max(ways, key=lambda way: float(np.mean([roc_auc_score(truth, _mean(raw, way, s, "validation")[rows]) for s in seeds])))


def _mean(raw: Mapping[str, Seeds], chosen: Sequence[str], seed: int, which: str) -> Floats:
    """Mean log-odds of the chosen learners."""
    out: Floats = np.mean([raw[name][seed][which] for name in chosen], axis=0)
    return out


def _folds(world: World, rows: Index) -> Index:
    """Connected blocks stay together; where one holds most of the entities, rows are dealt one by one."""
    block = Shape.of(world).block[world.rows[rows]]
    draw = np.random.default_rng(0)
    if np.bincount(block).max() > _BIG * len(rows):
        return draw.permutation(len(rows)) % _FOLDS
    names, place = np.unique(block, return_inverse=True)
    dealt: Index = (draw.permutation(len(names)) % _FOLDS)[place]
    return dealt


def _apart(world: World, rows: Index, other: World) -> Index:
    """Those of `rows` (positions among the asked) whom `other` does not ask about."""
    asked = pc.is_in(world.ids.take(pa.array(world.rows[rows])), value_set=other.ids.take(pa.array(other.rows)))
    left: Index = rows[~np.asarray(asked)]
    return left


def _shuffled(world: World) -> World:
    """Every relation keeps its number of ends, and loses whom it ties; memberships likewise."""
    draw = np.random.default_rng(0)
    channels = tuple(replace(c, src=draw.permutation(c.src), dst=draw.permutation(c.dst)) for c in world.channels)
    groups = tuple(replace(g, member=draw.permutation(g.member)) for g in world.groups)
    return replace(world, channels=channels, groups=groups)
