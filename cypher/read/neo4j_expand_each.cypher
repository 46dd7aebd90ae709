// Neo4j is best asked for many anchors at once; caps still hold for each of them.
UNWIND $ids AS id
CALL (id) {
{{branches as statement}}
}
RETURN id AS anchor, type, way, rel, other, amount_fen, share, valid_from, valid_to
