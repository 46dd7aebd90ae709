"""How the firm does: statements, and monthly indicators against the same months a year before.

Spring Festival falls in January or February, so a window that touches one of them holds both, and a window that would
end in January ends in December: a festival that moves is no collapse. A change is null unless every month of both windows
is there and the latest is at most four months old.
"""

from alerts.facts.kinds import Rows, Topic, Unit, compared, number

_METRICS = (
    ("inflow_change_yoy", "inflow_fen", "账户流入同比(近三月)", "account inflow, last three months on the year"),
    ("electricity_change_yoy", "electricity_kwh", "用电量同比(近两月)", "electricity, last two months on the year"),
    ("headcount_change_yoy", "headcount", "社保人数同比", "social-security headcount on the year"),
    ("tax_change_yoy", "tax_paid_fen", "纳税额同比(近三月)", "tax paid, last three months on the year"),
    ("turnover_change_yoy", "turnover_fen", "开票收入同比(近三月)", "invoiced turnover, last three months on the year"),
)

MONTHLY = Topic(
    "monthly_changes",
    """
    WITH long AS (
        SELECT party, month, metric, value FROM (
            SELECT party, month, inflow_fen::DOUBLE AS inflow_fen, electricity_kwh::DOUBLE AS electricity_kwh,
                headcount::DOUBLE AS headcount, tax_paid_fen::DOUBLE AS tax_paid_fen, turnover_fen::DOUBLE AS turnover_fen
            FROM monthly
        ) UNPIVOT (value FOR metric IN (inflow_fen, electricity_kwh, headcount, tax_paid_fen, turnover_fen))
    ), latest AS (
        SELECT party, metric, max(month) AS latest FROM long
        WHERE month + INTERVAL 1 MONTH <= $as_of + INTERVAL 1 DAY GROUP BY ALL
    ), spans AS (
        SELECT * FROM (VALUES ('inflow_fen', 3), ('electricity_kwh', 2), ('headcount', 1), ('tax_paid_fen', 3), ('turnover_fen', 3))
            AS s(metric, months)
    ), ends AS (
        SELECT party, metric, months, latest - to_months(CASE WHEN month(latest) = 1 THEN 1 ELSE 0 END) AS until
        FROM latest JOIN spans USING (metric) WHERE latest >= $as_of - INTERVAL 4 MONTH
    ), windows AS (
        SELECT party, metric, until, until - to_months((months - 1
            + CASE WHEN month(until - to_months((months - 1)::INTEGER)) = 2 THEN 1 ELSE 0 END)::INTEGER) AS since FROM ends
    ), sums AS (
        SELECT party, metric, datediff('month', any_value(since), any_value(until)) + 1 AS months,
            sum(value) FILTER (month BETWEEN since AND until) AS now,
            count(*) FILTER (month BETWEEN since AND until) AS months_now,
            sum(value) FILTER (month BETWEEN since - INTERVAL 1 YEAR AND until - INTERVAL 1 YEAR) AS before,
            count(*) FILTER (month BETWEEN since - INTERVAL 1 YEAR AND until - INTERVAL 1 YEAR) AS months_before,
            sum(value) FILTER (month > until - INTERVAL 1 YEAR AND month <= until - INTERVAL 9 MONTH) AS coming,
            count(*) FILTER (month > until - INTERVAL 1 YEAR AND month <= until - INTERVAL 9 MONTH) AS months_coming
        FROM long JOIN windows USING (party, metric) GROUP BY party, metric
    ), changes AS (
        SELECT party, metric, round(now / before - 1, 9) AS change,
            CASE WHEN months_coming = 3 THEN coming * least(now / before, 1) / 100.0 END AS expected
        FROM sums WHERE months_now = months AND months_before = months AND before > 0
    )
    SELECT party,
        any_value(change) FILTER (metric = 'inflow_fen') AS inflow_change_yoy,
        any_value(change) FILTER (metric = 'electricity_kwh') AS electricity_change_yoy,
        any_value(change) FILTER (metric = 'headcount') AS headcount_change_yoy,
        any_value(change) FILTER (metric = 'tax_paid_fen') AS tax_change_yoy,
        any_value(change) FILTER (metric = 'turnover_fen') AS turnover_change_yoy,
        any_value(expected) FILTER (metric = 'inflow_fen') AS expected_inflow_90_cny
    FROM changes GROUP BY party
    """,
    (
        *(
            number(
                name,
                Unit.SHARE,
                zh,
                en,
                "MonthlyIndicator",
                absent="",
                rows=(Rows("monthly_told", shown, f"{shown} IS NOT NULL", "month DESC"),),
            )
            for name, shown, zh, en in _METRICS
        ),
        number(
            "expected_inflow_90_cny",
            Unit.CNY,
            "未来三个月预计流入(上年同月按今年降幅折算)",
            "inflow expected in three months (the same months a year before, less this year's fall)",
            "MonthlyIndicator",
            absent="",
            rows=(Rows("monthly_told", "inflow_fen", "inflow_fen IS NOT NULL", "month DESC"),),
        ),
    ),
)


def _shown(prop: str) -> tuple[Rows, ...]:
    return (Rows("statement_told", prop, f"{prop} IS NOT NULL", "period_end DESC"),)


_NET_ASSETS = (
    *_shown("net_assets_fen"),
    Rows("statement_told", "total_assets_fen", "net_assets_fen IS NULL AND total_assets_fen IS NOT NULL", "period_end DESC"),
)

STATEMENTS = Topic(
    "statements",
    """
    WITH recent AS (
        SELECT *, row_number() OVER (PARTITION BY party ORDER BY period_end DESC) AS back FROM statement
        WHERE period_end >= $as_of - INTERVAL 18 MONTH AND period_end <= $as_of
    ), weak AS (
        SELECT party, CASE WHEN count(weak) = 2 THEN count(*) FILTER (weak) END::DOUBLE AS weak_cash_statements FROM (
            SELECT party, operating_cash_flow_fen < 0 OR (interest_expense_fen > 0 AND net_profit_fen < 0) AS weak
            FROM recent WHERE back <= 2
        ) GROUP BY party
    )
    SELECT s.party,
        s.net_assets_fen / 100.0 AS net_assets_cny,
        s.cash_fen / 100.0 AS cash_cny,
        s.revenue_fen / 100.0 AS revenue_cny,
        round(s.revenue_fen / nullif(b.revenue_fen, 0)::DOUBLE - 1, 9) AS revenue_change_yoy,
        s.operating_cash_flow_fen / 100.0 AS operating_cash_flow_cny,
        (s.net_profit_fen + s.interest_expense_fen) / nullif(s.interest_expense_fen, 0)::DOUBLE AS interest_cover,
        s.total_liabilities_fen / nullif(s.total_assets_fen, 0)::DOUBLE AS liabilities_over_assets,
        ($as_of - s.period_end)::DOUBLE AS statement_age_days,
        w.weak_cash_statements
    FROM recent s
    LEFT JOIN statement b ON b.party = s.party AND b.period_end = last_day(s.period_end - INTERVAL 1 YEAR) AND b.revenue_fen > 0
    LEFT JOIN weak w ON w.party = s.party
    WHERE s.back = 1
    """,
    (
        number("net_assets_cny", Unit.CNY, "净资产", "net assets", "FinancialStatement", absent="", rows=_NET_ASSETS),
        number("cash_cny", Unit.CNY, "货币资金", "cash", "FinancialStatement", absent="", rows=_shown("cash_fen")),
        number("revenue_cny", Unit.CNY, "营业收入", "revenue", "FinancialStatement", absent="", rows=_shown("revenue_fen")),
        number(
            "revenue_change_yoy",
            Unit.SHARE,
            "营业收入同比",
            "revenue on the year",
            "FinancialStatement",
            absent="",
            rows=_shown("revenue_fen"),
        ),
        number(
            "operating_cash_flow_cny",
            Unit.CNY,
            "经营现金流净额",
            "operating cash flow",
            "FinancialStatement",
            absent="",
            rows=_shown("operating_cash_flow_fen"),
        ),
        number(
            "interest_cover",
            Unit.RATIO,
            "利息保障倍数(净利润加利息)",
            "interest cover (net profit plus interest)",
            "FinancialStatement",
            absent="",
            rows=_shown("interest_expense_fen"),
        ),
        number(
            "liabilities_over_assets",
            Unit.SHARE,
            "资产负债率",
            "liabilities over assets",
            "FinancialStatement",
            absent="",
            rows=_shown("total_liabilities_fen"),
        ),
        number(
            "statement_age_days",
            Unit.DAYS,
            "报表距今天数",
            "age of the statement",
            "FinancialStatement",
            absent="",
            rows=_shown("period_end"),
        ),
        number(
            "weak_cash_statements",
            Unit.COUNT,
            "最近两期中现金流为负或利息保障不足的期数",
            "of the last two statements, how many with negative cash flow or interest cover below one",
            "FinancialStatement",
            absent="",
            rows=_shown("operating_cash_flow_fen"),
        ),
    ),
)

GAPS = Topic(
    "gaps",
    """
    WITH last AS (
        SELECT party, period_end, revenue_fen FROM statement
        WHERE revenue_fen > 0 AND period_end >= $as_of - INTERVAL 18 MONTH AND period_end <= $as_of AND month(period_end) >= 6
        QUALIFY row_number() OVER (PARTITION BY party ORDER BY period_end DESC) = 1
    ), year AS (
        SELECT party, any_value(revenue_fen)::DOUBLE AS revenue, any_value(month(period_end)) AS months,
            sum(turnover_fen)::DOUBLE AS turnover, count(turnover_fen) AS turnover_months,
            sum(inflow_fen)::DOUBLE AS inflow, count(inflow_fen) AS inflow_months
        FROM last JOIN monthly USING (party)
        WHERE monthly.month BETWEEN date_trunc('year', period_end) AND period_end GROUP BY party
    )
    SELECT party,
        CASE WHEN turnover_months = months
            THEN round(abs(revenue - turnover) / greatest(revenue, turnover), 9) END AS revenue_turnover_gap,
        CASE WHEN inflow_months = months
            THEN round(abs(revenue - inflow) / greatest(revenue, inflow), 9) END AS revenue_inflow_gap
    FROM year
    """,
    (
        compared(
            "revenue_turnover_gap",
            "报表收入与开票(纳税申报)收入差异",
            "statement revenue against invoiced (tax) turnover",
            ("FinancialStatement", "MonthlyIndicator"),
            rows=(*_shown("revenue_fen"), Rows("monthly_told", "turnover_fen", "turnover_fen IS NOT NULL", "month DESC")),
        ),
        compared(
            "revenue_inflow_gap",
            "报表收入与账户流入差异",
            "statement revenue against account inflow",
            ("FinancialStatement", "MonthlyIndicator"),
            rows=(*_shown("revenue_fen"), Rows("monthly_told", "inflow_fen", "inflow_fen IS NOT NULL", "month DESC")),
        ),
    ),
)
