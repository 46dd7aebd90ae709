"""Small networks for tests: drawn by hand, or at random from a seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import sparse

from models.contagion.arrays import Floats, Index
from models.contagion.guarantees import Guarantees
from models.contagion.network import HOLDING, TRADE, Claims, FirmNetwork, Sheets

Told = tuple[int, int, float]


def matrix(rows: list[list[float]]) -> sparse.csr_array:
    return sparse.csr_array(np.array(rows, np.float64))


def network(
    firms: int,
    *,
    trade: list[Told] | None = None,
    holdings: list[Told] | None = None,
    guarantees: list[tuple[int, int, float, bool]] | None = None,
    **sheets: Any,
) -> FirmNetwork:
    """Trade and holdings as (creditor, debtor, amount), guarantees as (guarantor, debtor, cap, joint); figures one or many."""
    rows = [(c, d, a, TRADE) for c, d, a in trade or []] + [(c, d, a, HOLDING) for c, d, a in holdings or []]
    ends = [np.array([row[i] for row in rows], np.int64) for i in (0, 1, 3)]
    given = sorted(guarantees or [], key=lambda g: (g[1], g[0], g[2]))
    book = Guarantees.of(
        np.array([g[0] for g in given], np.int64),
        np.array([g[1] for g in given], np.int64),
        np.array([g[2] for g in given], np.float64),
        np.array([g[3] for g in given], np.bool_),
        firms,
    )
    names = [f"F{i}" for i in range(firms)]
    return FirmNetwork(
        firms=pa.array(names),
        about=pa.table({"name": names, "industry": ["C33"] * firms, "region": ["990101"] * firms, "branch": ["B1"] * firms}),
        sheets=_sheets(firms, sheets),
        claims=Claims(
            ends[0], ends[1], np.array([row[2] for row in rows], np.float64), ends[2], _types(ends[2]), _ids("c", len(rows))
        ),
        guarantees=book,
        guarantee_rels=_ids("g", len(given)),
        told={},
    )


def _sheets(firms: int, told: Mapping[str, Any]) -> Sheets:
    def figure(name: str, default: float) -> Floats:
        return np.broadcast_to(np.asarray(told.get(name, default), np.float64), (firms,)).copy()

    names = {
        "equity": 100.0,
        "assets": 200.0,
        "liabilities": 100.0,
        "cash": 1e18,
        "revenue": 0.0,
        "credit": 0.0,
        "collateral": 0.0,
        "realty": 0.0,
    }
    return Sheets(**{name: figure(name, default) for name, default in names.items()}, performing=np.ones(firms, np.bool_))


def _types(kind: Index) -> pa.Array:
    return pa.array(["INVOICES" if one == TRADE else "HOLDS_SHARES" for one in kind], pa.string())


def _ids(prefix: str, count: int) -> pa.Array:
    return pa.array([f"{prefix}{i}" for i in range(count)], pa.string())
