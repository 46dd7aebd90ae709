UNWIND $ids AS anchor
CALL (anchor) {
WITH anchor AS id
{{branch as statement}}
}
RETURN anchor, {{columns as plain}}
