-- The firm itself, and how its industry's and region's other borrowers do.
WITH standing AS (
    SELECT f.*, n.overdue
    FROM Firm f
    LEFT JOIN (
        SELECT b.src AS firm, max(s.days_past_due > 0)::INT AS overdue
        FROM BORROWS b JOIN LoanNoteState s ON s.subject = b.dst
        WHERE s.balance_fen > 0 GROUP BY 1
    ) n ON n.firm = f.id
)
SELECT
    id AS firm, state_owned, listed, status, registered_capital_fen, established_on,
    CASE size WHEN 'micro' THEN 0 WHEN 'small' THEN 1 WHEN 'medium' THEN 2 WHEN 'large' THEN 3 END AS size_code,
    CASE WHEN industry IS NOT NULL THEN (sum(overdue) OVER by_industry - coalesce(overdue, 0)) / nullif(count(overdue) OVER by_industry - (overdue IS NOT NULL)::INT, 0) END
        AS industry_overdue,
    CASE WHEN region IS NOT NULL THEN (sum(overdue) OVER by_region - coalesce(overdue, 0)) / nullif(count(overdue) OVER by_region - (overdue IS NOT NULL)::INT, 0) END
        AS region_overdue
FROM standing
WINDOW by_industry AS (PARTITION BY industry), by_region AS (PARTITION BY region)
