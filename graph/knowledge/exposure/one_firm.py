"""Exposure and limits of one firm: the book's own SQL over the rows that decide it."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph.errors import NotComputedError, NotFoundError
from graph.knowledge.book import KnowledgeBook
from graph.knowledge.exposure.answer import Amounts, ExposureAnswer, Group, Item, LimitUse
from graph.knowledge.exposure.rows import PLACE, Rows, rows_about
from graph.knowledge.exposure.rules import LimitSettings
from graph.knowledge.exposure.schemas import GROUPS
from graph.knowledge.exposure.work import Exposures, Told, exposures_of


def exposure_answer(rows: Rows, firm: str, settings: LimitSettings, groups: pa.Table | None) -> ExposureAnswer:
    """What is out to `firm` on the rows' day. `groups`: schema GROUPS, who stands together with it; None: not known.

    NotFoundError for a firm of which nothing is known on that day.
    """
    together = GROUPS.empty_table() if groups is None else groups
    told = rows_about(rows, [firm, *together["member"].to_pylist()], settings)
    if firm not in told["Firm"]["id"].to_pylist() and firm not in told["BORROWS"]["src"].to_pylist():
        raise NotFoundError(f"Nothing is known of '{firm}' on {rows.snapshot.as_of}.", "Look it up by name or code.", "firm")
    found = exposures_of(Told(told, together, rows.snapshot.as_of, [firm]), settings)
    (client,) = found.clients.to_pylist()
    return ExposureAnswer(
        firm=firm,
        day=rows.snapshot.as_of,
        ledger_seq=rows.snapshot.ledger_seq,
        capital=found.capital,
        interbank=client["interbank"],
        amounts=_amounts(client),
        guaranteed_fen=client["guaranteed_fen"],
        missing=_split(client["missing"]),
        items=_items(found.items, told),
        groups=_groups(found, together),
        grouped="not_computed" if groups is None else "book",
        limits=tuple(limit_of(row, settings) for row in found.limit_use.to_pylist()),
    )


def groups_in_book(book: KnowledgeBook, firm: str, rows: Rows) -> pa.Table | None:
    """Schema GROUPS: every group of the firm with all its members, as computed for the day; None where it was not."""
    day = rows.snapshot.as_of
    try:
        own = book.about("exposure_groups", "member", [firm], day)
        every = book.about("exposure_groups", "group", own["group"].to_pylist(), day)
    except NotComputedError:
        return None
    named = set(zip(own["kind"].to_pylist(), own["group"].to_pylist(), strict=True))
    kept = [each in named for each in zip(every["kind"].to_pylist(), every["group"].to_pylist(), strict=True)]
    return every.filter(pa.array(kept, pa.bool_()))


def _amounts(row: dict[str, Any]) -> Amounts:
    return Amounts(**{name: row[name] for name in Amounts.__dataclass_fields__})


def _items(items: pa.Table, told: dict[str, pa.Table]) -> tuple[Item, ...]:
    """Each with the place of the row that tells its amount."""
    places: dict[str, dict[str, Any]] = {}
    for name in ("LoanNote", "LoanNoteState", "CreditLine"):
        rows = told[name].filter(pc.is_in(told[name]["id"], items["row_id"].combine_chunks()))
        places.update({row["id"]: row for row in rows.select(["id", *PLACE.names]).to_pylist()})
    found = []
    for row in items.drop(["client"]).to_pylist():
        place = places.get(row["row_id"], {})
        where: dict[str, Any] = {name: place.get(name) or "" for name in ("file", "sheet", "batch")}
        found.append(Item(**row, **where, line=place.get("line")))
    return tuple(found)


def _groups(found: Exposures, together: pa.Table) -> tuple[Group, ...]:
    members: dict[tuple[str, str], list[str]] = {}
    for row in together.to_pylist():
        members.setdefault((row["kind"], row["group"]), []).append(row["member"])
    return tuple(
        Group(row["kind"], row["group"], tuple(sorted(members[row["kind"], row["group"]])), row["interbank"], _amounts(row))
        for row in found.groups.to_pylist()
    )


def limit_of(row: dict[str, Any], settings: LimitSettings) -> LimitUse:
    """A row of LIMIT_USE."""
    row["rule"], row["missing"] = settings.rule(row["rule"]), _split(row["missing"])
    return LimitUse(**row)


def _split(missing: str | None) -> tuple[str, ...]:
    return tuple(missing.split(",")) if missing else ()
