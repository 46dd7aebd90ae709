// Versions of these relations that the ledger no longer gives.
UNWIND $ids AS id
MATCH ()-[r:{{type}} {id: id}]->()
WHERE NOT r.version IN $versions
DELETE r
