"""Structural contagion over who owes whom: DebtRank, clearing, guarantee calls, and the cascade of all of it. No torch here.

Everything is arrays: firms are positions 0 to n - 1, amounts are fen as float64, matrices are SciPy sparse. Each module says
its own conventions; `settings.yaml` declares how a bank's tables become a network.
"""
