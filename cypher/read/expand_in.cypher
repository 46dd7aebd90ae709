MATCH (a:{{label}} {id: {{anchor as anchor}}})<-[r:{{type}}]-(b:{{others}})
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN {{type as text}} AS type, 'in' AS way, r.id AS rel, b.id AS other, {{amount as integer}} AS amount_fen,
       {{share as number}} AS share, r.valid_from AS valid_from, r.valid_to AS valid_to
ORDER BY {{rank as integer}} IS NULL, {{rank as integer}} DESC, rel, valid_from LIMIT {{cap as count}}
