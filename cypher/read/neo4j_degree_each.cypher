UNWIND $ids AS id
CALL (id) {
{{branches as statement}}
}
RETURN id AS anchor, type, way, degree
