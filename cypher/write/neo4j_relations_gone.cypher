// Versions that the ledger no longer gives.
UNWIND $versions AS version
MATCH ()-[r:{{type}} {version: version}]->()
DELETE r
