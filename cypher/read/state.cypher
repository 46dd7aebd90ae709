// A state leads from an entity to itself; the far end is left open, for LadybugDB answers a closed pattern slower.
MATCH (a:{{label}} {id: {{anchor as anchor}}})-[r:{{type}}]->()
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN r.id AS id, r.valid_from AS valid_from, {{properties as returned}}
