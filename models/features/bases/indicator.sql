-- Monthly indicators, each as last told, whichever feed tells it: means of the last three months that every firm's newest month
-- allows, the three before, the same a year before.
WITH told AS (
    SELECT
        subject AS firm, month, arg_max(tax_paid_fen, told) AS tax, arg_max(electricity_kwh, told) AS power,
        arg_max(headcount, told) AS headcount, arg_max(inflow_fen, told) AS inflow, arg_max(turnover_fen, told) AS turnover,
        arg_max(average_balance_fen, told) AS deposit
    FROM (
        SELECT *, row_number() OVER (PARTITION BY subject, month ORDER BY recorded_at, id DESC) AS told FROM MonthlyIndicator
        WHERE subject_type = 'Firm' AND month <= :as_of
    )
    GROUP BY subject, month
),
aged AS (
    SELECT *, max(month) OVER (PARTITION BY firm) AS newest, date_diff('month', month, max(month) OVER (PARTITION BY firm)) AS back FROM told
)
SELECT
    firm,
    avg(tax) FILTER (back < 3) AS tax, avg(tax) FILTER (back BETWEEN 3 AND 5) AS tax_prior, avg(tax) FILTER (back BETWEEN 12 AND 14) AS tax_before,
    avg(power) FILTER (back < 3) AS power, avg(power) FILTER (back BETWEEN 3 AND 5) AS power_prior,
    avg(power) FILTER (back BETWEEN 12 AND 14) AS power_before,
    avg(headcount) FILTER (back < 3) AS headcount, avg(headcount) FILTER (back BETWEEN 12 AND 14) AS headcount_before,
    avg(inflow) FILTER (back < 3) AS inflow, avg(inflow) FILTER (back BETWEEN 3 AND 5) AS inflow_prior,
    avg(inflow) FILTER (back BETWEEN 12 AND 14) AS inflow_before,
    avg(turnover) FILTER (back < 3) AS turnover, avg(turnover) FILTER (back BETWEEN 3 AND 5) AS turnover_prior,
    avg(turnover) FILTER (back BETWEEN 12 AND 14) AS turnover_before,
    avg(deposit) FILTER (back < 3) AS deposit, avg(deposit) FILTER (back BETWEEN 3 AND 5) AS deposit_prior,
    avg(deposit) FILTER (back BETWEEN 12 AND 14) AS deposit_before,
    stddev_pop(turnover) FILTER (back < 12) / nullif(avg(turnover) FILTER (back < 12), 0) AS turnover_swing,
    :as_of - max(newest) AS age_days
FROM aged
GROUP BY firm
