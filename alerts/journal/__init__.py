"""The journal: what Yujing said and what people did about it. `upgrade(url)` brings a database to today's schema.

`Journal(url)` then takes decisions and scans, gives alerts page by page, knows callers by their keys, answers a repeated
call with the first answer, and proves that its audit chain is whole.
"""

from alerts.journal.engine import Schema, current, downgrade, upgrade
from alerts.journal.journal import Journal
from alerts.journal.once import InProgressError
from alerts.journal.records import (
    AlertAction,
    AlertFilter,
    AlertPage,
    AlertRecord,
    Answer,
    ApiKey,
    AuditCheck,
    Once,
    OutboxMessage,
    ScanRecorded,
)

__all__ = [
    "AlertAction",
    "AlertFilter",
    "AlertPage",
    "AlertRecord",
    "Answer",
    "ApiKey",
    "AuditCheck",
    "InProgressError",
    "Journal",
    "Once",
    "OutboxMessage",
    "ScanRecorded",
    "Schema",
    "current",
    "downgrade",
    "upgrade",
]
