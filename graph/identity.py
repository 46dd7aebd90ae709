"""Records and entities: a record is a row's own key in its source; an entity is what one or more records are about.

The identity table holds one row for each time a record was moved to another entity, on the knowledge clock: a record
without a row is an entity by itself. Equal identifiers move records when their batch commits (`graph.ledger.matching`);
here officers do. Entity ids are never reused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from graph.errors import InputError, NotFoundError
from graph.ids import entity_id, record_id, record_id_sql, record_of
from graph.ledger import BatchHeader, Ledger
from graph.ledger.as_of import identity_as_of
from graph.ledger.matching import FOREVER_US, SPLIT
from graph.ontology import EntityType

__all__ = ["Decision", "decide", "entity_id", "record_id", "record_id_sql", "record_of", "records_of"]

MERGE = "merge"


@dataclass(frozen=True)
class Decision:
    """An officer's word that a record belongs to `entity`, or, where that is empty, is one by itself."""

    entity_type: str
    record: str
    by: str
    why: str
    entity: str = ""


def decide(ledger: Ledger, decisions: Sequence[Decision], said_at: int | None = None) -> int:
    """Writes decisions as one batch of the feed `officer`; returns its `batch_seq`. A later decision undoes an earlier one.

    `said_at`: UTC microseconds, where it is not the moment of the commit (`graph.clock.now_on`).
    A record split off is left alone by equal identifiers from then on. InputError for a type that is not resolved,
    NotFoundError for a record that was never told of.
    """
    for decision in decisions:
        _check(ledger, decision)
    rows = [
        {
            "record": d.record,
            "entity": d.entity or entity_id(d.entity_type, d.record),
            "entity_type": d.entity_type,
            "reason": MERGE if d.entity else SPLIT,
            "evidence": f"{d.by}: {d.why}",
            "recorded_at": said_at,
        }
        for d in decisions
    ]
    with ledger.begin(BatchHeader("officer", backfill=said_at is not None)) as writer:
        writer.append_identity(pa.Table.from_pylist(rows))
        return writer.commit()


def records_of(ledger: Ledger, entity: str, known_us: int = FOREVER_US) -> list[str]:
    """The records that belong to an entity, as known by an instant, its naming record among them unless it moved on."""
    home = identity_as_of(ledger.identity(), known_us)
    told = home.filter((home.entity == entity) | (home.record == record_of(entity))).to_pyarrow().to_pylist()
    here = {row["record"] for row in told if row["entity"] == entity}
    moved_on = {row["record"] for row in told} - here
    return sorted(here | ({record_of(entity)} - moved_on))


def _check(ledger: Ledger, decision: Decision) -> None:
    kind = ledger.ontology.get(decision.entity_type)
    if not isinstance(kind, EntityType) or not kind.resolved:
        raise InputError(
            f"{decision.entity_type} has no records to merge or split.", "Only resolved entity types do.", "entity_type"
        )
    wanted = [decision.record, record_of(decision.entity)] if decision.entity else [decision.record]
    rows = ledger.table(decision.entity_type)
    found = set(rows.filter(rows.id.isin(wanted)).select("id").distinct().to_pyarrow()["id"].to_pylist())
    for record in wanted:
        if record not in found:
            raise NotFoundError(f"No {decision.entity_type} record {record} was ever told of.", "Look the firm up first.", "record")
