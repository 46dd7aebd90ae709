"""The declared sensitivities, by industry."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, field_validator

from graph.ledger import Ledger
from models.contagion.arrays import Floats
from models.contagion.settings import Strict, settings_beside

OWN_FILE = "stress.yaml"


class Sensitivity(Strict):
    """One figure, by letter of the industry."""

    values: dict[str, Annotated[float, Field(ge=0, le=10)]]
    source: str
    status: Literal["assumption", "seen"]

    @field_validator("values")
    @classmethod
    def _has_a_default(cls, values: dict[str, float]) -> dict[str, float]:
        if "default" not in values:
            raise ValueError("there must be a value called default")
        return values

    @property
    def default(self) -> float:
        return self.values["default"]

    def of(self, industries: pa.ChunkedArray | pa.Array) -> Floats:
        """The value of each firm by the first letter of its industry code: [firms]."""
        return np.array([self.values.get((code or "?")[0].upper(), self.default) for code in industries.to_pylist()], np.float64)


class Sensitivities(Strict):
    """Everything that settings.yaml declares."""

    horizon_note: str
    log_odds_per_gdp_point: Sensitivity
    revenue_per_gdp_point: Sensitivity
    margin_of_lost_revenue: Sensitivity
    log_odds_per_100bp: Sensitivity
    interest_bearing: Sensitivity
    log_odds_per_property_tenth: Sensitivity
    property_assets: Sensitivity
    correlation: Sensitivity


def sensitivities_beside(ledger: Ledger) -> Sensitivities:
    """The bank's own `stress.yaml` beside the ledger, else what is declared here."""
    return settings_beside(ledger, OWN_FILE, Sensitivities, Path(__file__).with_name("settings.yaml"))
