"""Days and instants. Days are dates; instants are int64 UTC microseconds; the bank's time zone says where a day ends."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

START_OF_TIME = date(1900, 1, 1)
OPEN_END = date(9999, 12, 31)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def now_us() -> int:
    """This instant in UTC microseconds."""
    return to_us(datetime.now(UTC))


def to_us(instant: datetime) -> int:
    """An aware datetime as UTC microseconds, exactly."""
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(us: int) -> datetime:
    """UTC microseconds as an aware datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)


def start_of_day_us(day: date, time_zone: str) -> int:
    """The first microsecond of `day` where the bank is."""
    return to_us(datetime.combine(day, time(), ZoneInfo(time_zone)))


def end_of_day_us(day: date, time_zone: str) -> int:
    """The last microsecond of `day` where the bank is."""
    return start_of_day_us(day + timedelta(days=1), time_zone) - 1


def day_of(us: int, time_zone: str) -> date:
    """The day, where the bank is, on which an instant falls."""
    return from_us(us).astimezone(ZoneInfo(time_zone)).date()


def iso_day(text: object) -> date:
    """A day written as YYYY-MM-DD. ValueError for anything else: an instant or a number is no day."""
    if isinstance(text, date) and not isinstance(text, datetime):
        return text
    if not isinstance(text, str) or not _ISO_DAY.fullmatch(text):
        raise ValueError("Write the day as YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("The calendar has no such day") from None


def now_on(day: date, time_zone: str) -> int | None:
    """When something is said that is said on the bank's `day`: None (the moment of its commit) where that day is running,
    else its last instant, as in an invented bank whose day stands still."""
    return None if day_of(now_us(), time_zone) == day else end_of_day_us(day, time_zone)
