MATCH (a:{{label}} {id: {{anchor as anchor}}})-[r:{{type}}]->()
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN {{type as text}} AS type, 'out' AS way, count(*) AS degree
