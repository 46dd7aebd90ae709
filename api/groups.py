"""Groups and proposals with names masked and the rows that prove them."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from api.firms import row_of
from api.naming import display_names, walked_names
from api.paging import page_after
from api.platform import BookSources, GraphSources
from api.rows import RowReader
from api.telling import party_of, sentence
from api.wire import groups as wire
from api.wire.common import Row
from graph.knowledge import KnowledgeBook
from graph.knowledge.groups import words
from graph.knowledge.groups.decisions import GroupDecisions
from graph.knowledge.groups.one_firm import group_answer
from graph.knowledge.groups.reading import GroupReader, place
from graph.ledger import Ledger
from graph.snapshot import Snapshot
from graph.store import Moment

_TIES = ("HOLDS_SHARES", "ACTS_WITH", "CONTROLS", "SERVES_AS", "KIN_OF", "MEMBER_OF")


def open_groups(platform: BookSources, snapshot: Snapshot) -> GroupReader:
    """The groups of a day."""
    book, decisions = _kept(platform.ledger)
    return GroupReader(book, decisions, snapshot)


@lru_cache(maxsize=8)
def _kept(ledger: Ledger) -> tuple[KnowledgeBook, GroupDecisions]:
    return KnowledgeBook.beside(ledger), GroupDecisions.beside(ledger)


def read_firm_group(platform: GraphSources, reader: RowReader, firm: str) -> wire.FirmGroup:
    """The group of a firm on the reader's day, out of the graph store."""
    when = Moment.of(reader.snapshot.as_of)
    said = _kept(platform.ledger)[1].by_end_of(reader.snapshot)
    answer = group_answer(platform.store, firm, when, said)
    names = walked_names(platform.store, platform.vault, answer.mentioned(), when)
    rows = _rows(reader, {rel for each in answer.reasons for rel in each.path}, _TIES)
    return wire.FirmGroup(
        as_of=when.valid,
        firm=party_of(names, firm),
        through_seq=platform.store.through_seq,
        version=answer.version,
        rule=words.RULE,
        name=answer.name,
        head=party_of(names, answer.head) if answer.head else None,
        lead=party_of(names, answer.lead) if answer.lead else None,
        members=tuple(party_of(names, each) for each in answer.members),
        reasons=tuple(_reason(each.__dict__, names, rows) for each in answer.reasons),
        findings=tuple(_finding(each, names) for each in answer.findings),
        complete=answer.complete,
    )


def list_groups(platform: BookSources, reader: RowReader, query: wire.GroupQuery) -> wire.GroupList:
    """One page of the groups."""
    groups = open_groups(platform, reader.snapshot)
    page, cursor = page_after(groups.ranked(), lambda place: place, query.cursor, query.limit)
    rows = groups.groups([group for _, group in page])
    names = display_names(reader, platform.vault, {end for row in rows for end in (row["head"], row["lead"])})
    items = tuple(wire.GroupLine(**_line(row, names)) for row in rows)
    return wire.GroupList(as_of=reader.snapshot.as_of, items=items, next=cursor)


def read_group(platform: BookSources, reader: RowReader, group: str) -> wire.GroupView:
    """One group. NotFoundError."""
    groups = open_groups(platform, reader.snapshot)
    row = groups.group(group)
    members, findings, connected = groups.members(group), groups.findings(group), groups.connected(group)
    mentioned = {row["head"], row["lead"], *(each.firm for each in connected)}
    mentioned |= {end for each in (*members, *findings) for end in (each["firm"], each["other"])}
    names = display_names(reader, platform.vault, mentioned)
    rows = _rows(reader, {rel for each in members for rel in each["path"]}, _TIES)
    return wire.GroupView(
        **_line(row, names),
        as_of=reader.snapshot.as_of,
        rule=words.RULE,
        reasons=tuple(_reason(each, names, rows) for each in members),
        findings=tuple(_finding(each, names) for each in findings),
        lineage=tuple(_event(each) for each in groups.lineage(group)),
        connected=tuple(
            wire.ConnectedMember(firm=party_of(names, c.firm), through=c.through, pending=c.pending, exposure_fen=c.exposure_fen)
            for c in connected
        ),
        connected_exposure_fen=sum(each.exposure_fen for each in connected if not each.pending),
        connected_exposure_with_pending_fen=sum(each.exposure_fen for each in connected),
    )


def list_dependences(platform: BookSources, reader: RowReader, query: wire.ProposalsQuery) -> wire.DependenceList:
    """One page of the proposals."""
    found = open_groups(platform, reader.snapshot).proposals(None if query.status == "all" else query.status)
    page, cursor = page_after(found, place, query.cursor, query.limit)
    return wire.DependenceList(as_of=reader.snapshot.as_of, items=tuple(proposals_shown(platform, reader, page)), next=cursor)


def proposals_shown(platform: BookSources, reader: RowReader, found: Iterable[Mapping[str, Any]]) -> list[wire.DependenceView]:
    """Proposals with names and rows."""
    told = list(found)
    names = display_names(reader, platform.vault, {end for row in told for end in (row["dependent"], row["on"])})
    rows: dict[str, Row] = {}
    for type_name in {row["evidence_type"] for row in told}:
        wanted = {rel for row in told if row["evidence_type"] == type_name for rel in row["evidence"]}
        rows |= _rows(reader, wanted, (type_name,))
    return [
        wire.DependenceView(
            id=row["id"],
            kind=row["kind"],
            said=sentence(words.REASONS[row["kind"]]),
            dependent=party_of(names, row["dependent"]),
            on=party_of(names, row["on"]),
            **{name: row[name] for name in _AS_IT_STANDS},
            at=_instant(row["at"]),
            taken_at=_instant(row["taken_at"]),
            rows=tuple(rows[rel] for rel in row["evidence"] if rel in rows),
        )
        for row in told
    ]


def _instant(us: int | None) -> datetime | None:
    return None if us is None else datetime.fromtimestamp(us / 1e6, UTC)


_AS_IT_STANDS = (
    "share",
    "threshold",
    "first_known",
    "first_proposed",
    "due",
    "required",
    "status",
    "by",
    "why",
    "pending_recompute",
)


def _line(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    plain = {name: row[name] for name in ("members", "exposure_fen")}
    heads = {name: party_of(names, row[name]) for name in ("head", "lead")}
    return {"id": row["group"], "name": row["name"] or heads["lead"].name, **heads, **plain}


def _reason(row: Mapping[str, Any], names: Mapping[str, str], rows: Mapping[str, Row]) -> wire.MemberReason:
    return wire.MemberReason(
        firm=party_of(names, row["firm"]),
        other=party_of(names, row["other"]),
        said=sentence(words.REASONS[row["reason"]]),
        rows=tuple(rows[rel] for rel in row["path"] if rel in rows),
        **{name: row[name] for name in ("limb", "reason", "strength", "certain", "proposal")},
    )


def _finding(row: Mapping[str, Any], names: Mapping[str, str]) -> wire.GroupFinding:
    ends = party_of(names, row["firm"]), party_of(names, row["other"])
    return wire.GroupFinding(finding=row["finding"], said=sentence(words.FINDINGS[row["finding"]]), firm=ends[0], other=ends[1])


def _event(row: Mapping[str, Any]) -> wire.GroupEvent:
    plain = {name: row[name] for name in ("as_of", "event", "other", "overlap", "joined", "left")}
    return wire.GroupEvent(**plain, said=sentence(words.EVENTS[row["event"]]))


def _rows(reader: RowReader, ids: set[str], types: Iterable[str]) -> dict[str, Row]:
    if not ids:
        return {}
    return {row["id"]: row_of(name, row) for name in types for row in reader.rows(name, "id", ids)}
