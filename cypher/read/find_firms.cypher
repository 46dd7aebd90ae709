MATCH (f:Firm)
WHERE f.id = $text OR f.uscc = $text OR f.lei = $text OR f.name = $text
RETURN f.id AS id, f.name AS name, f.uscc AS uscc
ORDER BY name, id LIMIT {{limit as count}}
