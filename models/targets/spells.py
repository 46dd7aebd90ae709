"""From when to when a firm stood in a state of a target, as a snapshot knows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from graph.snapshot import Snapshot
from models.targets.spec import Limb, Target, states_of
from models.workspace import Workspace


@dataclass(frozen=True)
class Spells:
    """`rows`: firm, day (begun), until (half-open), cure_days, limb, evidence (id of the row).

    Nothing is known after `known_until`.
    """

    target: Target
    rows: pa.Table
    known_until: date


def read_spells(snapshot: Snapshot, target: Target) -> Spells:
    """Every spell that began by the snapshot's day, as known then: of the target's limbs and of what is worse."""
    work = Workspace(snapshot)
    try:
        union = _union(states_of(snapshot.ontology, target))
        rows = work.query(f"SELECT firm, day, until, cure_days, limb, evidence FROM ({union}) ORDER BY firm, day, limb, evidence")
        return Spells(target, rows, snapshot.as_of)
    finally:
        work.close()


def in_state_sql(limbs: Sequence[Limb]) -> str:
    """SELECT of the firms that stand in one of `limbs` on the day, or are not cured yet."""
    return f"SELECT DISTINCT firm FROM ({_union(limbs)}) WHERE day <= :as_of AND (until > :as_of OR until > :as_of - cure_days)"


def in_state(snapshot: Snapshot, target: Target) -> pa.Array:
    """Entity ids of the firms that are not scored for `target` on the day, as known on it."""
    work = Workspace(snapshot)
    try:
        return work.query(in_state_sql(states_of(snapshot.ontology, target)))["firm"].combine_chunks()
    finally:
        work.close()


def _union(limbs: Sequence[Limb]) -> str:
    return " UNION ALL ".join(
        f"SELECT firm, day, until, evidence, {limb.cure_days} AS cure_days, '{limb.name}' AS limb "
        f"FROM ({limb.sql}) WHERE day <= :as_of"
        for limb in limbs
    )
