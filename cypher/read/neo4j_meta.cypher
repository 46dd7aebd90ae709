MATCH (m:YujingGraph {id: 'graph'})
RETURN m.through_seq AS through_seq, m.ontology AS ontology, m.building_to AS building_to,
       m.building_since AS building_since, coalesce(m.done, []) AS done,
       m.knowledge_seq AS knowledge_seq, m.building_knowledge AS building_knowledge
