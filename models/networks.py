"""The graph network seen from outside: torch stays in a worker process, files go in and out."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from graph.errors import UnavailableError
from models.features import FeatureTable
from models.linear import LinearModel
from models.parts import Index, Parts
from models.preparation import Preparation
from models.samples import LabelledDay
from models.tensors import GraphDay
from models.vocabulary import EDGE_VALUES, Vocabulary, learn

WEIGHTS, PREPARATION, SHAPE = "weights.safetensors", "preparation.safetensors", "shape.json"


@dataclass(frozen=True)
class NetworkPlan:
    """What a modeler may turn; the rest is the worker's (models.gnn.training.Plan)."""

    seed: int = 0
    epochs: int = 60
    hidden: int = 8
    threads: int = 2


@dataclass(frozen=True)
class NetworkModel:
    """`shape`: what the worker builds the network from; `weights`: a file."""

    vocabulary: Vocabulary
    shape: dict[str, Any]
    weights: bytes
    threads: int = 2

    def raw(self, asked: Sequence[tuple[FeatureTable, Index]]) -> list[NDArray[np.float64]]:
        """Log-odds of several days' rows, in one run of the worker."""
        return [parts.log_odds for parts in self.parts_of(asked)]

    def parts(self, features: FeatureTable, rows: Index) -> Parts:
        """Own part and one contribution an edge, computed by the worker."""
        return self.parts_of([(features, rows)])[0]

    def parts_of(self, asked: Sequence[tuple[FeatureTable, Index]]) -> list[Parts]:
        """The same for several days in one run of the worker."""
        days = [self.vocabulary.day(features, rows) for features, rows in asked]
        with tempfile.TemporaryDirectory(prefix="yujing-score-") as name:
            folder = Path(name)
            for i, (day, _) in enumerate(days):
                day.save(folder / f"day-{i:04}.safetensors")
            (folder / WEIGHTS).write_bytes(self.weights)
            job = {"shape": self.shape, "threads": self.threads, "step_targets": 65536}
            (folder / "job.json").write_text(json.dumps(job))
            call_worker("score", folder)
            told = [load_file(folder / f"scores-{i:04}.safetensors") for i in range(len(days))]
        return [self._parts(*a, *d, t) for a, d, t in zip(asked, days, told, strict=True)]

    def _parts(
        self, features: FeatureTable, rows: Index, day: GraphDay, exposure: Index, told: dict[str, NDArray[np.float64]]
    ) -> Parts:
        place = np.full(len(features.firms), -1, np.int64)
        place[rows] = np.arange(len(rows))
        edge = told["edge"].astype(np.int64)
        receiver = place[day.dst[edge]]
        by_feature = np.zeros((len(rows), len(features.features)))
        np.add.at(by_feature.T, self.vocabulary.preparation.source, told["by_feature"].T)
        brought = told["contribution"]
        contagion = np.bincount(receiver, brought, len(rows)).astype(np.float64)
        return Parts(rows, told["own"], contagion, by_feature, exposure[edge], receiver, brought)

    def save(self, folder: Path) -> None:
        (folder / WEIGHTS).write_bytes(self.weights)
        arrays: dict[str, NDArray[np.generic]] = self.vocabulary.preparation.arrays()
        save_file(arrays, folder / PREPARATION)
        words = {"channels": self.vocabulary.channels, "columns": self.vocabulary.columns}
        (folder / SHAPE).write_text(json.dumps({"shape": self.shape, **words}, indent=1, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "NetworkModel":
        said = json.loads((folder / SHAPE).read_text("utf-8"))
        columns = {name: tuple(c) for name, c in said["columns"].items()}
        vocabulary = Vocabulary(Preparation.of(load_file(folder / PREPARATION)), tuple(said["channels"]), columns)
        return cls(vocabulary, said["shape"], (folder / WEIGHTS).read_bytes())


def fit_network(
    train: Sequence[LabelledDay], validation: Sequence[LabelledDay], own: LinearModel, plan: NetworkPlan, work: Path
) -> NetworkModel:
    """Fit in the worker; `work` keeps its checkpoint, so the same call after a kill goes on where it stood.

    `own`: the logistic regression on own features that the network's own part begins with.
    """
    vocabulary = learn(train, own.preparation)
    work.mkdir(parents=True, exist_ok=True)
    start = {"weights": own.coefficients, "bias": np.array([own.intercept])}
    save_file({name: value.astype(np.float32) for name, value in start.items()}, work / "own.safetensors")
    for name, days in (("train", train), ("validation", validation)):
        for day in days:
            graph, _ = vocabulary.day(day.features, day.rows, day.labels)
            graph.save(work / f"{name}-{day.features.as_of}.safetensors")
    widths, channels = vocabulary.widths, len(vocabulary.channels)
    shape = {"widths": widths, "channels": channels, "edge_width": len(EDGE_VALUES), "hidden": plan.hidden}
    settings = {k: v for k, v in asdict(plan).items() if k != "hidden"}
    (work / "job.json").write_text(json.dumps({"shape": shape, "plan": settings}))
    call_worker("train", work)
    return NetworkModel(vocabulary, shape, (work / WEIGHTS).read_bytes(), plan.threads)


def available() -> bool:
    """Is torch installed? The API and the console do without."""
    return find_spec("torch") is not None and find_spec("torch_geometric") is not None


def call_worker(command: str, folder: Path, module: str = "models.gnn.worker") -> None:
    """Run `python -m` a worker's module; UnavailableError where it fails or torch is not there."""
    if not available():
        raise UnavailableError("The graph network needs torch, which is not installed.", "Install the extra: uv sync --extra gnn.")
    command_line = [sys.executable, "-W", "ignore::FutureWarning", "-m", module, *([command] if command else []), str(folder)]
    code = subprocess.run(command_line, stdout=subprocess.PIPE, check=False).returncode
    if code:
        raise UnavailableError(f"The network's worker ended with {code}.", "Its message stands above; run the command again.")
