// Only where none of these is there yet. Rows are lists: half of what maps cost on both sides.
UNWIND $rows AS row
CREATE (:{{label}} { {{properties as listed}} })
