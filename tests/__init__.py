"""Tests mirror the folders; `worlds` holds tiny hand-drawn graphs."""
