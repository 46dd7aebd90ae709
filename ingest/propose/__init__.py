"""Drafts a manifest from unknown files or tables: looks, scores, says why. Ingest itself never guesses."""
