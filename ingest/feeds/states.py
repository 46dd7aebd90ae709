"""What is wrong with one file of a feed at an instant, from what was delivered by then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from graph.clock import day_of
from ingest.feeds import schedule
from ingest.manifest import Expected

_LEAST_SHARE_OF_FULL = 0.8


class State(StrEnum):
    """From what most needs a look to what needs none."""

    HEADER = "header"
    SILENT = "silent"
    REFUSED = "refused"
    SHRUNK = "shrunk"
    LATE = "late"
    REPEATED = "repeated"
    FRESH = "fresh"


@dataclass(frozen=True)
class Delivery:
    """One arrival of a file, or a refused attempt (`outcome` header or refused). `at` in UTC microseconds."""

    at: int
    batch: str
    outcome: str
    reason: str
    title: str
    rows: int
    columns: str
    content: str
    types: tuple[str, ...]
    full: bool
    expected: Expected | None

    @property
    def arrived(self) -> bool:
        """It was read and taken, whether or not it told anything new."""
        return self.outcome in ("committed", "nothing_new")

    @classmethod
    def of(cls, at: int, batch: str, told: tuple[str, str], file: dict[str, Any]) -> "Delivery":
        expected = Expected.model_validate(file["expected"]) if file["expected"] else None
        own = {name: file[name] for name in ("title", "rows", "columns", "content", "full")}
        return cls(at, batch, *told, **own, types=tuple(file["types"]), expected=expected)


@dataclass(frozen=True)
class FeedFile:
    """One file of a feed on a day. `since`: the first due day that was not kept, else the instant's day from which it holds."""

    feed: str
    title: str
    path: str
    sheet: str
    state: State
    since: date | None
    last: Delivery | None
    rows_before: int | None
    next_due: date | None
    reason: str
    types: tuple[str, ...]
    missed: int = 0

    @property
    def file(self) -> str:
        return f"{self.path}#{self.sheet}" if self.sheet else self.path


def judge(name: tuple[str, str, str], told: Sequence[Delivery], at: int, time_zone: str) -> FeedFile:
    """The state of one file (`name`: feed, path, sheet) at an instant; `told` is all of it by then, in order of time."""
    arrived = [each for each in told if each.arrived]
    last, expected = arrived[-1] if arrived else None, told[-1].expected
    fresh = _distinct(arrived, expected, time_zone)
    before = fresh[-2].rows if len(fresh) > 1 else None
    upto = schedule.fulfilled(expected, iter(each.at for each in arrived), time_zone) if expected else None
    first, count = schedule.missed(expected, upto, at, time_zone) if expected and upto else (None, 0)
    state, reason = _state(told, fresh, expected, count)
    refused_on = day_of(told[-1].at, time_zone)
    since = first if state in (State.SILENT, State.LATE) else refused_on if state is not State.FRESH else None
    due = schedule.due_after(expected, upto) if expected and upto else None
    feed, path, sheet = name
    return FeedFile(feed, told[-1].title, path, sheet, state, since, last, before, due, reason, told[-1].types, count)


def _distinct(arrived: Sequence[Delivery], expected: Expected | None, time_zone: str) -> list[Delivery]:
    """Of a delivery that was loaded again before the next one was due, the first: running a load twice repeats nothing."""
    kept: list[Delivery] = []
    for each in arrived:
        again = bool(kept) and each.content != "" and kept[-1].content == each.content
        if again and (expected is None or _same_period(expected, kept[-1].at, each.at, time_zone)):
            continue
        kept.append(each)
    return kept


def _same_period(expected: Expected, first: int, second: int, time_zone: str) -> bool:
    return schedule.due_before(expected, first, time_zone) == schedule.due_before(expected, second, time_zone)


def _state(told: Sequence[Delivery], fresh: Sequence[Delivery], expected: Expected | None, missed: int) -> tuple[State, str]:
    """The worst that holds, with its reason where the attempt told one."""
    outcome, reason = told[-1].outcome, told[-1].reason
    before, last = fresh[-2:] if len(fresh) > 1 else (None, None)
    changed = before is not None and last is not None and before.columns != last.columns
    checks = [
        (outcome == "header", State.HEADER, reason),
        (changed, State.HEADER, "The header is not what it was."),
        (missed > 1, State.SILENT, ""),
        (outcome == "refused" and expected is not None, State.REFUSED, reason),
        (missed == 1, State.LATE, ""),
    ]
    if expected and before and last:
        checks.insert(4, (last.rows < _least(expected, last) * before.rows, State.SHRUNK, ""))
        again = last.rows > 0 and last.content != "" and before.content == last.content and not expected.may_repeat
        checks.append((again, State.REPEATED, ""))
    return next(((state, why) for holds, state, why in checks if holds), (State.FRESH, ""))


def _least(expected: Expected, last: Delivery) -> float:
    return expected.min_share_of_last or (_LEAST_SHARE_OF_FULL if last.full else 0.0)
