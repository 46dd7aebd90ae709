"""The quarantine desk: what was refused is looked at, repaired in a workbook and fed back, or dismissed."""

from ingest.desk.actions import Status
from ingest.desk.shelf import Case, Issue, Place, Shelf

__all__ = ["Case", "Issue", "Place", "Shelf", "Status"]
