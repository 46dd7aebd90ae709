"""The mean of several models' calibrated log-odds: a mean of sums is a sum, so parts still add up and name their edges."""

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.calibration import Calibration
from models.features import FeatureTable
from models.linear import LinearModel
from models.networks import NetworkModel
from models.parts import Array, Index, Parts
from models.trees import TreeModel

MEMBERS = "members.json"
_KINDS: dict[str, Any] = {"logistic": LinearModel, "lightgbm": TreeModel, "gnn": NetworkModel}


@dataclass(frozen=True)
class EnsembleModel:
    """log-odds = mean over members of a·f + b; each member's a and b were fitted on validation, so that none shouts."""

    members: Mapping[str, Any]  # by kind
    calibrations: Mapping[str, Calibration]

    def raw(self, asked: Sequence[tuple[FeatureTable, Index]]) -> list[Array]:
        """Log-odds of several days' rows, not split."""
        told = {name: model.raw(asked) for name, model in self.members.items()}
        return [np.mean([self.calibrations[n].log_odds(told[n][i]) for n in told], axis=0) for i in range(len(asked))]

    def parts(self, features: FeatureTable, rows: Index) -> Parts:
        """The mean of the members' parts; what several say of one edge is added up."""
        said = [(self.calibrations[name], model.parts(features, rows)) for name, model in self.members.items()]
        share = 1.0 / len(said)
        size = max(len(rows), 1)
        key = np.concatenate([p.edge * size + p.receiver for _, p in said])
        brought = np.concatenate([c.contagion(p.brought) * share for c, p in said])
        pairs, place = np.unique(key, return_inverse=True)
        return Parts(
            rows,
            np.sum([c.own(p.own) * share for c, p in said], axis=0),
            np.sum([c.contagion(p.contagion) * share for c, p in said], axis=0),
            np.sum([c.a * p.by_feature * share for c, p in said], axis=0),
            pairs // size,
            pairs % size,
            np.asarray(np.bincount(place, brought, len(pairs)), np.float64),
        )

    def save(self, folder: Path) -> None:
        """Each member's files with its name before theirs."""
        for name, model in self.members.items():
            with tempfile.TemporaryDirectory(prefix="yujing-member-") as part:
                model.save(Path(part))
                for file in sorted(Path(part).iterdir()):
                    shutil.move(file, folder / f"{name}.{file.name}")
        said = {name: {"a": self.calibrations[name].a, "b": self.calibrations[name].b} for name in self.members}
        (folder / MEMBERS).write_text(json.dumps(said, indent=1), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "EnsembleModel":
        said = json.loads((folder / MEMBERS).read_text("utf-8"))
        members = {}
        for name in said:
            with tempfile.TemporaryDirectory(prefix="yujing-member-") as part:
                for file in folder.glob(f"{name}.*"):
                    shutil.copy(file, Path(part) / file.name.removeprefix(f"{name}."))
                members[name] = _KINDS[name].load(Path(part))
        return cls(members, {name: Calibration(**each) for name, each in said.items()})
