// Relations of one type with all that they carry, the largest first.
MATCH (a:{{label}} {id: {{anchor as anchor}}})<-[r:{{type}}]-(b:{{others}})
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN b.id AS other, {{properties as returned}}
ORDER BY {{rank as integer}} IS NULL, {{rank as integer}} DESC, r.id, r.valid_from LIMIT {{cap as count}}
