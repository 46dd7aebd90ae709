-- The newest statement, each figure as last told (audited before unaudited), and the one nearest to a year before it (within 45 days of that).
WITH ranked AS (
    SELECT *, row_number() OVER (PARTITION BY subject, period_end ORDER BY audited NULLS FIRST, recorded_at, id DESC) AS place
    FROM FinancialStatement WHERE subject_type = 'Firm' AND period_end <= :as_of
),
stated AS (
    SELECT
        subject AS firm, period_end,
        arg_max(columns(['audited', 'total_assets_fen', 'total_liabilities_fen', 'net_assets_fen', 'current_assets_fen',
            'current_liabilities_fen', 'cash_fen', 'receivables_fen', 'inventory_fen', 'revenue_fen', 'net_profit_fen',
            'interest_expense_fen', 'operating_cash_flow_fen']), place)
    FROM ranked GROUP BY subject, period_end
),
told AS (
    SELECT
        firm, period_end, audited, total_assets_fen::DOUBLE AS assets, total_liabilities_fen::DOUBLE AS liabilities,
        coalesce(net_assets_fen, total_assets_fen - total_liabilities_fen)::DOUBLE AS net_assets, current_assets_fen::DOUBLE AS current_assets,
        current_liabilities_fen::DOUBLE AS current_liabilities, cash_fen::DOUBLE AS cash, receivables_fen::DOUBLE AS receivables,
        inventory_fen::DOUBLE AS inventory, revenue_fen::DOUBLE AS revenue, net_profit_fen::DOUBLE AS profit, interest_expense_fen::DOUBLE AS interest,
        operating_cash_flow_fen::DOUBLE AS cash_flow,
        revenue_fen * 12.0 / greatest(month(period_end), 1) AS yearly_revenue
    FROM stated
),
newest AS (
    SELECT * FROM told QUALIFY row_number() OVER (PARTITION BY firm ORDER BY period_end DESC) = 1
),
earlier AS (
    SELECT n.firm, t.revenue, t.assets, t.liabilities
    FROM newest n JOIN told t ON t.firm = n.firm AND abs((n.period_end - t.period_end) - 365) <= 45
    QUALIFY row_number() OVER (PARTITION BY n.firm ORDER BY abs((n.period_end - t.period_end) - 365), t.period_end) = 1
)
SELECT n.*, :as_of - n.period_end AS age_days, e.revenue AS revenue_before, e.assets AS assets_before, e.liabilities AS liabilities_before
FROM newest n LEFT JOIN earlier e USING (firm)
