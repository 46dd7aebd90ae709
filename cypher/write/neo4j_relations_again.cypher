// Versions that are there and say something else now.
UNWIND $rows AS row
MATCH ()-[r:{{type}} {version: row.version}]->()
SET r = row
