MERGE (m:YujingGraph {id: 'graph'})
SET m.building_to = $building_to, m.done = $done, m.through_seq = coalesce(m.through_seq, 0)
