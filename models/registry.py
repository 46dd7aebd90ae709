"""Trained models on disk and in MLflow. A folder is `<root>/<name>/<version>/`: weights and a manifest, no pickle.

A folder is only loaded as it was saved: every file's checksum stands in the manifest, and the manifest's own beside it.
"""

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from graph.clock import now_us
from graph.errors import InputError, NotFoundError
from graph.ontology import Ontology
from models.calibration import Calibration
from models.ensembles import EnsembleModel
from models.features import FeatureTable
from models.linear import LinearModel
from models.maturity.models import EndsLogistic, EndsTrees
from models.networks import NetworkModel
from models.parts import Index, Parts
from models.targets import DEFAULT, Target, targets_of
from models.trees import TreeModel

MANIFEST, SEAL, CHAMPION = "manifest.json", "manifest.sha256", "champion.json"
_LIBRARIES = ("numpy", "scikit-learn", "lightgbm", "torch", "torch-geometric", "safetensors", "duckdb")


class Saved(Protocol):
    """What can be registered."""

    def save(self, folder: Path) -> None:
        """Write the weights."""


class Model(Saved, Protocol):
    """What every kind of model of firms can do."""

    def parts(self, features: FeatureTable, rows: Index) -> Parts:
        """Log-odds of firms as named parts, before calibration."""

    def raw(self, asked: Sequence[tuple[FeatureTable, Index]]) -> list[NDArray[np.float64]]:
        """Log-odds of several days' rows, not split."""


class Described(Protocol):
    """Whatever rows of features a model is asked about."""

    @property
    def version(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...


KINDS: dict[str, Any] = {
    "logistic": LinearModel,
    "lightgbm": TreeModel,
    "gnn": NetworkModel,
    "ensemble": EnsembleModel,
    "ends-logistic": EndsLogistic,
    "ends-lightgbm": EndsTrees,
}


@dataclass(frozen=True)
class Manifest:
    """Everything that must be known of a model to use it rightly and to judge it."""

    name: str
    kind: str
    horizon_days: int
    feature_version: str
    features: tuple[str, ...]
    ontology_hash: str
    ledger_seq: int
    seed: int
    days: dict[str, list[str]]  # by set
    calibration: dict[str, float]
    metrics: dict[str, dict[str, Any]]  # by set
    refused: tuple[str, ...] = ()  # features that were left out because they are the label in disguise
    target: str = DEFAULT
    target_version: int = 1
    target_digest: str = ""  # of what decides who is a positive; empty: labels of no declared target
    version: str = ""
    run: str = ""  # of MLflow
    trained_at: int = 0
    libraries: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # sha256 by name

    @property
    def map(self) -> Calibration:
        return Calibration(**self.calibration)

    def check(self, features: Described) -> None:
        """InputError, naming what differs, unless `features` are those the model was trained on."""
        if features.version == self.feature_version and features.names == self.features:
            return
        gone, new = set(self.features) - set(features.names), set(features.names) - set(self.features)
        differs = f"missing {_few(gone)}; new {_few(new)}" if gone or new else "the same names, other definitions"
        raise InputError(
            f"Model {self.name} {self.version} was trained on features {self.feature_version}, not {features.version}: {differs}.",
            "Run `yujing train` under this ontology.",
            "features",
        )

    def check_target(self, ontology: Ontology) -> Target | None:
        """The declared target that the model was trained on, None where it had none. InputError, naming what differs."""
        if not self.target_digest:
            return None
        found = targets_of(ontology).get(self.target)
        said = f"Model {self.name} {self.version} foretells '{self.target}' version {self.target_version}"
        fix = "Train again, or score by a model of the target as it is declared now."
        if found is None:
            raise InputError(f"{said}, which is not declared.", fix, "target")
        if found.version != self.target_version:
            raise InputError(f"{said}; declared is version {found.version}.", fix, "target")
        if found.digest != self.target_digest:
            told = f"{self.target_digest}, not {found.digest}"
            raise InputError(f"{said} as it was then ({told}): the definition was changed without a new version.", fix, "target")
        return found


@dataclass(frozen=True)
class Registered:
    """A loaded model with what its manifest says."""

    manifest: Manifest
    model: Model


@dataclass(frozen=True)
class Registry:
    """`root`: the folder of models. `mlflow_url`: where runs and versions are tracked; empty for none."""

    root: Path
    mlflow_url: str = ""

    def add(self, manifest: Manifest, model: Saved, artifacts: Sequence[Path] = ()) -> Manifest:
        """Save under the next version, track it, and return the manifest as saved. Nothing is promoted by this."""
        name = manifest.name
        number = str(1 + max((int(m.version) for m in self.manifests() if m.name == name), default=0))
        final, folder = self.root / name / number, self.root / name / f".{number}.new"
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder)
        files = {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.name not in (MANIFEST, SEAL)}
        told = {**asdict(manifest), "version": number, "files": files, "libraries": _libraries(), "trained_at": now_us()}
        told["run"] = self._track(told)
        text = json.dumps(told, indent=1, ensure_ascii=False)
        (folder / MANIFEST).write_text(text, "utf-8")
        (folder / SEAL).write_text(hashlib.sha256(text.encode()).hexdigest())
        folder.rename(final)
        return _manifest(told)

    def load(self, name: str = "", number: str = "") -> Registered:
        """A version of `name` (its newest), or the champion where no name is given. InputError where anything was changed."""
        if not name:
            name, number = self.champion()
        folder = self.root / name / (number or self._newest(name))
        manifest = read_manifest(folder)
        for file, checksum in manifest.files.items():
            path = folder / file
            if not path.exists() or _sha256(path) != checksum:
                raise InputError(f"{path} is not what was trained: its checksum differs.", "Restore it or train again.", "weights")
        return Registered(manifest, cast(Model, KINDS[manifest.kind].load(folder)))

    def manifests(self) -> list[Manifest]:
        """Every version, by name and version."""
        found = [p.parent for p in self.root.glob(f"*/*/{MANIFEST}") if not p.parent.name.startswith(".")]
        return [read_manifest(folder) for folder in sorted(found, key=lambda f: (f.parent.name, int(f.name)))]

    def champion(self, target: str = DEFAULT) -> tuple[str, str]:
        """Name and version of the model promoted for a target; NotFoundError where none was."""
        path = self._champion_path(target)
        if not path.exists():
            fix = "Run `yujing train`, then `yujing models promote NAME VERSION`."
            raise NotFoundError(f"No model was promoted{'' if target == DEFAULT else f' for {target}'}.", fix, "model")
        said = json.loads(path.read_text("utf-8"))
        return said["name"], said["version"]

    def has_champion(self, target: str = DEFAULT) -> bool:
        return self._champion_path(target).exists()

    def _champion_path(self, target: str) -> Path:
        return self.root / (CHAMPION if target == DEFAULT else f"champion-{target}.json")

    def promote(self, name: str, number: str, reason: str) -> None:
        """Make a version the one that counts for its target. The reason is kept, and every earlier promotion with it."""
        target = self.load(name, number).manifest.target
        path = self._champion_path(target)
        past = _promotions(path) if path.exists() else []
        said = {"name": name, "version": number, "reason": reason, "at": now_us(), "before": past}
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(said, indent=1, ensure_ascii=False), "utf-8")
        beside.replace(path)
        if self.mlflow_url and target == DEFAULT:
            from models.tracking import mark_champion

            mark_champion(self.mlflow_url, name, number)

    def _newest(self, name: str) -> str:
        numbers = [int(p.parent.name) for p in (self.root / name).glob(f"*/{MANIFEST}") if p.parent.name.isdigit()]
        if not numbers:
            known = ", ".join(sorted({m.name for m in self.manifests()})) or "none"
            raise NotFoundError(f"There is no model '{name}'.", f"Trained: {known}. See `yujing models list`.", "model")
        return str(max(numbers))

    def _track(self, told: dict[str, Any]) -> str:
        if not self.mlflow_url:
            return ""
        from models.tracking import track

        return track(self.mlflow_url, told, self.root)


def read_manifest(folder: Path) -> Manifest:
    """NotFoundError where there is none, InputError where it was edited."""
    path = folder / MANIFEST
    if not path.exists():
        raise NotFoundError(f"There is no model in {folder}.", "See `yujing models list`.", "model")
    text = path.read_text("utf-8")
    seal = folder / SEAL
    if not seal.exists() or seal.read_text().strip() != hashlib.sha256(text.encode()).hexdigest():
        raise InputError(f"{path} was edited after training.", "Restore it or train again.", "manifest")
    return _manifest(json.loads(text))


def _manifest(told: dict[str, Any]) -> Manifest:
    return Manifest(**{**told, "features": tuple(told["features"]), "refused": tuple(told["refused"])})


def days_by_set(sets: dict[str, tuple[date, ...]]) -> dict[str, list[str]]:
    """As the manifest keeps them."""
    return {name: [day.isoformat() for day in days] for name, days in sets.items()}


def _promotions(path: Path) -> list[dict[str, Any]]:
    """Every promotion so far, oldest first."""
    said = json.loads(path.read_text("utf-8"))
    return [*said.pop("before", []), said]


def _few(names: set[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown or "none"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _libraries() -> dict[str, str]:
    out = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            out[name] = version(name)
        except PackageNotFoundError:
            continue
    return out
