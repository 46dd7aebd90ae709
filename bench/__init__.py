"""Reproducible measurements against named peers."""
