"""Open days: the snapshot, the row reader and the desk of each day lately asked for, shared by all threads."""

from collections import OrderedDict
from datetime import date
from threading import Lock

from alerts.stages import Desk
from api.held import HeldTables
from api.platform import Platform
from api.rows import RowPlans, RowReader
from api.scored import DayScores
from graph.snapshot import Snapshot
from ingest.feeds import FeedBook
from models.stress.day import StressDay


class OpenDay:
    """One day at one ledger sequence. Reading a firm needs `rows` and `scores`; the desk of decisions opens when asked for."""

    def __init__(self, platform: Platform, snapshot: Snapshot, plans: RowPlans, *, hold: bool = True) -> None:
        """`hold` false: rows come from the ledger, for whoever asks once and goes."""
        self.snapshot = snapshot
        self.held = HeldTables(snapshot)
        self.rows = RowReader(snapshot, plans, self.held if hold else None)
        self.scores = DayScores(platform.scores, snapshot.as_of)
        self.feeds = FeedBook(platform.ledger, snapshot.as_of, snapshot.ledger_seq)
        self._platform = platform
        self._lock = Lock()
        self._desk: Desk | None = None
        self._stress: StressDay | None = None

    @property
    def desk(self) -> Desk:
        """Opened once, whoever asks first; the others wait for it."""
        with self._lock:
            if self._desk is None:
                platform = self._platform
                self._desk = Desk.open(self.snapshot, platform.scores, platform.store, capacity=platform.capacity, feeds=self.feeds)
            return self._desk

    @property
    def stress(self) -> StressDay:
        """Who owes whom in the whole book, read once."""
        with self._lock:
            if self._stress is None:
                self._stress = StressDay.open(self.snapshot, self._platform.scores)
            return self._stress


class DayBook:
    """The few days that are asked for, the least lately used let go. A new batch or score run opens the day anew."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._plans = RowPlans()
        self._days: OrderedDict[tuple[date, int, int], OpenDay] = OrderedDict()
        self._lock = Lock()

    def open(self, as_of: date) -> OpenDay:
        """The day at the ledger's latest sequence."""
        platform = self._platform
        key = (as_of, platform.ledger.latest_seq, _score_version(platform))
        with self._lock:
            day = self._days.pop(key, None) or OpenDay(platform, Snapshot(platform.ledger, as_of, key[1]), self._plans)
            self._days[key] = day
            while len(self._days) > platform.limits.days:
                self._days.popitem(last=False)
            return day

    def close(self) -> None:
        """Frees what the days hold."""
        with self._lock:
            for day in self._days.values():
                day.held.close()
            self._days.clear()


def _score_version(platform: Platform) -> int:
    """Something that changes with every score run, at the cost of one look at a folder."""
    try:
        return (platform.scores.root / "_delta_log").stat().st_mtime_ns
    except FileNotFoundError:
        return 0
