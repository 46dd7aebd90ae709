"""Tiny hand-drawn worlds, written through the real ledger."""
