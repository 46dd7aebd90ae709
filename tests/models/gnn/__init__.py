"""Tests of `models.gnn`."""
