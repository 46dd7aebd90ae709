"""The declared conventions: read from YAML, validated, refused with the field that is wrong."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import InputError
from graph.ledger import Ledger
from models.contagion.cascade import Capacity, Losses
from models.contagion.clearing import Costs

OWN_FILE = "contagion.yaml"
_SHIPPED = Path(__file__).with_name("settings.yaml")


class Strict(BaseModel):
    """A shape of ours: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Setting(Strict):
    """A number, where it comes from, and whether that was seen or is this house's own."""

    value: Annotated[float, Field(ge=0)]
    source: str
    status: Literal["seen", "house"]


class Share(Setting):
    """The same of a number from 0 to 1."""

    value: Annotated[float, Field(ge=0, le=1)]


class Conventions(Strict):
    """Everything that settings.yaml declares."""

    trade_days: Setting
    trade_within_receivables: Share
    registered_capital_share: Share
    equity_floor: Share
    cash_share: Share
    collateral_haircut: Share
    loss_trade: Share
    loss_holding: Share
    other_property: Share
    recovery_assets: Share
    recovery_claims: Share
    capacity: Capacity
    collateral_haircuts: dict[str, Annotated[float, Field(ge=0, le=1)]]
    property_collateral: tuple[str, ...]

    @property
    def losses(self) -> Losses:
        """What the cascade takes."""
        return Losses(self.loss_trade.value, self.loss_holding.value, self.other_property.value, self.capacity)

    @property
    def costs(self) -> Costs:
        """What Rogers-Veraart clearing takes."""
        return Costs(self.recovery_assets.value, self.recovery_claims.value)


Shape = TypeVar("Shape", bound=Strict)


def conventions_beside(ledger: Ledger) -> Conventions:
    """The bank's own `contagion.yaml` beside the ledger, else what is declared here."""
    return settings_beside(ledger, OWN_FILE, Conventions, _SHIPPED)


def declared() -> Conventions:
    """What comes with the platform."""
    return _read(Conventions, _SHIPPED, 0)


def settings_beside(ledger: Ledger, name: str, shape: type[Shape], shipped: Path) -> Shape:
    """What the bank declares in a file of that name beside the ledger, read again when it changes; else what is shipped."""
    own = ledger.root.parent / name
    return _read(shape, own, own.stat().st_mtime_ns) if own.is_file() else _read(shape, shipped, 0)


def _read(shape: type[Shape], file: Path, changed_ns: int) -> Shape:
    found = _kept(shape, file, changed_ns)
    assert isinstance(found, shape)
    return found


@lru_cache(maxsize=16)
def _kept(shape: type[Strict], file: Path, _changed_ns: int) -> Strict:
    return parse(shape, file.read_text("utf-8"), str(file))


def parse(shape: type[Shape], text: str, where: str) -> Shape:
    """A declared shape out of YAML. InputError names the field."""
    try:
        plain: Any = yaml.safe_load(text)
        return shape.model_validate(plain)
    except yaml.YAMLError as problem:
        raise InputError(f"{where}: this is no YAML: {problem}", "Check indentation and quotes.", where) from None
    except ValidationError as problem:
        first = problem.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or where
        said = first["msg"].removeprefix("Value error, ").rstrip(".")
        raise InputError(f"{where}: {field}: {said}.", "Compare with docs/stress.md.", field) from None
