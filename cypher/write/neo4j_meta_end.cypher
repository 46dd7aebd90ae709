MATCH (m:YujingGraph {id: 'graph'})
SET m.through_seq = $through_seq, m.ontology = $ontology, m.knowledge_seq = $knowledge
REMOVE m.building_to, m.building_since, m.done, m.building_knowledge
