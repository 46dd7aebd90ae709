// Several types in one statement: Ladybug answers many small questions slowly and one of these fast, faster still without UNION or
// CASE. The limit is for all types together; where it is reached, the anchor is asked again type by type (read/expand_in), so
// that caps hold for each.
MATCH (a:{{label}} {id: $id})<-[r:{{types}}]-(b:{{others}})
WHERE r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN label(r) AS type, b.id AS other, {{properties as returned}}
LIMIT {{probe as count}}
