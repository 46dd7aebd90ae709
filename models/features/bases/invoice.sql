-- A year of VAT invoices, each firm as seller and as buyer. Voided ones count only as voided.
WITH year AS (
    SELECT src AS seller, dst AS buyer, valid_from AS day, coalesce(gross_fen, net_fen)::DOUBLE AS amount, state
    FROM INVOICES WHERE valid_from > :as_of - 365
),
sold AS (
    SELECT
        seller AS firm, count(*) AS issued, count(*) FILTER (state = 'voided') AS voided,
        count(*) FILTER (state = 'red' OR (amount < 0 AND state IS DISTINCT FROM 'voided')) AS red,
        sum(amount) FILTER (state IS DISTINCT FROM 'voided') AS sold,
        sum(amount) FILTER (state IS DISTINCT FROM 'voided' AND day > :as_of - 182) AS sold_half,
        count(DISTINCT date_trunc('month', day)) AS active_months,
        :as_of - max(day) AS sales_age
    FROM year GROUP BY 1
),
bought AS (
    SELECT buyer AS firm, sum(amount) FILTER (state IS DISTINCT FROM 'voided') AS bought FROM year GROUP BY 1
)
SELECT * FROM sold FULL JOIN bought USING (firm)
