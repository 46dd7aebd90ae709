"""What each firm owes this bank on a day: balances of its open notes, in fen. Amounts that are not CNY are left out."""

import duckdb
import polars as pl
import pyarrow as pa

from graph.knowledge.kind import Inputs

READS = {
    "BORROWS": ("src", "dst", "dst_type"),
    "LoanNote": ("principal_fen", "currency", "contract"),
    "LoanNoteState": ("subject", "balance_fen", "currency", "written_off", "valid_from", "recorded_at"),
    "Contract": ("number",),
    "CapitalFigure": ("tier1_net_fen", "valid_from", "recorded_at"),
}


def exposures(inputs: Inputs, engine: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Columns firm, exposure_fen. The borrower by the note, else by its contract; without a state a note owes its principal."""
    sql = {name: inputs.sql(name) for name in READS}
    rows: pa.Table = engine.sql(f"""
        WITH borrows AS ({sql["BORROWS"]}), note AS ({sql["LoanNote"]}),
        direct AS (SELECT DISTINCT src AS firm, dst AS note FROM borrows WHERE dst_type = 'LoanNote'),
        party AS (
            SELECT firm, note FROM direct UNION
            SELECT b.src, n.id FROM note n JOIN ({sql["Contract"]}) c ON c.number = n.contract
            JOIN borrows b ON b.dst = c.id AND b.dst_type = 'Contract' WHERE n.id NOT IN (SELECT note FROM direct)
        ), state AS (
            SELECT * FROM ({sql["LoanNoteState"]})
            QUALIFY row_number() OVER (PARTITION BY subject ORDER BY valid_from DESC, recorded_at DESC, id) = 1
        )
        SELECT p.firm, sum(greatest(coalesce(s.balance_fen, n.principal_fen, 0), 0))::BIGINT AS exposure_fen
        FROM party p JOIN note n ON n.id = p.note LEFT JOIN state s ON s.subject = n.id
        WHERE coalesce(s.currency, 'CNY') = 'CNY' AND coalesce(n.currency, 'CNY') = 'CNY'
            AND NOT coalesce(s.written_off, false) AND starts_with(p.firm, 'Firm-')
        GROUP BY p.firm
    """).to_arrow_table()
    found = pl.from_arrow(rows)
    assert isinstance(found, pl.DataFrame)
    return found


def tier1(inputs: Inputs, engine: duckdb.DuckDBPyConnection) -> int | None:
    """The bank's net tier 1 capital as last told, in fen; None where it is not."""
    rows = engine.sql(f"""
        SELECT tier1_net_fen FROM ({inputs.sql("CapitalFigure")}) WHERE tier1_net_fen IS NOT NULL
        ORDER BY valid_from DESC, recorded_at DESC, id LIMIT 1
    """).fetchall()
    return int(rows[0][0]) if rows else None
