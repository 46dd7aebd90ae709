MATCH (m:YujingGraph {id: 'graph'})
SET m.done = m.done + $part
