MATCH (m:YujingGraph {id: 'graph'})
RETURN m.through_seq AS through_seq, m.building_to AS building_to, m.done AS done, m.ontology AS ontology
