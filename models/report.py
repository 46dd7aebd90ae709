"""The comparison, side by side whoever wins: JSON for machines, Markdown for a committee."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.metrics import CAPACITY, Metrics
from models.splits import Split
from models.targets import Target, Why

COLUMNS = {
    "auc": "AUC",
    "average_precision": "AP",
    "ks": "KS",
    "brier": "Brier",
    "ece": "ECE",
    "precision_at_capacity": f"precision@{CAPACITY:.0%}",
    "recall_at_capacity": f"recall@{CAPACITY:.0%}",
}

_CAVEATS = (
    "- Days of one set overlap in time: firms repeat, so intervals are wider than the number of rows suggests.",
    "- Validation chose penalties, rounds, calibration and the winner; only test is untouched.",
)


@dataclass(frozen=True)
class Comparison:
    """`metrics`: by model (baselines too), then by set. `manifests`: of the registered ones, by kind, as `best` is."""

    split: Split
    metrics: dict[str, dict[str, Metrics]]
    manifests: dict[str, Any]
    best: str
    seed: int
    ledger_seq: int
    target: Target
    counts: dict[str, dict[str, int]]  # by set: firms by what came of them

    def rows(self, name: str) -> list[list[str]]:
        """One set as a table: model, then COLUMNS."""
        return [[model, *(_number(getattr(sets[name], c)) for c in COLUMNS)] for model, sets in self.metrics.items()]

    def base(self, name: str) -> Metrics:
        """Any model's metrics of a set: firms, defaults and base rate are the same for all."""
        return next(iter(self.metrics.values()))[name]

    def beaten(self) -> list[str]:
        """Models that do not beat a baseline on test, said aloud."""
        baselines = [m for m in self.metrics if m not in self.manifests]
        return [
            f"{model} does not beat '{baseline}' on test (AP)"
            for model in self.manifests
            for baseline in baselines
            if self._precision(baseline) >= self._precision(model)
        ]

    def _precision(self, model: str) -> float:
        return self.metrics[model]["test"].average_precision or 0.0


def write_report(comparison: Comparison, root: Path) -> Path:
    """Both forms of the report, by `keep_report`."""
    return keep_report(root, _plain(comparison), markdown(comparison))


def keep_report(root: Path, plain: object, text: str) -> Path:
    """`report.json` and `report.md` in a new folder under `root`; returns the Markdown's path."""
    folder = root / datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    folder.mkdir(parents=True)
    (folder / "report.json").write_text(json.dumps(plain, indent=1, ensure_ascii=False), "utf-8")
    path = folder / "report.md"
    path.write_text(text, "utf-8")
    return path


def markdown(comparison: Comparison) -> str:
    """Tables by set, the split, and what must be known to read them."""
    split = comparison.split
    lines = [
        "# Models compared",
        "",
        f"{_about(comparison)} within {split.horizon_days} days; seed {comparison.seed}; ledger {comparison.ledger_seq}.",
        "",
    ]
    if split.by_firm:
        lines += ["History is too short for validation in a time of its own: it takes the training days, and other firms.", ""]
    for name, days in split.sets().items():
        base = comparison.base(name)
        about = f"{days[0]} to {days[-1]}, {len(days)} days" if len(days) > 1 else f"{days[0]}"
        lines += [f"## {name}: {about}", "", f"{base.firms} rows, {base.defaults} positives, base rate {base.base_rate:.2%}", ""]
        lines += [_left_out(comparison.counts[name]), ""]
        lines += [*_table(["model", *COLUMNS.values()], comparison.rows(name)), ""]
    manifest = comparison.manifests[comparison.best]
    lines += [f"Best on validation by average precision: **{comparison.best}** (version {manifest.version}).", ""]
    lines += [f"- {said}" for said in comparison.beaten()]
    return "\n".join([*lines, *_CAVEATS]) + "\n"


def _about(comparison: Comparison) -> str:
    target = comparison.target
    return f"{target.zh} {target.en} (target {target.name}, version {target.version}, {target.digest})"


def _left_out(counts: dict[str, int]) -> str:
    """Which firms are no rows, and why."""
    words = {
        Why.NO_TARGET: "owe nothing or are not known",
        Why.IN_STATE: "did not perform on the day",
        Why.ALREADY: "turned out not to have performed on the day",
        Why.OPEN: "have an open window",
    }
    said = [f"{counts.get(why, 0)} {what}" for why, what in words.items()]
    return f"No rows: {', '.join(said)}. Interventions among negatives: {counts.get('intervened', 0)}."


def _plain(comparison: Comparison) -> dict[str, Any]:
    return {
        "target": {"name": comparison.target.name, "version": comparison.target.version, "digest": comparison.target.digest},
        "horizon_days": comparison.split.horizon_days,
        "validation_by_firm": comparison.split.by_firm,
        "outcomes": comparison.counts,
        "days": {name: [d.isoformat() for d in days] for name, days in comparison.split.sets().items()},
        "seed": comparison.seed,
        "ledger_seq": comparison.ledger_seq,
        "best": comparison.best,
        "versions": {name: m.version for name, m in comparison.manifests.items()},
        "metrics": {model: {name: m.plain() for name, m in sets.items()} for model, sets in comparison.metrics.items()},
        "notes": comparison.beaten(),
    }


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
