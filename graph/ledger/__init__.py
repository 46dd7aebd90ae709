"""The append-only record of what the bank was told, on two clocks."""

from graph.ledger.batch import BatchHeader, BatchWriter
from graph.ledger.book import Ledger

__all__ = ["BatchHeader", "BatchWriter", "Ledger"]
