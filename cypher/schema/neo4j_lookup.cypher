// Equality on a name or a code; RANGE serves both short and long values up to 8 kB.
CREATE INDEX IF NOT EXISTS FOR (n:{{label}}) ON (n.{{property}})
