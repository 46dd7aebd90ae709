MATCH (a)-[r:{{type}} {id: $id}]->(b)
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN a.id AS src, b.id AS dst, {{properties as returned}}
