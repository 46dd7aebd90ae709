"""Ids that anyone can compute again: the same in Python and in SQL, from what the row itself says."""

import hashlib

SEPARATOR = "\x1f"  # the unit separator: joins what is hashed, as it appears in no cleaned value
ENTITY_SEPARATOR = "-"  # between the type and the record of an entity id


def record_id(type_name: str, source: str, *key: str) -> str:
    """32 hex digits of sha256 over type, source and key parts, joined by the unit separator."""
    return hashlib.sha256(SEPARATOR.join((type_name, source, *key)).encode()).hexdigest()[:32]


def record_id_sql(type_name: str, source: str, key_sql: str) -> str:
    """The DuckDB expression that equals `record_id(type_name, source, key)`; key parts come joined by chr(31)."""
    return f"substr(sha256({_literal(type_name)} || chr(31) || {_literal(source)} || chr(31) || {key_sql}), 1, 32)"


def entity_id(type_name: str, record: str) -> str:
    """The entity that a record is by itself: `Firm-3f09…`."""
    return f"{type_name}{ENTITY_SEPARATOR}{record}"


def record_of(entity: str) -> str:
    """The record that an entity is named after."""
    return entity.partition(ENTITY_SEPARATOR)[2]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
