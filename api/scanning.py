"""Scans of the whole book: one at a time, in a thread of their own, the result in the journal.

Which scans run is this process's affair; what they found is the journal's. A scan that dies with its process is simply asked
for again: it finds the same alerts and changes nothing twice.
"""

from collections import Counter, OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from datetime import date
from threading import Lock

from alerts.journal import ScanRecorded
from alerts.said import Grade, ScanResult
from alerts.stages import scan
from api.opened import DayBook
from api.platform import Platform
from api.wire.scans import ScanStatus
from graph.errors import NotFoundError, YujingError

_REMEMBERED = 100


class ScanDesk:
    """Starts scans and says how they stand."""

    def __init__(self, platform: Platform, days: DayBook) -> None:
        self._platform = platform
        self._days = days
        self._worker = ThreadPoolExecutor(1, "scan")
        self._scans: OrderedDict[str, tuple[date, Future[ScanStatus]]] = OrderedDict()
        self._lock = Lock()

    def run(self, scan_id: str, as_of: date, principal: str) -> ScanStatus:
        """Scans `as_of`, or joins the scan of that id; waits for its end as long as the limits allow."""
        with self._lock:
            if scan_id not in self._scans:
                self._scans[scan_id] = as_of, self._worker.submit(self._scan, scan_id, as_of, principal)
                self._forget_oldest()
            future = self._scans[scan_id][1]
        try:
            return future.result(self._platform.limits.scan_seconds)
        except StillRunning:
            return ScanStatus(id=scan_id, status="running", as_of=as_of)
        except BaseException:
            with self._lock:
                self._scans.pop(scan_id, None)  # asked again under the same key, it is tried again
            raise

    def status(self, scan_id: str) -> ScanStatus:
        """How the scan stands. NotFoundError for one that this process does not know."""
        with self._lock:
            known = self._scans.get(scan_id)
        if known is None:
            raise NotFoundError(f"No scan '{scan_id}' is known here.", "Ask for it again: POST /v1/scans.", "id")
        as_of, future = known
        if not future.done():
            return ScanStatus(id=scan_id, status="running", as_of=as_of)
        failure = future.exception()
        if failure is not None:
            reason = failure.message if isinstance(failure, YujingError) else "a defect; the log says where"
            return ScanStatus(id=scan_id, status="failed", as_of=as_of, reason=reason)
        return future.result()

    def close(self) -> None:
        """Lets the running scan end and drops those that wait."""
        self._worker.shutdown(cancel_futures=True)

    def _scan(self, scan_id: str, as_of: date, principal: str) -> ScanStatus:
        result = scan(self._days.open(as_of).desk)
        return _status(scan_id, result, self._platform.journal.record_scan(result, principal))

    def _forget_oldest(self) -> None:
        while len(self._scans) > _REMEMBERED:
            self._scans.popitem(last=False)


def _status(scan_id: str, result: ScanResult, recorded: ScanRecorded) -> ScanStatus:
    grades = Counter(alert.grade for alert in result.alerts)
    return ScanStatus(
        id=scan_id,
        status="done",
        as_of=result.as_of,
        ledger_seq=result.ledger_seq,
        firms=result.firms,
        rules=result.rules,
        red=grades[Grade.RED],
        orange=grades[Grade.ORANGE],
        yellow=grades[Grade.YELLOW],
        new=recorded.new,
        updated=recorded.updated,
        unchanged=recorded.unchanged,
        score_run=result.score_run or None,
        score_threshold=result.score_threshold,
    )
