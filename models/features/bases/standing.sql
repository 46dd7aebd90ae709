-- Where a firm stands on the day: does the bank know it itself, does it owe, and does it perform: it stands in no state of the
-- target `default` (models/targets/targets.yaml), as known on the day; `_in_default` are those that do.
WITH notes AS (
    SELECT b.src AS firm, bool_or(s.balance_fen > 0) AS has_credit
    FROM BORROWS b JOIN LoanNoteState s ON s.subject = b.dst GROUP BY 1
)
SELECT
    f.id AS firm, NOT coalesce(f.stub, false) AS known, coalesce(n.has_credit, false) AS has_credit, d.firm IS NULL AS performing
FROM Firm f LEFT JOIN notes n ON n.firm = f.id LEFT JOIN _in_default d ON d.firm = f.id
ORDER BY 1
