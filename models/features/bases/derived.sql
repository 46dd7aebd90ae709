-- What control, groups, circles and the way of loan money say of a firm; of firms that stand together the others only. Zero where
-- there is nothing of the kind; missing where the others' trouble is not known. `_trouble`: firm, trouble (0 to 1), balance_fen.
WITH member AS (
    SELECT DISTINCT t.kind, t.grp, t.firm, r.trouble, r.balance_fen FROM _together t LEFT JOIN _trouble r ON r.firm = t.firm
),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY kind, grp ORDER BY trouble DESC NULLS LAST, firm) AS place FROM member
),
whole AS (
    SELECT
        kind, grp, count(*) AS firms, sum(trouble) AS trouble, count(trouble) AS told, sum(coalesce(balance_fen, 0)) AS balance_fen,
        max(CASE WHEN place = 1 THEN trouble END) AS first, max(CASE WHEN place = 2 THEN trouble END) AS second
    FROM ranked GROUP BY kind, grp
),
around AS (
    SELECT
        m.firm, m.kind, max(w.firms - 1) AS others, max(w.balance_fen - coalesce(m.balance_fen, 0)) AS balance_fen,
        max((w.trouble - coalesce(m.trouble, 0)) / nullif(w.told - (m.trouble IS NOT NULL)::INT, 0)) AS mean,
        max(CASE WHEN m.place = 1 THEN w.second ELSE w.first END) AS worst
    FROM ranked m JOIN whole w ON w.kind = m.kind AND w.grp = m.grp GROUP BY m.firm, m.kind
),
control AS (
    SELECT dst AS firm, max(votes) AS votes, max(votes - interest) AS wedge, bool_or(state) AS state FROM _control WHERE ultimate GROUP BY 1
),
drawn AS (
    SELECT
        firm, sum(amount_fen)::DOUBLE AS amount_fen, max(round_trip_share) AS round_trip,
        sum(coalesce(group_fen, 0) + coalesce(guarantor_fen, 0))::DOUBLE AS related_fen,
        sum(coalesce(repaid_fen, 0) + coalesce(other_loan_fen, 0))::DOUBLE AS repaid_fen,
        sum(coalesce(property_fen, 0) + coalesce(securities_fen, 0) + coalesce(private_lending_fen, 0))::DOUBLE AS speculative_fen
    FROM _flow GROUP BY firm
)
SELECT
    f.firm, coalesce(c.votes, 0) AS votes, coalesce(c.wedge, 0) AS wedge, coalesce(u.unknown, 0) AS unknown,
    coalesce(s.others, 0) AS siblings, s.mean AS sibling_trouble, s.worst AS sibling_worst,
    coalesce(g.others, 0) AS group_others, coalesce(g.balance_fen, 0) AS group_fen, g.mean AS group_trouble, g.worst AS group_worst,
    coalesce(r.others, 0) AS circle_others, coalesce(r.balance_fen, 0) AS circle_fen, r.mean AS circle_trouble, r.worst AS circle_worst,
    coalesce(d.round_trip, 0) AS round_trip, coalesce(d.related_fen / nullif(d.amount_fen, 0), 0) AS related_share,
    coalesce(d.repaid_fen / nullif(d.amount_fen, 0), 0) AS repaid_share,
    coalesce(d.speculative_fen / nullif(d.amount_fen, 0), 0) AS speculative_share
FROM _standing f
LEFT JOIN control c ON c.firm = f.firm
LEFT JOIN _untold u ON u.firm = f.firm
LEFT JOIN around s ON s.firm = f.firm AND s.kind = 'control'
LEFT JOIN around g ON g.firm = f.firm AND g.kind = 'group'
LEFT JOIN around r ON r.firm = f.firm AND r.kind = 'circle'
LEFT JOIN drawn d ON d.firm = f.firm
