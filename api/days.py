"""The day a question is asked for: today unless told, and never a day that has not come."""

from datetime import date

from api.platform import Platform
from graph.clock import START_OF_TIME
from graph.errors import InputError


def resolve_day(platform: Platform, as_of: date | None, field: str = "as_of") -> date:
    """`as_of`, or the bank's today. InputError for a day to come, or before all records."""
    today = platform.today()
    if as_of is None:
        return today
    if as_of > today:
        raise InputError(f"{field}: {as_of} has not come yet; the bank's day is {today}.", f"Ask for {today} or earlier.", field)
    if as_of < START_OF_TIME:
        raise InputError(f"{field}: {as_of} is before all records.", f"Ask for {START_OF_TIME} or later.", field)
    return as_of
