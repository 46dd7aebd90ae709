"""When a delivery is due: every day, workday, week, month or quarter, by an hour, with some days of grace."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from graph.clock import day_of, to_us
from ingest.manifest import Expected

_FRIDAY = 4


def deadline(expected: Expected, due: date, time_zone: str) -> int:
    """The instant (UTC microseconds) after which what was due on `due` is late: the hour, `grace_days` later."""
    hour = time.fromisoformat(expected.by)
    return to_us(datetime.combine(due + timedelta(days=expected.grace_days), hour, ZoneInfo(time_zone)).astimezone(UTC))


def due_before(expected: Expected, at: int, time_zone: str) -> date:
    """The last day whose deadline is past at an instant."""
    day = _on_or_before(expected, day_of(at, time_zone))
    while deadline(expected, day, time_zone) > at:
        day = _on_or_before(expected, day - timedelta(days=1))
    return day


def due_after(expected: Expected, day: date) -> date:
    """The next day on which something is due."""
    later = day + timedelta(days=1)
    while not _is_due(expected, later):
        later += timedelta(days=1)
    return later


def fulfilled(expected: Expected, arrivals: Iterator[int], time_zone: str) -> date | None:
    """Up to which due day the arrivals (instants, in order) have kept the promise; None where nothing ever came.

    A delivery answers the last day that is past and unanswered, else the next one, however many come before its deadline;
    the first counts for the next.
    """
    upto: date | None = None
    for at in arrivals:
        past = due_before(expected, at, time_zone)
        upto = past if upto is not None and upto < past else due_after(expected, past)
    return upto


def missed(expected: Expected, upto: date, at: int, time_zone: str) -> tuple[date | None, int]:
    """The first due day after `upto` whose deadline is past, and how many there are."""
    last = due_before(expected, at, time_zone)
    day, first, count = due_after(expected, upto), None, 0
    while day <= last:
        first, count, day = first or day, count + 1, due_after(expected, day)
    return first, count


def _on_or_before(expected: Expected, day: date) -> date:
    while not _is_due(expected, day):
        day -= timedelta(days=1)
    return day


def _is_due(expected: Expected, day: date) -> bool:
    match expected.every:
        case "day":
            return True
        case "workday":
            return day.weekday() <= _FRIDAY
        case "week":
            return day.weekday() == 0
        case "month":
            return day.day == 1
        case "quarter":
            return day.day == 1 and day.month % 3 == 1
