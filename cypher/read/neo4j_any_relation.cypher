MATCH ()-[r:{{type}}]->() RETURN r.id AS id LIMIT 1
