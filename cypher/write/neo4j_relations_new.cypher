// Only into a type that holds nothing yet: no look-up of what is there.
UNWIND $rows AS row
MATCH (a:{{src}} {id: row.src})
MATCH (b:{{dst}} {id: row.dst})
CREATE (a)-[r:{{type}}]->(b)
SET r = row.kept
