"""The structural columns of a score: what a firm's failure would do, and what those of others do to it, by who owes whom.

    debtrank             part of all the bank's credit that is distressed beyond the firm's own if it fails alone (linear DebtRank)
    vulnerability        share of its equity lost over relations when every firm loses its own probability of default of its equity
    clearing_shortfall   share of its obligations that it cannot pay then (Eisenberg-Noe clearing of trade debt)
    guarantee_call       fen: over those it guarantees, own probability of default times what it would be called for

The own probability is that of the score's own part, so that contagion is not counted twice. A firm that is not in the network, or
whose equity is not known, has null where that decides.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import expit

from graph.snapshot import Snapshot
from models.contagion.arrays import Floats, summed
from models.contagion.clearing import clear
from models.contagion.debtrank import impacts, linear_debtrank
from models.contagion.network import FirmNetwork
from models.contagion.reading import read_network
from models.contagion.settings import conventions_beside

COLUMNS = ("debtrank", "vulnerability", "clearing_shortfall", "guarantee_call")
FLOOR = 1e-3  # of equity: a smaller increment of distress is not passed on in `debtrank`


def with_structure(rows: pa.Table, snapshot: Snapshot) -> pa.Table:
    """Score rows with COLUMNS filled, by the network of the snapshot's day; DuckDB reads it, whatever engine the snapshot has."""
    plain = Snapshot(snapshot.ledger, snapshot.as_of, snapshot.ledger_seq)
    network = read_network(plain, conventions_beside(snapshot.ledger))
    at = pc.index_in(network.firms, value_set=rows["firm"].combine_chunks())
    known = pc.is_valid(at).to_numpy(zero_copy_only=False).astype(np.bool_)
    probability = np.zeros(network.size)
    probability[known] = expit(rows["own"].to_numpy()[pc.drop_null(at).to_numpy()])
    found = structure(network, probability)
    place = pc.index_in(rows["firm"].combine_chunks(), value_set=network.firms)
    for name in COLUMNS:
        column = pa.array(found[name], from_pandas=True).take(place)
        rows = rows.set_column(rows.column_names.index(name), name, column)
    return rows


def structure(network: FirmNetwork, own_probability: Floats) -> dict[str, Floats]:
    """COLUMNS of every firm of the network, NaN where they cannot be told."""
    sheets, book = network.sheets, network.guarantees
    known = np.isfinite(sheets.equity)
    shock = np.where(known, own_probability, 0.0)
    distress = linear_debtrank(network.leverage, shock, tolerance=1e-9)
    balances = network.balances(shock * np.where(known, sheets.equity, 0.0))
    cleared = clear(balances)
    owed = cleared.obligations
    return {
        "debtrank": impacts(network.leverage, sheets.credit, floor=FLOOR),
        "vulnerability": np.where(known, distress.h - shock, np.nan),
        "clearing_shortfall": np.where(known, np.divide(cleared.shortfall, owed, out=np.zeros_like(owed), where=owed > 0), np.nan),
        "guarantee_call": summed(book.guarantor, network.called * own_probability[book.debtor], network.size),
    }
