// How many happenings of one type began in a window of days.
MATCH (a:{{label}} {id: {{anchor as anchor}}})<-[r:{{type}}]-()
WHERE $since <= r.valid_from AND r.valid_from <= $valid AND $valid < r.valid_to AND r.known_from <= $known AND $known < r.known_to
RETURN count(*) AS degree
