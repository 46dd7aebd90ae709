"""What a snapshot's tables look like: entities, relations and facts out of rows that hold at a moment."""

import ibis

from graph.ledger.as_of import Cutoff, as_of_rows, identity_as_of, resolve
from graph.ledger.schema import properties_of
from graph.ontology import EntityType, FactType, LedgerType, RelationType

LINEAGE = ("feed", "batch", "batch_seq", "file", "sheet", "line", "recorded_at")


def shape(kind: LedgerType, rows: ibis.Table, identity: ibis.Table, cutoff: Cutoff) -> ibis.Table:
    """The snapshot table of one type, from its ledger rows and the identity table, both up to one `ledger_seq`."""
    return _shaped(kind, as_of_rows(rows, cutoff, kind.lasting), identity_as_of(identity, cutoff.known_us))


def history(kind: RelationType | FactType, rows: ibis.Table, identity: ibis.Table, cutoff: Cutoff) -> ibis.Table:
    """The same with every state that began by the day, ended or not: what was known of the past."""
    return _shaped(kind, as_of_rows(rows, cutoff, kind.lasting, ended_too=True), identity_as_of(identity, cutoff.known_us))


def _shaped(kind: LedgerType, held: ibis.Table, moved: ibis.Table) -> ibis.Table:
    match kind:
        case EntityType():
            return entities(kind, held, moved)
        case RelationType():
            return relations(kind, held, moved)
        case FactType():
            return facts(kind, held, moved)


def entities(kind: EntityType, held: ibis.Table, moved: ibis.Table) -> ibis.Table:
    """One row an entity: each property as last known over its records and feeds, the rest from the newest full row."""
    told = resolve(held, "id", kind.name, moved) if kind.resolved else held.mutate(id=ibis.literal(f"{kind.name}-") + held.id)
    oldest_first = [ibis.desc("stub"), *(ibis.asc(n) for n in ("recorded_at", "batch_seq", "line", "content", "feed"))]
    ranked = told.mutate(_rank=ibis.row_number().over(group_by="id", order_by=oldest_first))
    newest = ("valid_from", "source", "key", *LINEAGE)
    values = {name: _last_known(ranked, name) for name in _property_names(kind)}
    rest = {name: ranked[name].argmax(ranked._rank) for name in newest}
    merged = ranked.group_by("id").aggregate(stub=ranked.stub.all(), **values, **rest)
    return merged.select("id", "stub", "valid_from", *_property_names(kind), "source", "key", *LINEAGE)


def relations(kind: RelationType, held: ibis.Table, moved: ibis.Table) -> ibis.Table:
    """One row a relation (a happening: one a day it was told for), its ends as entities."""
    ends = resolve(resolve(held, "src", held.src_type, moved), "dst", held.dst_type, moved)
    return ends.select("id", "src_type", "src", "dst_type", "dst", "valid_from", "valid_to", *_property_names(kind), *LINEAGE)


def facts(kind: FactType, held: ibis.Table, moved: ibis.Table) -> ibis.Table:
    """One row a fact (a happening: one a day it was told for), its subject as an entity."""
    about = resolve(held, "subject", held.subject_type, moved)
    return about.select("id", "subject_type", "subject", "valid_from", "valid_to", *_property_names(kind), *LINEAGE)


def _property_names(kind: LedgerType) -> list[str]:
    return [field.name for field in properties_of(kind)]


def _last_known(ranked: ibis.Table, name: str) -> ibis.Value:
    return ranked[name].argmax(ranked._rank, where=ranked[name].notnull())
