"""What a scenario says, in YAML or JSON: shocks to names, groups, industries, regions or branches, and a macro path."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from graph.errors import InputError
from models.contagion.settings import Strict, parse

Code = Annotated[str, Field(min_length=1, max_length=60)]


class Shock(Strict):
    """Who is hit (exactly one selector) and how: lost equity, 1 being failure, and own log-odds of default on top."""

    firms: Annotated[tuple[Code, ...], Field(max_length=10_000, description="entity ids or credit codes")] = ()
    group: Annotated[str, Field(max_length=80, description="a group client or a set of connected clients, by its id")] = ""
    industry: Annotated[str, Field(max_length=20, description="beginning of the industry code: C, or C17")] = ""
    region: Annotated[str, Field(max_length=20, description="beginning of the administrative division: 33, or 330106")] = ""
    branch: Annotated[str, Field(max_length=60, description="the branch that handles the client")] = ""
    equity_loss: Annotated[float, Field(ge=0, le=1, description="share of equity; 1: the firm fails")] = 1.0
    log_odds: Annotated[float, Field(ge=-10, le=10, description="added to its own log-odds of default")] = 0.0

    @model_validator(mode="after")
    def _one_selector(self) -> Self:
        told = [name for name in ("firms", "group", "industry", "region", "branch") if getattr(self, name)]
        if len(told) != 1:
            raise ValueError(f"name exactly one of firms, group, industry, region, branch (got {', '.join(told) or 'none'})")
        return self


class Quarter(Strict):
    """Deviations from the baseline in one quarter."""

    gdp: Annotated[float, Field(ge=-30, le=30, description="growth, percentage points a year")] = 0.0
    rate_bp: Annotated[float, Field(ge=-2_000, le=2_000, description="loan rate, basis points")] = 0.0
    property: Annotated[float, Field(ge=-0.95, le=2, description="property prices over the quarter, -0.1: a tenth less")] = 0.0


class Scenario(Strict):
    """Shocks and a path; neither: the baseline, in which only the scores speak."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = "基准 baseline"
    note: Annotated[str, Field(max_length=500)] = ""
    shocks: Annotated[tuple[Shock, ...], Field(max_length=200)] = ()
    macro: Annotated[tuple[Quarter, ...], Field(max_length=40, description="one after another")] = ()

    @property
    def gdp_level(self) -> float:
        """How far GDP ends from its baseline, percentage points."""
        return sum(quarter.gdp for quarter in self.macro) / 4

    @property
    def rate_years(self) -> float:
        """Basis points times years by which borrowing was dearer."""
        return sum(quarter.rate_bp for quarter in self.macro) / 4

    @property
    def property_change(self) -> float:
        """Of property prices over the whole path."""
        level = 1.0
        for quarter in self.macro:
            level *= 1 + quarter.property
        return level - 1


def read_scenario(path: Path) -> Scenario:
    """A scenario out of a YAML file. InputError names the field."""
    if not path.is_file():
        raise InputError(f"There is no scenario file '{path}'.", "See docs/stress.md for one.", "scenario")
    return parse(Scenario, path.read_text("utf-8"), path.name)


def macro_path(gdp: float, rate_bp: float, property_change: float) -> tuple[Quarter, ...]:
    """A year of the same deviation; property prices fall in its first quarter. InputError for figures out of reach."""
    import pydantic

    try:
        first = Quarter(gdp=gdp, rate_bp=rate_bp, property=property_change)
        return (first, *(Quarter(gdp=gdp, rate_bp=rate_bp) for _ in range(3)))
    except pydantic.ValidationError as problem:
        wrong = problem.errors()[0]
        field = str(wrong["loc"][0])
        raise InputError(f"{field}: {wrong['msg']} (got {wrong['input']}).", "See docs/stress.md for the units.", field) from None
