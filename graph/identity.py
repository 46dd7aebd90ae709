"""Records and entities: a record is a row's own key in its source; an entity is what one or more records are about.

The identity table holds one row for each time a record was moved to another entity, on the knowledge clock: a record
without a row is an entity by itself. Entity ids are never reused.
"""

import hashlib

from graph.ledger.schema import ENTITY_SEPARATOR, SEPARATOR


def record_id(type_name: str, source: str, *key: str) -> str:
    """32 hex digits of sha256 over type, source and key parts, joined by the unit separator."""
    return hashlib.sha256(SEPARATOR.join((type_name, source, *key)).encode()).hexdigest()[:32]


def record_id_sql(type_name: str, source: str, key_sql: str) -> str:
    """The DuckDB expression that equals `record_id(type_name, source, key)`; key parts come joined by chr(31)."""
    prefix = _literal(SEPARATOR.join((type_name, source, "")))
    return f"substr(sha256({prefix} || {key_sql}), 1, 32)"


def entity_id(type_name: str, record: str) -> str:
    """The entity that a record is by itself: `Firm-3f09…`."""
    return f"{type_name}{ENTITY_SEPARATOR}{record}"


def _literal(text: str) -> str:
    """A SQL string literal; the separator is spelt out, for it is unreadable in a log."""
    return "(" + " || chr(31) || ".join("'" + part.replace("'", "''") + "'" for part in text.split(SEPARATOR)) + ")"
