// `building_since` stays absent through a first load.
MERGE (m:YujingGraph {id: 'graph'})
SET m.through_seq = coalesce(m.through_seq, 0), m.building_to = $building_to, m.building_since = $since, m.done = $done,
    m.building_knowledge = $knowledge
