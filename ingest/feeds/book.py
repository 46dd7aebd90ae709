"""All feeds of a ledger as they stood on a day: read from its batches and from the attempts that became none."""

import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

from graph.clock import end_of_day_us, now_us
from graph.ledger import Ledger
from ingest.feeds.delivered import attempts
from ingest.feeds.states import Delivery, FeedFile, judge

_Name = tuple[str, str, str]
_HOLDS_SECONDS = 60.0


class FeedBook:
    """What is known of feeds by the end of `as_of` (of today: by now), up to `ledger_seq`. Nothing later is looked at.

    What was found holds for a minute, so that decisions do not read the ledger's batches one after another. Threads may share it.
    """

    def __init__(self, ledger: Ledger, as_of: date, ledger_seq: int | None = None) -> None:
        self._ledger, self.as_of = ledger, as_of
        self.ledger_seq = ledger.latest_seq if ledger_seq is None else ledger_seq
        self._found: tuple[float, tuple[FeedFile, ...]] = (-math.inf, ())

    def files(self) -> tuple[FeedFile, ...]:
        """Every file that was ever delivered by then, in the order of feeds and files."""
        read_at, found = self._found
        if time.monotonic() - read_at >= _HOLDS_SECONDS:
            found = self._judged(min(end_of_day_us(self.as_of, self._ledger.time_zone), now_us()))
            self._found = time.monotonic(), found
        return found

    def _judged(self, until: int) -> tuple[FeedFile, ...]:
        told: dict[_Name, list[Delivery]] = defaultdict(list)
        for name, delivery in sorted(self._told(until), key=lambda each: each[1].at):
            told[name].append(delivery)
        return tuple(judge(name, told[name], until, self._ledger.time_zone) for name in sorted(told))

    def _told(self, until: int) -> Iterator[tuple[_Name, Delivery]]:
        for row in self._ledger.batches().to_pylist():
            if row["batch_seq"] <= self.ledger_seq and row["committed_at"] <= until:
                for file in json.loads(row["summary"]).get("deliveries", ()):
                    yield _name(row, file), Delivery.of(row["committed_at"], row["batch"], ("committed", ""), file)
        for row in attempts(self._ledger):
            if row["ledger_seq"] <= self.ledger_seq and row["at"] <= until:
                for file in json.loads(row["deliveries"]):
                    outcome = file.get("outcome", row["outcome"])
                    yield _name(row, file), Delivery.of(row["at"], "", (outcome, row["reason"]), file)


def _name(row: dict[str, Any], file: dict[str, Any]) -> _Name:
    return row["feed"], file["path"], file["sheet"]
