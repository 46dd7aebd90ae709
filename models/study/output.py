"""What a study leaves behind: the predictions of the test set, and its figures as JSON and Markdown."""

import csv
import json
from pathlib import Path
from typing import Any

from models.study.judge import Figures
from models.study.run import Told

COLUMNS = {"auc": "AUC", "f1": "F1", "accuracy": "accuracy", "average_precision": "AP", "ks": "KS", "brier": "Brier", "ece": "ECE"}


def write_predictions(told: Told, folder: Path) -> Path | None:
    """`entity,seed,probability` with the source's own keys; None where the study has no test set."""
    if not told.keys:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    about = told.study.predictions
    path = folder / about.file
    beside = path.with_name(f".{path.name}.new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow([about.entity, "seed", "probability"])
        for seed, probabilities in zip(told.study.seeds, told.test, strict=True):
            rows.writerows([key, seed, f"{p:.6f}"] for key, p in zip(told.keys, probabilities, strict=True))
    beside.replace(path)
    return path


def write_report(told: Told, folder: Path) -> Path:
    """`report.json` and `report.md`; returns the Markdown's path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(plain(told), ensure_ascii=False, indent=1) + "\n", "utf-8")
    path = folder / "report.md"
    path.write_text(markdown(told), "utf-8")
    return path


def plain(told: Told) -> dict[str, Any]:
    """Everything that was measured, for machines."""
    calibration = told.map.calibration
    return {
        "study": told.study.name,
        "sets": {n: dict(zip(("asked", "labelled", "positive"), s, strict=True)) for n, s in told.sizes.items()},
        "columns": told.columns,
        "ensemble": list(told.chosen),
        "calibration": {"a": calibration.a, "b": calibration.b, "cut": told.map.cut},
        "validation": {name: f.plain() for name, f in told.validation.items()},
        "validation_by_seed": {s: f.plain() for s, f in zip(told.study.seeds, told.by_seed, strict=True)},
        "published": told.study.published,
        "notes": list(told.notes),
    }


def rows_of(told: Told) -> list[list[str]]:
    """Ours on validation, then what others published."""
    ours = [[name, *_row(f)] for name, f in told.validation.items()]
    published = [
        [f"published: {name}", *(f"{figures[c]:.3f}" if c in figures else "–" for c in COLUMNS)]
        for name, figures in told.study.published.items()
    ]
    return ours + published


def markdown(told: Told) -> str:
    """The same as a page."""
    lines = [
        f"# {told.study.title or told.study.name}",
        "",
        "| set | asked | outcome known | positive |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [f"| {name} | {a} | {b} | {c} |" for name, (a, b, c) in told.sizes.items()]
    lines += ["", f"On validation, mean of {len(told.study.seeds)} seeds (controls: the first seed); {told.columns} features.", ""]
    lines += ["| " + " | ".join(row) + " |" for row in (["model", *COLUMNS.values()], ["---"] * (len(COLUMNS) + 1), *rows_of(told))]
    lines += ["", *(f"- {note}" for note in [*said(told), *told.notes])]
    return "\n".join(lines) + "\n"


def said(told: Told) -> list[str]:
    """What must be known to read the figures."""
    calibration, cut = told.map.calibration, told.map.cut
    own = next(iter(told.validation.values()))
    out = [
        "Published figures are of the test set, ours of validation: different entities, to be set beside and not subtracted.",
        "Validation chose the average; calibration and cut come from folds over train and validation: a little flattered.",
        f"Written log-odds = {calibration.a:.3f} · raw + {calibration.b:.3f} - ({cut:.3f}); without the last they are calibrated.",
    ]
    for name, figures in told.validation.items():
        if name.endswith("trees") and figures.auc >= own.auc:
            out.append(f"What was chosen does not beat the control '{name}' on validation (AUC).")
    return out


def _row(figures: Figures) -> list[str]:
    return [f"{getattr(figures, c):.3f}" for c in COLUMNS]
