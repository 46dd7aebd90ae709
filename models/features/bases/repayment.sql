-- How instalments were paid: late when settled after the due day, or due and not settled by the day.
WITH owed AS (
    SELECT DISTINCT src AS firm, dst AS note FROM BORROWS WHERE src_type = 'Firm' AND dst_type = 'LoanNote'
),
instalments AS (
    SELECT
        o.firm, r.due_on, coalesce(r.principal_fen, 0) + coalesce(r.interest_fen, 0) AS amount_fen, coalesce(r.paid_fen, 0) AS paid_fen,
        CASE WHEN r.paid_on <= :as_of THEN r.paid_on END AS settled_on
    FROM owed o JOIN RepaymentDue r ON r.subject = o.note
),
delays AS (
    SELECT *, greatest(coalesce(settled_on, :as_of) - due_on, 0) AS late_days FROM instalments
)
SELECT
    firm,
    count(*) FILTER (past) AS due,
    count(*) FILTER (past AND late_days > 0) AS late,
    max(late_days) FILTER (past) AS late_days_max,
    sum(pow(0.5, (:as_of - due_on) / 90.0) * late_days) FILTER (past) AS late_fading,
    count(*) FILTER (past AND due_on > :as_of - 90) AS due_90,
    count(*) FILTER (past AND due_on > :as_of - 90 AND late_days > 0) AS late_90,
    sum(amount_fen - paid_fen) FILTER (past AND settled_on IS NULL)::DOUBLE AS unpaid_fen,
    sum(amount_fen) FILTER (due_on > :as_of AND due_on <= :as_of + 90)::DOUBLE AS next_90_fen
FROM (SELECT *, due_on <= :as_of AND due_on > :as_of - 365 AS past FROM delays)
GROUP BY firm
