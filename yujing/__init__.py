"""Wiring, settings, pipeline, CLI and the invented bank."""

__version__ = "0.1.0"
