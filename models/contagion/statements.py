"""The SQL by which a day's tables become firms, trade debts, holdings and guarantees: one definition, whichever rows are there."""

from models.contagion.settings import Conventions

RATE = """
    SELECT c.code AS currency,
        arg_max(r.cny_per_unit, (r.valid_from, r.recorded_at, r.id)) * pow(10, 2 - any_value(d.decimals)) AS rate
    FROM ExchangeRate r JOIN Currency c ON c.id = r.subject JOIN (VALUES {decimals}) d(code, decimals) ON d.code = c.code
    WHERE r.cny_per_unit BETWEEN 1e-7 AND 99999 AND c.code <> 'CNY' GROUP BY c.code
    UNION ALL SELECT 'CNY', 1.0
"""

NOTE = """
    WITH state AS (
        SELECT * FROM LoanNoteState
        QUALIFY row_number() OVER (PARTITION BY subject ORDER BY valid_from DESC, recorded_at DESC, id) = 1
    ),
    borrower AS (SELECT DISTINCT src, dst FROM BORROWS)
    SELECT b.src AS firm, s.balance_fen, r.rate,
        greatest(s.balance_fen - greatest(coalesce(n.margin_fen, 0), 0), 0) * r.rate
            / count(*) OVER (PARTITION BY s.subject) AS fen,
        s.balance_fen > 0 AS has_credit, NOT coalesce(s.written_off, false) AS open,
        s.days_past_due >= 90 OR s.five_tier IN ('substandard', 'doubtful', 'loss') OR s.written_off AS failing
    FROM borrower b JOIN state s ON s.subject = b.dst LEFT JOIN LoanNote n ON n.id = b.dst
    LEFT JOIN _rate r ON r.currency = coalesce(s.currency, 'CNY')
"""
"""A row a borrower and note. `failing` is default as `models.labels` has it."""

FIRMS = """
    WITH owed AS (
        SELECT firm, sum(fen) FILTER (open) AS credit, bool_or(failing) AS failing FROM _note WHERE firm LIKE 'Firm-%' GROUP BY firm
    ),
    event AS (
        SELECT subject AS firm, bool_or(valid_from > :as_of - 365 OR cause = 'bankruptcy') AS failed
        FROM DefaultEvent GROUP BY subject
    ),
    piece AS (
        SELECT firm, collateral, count(*) OVER (PARTITION BY collateral) AS sharers
        FROM (SELECT DISTINCT b.src AS firm, s.dst AS collateral FROM SECURED_BY s JOIN BORROWS b ON b.dst = s.src)
    ),
    pledged AS (
        SELECT p.firm,
            sum(greatest(c.value_fen, 0) * r.rate / p.sharers * (1 - ({haircut}))) AS collateral,
            sum(greatest(c.value_fen, 0) * r.rate / p.sharers * (1 - ({haircut}))) FILTER ({realty}) AS realty
        FROM piece p JOIN Collateral c ON c.id = p.collateral JOIN _rate r ON r.currency = coalesce(c.currency, 'CNY')
        WHERE NOT coalesce(c.seized, false) GROUP BY p.firm
    ),
    stated AS (
        SELECT * FROM FinancialStatement WHERE subject_type = 'Firm' AND period_end <= :as_of
        QUALIFY row_number() OVER (
            PARTITION BY subject ORDER BY period_end DESC, audited DESC NULLS LAST, recorded_at DESC, id) = 1
    )
    SELECT f.id, f.name, f.industry, f.region, f.branch, NOT coalesce(f.stub, false) AS known,
        coalesce(s.net_assets_fen, s.total_assets_fen - s.total_liabilities_fen, f.registered_capital_fen * {capital})::DOUBLE
            AS equity,
        s.subject IS NOT NULL AS stated, f.registered_capital_fen::DOUBLE AS capital, s.total_assets_fen::DOUBLE AS assets,
        coalesce(s.total_liabilities_fen, s.total_assets_fen - s.net_assets_fen)::DOUBLE AS liabilities,
        coalesce(s.cash_fen, s.total_assets_fen * {cash})::DOUBLE AS cash, s.receivables_fen::DOUBLE AS receivables,
        (s.revenue_fen * 12.0 / greatest(month(s.period_end), 1))::DOUBLE AS revenue,
        coalesce(o.credit, 0)::DOUBLE AS credit, coalesce(p.collateral, 0)::DOUBLE AS collateral,
        coalesce(p.realty, 0)::DOUBLE AS realty,
        NOT (coalesce(o.failing, false) OR coalesce(e.failed, false) OR coalesce(f.status = 'bankrupt', false)) AS performing
    FROM Firm f LEFT JOIN owed o ON o.firm = f.id LEFT JOIN event e ON e.firm = f.id LEFT JOIN pledged p ON p.firm = f.id
    LEFT JOIN stated s ON s.subject = f.id
"""

TRADE_DEBT = """
    WITH invoiced AS (
        SELECT i.src, i.dst, arg_max(i.id, (abs(coalesce(i.gross_fen, i.net_fen)), i.id)) AS rel,
            sum(r.rate * if(i.state = 'red', -abs(coalesce(i.gross_fen, i.net_fen)), coalesce(i.gross_fen, i.net_fen))) AS fen
        FROM INVOICES i JOIN _rate r ON r.currency = coalesce(i.currency, 'CNY')
        WHERE i.state IS DISTINCT FROM 'voided' AND i.valid_from > :as_of - {days} AND i.src <> i.dst GROUP BY i.src, i.dst
    ),
    declared AS (
        SELECT s.src, s.dst, arg_max(s.id, (s.annual_fen, s.id)) AS rel, sum(s.annual_fen * r.rate) * {days} / 365 AS fen
        FROM SUPPLIES s JOIN _rate r ON r.currency = coalesce(s.currency, 'CNY')
        WHERE s.annual_fen > 0 AND s.src <> s.dst GROUP BY s.src, s.dst
    )
    SELECT coalesce(i.src, d.src) AS seller, coalesce(i.dst, d.dst) AS buyer, coalesce(i.rel, d.rel) AS rel,
        coalesce(i.fen, d.fen)::DOUBLE AS fen, if(i.rel IS NULL, 'SUPPLIES', 'INVOICES') AS type
    FROM invoiced i FULL JOIN declared d ON d.src = i.src AND d.dst = i.dst
"""

CLAIMS = """
    WITH trade AS (
        SELECT t.*, s.receivables, sum(t.fen) OVER (PARTITION BY t.seller) AS told
        FROM _trade t JOIN _firm s ON s.id = t.seller JOIN _firm b ON b.id = t.buyer WHERE t.fen > 0
    ),
    held AS (
        SELECT h.src, h.dst, arg_max(h.id, (h.equity_share, h.id)) AS rel,
            least(sum(h.equity_share), 1) * any_value(d.equity) AS fen
        FROM HOLDS_SHARES h JOIN _firm s ON s.id = h.src JOIN _firm d ON d.id = h.dst
        WHERE h.equity_share > 0 AND h.src <> h.dst AND d.equity > 0 GROUP BY h.src, h.dst
    )
    SELECT seller AS creditor, buyer AS debtor, rel, type, 0::BIGINT AS kind,
        if({within} AND receivables >= 0 AND told > receivables, fen * receivables / told, fen)::DOUBLE AS fen
    FROM trade
    UNION ALL SELECT src, dst, rel, 'HOLDS_SHARES', 1::BIGINT, fen::DOUBLE FROM held
    ORDER BY kind, creditor, debtor
"""

GUARANTEES = """
    SELECT g.src AS guarantor, g.dst AS debtor, g.id AS rel, (g.amount_fen * r.rate)::DOUBLE AS fen,
        g.liability IS DISTINCT FROM 'ordinary' AS joint
    FROM GUARANTEES g JOIN _firm s ON s.id = g.src JOIN _firm d ON d.id = g.dst
    JOIN _rate r ON r.currency = coalesce(g.currency, 'CNY')
    WHERE g.amount_fen > 0 AND g.src <> g.dst
    ORDER BY debtor, guarantor, fen, rel
"""
"""A guarantee of untold kind counts as joint and several, as contracts of banks have it (民法典 art. 686 would say ordinary)."""

LEFT_OUT = """
    SELECT 'guarantees_by_persons' AS what, count(*) AS rows FROM GUARANTEES WHERE src_type <> 'Firm' AND dst_type = 'Firm'
    UNION ALL SELECT 'negative_amounts', (SELECT count(*) FROM GUARANTEES WHERE amount_fen < 0)
        + (SELECT count(*) FROM _note WHERE balance_fen < 0) + (SELECT count(*) FROM SUPPLIES WHERE annual_fen < 0)
    UNION ALL SELECT 'owed_to_oneself', (SELECT count(*) FROM GUARANTEES WHERE src = dst)
        + (SELECT count(*) FROM INVOICES WHERE src = dst AND valid_from > :as_of - {days})
        + (SELECT count(*) FROM SUPPLIES WHERE src = dst) + (SELECT count(*) FROM HOLDS_SHARES WHERE src = dst)
    UNION ALL SELECT 'without_rate', (SELECT count(*) FROM _note WHERE rate IS NULL)
        + (SELECT count(*) FROM GUARANTEES WHERE coalesce(currency, 'CNY') NOT IN (SELECT currency FROM _rate))
    UNION ALL SELECT 'equity_not_known', (SELECT count(*) FROM _firm WHERE equity IS NULL)
    UNION ALL SELECT 'equity_from_capital', (SELECT count(*) FROM _firm WHERE equity IS NOT NULL AND NOT stated)
"""


def firm_parameters(conventions: Conventions) -> dict[str, str]:
    """What FIRMS leaves open."""
    named = " ".join(
        f"WHEN contains(c.collateral_type, {_text(word)}) THEN {cut}" for word, cut in conventions.collateral_haircuts.items()
    )
    moved = [f"contains(c.collateral_type, {_text(word)})" for word in conventions.property_collateral]
    otherwise = conventions.collateral_haircut.value
    return {
        "haircut": f"CASE {named} ELSE {otherwise} END" if named else str(otherwise),
        "realty": " OR ".join(moved) or "false",
        "capital": str(conventions.registered_capital_share.value),
        "cash": str(conventions.cash_share.value),
    }


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"
