// What is there of these relations.
UNWIND $ids AS id
MATCH ()-[r:{{type}} {id: id}]->()
RETURN r.version AS version, properties(r) AS held
