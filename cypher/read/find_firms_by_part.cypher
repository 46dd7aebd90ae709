MATCH (f:Firm)
WHERE f.name CONTAINS $text
RETURN f.id AS id, f.name AS name, f.uscc AS uscc
ORDER BY name, id LIMIT {{limit as count}}
