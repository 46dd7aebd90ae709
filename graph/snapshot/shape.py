"""What a snapshot's tables look like: entities, relations and facts out of rows that hold at a moment."""

import ibis

from graph.ids import ENTITY_SEPARATOR
from graph.ledger.as_of import Cutoff, as_of_rows, identity_as_of, resolve, told_again
from graph.ledger.schema import properties_of
from graph.ontology import EntityType, FactType, LedgerType, RelationType

LINEAGE = ("feed", "batch", "batch_seq", "file", "sheet", "line", "recorded_at")


def shape(
    kind: LedgerType,
    rows: ibis.Table,
    identity: ibis.Table,
    cutoff: Cutoff,
    *,
    again: ibis.Table | None = None,
    ended_too: bool = False,
) -> ibis.Table:
    """The snapshot table of one type, from its ledger rows and the identity table, both up to one `ledger_seq`.

    `again`: `told_again(rows)`, where that is at hand. `ended_too`: also the states that ended by the day, as known then.
    """
    again = told_again(rows) if again is None else again
    moved = identity_as_of(identity, cutoff.known_us)
    held = as_of_rows(rows, again, cutoff, kind.lasting, ended_too=ended_too)
    match kind:
        case EntityType():
            return entities(kind, held, again, moved)
        case RelationType():
            return relations(kind, held, moved)
        case FactType():
            return facts(kind, held, moved)


def entities(kind: EntityType, held: ibis.Table, again: ibis.Table, moved: ibis.Table) -> ibis.Table:
    """One row an entity: each property as last known over its records and feeds, the rest from the newest full row."""
    own = ibis.literal(kind.name + ENTITY_SEPARATOR)
    told = resolve(held, "id", kind.name, moved) if kind.resolved else held.mutate(id=own + held.id)
    several = again.select(id=own + again.id).union(moved.select(id=moved.entity)).distinct()
    columns = ["id", "stub", "valid_from", *_property_names(kind), "source", "key", *LINEAGE]
    alone = told.anti_join(several, "id").select(columns)
    return alone.union(_merged(kind, told.semi_join(several, "id")).select(columns))


def relations(kind: RelationType, held: ibis.Table, moved: ibis.Table) -> ibis.Table:
    """One row a relation (a happening: one a day it was told for), its ends as entities."""
    ends = resolve(resolve(held, "src", held.src_type, moved), "dst", held.dst_type, moved)
    return ends.select("id", "src_type", "src", "dst_type", "dst", "valid_from", "valid_to", *_property_names(kind), *LINEAGE)


def facts(kind: FactType, held: ibis.Table, moved: ibis.Table) -> ibis.Table:
    """One row a fact (a happening: one a day it was told for), its subject as an entity."""
    about = resolve(held, "subject", held.subject_type, moved)
    return about.select("id", "subject_type", "subject", "valid_from", "valid_to", *_property_names(kind), *LINEAGE)


def _merged(kind: EntityType, told: ibis.Table) -> ibis.Table:
    oldest_first = [ibis.desc("stub"), *(ibis.asc(n) for n in ("recorded_at", "batch_seq", "line", "content", "feed"))]
    ranked = told.mutate(_rank=ibis.row_number().over(group_by="id", order_by=oldest_first))
    values = {name: ranked[name].argmax(ranked._rank, where=ranked[name].notnull()) for name in _property_names(kind)}
    newest = ("valid_from", "source", "key", *LINEAGE)
    # One struct, since a maximum over each column by itself would pass over its nulls to an older row.
    row = ibis.struct({name: ranked[name] for name in newest}).argmax(ranked._rank)
    merged = ranked.group_by("id").aggregate(stub=ranked.stub.fill_null(False).all(), _newest=row, **values)
    return merged.mutate(**{name: merged._newest[name] for name in newest})


def _property_names(kind: LedgerType) -> list[str]:
    return [field.name for field in properties_of(kind)]
