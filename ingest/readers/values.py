"""Typed values as text that loses nothing: what the same cell would say in a careful export."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

_EXACT = 1e15  # whole floats below this are written without exponent or ".0"
Write = Callable[[Any], str]


def of_float(value: float) -> str:
    """A float in its shortest form that reads back the same; whole ones as whole numbers."""
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else str(value)


def of_bool(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


def of_decimal(value: Decimal) -> str:
    """Every digit, and no exponent."""
    return format(value, "f")


def writers(time_zone: str) -> dict[type, Write]:
    """How a database's values are written, by their type; what is not here has no text of its own.

    Instants are written where the bank is; None is an empty cell.
    """
    zone = ZoneInfo(time_zone)

    def of_moment(value: datetime) -> str:
        local = value.astimezone(zone).replace(tzinfo=None) if value.tzinfo else value
        return local.isoformat(" ")

    return {
        **{type(None): lambda _: "", str: str, int: str, UUID: str},
        **{bool: of_bool, float: of_float, Decimal: of_decimal, date: date.isoformat, datetime: of_moment},
    }
