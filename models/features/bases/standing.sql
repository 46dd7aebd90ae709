-- Where a firm stands on the day: does the bank know it itself, does it owe, is it in default (90 days past due, substandard or
-- worse, written off, bankrupt, or a default event within a year; after that it counts as cured unless the notes say otherwise).
WITH notes AS (
    SELECT
        b.src AS firm, bool_or(s.balance_fen > 0) AS has_credit,
        bool_or(s.days_past_due >= 90 OR s.five_tier IN ('substandard', 'doubtful', 'loss') OR s.written_off) AS failing
    FROM BORROWS b JOIN LoanNoteState s ON s.subject = b.dst GROUP BY 1
),
events AS (
    SELECT subject AS firm, bool_or(valid_from > :as_of - 365 OR cause = 'bankruptcy') AS failed FROM DefaultEvent GROUP BY 1
)
SELECT
    f.id AS firm, NOT coalesce(f.stub, false) AS known, coalesce(n.has_credit, false) AS has_credit,
    NOT (coalesce(n.failing, false) OR coalesce(e.failed, false) OR coalesce(f.status = 'bankrupt', false)) AS performing
FROM Firm f LEFT JOIN notes n ON n.firm = f.id LEFT JOIN events e ON e.firm = f.id
ORDER BY 1
