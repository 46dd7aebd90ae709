-- Judicial, administrative and default events; an event's weight halves every 180 days. Firms without any event have zeros.
WITH judged AS (
    SELECT DISTINCT ON (id) *, pow(0.5, (:as_of - coalesce(filed_on, valid_from)) / 180.0) AS weight, coalesce(filed_on, valid_from) AS day,
        closed_on IS NULL OR closed_on > :as_of AS open
    FROM JudicialEvent WHERE subject_type = 'Firm' AND coalesce(filed_on, valid_from) <= :as_of
    ORDER BY id, valid_from DESC, recorded_at DESC
),
judicial AS (
    SELECT
        subject AS firm,
        sum(weight) FILTER (event_type = 'lawsuit' AND role IS DISTINCT FROM 'plaintiff') AS sued,
        sum(weight * amount_fen) FILTER (role IS DISTINCT FROM 'plaintiff') AS sued_fen,
        sum(weight) FILTER (event_type = 'enforcement' AND role IS DISTINCT FROM 'plaintiff') AS enforced,
        sum(pow(0.5, (:as_of - day) / 30.0)) FILTER (role IS DISTINCT FROM 'plaintiff') AS fresh,
        sum(weight) FILTER (event_type IN ('seizure', 'share_freeze') AND role IS DISTINCT FROM 'plaintiff') AS seized,
        count(*) FILTER (event_type IN ('defaulter_listing', 'consumption_limit') AND open) AS defaulter,
        count(*) FILTER (event_type = 'bankruptcy_petition' AND role IS DISTINCT FROM 'plaintiff' AND day > :as_of - 365) AS petitioned,
        sum(weight) FILTER (role = 'plaintiff') AS plaintiff
    FROM judged GROUP BY 1
),
administrative AS (
    SELECT
        subject AS firm,
        sum(pow(0.5, (:as_of - day) / 180.0)) FILTER (event_type IN ('penalty', 'environmental', 'customs', 'licence_revoked')) AS penalised,
        count(*) FILTER (event_type = 'abnormal_listing' AND (closed_on IS NULL OR closed_on > :as_of)) AS abnormal,
        sum(pow(0.5, (:as_of - day) / 180.0)) FILTER (event_type = 'tax_arrears') AS tax_arrears
    FROM (SELECT DISTINCT ON (id) *, coalesce(filed_on, valid_from) AS day FROM AdministrativeEvent ORDER BY id, valid_from DESC, recorded_at DESC)
    WHERE subject_type = 'Firm' AND day <= :as_of GROUP BY 1
),
defaulted AS (
    SELECT subject AS firm, count(*) AS defaults FROM DefaultEvent WHERE subject_type = 'Firm' GROUP BY 1
)
SELECT
    f.id AS firm, coalesce(sued, 0) AS sued, coalesce(sued_fen, 0) AS sued_fen, coalesce(enforced, 0) AS enforced, coalesce(seized, 0) AS seized,
    coalesce(fresh, 0) AS fresh,
    coalesce(defaulter, 0) AS defaulter, coalesce(petitioned, 0) AS petitioned, coalesce(plaintiff, 0) AS plaintiff,
    coalesce(penalised, 0) AS penalised, coalesce(abnormal, 0) AS abnormal, coalesce(tax_arrears, 0) AS tax_arrears,
    coalesce(defaults, 0) AS defaults
FROM Firm f
LEFT JOIN judicial j ON j.firm = f.id
LEFT JOIN administrative a ON a.firm = f.id
LEFT JOIN defaulted d ON d.firm = f.id
