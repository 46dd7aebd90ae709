"""The relations behind facts about others: from a firm to the guarantor, circle or group member, or controller that alarms."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from alerts.facts.base import FactBase
from alerts.facts.evidence import Pair
from alerts.said import Edge, Path, Sentence

MOST_PATHS = 3
"""How many paths an alert shows for one reason."""


@dataclass(frozen=True)
class _Trail:
    """How a fact's paths are found: over which relations, in which direction, to whom, and which of their facts alarms."""

    says: Sentence
    edges: str
    alarmed: str
    directed: bool
    alarms: str


@dataclass(frozen=True)
class Led:
    """A path, whom it led to, and the fact about them that alarms: its rows belong to the evidence."""

    path: Path
    to: str
    alarms: str


_OVERDUE = "SELECT party FROM note WHERE open AND days_past_due > 0"
_NPL = "SELECT party FROM note WHERE open AND tier >= 3"
_LISTED = """
    SELECT party FROM judicial WHERE event_type = 'defaulter_listing' AND open
    UNION SELECT party FROM person WHERE dishonest
"""
_GONE = "SELECT party FROM firm WHERE status IN ('revoked', 'cancelled', 'bankrupt')"
_LOST = f"{_LISTED} UNION {_GONE}"
_GUARANTORS = (
    "SELECT party AS src, guarantor AS dst, row_type, row_id, guarantor AS a, party AS b FROM guarantee WHERE party IN (FROM asked)"
)
_GIVEN = "SELECT party AS src, other AS dst, row_type, row_id, party AS a, other AS b FROM given WHERE party IN (FROM asked)"
_CIRCLE = """
    SELECT g.party AS src, other AS dst, row_type, row_id, g.party AS a, other AS b
    FROM guarantee_link g JOIN circle x ON x.party = g.party JOIN circle y ON y.party = other AND x.circle = y.circle
    WHERE x.circle IN (SELECT circle FROM circle WHERE party IN (FROM asked))
"""
_GROUP = """
    SELECT t.party AS src, other AS dst, row_type, row_id, t.party AS a, other AS b FROM tied t JOIN block x ON x.party = t.party
    WHERE x.block IN (SELECT block FROM block WHERE party IN (FROM asked))
"""
_CONTROLLERS = """
    SELECT party AS src, controller AS dst, row_type, row_id, controller AS a, party AS b FROM controller
    WHERE party IN (FROM asked)
"""

_TRAILS: Mapping[str, _Trail] = {
    "guarantors_overdue": _Trail(
        Sentence("保证人逾期", "a guarantor is overdue"), _GUARANTORS, _OVERDUE, True, "days_past_due_max"
    ),
    "guarantors_npl": _Trail(Sentence("保证人不良", "a guarantor is non-performing"), _GUARANTORS, _NPL, True, "npl_cny"),
    "guarantors_listed": _Trail(Sentence("保证人失信", "a guarantor is listed"), _GUARANTORS, _LISTED, True, "defaulter_listed"),
    "guarantors_gone": _Trail(Sentence("保证人已不存续", "a guarantor is gone"), _GUARANTORS, _GONE, True, "status"),
    "guarantors_lost": _Trail(
        Sentence("保证人失信或已不存续", "a guarantor is lost"), _GUARANTORS, _LOST, True, "defaulter_listed"
    ),
    "guaranteed_overdue": _Trail(
        Sentence("被担保人逾期", "a firm it guarantees is overdue"), _GIVEN, _OVERDUE, True, "days_past_due_max"
    ),
    "circle_members_overdue": _Trail(
        Sentence("担保圈成员逾期", "a circle member is overdue"), _CIRCLE, _OVERDUE, True, "days_past_due_max"
    ),
    "circle_members_npl": _Trail(Sentence("担保圈成员不良", "a circle member is non-performing"), _CIRCLE, _NPL, True, "npl_cny"),
    "group_members_overdue": _Trail(
        Sentence("集团成员逾期", "a group member is overdue"), _GROUP, _OVERDUE, False, "days_past_due_max"
    ),
    "group_members_npl": _Trail(Sentence("集团成员不良", "a group member is non-performing"), _GROUP, _NPL, False, "npl_cny"),
    "group_npl_share": _Trail(Sentence("集团成员不良", "a group member is non-performing"), _GROUP, _NPL, False, "npl_cny"),
    "controllers_listed": _Trail(Sentence("控制人失信", "a controller is listed"), _CONTROLLERS, _LISTED, True, "defaulter_listed"),
}


def paths_behind(base: FactBase, wanted: Iterable[Pair]) -> dict[Pair, tuple[Led, ...]]:
    """Paths by (firm, fact), shortest first, at most MOST_PATHS each; facts that are not about relations give none."""
    firms: dict[str, dict[str, None]] = defaultdict(dict)
    for firm, fact in wanted:
        if fact in _TRAILS:
            firms[fact][firm] = None
    found: dict[Pair, tuple[Led, ...]] = {}
    for fact, asked in firms.items():
        trail = _TRAILS[fact]
        steps, alarmed = _read(base, trail, list(asked))
        for firm in asked:
            found[firm, fact] = tuple(
                Led(Path(trail.says, edges), to, trail.alarms) for to, edges in _to_nearest(firm, steps, alarmed)
            )
    return found


_Step = tuple[str, Edge]


def _read(base: FactBase, trail: _Trail, asked: Sequence[str]) -> tuple[dict[str, list[_Step]], frozenset[str]]:
    steps: dict[str, list[_Step]] = defaultdict(list)
    with base.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE asked AS SELECT unnest($asked::VARCHAR[]) AS party", {"asked": list(asked)})
        for src, dst, row_type, row_id, a, b in cursor.execute(f"SELECT * FROM ({trail.edges}) ORDER BY row_id").fetchall():
            edge = Edge(row_type, row_id, a, b)
            steps[src].append((dst, edge))
            if not trail.directed:
                steps[dst].append((src, edge))
        alarmed = frozenset(party for (party,) in cursor.execute(trail.alarmed).fetchall())
        cursor.execute("DROP TABLE asked")
    return steps, alarmed


def _to_nearest(start: str, steps: Mapping[str, list[_Step]], alarmed: frozenset[str]) -> list[tuple[str, tuple[Edge, ...]]]:
    """The nearest alarmed others and the shortest path to each from `start`, breadth first."""
    came: dict[str, tuple[Edge, ...]] = {start: ()}
    queue: deque[str] = deque([start])
    found: list[tuple[str, tuple[Edge, ...]]] = []
    while queue and len(found) < MOST_PATHS:
        here = queue.popleft()
        for other, edge in steps.get(here, ()):
            if other in came:
                continue
            came[other] = (*came[here], edge)
            queue.append(other)
            if other in alarmed:
                found.append((other, came[other]))
    return found[:MOST_PATHS]
