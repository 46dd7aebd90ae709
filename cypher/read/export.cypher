MATCH (a:{{src}})-[r:{{type}}]->(b:{{dst}})
RETURN a.id AS src, b.id AS dst, {{properties as returned}}
