"""Snapshot: the ledger as it was known on a day. Models and rules read this, never a database."""

from graph.snapshot.engine import Engine
from graph.snapshot.snapshot import Snapshot

__all__ = ["Engine", "Snapshot"]
