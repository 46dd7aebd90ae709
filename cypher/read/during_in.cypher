// Happenings of one type that began in a window of days, in no order: one row more than may be read says that there are too many.
MATCH (a:{{label}} {id: {{anchor as anchor}}})<-[r:{{type}}]-(b:{{others}})
WHERE $since <= r.valid_from AND r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN b.id AS other, {{properties as returned}}
LIMIT {{cap as count}}
