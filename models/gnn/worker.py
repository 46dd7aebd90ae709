"""The one process that loads torch: `python -m models.gnn.worker train|score FOLDER`. Files in, files out, no pickle.

train: reads `job.json` (shape, plan), `own.safetensors` (where own(x) begins), `train-*.safetensors`, `validation-*.safetensors`;
writes `weights.safetensors`, `fit.json`.
score: reads `job.json` (shape), `weights.safetensors`, `day-*.safetensors`; writes `scores-*.safetensors`: own [targets],
by_feature [targets, width], edge (index into the day's edges) and contribution [edges into targets].
Killed while training and started again, it goes on from its last epoch.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file

from models.gnn.network import AdditiveNetwork, Shape, batch_of
from models.gnn.training import Fit, Plan, Progress, batches, by_feature, device, split
from models.tensors import GraphDay, reach


def train(folder: Path, job: dict[str, Any]) -> None:
    """Fit the network on the days in `folder`, or go on with it."""
    shape, plan = Shape(**job["shape"]), Plan(**job["plan"])
    fit = Fit(shape, plan, folder)
    own = load_file(folder / "own.safetensors")
    fit.start(own["weights"], float(own["bias"]))
    days = {name: _days(folder, name) for name in ("train", "validation")}
    columns = (TextColumn("GNN"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[loss]}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=plan.epochs, loss="")

        def tell(at: Progress) -> None:
            bar.update(task, completed=at.epoch, loss=f"validation {at.losses[-1]:.4f} (best {at.best_loss:.4f})")

        weights = fit.run(batches(days["train"], shape, plan), batches(days["validation"], shape, plan), tell)
    save_file({name: value.cpu().contiguous() for name, value in weights.items()}, folder / "weights.safetensors")
    (folder / "fit.json").write_text(json.dumps({**asdict(fit.progress), "device": str(device())}))


def score(folder: Path, job: dict[str, Any]) -> None:
    """Split the log-odds of the day's targets, in pieces that fit in memory."""
    shape = Shape(**job["shape"])
    torch.set_num_threads(int(job["threads"]))
    network = AdditiveNetwork(shape).to(device())
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    for path in sorted(folder.glob("day-*.safetensors")):
        parts = _split(network, GraphDay.load(path), int(job["step_targets"]))
        save_arrays(parts, folder / path.name.replace("day-", "scores-"))


def _split(network: AdditiveNetwork, whole: GraphDay, step: int) -> dict[str, NDArray[np.generic]]:
    out: dict[str, list[NDArray[np.generic]]] = {"own": [], "by_feature": [], "edge": [], "contribution": []}
    for start in range(0, len(whole.targets), step):
        day = whole.of(whole.targets[start : start + step])
        batch = batch_of(day, network.shape.channels).to(device())
        own, contribution = split(network, batch)
        out["own"].append(own.numpy())
        out["by_feature"].append(by_feature(network, batch).numpy())
        out["contribution"].append(contribution.numpy())
        out["edge"].append(reach(day, day.targets).last)
    return {name: np.concatenate(pieces) for name, pieces in out.items()}


def _days(folder: Path, name: str) -> list[GraphDay]:
    return [GraphDay.load(path) for path in sorted(folder.glob(f"{name}-*.safetensors"))]


def main() -> None:
    """Run the command named on the command line."""
    command, folder = sys.argv[1], Path(sys.argv[2])
    {"train": train, "score": score}[command](folder, json.loads((folder / "job.json").read_text()))


if __name__ == "__main__":
    main()
