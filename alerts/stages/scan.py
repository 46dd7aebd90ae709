"""The nightly scan over the book (signature landed first; the body follows)."""

from alerts.said import ScanResult
from alerts.stages.desk import Desk


def scan(desk: Desk) -> ScanResult:
    """Alerts of the desk's day over all clients: one a firm and cause, worst first. Pure: `Journal.record_scan` keeps them."""
    raise NotImplementedError
