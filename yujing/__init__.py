"""Wiring, settings, pipeline, CLI and the invented bank."""
