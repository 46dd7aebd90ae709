// A day at most: over a large book an index is not there in minutes.
CALL db.awaitIndexes(86400)
