"""Whether two parties are related, and over which relations: a bounded search from both ends over `expand`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Related:
    """The shortest chain between two parties (None: there is none), and the hubs that were not walked through."""

    path: tuple[Edge, ...] | None
    hubs: tuple[str, ...] = ()


def related(walker: Walker, one: str, other: str, when: date, hops: int = 4) -> Related:
    """How two parties hang together by ownership, control, office, kinship, contact or group, at most `hops` relations long.

    Searched from both ends. UnavailableError passes through: who asks must hold, not release.
    """
    search = _Search(walker, Hop(TIES, Moment.of(when), cap=HUB + 1))
    if one == other:
        return Related(())
    came: tuple[_Came, _Came] = ({one: ()}, {other: ()})
    fronts = [[one], [other]]
    for turn in range(hops):
        side = turn % 2
        fronts[side] = search.grown(fronts[side], came[side])
        met = search.met(came)
        if met is not None:
            return Related((*came[0][met], *reversed(came[1][met])), tuple(sorted(search.hubs)))
    return Related(None, tuple(sorted(search.hubs)))


_Came = dict[str, tuple[Edge, ...]]
"""How each party was reached from one end."""


@dataclass(frozen=True)
class _Search:
    walker: Walker
    hop: Hop
    hubs: set[str] = field(default_factory=set)

    def grown(self, front: list[str], came: _Came) -> list[str]:
        """One step further: new parties, each with the path it was reached by."""
        edges = self.expand(front).to_pylist() if front else []
        new: list[str] = []
        for row in edges:
            if row["other"] in came or (row["share"] is not None and row["share"] < LEAST_SHARE):
                continue
            src, dst = (row["anchor"], row["other"]) if row["way"] == "out" else (row["other"], row["anchor"])
            came[row["other"]] = (*came[row["anchor"]], Edge(row["type"], row["rel"], src, dst))
            new.append(row["other"])
        return new

    def met(self, came: tuple[_Came, _Came]) -> str | None:
        """Where both ends met by the shortest way. In the middle of a hub nobody meets: both only know its address."""
        both = sorted(came[0].keys() & came[1].keys(), key=lambda party: (len(came[0][party]) + len(came[1][party]), party))
        middle = [party for party in both if came[0][party] and came[1][party]]
        open_edges = self.expand(middle) if middle else None
        walkable = set(open_edges["rel"].to_pylist()) if open_edges else set()
        for party in both:
            if party not in middle or all(side[party][-1].rel in walkable for side in came):
                return party
        return None

    def expand(self, front: list[str]) -> pa.Table:
        """The relations of `front` without those of a hub: more than HUB of one type and way."""
        edges = self.walker.expand(front, self.hop)
        counted = edges.group_by(["anchor", "type", "way"]).aggregate([("rel", "count")])
        kept = edges.join(counted, keys=["anchor", "type", "way"])
        kept = kept.sort_by([("anchor", "ascending"), ("type", "ascending"), ("rel", "ascending")])
        few = pc.less_equal(kept["rel_count"], HUB)
        self.hubs.update(kept.filter(pc.invert(few))["anchor"].to_pylist())
        return kept.filter(few)
