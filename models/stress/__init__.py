"""Stress: a shock to names, groups, industries, regions or the economy; who falls, what the bank loses, how limits move."""
