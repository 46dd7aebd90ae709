"""What a day's features look like: how many are told, their spread, how far they moved since an earlier day, which say nothing."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from graph.errors import InputError
from models.features.build import FeatureTable

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 10
SHIFTED, MOVED = 0.25, 0.1
"""PSI above the first: the population is another one; above the second: look at it (a rule of thumb of credit scoring)."""
_LEAST = 1e-4  # share of an empty bin

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """Of one feature over the firms that the bank knows itself. `psi`: against the earlier day, None where there is none.

    `constant`: all values told are equal; `untold`: none is.
    """

    name: str
    family: str
    window: str
    unit: str
    zh: str
    en: str
    firms: int
    told: int
    missing: float
    mean: float | None
    least: float | None
    quantiles: tuple[float | None, ...]
    most: float | None
    psi: float | None
    constant: bool
    untold: bool

    def plain(self) -> dict[str, Any]:
        """For JSON: quantiles by name."""
        told = asdict(self)
        told |= {f"q{q * 100:02.0f}": v for q, v in zip(QUANTILES, told.pop("quantiles"), strict=True)}
        return told


def profile_of(features: FeatureTable, earlier: FeatureTable | None = None) -> list[Profile]:
    """One entry a feature, in their order. InputError where no firm is known on the day."""
    values, before = _known(features), _known(earlier) if earlier is not None else None
    if not len(values):
        raise InputError(f"On {features.as_of} no firm is known.", "Ingest first, or take a later --as-of.", "as_of")
    if before is not None and not len(before):
        before = None
    return [_profile(features, values, before, column) for column in range(values.shape[1])]


def _known(features: FeatureTable) -> Floats:
    known: Floats = features.values[np.asarray(features.standing["known"].to_numpy(), bool)]
    return known


def _profile(features: FeatureTable, values: Floats, before: Floats | None, column: int) -> Profile:
    feature, every = features.features[column], values[:, column]
    told = every[~np.isnan(every)]
    some = len(told) > 0
    return Profile(
        name=feature.name,
        family=str(feature.family),
        window=feature.window,
        unit=feature.unit,
        zh=feature.zh,
        en=feature.en,
        firms=len(every),
        told=len(told),
        missing=1 - len(told) / len(every),
        mean=float(told.mean()) if some else None,
        least=float(told.min()) if some else None,
        quantiles=tuple(float(q) for q in np.quantile(told, QUANTILES)) if some else (None,) * len(QUANTILES),
        most=float(told.max()) if some else None,
        psi=None if before is None else population_stability(before[:, column], every),
        constant=some and bool(told.min() == told.max()),
        untold=not some,
    )


def population_stability(before: Floats, now: Floats) -> float:
    """PSI = Σ (p - q) ln(p / q) over tenths of the earlier values, missing ones a bin of their own (Siddiqi, 2006)."""
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)

    def shares(values: Floats) -> Floats:
        told = values[~np.isnan(values)]
        counts = np.bincount(np.searchsorted(edges, told, side="left"), minlength=len(edges) + 1)
        return np.maximum(np.append(counts, len(values) - len(told)) / len(values), _LEAST)

    q, p = shares(before), shares(now)
    return float(((p - q) * np.log(p / q)).sum())


def as_arrow(profiles: list[Profile]) -> pa.Table:
    """One row a feature."""
    return pa.Table.from_pylist([profile.plain() for profile in profiles])
