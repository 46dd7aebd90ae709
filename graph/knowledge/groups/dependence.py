"""Economic dependence (经济依存): what the bank's rows make likely, as proposals that an officer confirms or rejects."""

from datetime import timedelta

import duckdb
import polars as pl
import pyarrow as pa

from graph.knowledge.groups.settings import Settings
from graph.knowledge.groups.ties import proposal_id
from graph.knowledge.kind import Inputs

READS = {
    "SUPPLIES": ("src", "dst", "sales_share", "purchase_share", "recorded_at"),
    "GUARANTEES": ("src", "dst", "amount_fen", "currency", "recorded_at"),
    "FinancialStatement": (
        *("subject", "period_end", "net_assets_fen", "total_assets_fen", "total_liabilities_fen", "currency", "audited"),
        *("valid_from", "recorded_at"),
    ),
    "REPAYS": ("src", "dst", "amount_fen", "currency", "valid_from", "recorded_at"),
    "OWNS_ACCOUNT": ("src", "dst"),
}

_SCHEMA = {
    "dependent": pl.String,
    "on": pl.String,
    "kind": pl.String,
    "share": pl.Float64,
    "threshold": pl.Float64,
    "told_us": pl.Int64,
    "evidence": pl.List(pl.String),
    "evidence_type": pl.String,
}


def dependences(inputs: Inputs, engine: duckdb.DuckDBPyConnection, settings: Settings) -> pl.DataFrame:
    """Columns id and _SCHEMA, each (kind, dependent, on) once. Rows that cannot be (a share over 1, nothing) count for nothing."""
    asked = {
        "sales": _trade(inputs, "src", "dst", "sales_share"),
        "purchases": _trade(inputs, "dst", "src", "purchase_share"),
        "guarantee": _guarantees(inputs),
        "repayment": _repayments(inputs, settings),
    }
    limits = {
        "sales": settings.sales_share,
        "purchases": settings.purchase_share,
        "guarantee": settings.guarantee_of_net_assets,
        "repayment": settings.repayment_share,
    }
    types = {"sales": "SUPPLIES", "purchases": "SUPPLIES", "guarantee": "GUARANTEES", "repayment": "REPAYS"}
    found = []
    for kind, sql in asked.items():
        rows: pa.Table = engine.sql(
            f"""SELECT dependent, "on", '{kind}' AS kind, share, $least::DOUBLE AS threshold, told_us, evidence,
            '{types[kind]}' AS evidence_type FROM ({sql})
            WHERE dependent <> "on" AND (share IS NULL OR share >= $least - 1e-9)""",
            params={"least": limits[kind].value},
        ).to_arrow_table()
        found.append(pl.from_arrow(rows))
    told = pl.concat([each.cast(_SCHEMA) for each in found if isinstance(each, pl.DataFrame)])  # type: ignore[arg-type]
    told = told.with_columns(pl.col("share").round(9), pl.col("evidence").list.sort())
    ids = [proposal_id(kind, one, other) for kind, one, other in told.select("kind", "dependent", "on").iter_rows()]
    return told.with_columns(pl.Series("id", ids, pl.String)).sort("id")


def dated(proposals: pl.DataFrame, settings: Settings, time_zone: str) -> pl.DataFrame:
    """With first_known and due in place of told_us: the day on which the evidence was known, and so many days later."""
    day = pl.from_epoch(pl.col("told_us"), time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(time_zone).dt.date()
    due = pl.col("first_known") + timedelta(days=int(settings.due_days.value))
    return proposals.with_columns(first_known=day).with_columns(due=due).drop("told_us")


def _trade(inputs: Inputs, dependent: str, on: str, share: str) -> str:
    """A share of all that one sells or buys; rows of one pair that tell parts of it are added up."""
    return f"""
        SELECT {dependent} AS dependent, {on} AS "on", sum({share}) AS share, max(recorded_at) AS told_us, list(id) AS evidence
        FROM ({inputs.sql("SUPPLIES")}) WHERE {share} > 0 AND {share} <= 1 GROUP BY ALL
    """


def _guarantees(inputs: Inputs) -> str:
    """What a firm guarantees for one debtor over its net assets; null where it has none left to answer with."""
    return f"""
        WITH given AS (
            SELECT src AS dependent, dst AS "on", sum(amount_fen) AS amount, max(recorded_at) AS told_us, list(id) AS evidence
            FROM ({inputs.sql("GUARANTEES")})
            WHERE amount_fen > 0 AND coalesce(currency, 'CNY') = 'CNY' AND starts_with(src, 'Firm-') AND starts_with(dst, 'Firm-')
            GROUP BY ALL
        ), worth AS (
            SELECT subject, coalesce(net_assets_fen, total_assets_fen - total_liabilities_fen) AS net
            FROM ({inputs.sql("FinancialStatement")})
            WHERE coalesce(currency, 'CNY') = 'CNY' AND net IS NOT NULL
            QUALIFY row_number() OVER (
                PARTITION BY subject ORDER BY period_end DESC, coalesce(audited, false) DESC, valid_from DESC, recorded_at DESC, id
            ) = 1
        )
        SELECT dependent, "on", if(net > 0, amount / net, NULL) AS share, told_us, evidence
        FROM given JOIN worth ON subject = dependent
    """


def _repayments(inputs: Inputs, settings: Settings) -> str:
    """What one other party paid on a firm's notes, of all that was repaid on them in the year up to the last time."""
    return f"""
        WITH owner AS (SELECT dst AS account, min(src) AS party FROM ({inputs.sql("OWNS_ACCOUNT")}) GROUP BY dst),
        borrower AS (
            SELECT dst AS note, min(src) AS firm FROM ({inputs.sql("BORROWS")})
            WHERE dst_type = 'LoanNote' AND starts_with(src, 'Firm-') GROUP BY dst HAVING count(DISTINCT src) = 1
        ), paid AS (
            SELECT b.firm, r.valid_from, r.id, r.amount_fen, r.recorded_at,
                coalesce(o.party, if(starts_with(r.src, 'Firm-'), r.src, NULL)) AS payer
            FROM ({inputs.sql("REPAYS")}) r JOIN borrower b ON b.note = r.dst LEFT JOIN owner o ON o.account = r.src
            WHERE r.amount_fen > 0 AND coalesce(r.currency, 'CNY') = 'CNY'
            QUALIFY r.valid_from > max(r.valid_from) OVER (PARTITION BY b.firm) - {int(settings.repayment_days.value)}
        ), every AS (SELECT firm, sum(amount_fen) AS whole FROM paid GROUP BY firm)
        SELECT p.firm AS dependent, payer AS "on", sum(amount_fen) / any_value(whole) AS share, max(recorded_at) AS told_us,
            (list(id ORDER BY amount_fen DESC, id))[:20] AS evidence
        FROM paid p JOIN every e ON e.firm = p.firm WHERE payer IS NOT NULL AND payer <> p.firm GROUP BY p.firm, payer
    """
