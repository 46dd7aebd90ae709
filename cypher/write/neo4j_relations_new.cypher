// Only where none of these is there yet. Rows are lists, the two ends last: half of what maps cost on both sides.
UNWIND $rows AS row
MATCH (a:{{src}} {id: row[-2]})
MATCH (b:{{dst}} {id: row[-1]})
CREATE (a)-[:{{type}} { {{properties as listed}} }]->(b)
