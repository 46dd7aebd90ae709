// Nodes that are there and are looked up by something else now; what others wrote on them stays.
UNWIND $rows AS row
MATCH (n:{{label}} {id: row.id})
SET n += row
