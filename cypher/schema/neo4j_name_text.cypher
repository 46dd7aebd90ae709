// CONTAINS on names: a TEXT index keeps trigrams.
CREATE TEXT INDEX IF NOT EXISTS FOR (n:{{label}}) ON (n.name)
