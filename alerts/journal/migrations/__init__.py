"""Alembic migrations of the journal, run by `alerts.journal.upgrade`."""
