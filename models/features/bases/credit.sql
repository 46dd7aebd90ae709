-- Loan notes, credit lines and collateral of each borrower, as they stand on the day.
WITH owed AS (
    SELECT DISTINCT src AS firm, dst AS note FROM BORROWS WHERE src_type = 'Firm' AND dst_type = 'LoanNote'
),
notes AS (
    SELECT
        o.firm, s.*, n.product, n.annual_rate, n.drawn_on, n.matures_on,
        list_position(['normal', 'special_mention', 'substandard', 'doubtful', 'loss'], s.five_tier) - 1 AS class
    FROM owed o
    JOIN LoanNoteState s ON s.subject = o.note
    LEFT JOIN LoanNote n ON n.id = o.note
    WHERE s.balance_fen > 0 OR s.written_off
),
per_firm AS (
    SELECT
        firm, count(*) AS notes, sum(balance_fen)::DOUBLE AS balance_fen, max(days_past_due) AS days_past_due, max(class) AS five_tier,
        sum(coalesce(interest_arrears_fen, 0))::DOUBLE AS arrears_fen,
        sum(balance_fen) FILTER (matures_on <= :as_of + 90)::DOUBLE AS due_90_fen,
        bool_or(extended) AS extended, bool_or(renewed) AS renewed, bool_or(restructured) AS restructured,
        sum(annual_rate * balance_fen) / nullif(sum(balance_fen) FILTER (annual_rate IS NOT NULL), 0) AS rate_mean,
        sum(balance_fen) FILTER (product IN ('acceptance', 'letter_of_credit', 'guarantee'))::DOUBLE AS off_balance_fen,
        count(*) FILTER (product = 'advance') AS advances,
        (:as_of - min(drawn_on)) / 30.4 AS months_as_borrower
    FROM notes GROUP BY firm
),
lines AS (
    SELECT b.src AS firm, sum(l.limit_fen) FILTER (l.status IS DISTINCT FROM 'expired')::DOUBLE AS limit_fen, bool_or(l.status = 'frozen') AS frozen
    FROM (SELECT DISTINCT src, dst FROM BORROWS WHERE dst_type = 'CreditLine') b JOIN CreditLine l ON l.id = b.dst GROUP BY 1
),
pledged AS (
    SELECT o.firm, sum(c.value_fen)::DOUBLE AS cover_fen, bool_or(c.seized) AS seized
    FROM (
        SELECT DISTINCT coalesce(o.firm, k.src) AS firm, s.dst AS collateral
        FROM SECURED_BY s
        LEFT JOIN owed o ON o.note = s.src
        LEFT JOIN BORROWS k ON k.dst = s.src AND k.dst_type = 'Contract'
    ) o JOIN Collateral c ON c.id = o.collateral
    GROUP BY 1
)
SELECT p.*, l.limit_fen, l.frozen, c.cover_fen, c.seized
FROM per_firm p LEFT JOIN lines l USING (firm) LEFT JOIN pledged c USING (firm)
