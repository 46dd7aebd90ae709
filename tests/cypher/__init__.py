"""Statements and their slots."""
