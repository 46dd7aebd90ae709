"""The comparison of models of notes' ends: JSON for machines, Markdown for a committee."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.report import keep_report
from models.splits import Split
from models.targets import Target

COLUMNS = {
    "log_loss": "log-loss",
    "brier": "Brier",
    "ece": "ECE",
    "auc": "AUC (mean)",
    "average_precision": "AP (mean)",
    "accuracy": "accuracy",
}
BASELINE = "shares of training"


@dataclass(frozen=True)
class EndsComparison:
    """`metrics`: by model (the baseline too), then by set. `counts`: by set, notes by end, open and untold ones."""

    split: Split
    target: Target
    metrics: dict[str, dict[str, dict[str, Any]]]
    counts: dict[str, dict[str, int]]
    versions: dict[str, str]
    best: str
    seed: int
    ledger_seq: int

    def rows(self, name: str) -> list[list[str]]:
        """One set as a table: model, then COLUMNS."""
        return [[model, *(_number(sets[name][c]) for c in COLUMNS)] for model, sets in self.metrics.items()]

    def by_end(self, name: str) -> list[list[str]]:
        """One set by end: end, notes, and of each registered model AUC and ECE."""
        out = []
        for end in self.target.ends:
            cells = [_number(self.metrics[m][name].get(f"{what}.{end.name}")) for m in self.versions for what in ("auc", "ece")]
            out.append([f"{end.zh} {end.en}", str(self.counts[name][end.name]), *cells])
        return out

    def beaten(self) -> list[str]:
        """Models that do not beat the baseline on test, said aloud."""
        bar = self.metrics[BASELINE]["test"]["log_loss"]
        worse = [m for m in self.versions if self.metrics[m]["test"]["log_loss"] >= bar]
        return [f"{model} does not beat '{BASELINE}' on test (log-loss)" for model in worse]


def write_ends_report(comparison: EndsComparison, root: Path) -> Path:
    """Both forms of the report, by `keep_report`."""
    return keep_report(root, _plain(comparison), _markdown(comparison))


def _markdown(comparison: EndsComparison) -> str:
    split, target = comparison.split, comparison.target
    horizon = split.horizon_days - target.settled_days
    about = f"{target.zh} {target.en}, {horizon} days before (target {target.name}, version {target.version}, {target.digest})"
    lines = ["# Models compared", "", f"{about}; seed {comparison.seed}; ledger {comparison.ledger_seq}.", ""]
    for name, days in split.sets().items():
        counts = comparison.counts[name]
        lines += [f"## {name}: {days[0]} to {days[-1]}, {len(days)} days", ""]
        lines += [
            f"{counts['open']} notes not settled yet and {counts['untold']} of which nothing says how they ended: no rows.",
            "",
        ]
        lines += [*_table(["model", *COLUMNS.values()], comparison.rows(name)), ""]
        head = ["end", "notes", *(f"{m} {what}" for m in comparison.versions for what in ("AUC", "ECE"))]
        lines += [*_table(head, comparison.by_end(name)), ""]
    lines += [f"Best on validation by log-loss: **{comparison.best}** (version {comparison.versions[comparison.best]}).", ""]
    lines += [f"- {said}" for said in comparison.beaten()]
    return "\n".join(lines) + "\n"


def _plain(comparison: EndsComparison) -> dict[str, Any]:
    target, split = comparison.target, comparison.split
    return {
        "target": {"name": target.name, "version": target.version, "digest": target.digest},
        "horizon_days": split.horizon_days - target.settled_days,
        "days": {name: [d.isoformat() for d in days] for name, days in split.sets().items()},
        "seed": comparison.seed,
        "ledger_seq": comparison.ledger_seq,
        "best": comparison.best,
        "versions": comparison.versions,
        "metrics": comparison.metrics,
        "outcomes": comparison.counts,
        "notes": comparison.beaten(),
    }


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
