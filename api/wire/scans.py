"""A scan of the whole book as callers ask for it and follow it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from api.wire.common import Day, Wire


class ScanRequest(Wire):
    """Which day to scan; today unless told."""

    as_of: Day | None = None


class ScanStatus(Wire):
    """A scan: running, done with what it found, or failed with the reason. A second scan of the same day changes nothing."""

    id: str
    status: Literal["running", "done", "failed"]
    as_of: date
    ledger_seq: int | None = None
    firms: Annotated[int | None, Field(description="clients that were looked at")] = None
    rules: int | None = None
    red: int | None = None
    orange: int | None = None
    yellow: int | None = None
    new: Annotated[int | None, Field(description="alerts that were not there before")] = None
    updated: int | None = None
    unchanged: int | None = None
    score_run: str | None = None
    score_threshold: float | None = None
    reason: Annotated[str | None, Field(description="why it failed")] = None
