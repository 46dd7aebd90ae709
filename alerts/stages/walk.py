"""Whether two parties are related, and over which relations: a bounded search from both ends over `expand`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from alerts.facts.base import FactBase
from alerts.facts.tables import TIES
from alerts.said import Edge
from alerts.sources import Walker
from graph.store import EDGE_SCHEMA, Hop, Moment

LEAST_SHARE = 0.05
"""A holding below this relates nobody: half a market holds a listed firm."""

HUB = 60
"""A party with more relations of one type and way than this is not walked through: a registered agent's address, a state owner."""


@dataclass(frozen=True)
class SnapshotWalker:
    """`Walker` over the ties of a snapshot, for where no graph store is at hand."""

    base: FactBase

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """EDGE_SCHEMA rows, at most `hop.cap` an anchor, type and way."""
        sql = """
            WITH ends AS (
                SELECT party AS anchor, type, 'out' AS way, rel, other, share, valid_from, valid_to FROM tie
                UNION ALL SELECT other, type, 'in', rel, party, share, valid_from, valid_to FROM tie
            )
            SELECT anchor, type, way, rel, other, NULL::BIGINT AS amount_fen, share,
                strftime(valid_from, '%Y%m%d')::INTEGER AS valid_from, strftime(valid_to, '%Y%m%d')::INTEGER AS valid_to
            FROM ends
            WHERE anchor IN (SELECT unnest($anchors::VARCHAR[])) AND type IN (SELECT unnest($types::VARCHAR[]))
                AND way IN (SELECT unnest($ways::VARCHAR[]))
            QUALIFY row_number() OVER (PARTITION BY anchor, type, way ORDER BY share DESC NULLS LAST, rel) <= $cap
            ORDER BY anchor, type, way, share DESC NULLS LAST, rel
        """
        asks = {"anchors": list(anchors), "types": list(hop.types), "ways": list(hop.ways), "cap": hop.cap}
        with self.base.cursor() as cursor:
            return cursor.sql(sql, params=asks).to_arrow_table().cast(EDGE_SCHEMA)


def related(walker: Walker, one: str, other: str, when: date, hops: int = 4) -> tuple[Edge, ...] | None:
    """The shortest chain of ownership, control, office, kinship, contact or group between two parties; None if there is none.

    Searched from both ends, at most `hops` relations long. UnavailableError passes through: who asks must hold, not release.
    """
    if one == other:
        return ()
    came: tuple[dict[str, tuple[Edge, ...]], ...] = ({one: ()}, {other: ()})
    fronts = [[one], [other]]
    hop = Hop(TIES, Moment.of(when), cap=HUB + 1)
    for turn in range(hops):
        side = turn % 2
        fronts[side] = _grown(walker, fronts[side], came[side], hop)
        met = sorted((len(came[0][party]) + len(came[1][party]), party) for party in came[0].keys() & came[1].keys())
        if met:
            party = met[0][1]
            return (*came[0][party], *reversed(came[1][party]))
    return None


def _grown(walker: Walker, front: list[str], came: dict[str, tuple[Edge, ...]], hop: Hop) -> list[str]:
    """One step further: new parties, each with the path it was reached by."""
    edges = _without_hubs(walker.expand(front, hop)).to_pylist() if front else []
    new: list[str] = []
    for row in edges:
        if row["other"] in came or (row["share"] is not None and row["share"] < LEAST_SHARE):
            continue
        src, dst = (row["anchor"], row["other"]) if row["way"] == "out" else (row["other"], row["anchor"])
        came[row["other"]] = (*came[row["anchor"]], Edge(row["type"], row["rel"], src, dst))
        new.append(row["other"])
    return new


def _without_hubs(edges: pa.Table) -> pa.Table:
    counted = edges.group_by(["anchor", "type", "way"]).aggregate([("rel", "count")])
    kept = edges.join(counted, keys=["anchor", "type", "way"]).sort_by(
        [("anchor", "ascending"), ("type", "ascending"), ("rel", "ascending")]
    )
    return kept.filter(pc.less_equal(kept["rel_count"], HUB))
