"""What is told of guarantees and of those in them: the queries that a book and the surroundings of one firm are both asked."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pyarrow as pa

READS: Mapping[str, tuple[str, ...]] = {
    "GUARANTEES": ("src", "dst", "amount_fen", "currency", "liability", "scheme", "contract"),
    "BORROWS": ("src", "dst", "dst_type"),
    "Contract": ("number",),
    "LoanNote": ("contract", "principal_fen", "currency"),
    "LoanNoteState": ("subject", "balance_fen", "currency", "written_off", "valid_from", "recorded_at"),
    "FinancialStatement": (
        "subject",
        "period_end",
        "audited",
        "net_assets_fen",
        "total_assets_fen",
        "total_liabilities_fen",
        "currency",
        "valid_from",
        "recorded_at",
    ),
    "BureauReport": ("subject", "reported_on", "other_banks_balance_fen", "currency", "recorded_at"),
}


@dataclass(frozen=True)
class Told:
    """guarantees: id, src, dst, amount_fen (null: not told in yuan), liability, scheme, contract.
    debts: party, note, balance_fen. net_assets: party, net_assets_fen, statement. elsewhere: party, elsewhere_fen."""

    guarantees: pa.Table
    debts: pa.Table
    net_assets: pa.Table
    elsewhere: pa.Table


def told_of(connection: duckdb.DuckDBPyConnection, sources: Mapping[str, str]) -> Told:
    """The four tables out of the types of READS, each a name or a query that `connection` knows.

    An amount that is missing, not positive or not in yuan is not told: such a guarantee is a link all the same. A note that is
    written off is no exposure; what is off the balance sheet is, as it is declared. Of statements the one of the latest period
    that tells net assets counts (of two the audited, then the one valid and recorded later).
    """
    named = {name: f"({text})" if " " in text else text for name, text in sources.items()}
    return Told(*(connection.sql(query.format(**named)).to_arrow_table() for query in (_GUARANTEES, _DEBTS, _NET, _ELSEWHERE)))


def links_told(connection: duckdb.DuckDBPyConnection, guarantees: str) -> Told:
    """The same of guarantees alone, a name or a query, with nothing told of anybody: circles are found, nothing is weighed."""
    source = f"({guarantees})" if " " in guarantees else guarantees
    rows = connection.sql(_GUARANTEES.format(GUARANTEES=source)).to_arrow_table()
    return Told(rows, *(schema.empty_table() for schema in (_DEBTS_SCHEMA, _NET_SCHEMA, _ELSEWHERE_SCHEMA)))


_PARTY = ("party", pa.string())
_DEBTS_SCHEMA = pa.schema([_PARTY, ("note", pa.string()), ("balance_fen", pa.int64())])
_NET_SCHEMA = pa.schema([_PARTY, ("net_assets_fen", pa.int64()), ("statement", pa.string())])
_ELSEWHERE_SCHEMA = pa.schema([_PARTY, ("elsewhere_fen", pa.int64())])

_GUARANTEES = """
    SELECT id, src, dst, if(amount_fen > 0 AND coalesce(currency, 'CNY') = 'CNY', amount_fen, NULL) AS amount_fen,
        coalesce(liability, '') AS liability, coalesce(scheme, '') AS scheme, coalesce(contract, '') AS contract
    FROM {GUARANTEES} WHERE src <> dst ORDER BY src, dst, id"""

_DEBTS = """
    WITH direct AS (SELECT DISTINCT src AS party, dst AS note FROM {BORROWS} WHERE dst_type = 'LoanNote'),
    signed AS (
        SELECT DISTINCT b.src AS party, c.number FROM {BORROWS} b JOIN {Contract} c ON c.id = b.dst WHERE b.dst_type = 'Contract'
    ), borrower AS (
        SELECT party, note FROM direct UNION
        SELECT s.party, n.id FROM {LoanNote} n JOIN signed s ON s.number = n.contract
        WHERE n.id NOT IN (SELECT note FROM direct)
    ), state AS (
        SELECT * FROM {LoanNoteState}
        QUALIFY row_number() OVER (PARTITION BY subject ORDER BY valid_from DESC, recorded_at DESC, id) = 1
    )
    SELECT b.party, b.note, coalesce(s.balance_fen, n.principal_fen) AS balance_fen
    FROM borrower b JOIN {LoanNote} n ON n.id = b.note LEFT JOIN state s ON s.subject = n.id
    WHERE coalesce(s.balance_fen, n.principal_fen, 0) > 0 AND NOT coalesce(s.written_off, false)
        AND coalesce(s.currency, n.currency, 'CNY') = 'CNY'"""

_NET = """
    SELECT subject AS party, coalesce(net_assets_fen, total_assets_fen - total_liabilities_fen) AS net_assets_fen, id AS statement
    FROM {FinancialStatement}
    WHERE coalesce(net_assets_fen, total_assets_fen - total_liabilities_fen) IS NOT NULL AND coalesce(currency, 'CNY') = 'CNY'
    QUALIFY row_number() OVER (
        PARTITION BY subject ORDER BY period_end DESC, coalesce(audited, false) DESC, valid_from DESC, recorded_at DESC, id) = 1"""

_ELSEWHERE = """
    SELECT subject AS party, other_banks_balance_fen AS elsewhere_fen FROM {BureauReport}
    WHERE other_banks_balance_fen IS NOT NULL AND coalesce(currency, 'CNY') = 'CNY'
    QUALIFY row_number() OVER (PARTITION BY subject ORDER BY reported_on DESC, recorded_at DESC, id) = 1"""
