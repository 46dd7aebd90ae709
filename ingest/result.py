"""What an ingest did, in numbers that add up: read = accepted + duplicate + quarantined."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Counts:
    """Source rows, or records of one type."""

    read: int
    accepted: int
    duplicate: int
    quarantined: int

    def __post_init__(self) -> None:
        if self.read != self.accepted + self.duplicate + self.quarantined:
            raise AssertionError(f"counts do not add up: {self}")

    def to_json(self) -> dict[str, int]:
        return {"read": self.read, "accepted": self.accepted, "duplicate": self.duplicate, "quarantined": self.quarantined}


@dataclass(frozen=True)
class IngestResult:
    """One load. `batch_seq` is None where nothing was new (or nothing was to be written), so nothing was committed."""

    feed: str
    batch: str
    rows: Counts
    types: Mapping[str, Counts]
    stubs: Mapping[str, int]
    closed: Mapping[str, int]
    reasons: Mapping[str, int]  # quarantined rows by reason code; a row with two reasons counts under both
    warnings: tuple[str, ...]
    tidied: int
    quarantine: Path | None  # None: dry run
    batch_seq: int | None
    ledger_seq: int
    seconds: float
    dry_run: bool = False
    backfill: bool = False
    again: int = 0  # of the quarantined rows: those that an earlier batch of the feed refused alike
    files: tuple[str, ...] = field(default=())
    deliveries: tuple[dict[str, Any], ...] = field(default=())  # what `yujing feeds` compares, a file each
    read_to: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # how far tables and topics were read, by name

    @property
    def clean(self) -> bool:
        """No row was quarantined."""
        return self.rows.quarantined == 0

    def to_json(self) -> dict[str, Any]:
        """The one object that `--json` prints and `summary.json` holds."""
        return {
            "feed": self.feed,
            "batch": self.batch,
            "batch_seq": self.batch_seq,
            "ledger_seq": self.ledger_seq,
            "backfill": self.backfill,
            "dry_run": self.dry_run,
            "rows": self.rows.to_json(),
            "types": {name: counts.to_json() for name, counts in self.types.items()},
            "stubs": dict(self.stubs),
            "closed": dict(self.closed),
            "reasons": dict(self.reasons),
            "again": self.again,
            "warnings": list(self.warnings),
            "tidied": self.tidied,
            "files": list(self.files),
            "deliveries": list(self.deliveries),
            "read_to": {name: dict(mark) for name, mark in self.read_to.items()},
            "quarantine": str(self.quarantine) if self.quarantine else None,
            "seconds": round(self.seconds, 3),
        }
