MATCH (r:{{label}})
RETURN {{properties as returned}}
