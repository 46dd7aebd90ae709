MATCH ()-[r:{{type}}]->() RETURN r.version AS version
