"""Raw features to what linear models and networks can read. Fitted on training rows only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LIMIT = 5.0  # standard deviations; what is beyond says no more
_RARE = 0.005


@dataclass(frozen=True)
class Preparation:
    """z = clip((x - centre) / scale), missing as 0, then a flag for each of `flagged` that is missing.

    Columns: `kept` (positions in the feature table) and after them `flagged`. Features of relations are not centred: a firm
    without relations stands at exactly zero in all of them.
    """

    kept: NDArray[np.int64]
    centre: Array
    scale: Array
    flagged: NDArray[np.int64]

    @property
    def width(self) -> int:
        return len(self.kept) + len(self.flagged)

    @property
    def source(self) -> NDArray[np.int64]:
        """For each prepared column the feature it comes from."""
        return np.concatenate([self.kept, self.flagged])

    def apply(self, values: Array) -> Array:
        """[rows, features] to [rows, width]."""
        z = (values[:, self.kept] - self.centre) / self.scale
        missing = np.isnan(values[:, self.flagged]).astype(np.float64)
        return np.hstack([np.clip(np.nan_to_num(z), -LIMIT, LIMIT), missing])

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """For saving."""
        return {f"prepare.{name}": value for name, value in vars(self).items()}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[np.generic]]) -> "Preparation":
        """From what `arrays` gave."""
        return cls(**{k.removeprefix("prepare."): v for k, v in arrays.items() if k.startswith("prepare.")})  # type: ignore[arg-type]


def prepare(values: Array, columns: NDArray[np.int64], own: NDArray[np.int64]) -> Preparation:
    """Fit on training rows; a column that is constant or nearly always missing is left out.

    `columns`: which features may be used. `own`: which of all features are centred and get flags for missing.
    """
    picked = values[:, columns]
    known = (~np.isnan(picked)).mean(axis=0)
    with np.errstate(all="ignore"):
        filled = np.where(np.isnan(picked), 0.0, picked)
        is_own = np.isin(columns, own)
        count = np.maximum((~np.isnan(picked)).sum(axis=0), 1)
        centre = np.where(is_own, filled.sum(axis=0) / count, 0.0)
        around = np.where(np.isnan(picked), 0.0, picked - centre)
        rows = np.where(is_own, count, len(picked))
        scale = np.sqrt((around**2).sum(axis=0) / np.maximum(rows, 1))
    useful = (known > _RARE) & (scale > 1e-12)
    flagged = columns[is_own & (known > _RARE) & (known < 1 - _RARE)]
    return Preparation(columns[useful], centre[useful], scale[useful], flagged)
