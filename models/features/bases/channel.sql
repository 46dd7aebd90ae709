-- One row a firm and channel: how many others, how much, how concentrated, and the firm's own net assets to compare with.
SELECT
    x.firm, x.channel, count(DISTINCT x.other) AS others, sum(x.amount_fen) AS amount, max(x.amount_fen) AS top,
    sum((x.amount_fen / 100) * (x.amount_fen / 100)) AS squares, sum(x.recent_fen) AS recent,
    any_value(s.net_assets) AS net_assets
FROM _exposure x LEFT JOIN _statement s ON s.firm = x.firm
GROUP BY 1, 2
