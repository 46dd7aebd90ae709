CREATE INDEX IF NOT EXISTS FOR ()-[r:{{type}}]-() ON (r.id)
