"""From a day's tables to a network: the whole book out of a snapshot, or the neighbourhood of a firm, by the same SQL.

Who owes whom. Bank credit: balances of loan notes that are not written off, less margin, in equal parts to their borrowers. Trade
debt: seller's claim on the buyer, invoices of the last `trade_days` days net of voided and red ones (they carry no payment), or
the yearly amount of SUPPLIES for as many days where a pair has no invoice; together no more than the seller's receivables.
Holdings: declared share of the book equity. Guarantees: as told, between firms; persons' means are not known, so they are left
out and counted. Equity is net assets of the newest statement, else a part of the registered capital, else not known (infinite:
it absorbs); it has a floor. Amounts in other currencies count by the newest rate; without a rate they are left out and counted,
as are negative amounts and firms that owe themselves.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.currencies import DECIMALS
from graph.errors import InputError, NotFoundError
from graph.snapshot import Snapshot
from graph.store import GraphReader, Moment
from graph.walks import NetworkQuery, exposure_network
from models.contagion import statements
from models.contagion.arrays import Floats, Index
from models.contagion.guarantees import Guarantees
from models.contagion.network import Claims, FirmNetwork, Sheets
from models.contagion.settings import Conventions
from models.workspace import Workspace

EDGES = ("GUARANTEES", "INVOICES", "SUPPLIES", "HOLDS_SHARES")


class Tables(Protocol):
    """A day's tables by name, to be asked in SQL: a Workspace, or a few firms' rows in the same shape."""

    def query(self, sql: str) -> pa.Table: ...
    def keep(self, name: str, sql: str) -> None: ...
    def close(self) -> None: ...


def read_network(snapshot: Snapshot, conventions: Conventions) -> FirmNetwork:
    """Every firm that the bank knew on the day. InputError for a day before any data."""
    return network_of(Workspace(snapshot), snapshot, conventions)


def read_neighbourhood(
    reader: GraphReader, snapshot: Snapshot, firm: str, conventions: Conventions, *, depth: int = 3, most: int = 300
) -> FirmNetwork:
    """The firms within `depth` relations of `firm`, at most `most`, without reading the book.

    NotFoundError for a firm of which nothing is known on that day.
    """
    query = NetworkQuery(Moment.of(snapshot.as_of), depth, ("GUARANTEES", "SUPPLIES", "HOLDS_SHARES"), max_nodes=most)
    around = exposure_network(reader, firm, query)
    firms = sorted(node.id for node in around.nodes if node.id.startswith("Firm-"))
    if firm not in firms:
        raise NotFoundError(f"Nothing is known of '{firm}' on {snapshot.as_of}.", "Look it up by name or code.", "firm")
    return network_of(FirmTables(snapshot, firms), snapshot, conventions)


def network_of(tables: Tables, snapshot: Snapshot, conventions: Conventions) -> FirmNetwork:
    """The network of these tables, which are closed after use."""
    days = int(conventions.trade_days.value)
    try:
        tables.keep("_rate", statements.RATE.format(decimals=", ".join(f"('{code}', {n})" for code, n in DECIMALS.items())))
        tables.keep("_note", statements.NOTE)
        tables.keep("_firm", statements.FIRMS.format(**statements.firm_parameters(conventions)))
        tables.keep("_trade", statements.TRADE_DEBT.format(days=days))
        firms = tables.query("SELECT * FROM _firm ORDER BY id")
        claims = tables.query(statements.CLAIMS.format(within=bool(conventions.trade_within_receivables.value)))
        guarantees = tables.query(statements.GUARANTEES)
        left = tables.query(statements.LEFT_OUT.format(days=days)).to_pylist()
    finally:
        tables.close()
    if not firms.num_rows:
        raise InputError(f"On {snapshot.as_of} the bank knew no firm.", "Take a later day, or ingest first.", "as_of")
    ids = firms["id"].combine_chunks()
    sheets = _sheets(firms, conventions)
    return FirmNetwork(
        firms=ids,
        about=firms.select(["name", "industry", "region", "branch"]).combine_chunks(),
        sheets=sheets,
        claims=Claims(
            _place(claims["creditor"], ids),
            _place(claims["debtor"], ids),
            _floats(claims["fen"]),
            np.asarray(claims["kind"].to_numpy(), np.int64),
            claims["type"].combine_chunks(),
            claims["rel"].combine_chunks(),
        ),
        guarantees=Guarantees(
            _place(guarantees["guarantor"], ids),
            _place(guarantees["debtor"], ids),
            _floats(guarantees["fen"]),
            guarantees["joint"].to_numpy(zero_copy_only=False).astype(np.bool_),
            len(ids),
        ),
        guarantee_rels=guarantees["rel"].combine_chunks(),
        told={row["what"]: row["rows"] for row in left},
    )


def _sheets(firms: pa.Table, conventions: Conventions) -> Sheets:
    told = {name: _floats(firms[name]) for name in _FIGURES}
    assets = np.nan_to_num(told["assets"])
    floor = conventions.equity_floor.value * np.maximum(assets, np.nan_to_num(told["capital"]))
    equity = np.where(np.isnan(told["equity"]), np.inf, np.maximum(told["equity"], np.maximum(floor, _LEAST_EQUITY)))
    rest = {name: np.maximum(np.nan_to_num(told[name]), 0.0) for name in _FIGURES if name not in {"equity", "capital"}}
    performing = firms["performing"].to_numpy(zero_copy_only=False).astype(np.bool_)
    return Sheets(equity=equity, performing=performing, **rest)


_LEAST_EQUITY = 100.0  # a yuan: where neither assets nor capital give a floor
_FIGURES = ("equity", "capital", "assets", "liabilities", "cash", "revenue", "credit", "collateral", "realty")


class FirmTables:
    """The rows about some firms, by ontology type: what `Workspace` has of the whole book, without reading it."""

    def __init__(self, snapshot: Snapshot, firms: Sequence[str]) -> None:
        self._snapshot, self._bench = snapshot, snapshot.workbench()
        among = pa.array(firms, pa.string())
        self._put("Firm", "id", firms)
        borrowed = self._put("BORROWS", "src", firms)["dst"].unique().to_pylist()
        notes, contracts = (sorted(one for one in borrowed if one.startswith(f"{kind}-")) for kind in ("LoanNote", "Contract"))
        self._bench.put("BORROWS", snapshot.about("BORROWS", "dst", [*notes, *contracts]))  # who else borrowed the same
        self._put("LoanNote", "id", notes)
        self._put("LoanNoteState", "subject", notes)
        pieces = self._put("SECURED_BY", "src", [*notes, *contracts])["dst"].unique().to_pylist()
        self._put("Collateral", "id", pieces)
        for name in ("FinancialStatement", "DefaultEvent"):
            self._put(name, "subject", firms)
        for name in EDGES:
            rows = snapshot.about(name, "src", firms)
            self._bench.put(name, rows.filter(pc.is_in(rows["dst"], value_set=among)))
        for name in ("Currency", "ExchangeRate"):
            self._bench.put(name, snapshot.read(name))

    def query(self, sql: str) -> pa.Table:
        """Rows of one SELECT."""
        return self._bench.query(self._dated(sql))

    def keep(self, name: str, sql: str) -> None:
        """A table from one SELECT."""
        self._bench.keep(name, self._dated(sql))

    def close(self) -> None:
        """Free its memory."""
        self._bench.close()

    def _dated(self, sql: str) -> str:
        return sql.replace(":as_of", f"DATE '{self._snapshot.as_of.isoformat()}'")

    def _put(self, name: str, column: str, ids: Sequence[str]) -> pa.Table:
        rows = self._snapshot.about(name, column, ids)
        self._bench.put(name, rows)
        return rows


def _place(column: pa.ChunkedArray, ids: pa.Array) -> Index:
    return np.asarray(pc.index_in(column, value_set=ids).to_numpy(), np.int64)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(), np.float64)
