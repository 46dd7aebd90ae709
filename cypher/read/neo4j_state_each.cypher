UNWIND $ids AS anchor
MATCH (a:{{label}} {id: anchor})-[r:{{type}}]->(a)
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN anchor, {{properties as returned}}
