"""Court and administrative events, defaults, and what the bureau reported, the newest first."""

from api.portrait.about import MOST_ITEMS, About, PartKind, items
from api.wire.parts import Figure, Item, Part

_EVENTS = {
    "JudicialEvent": ("event_type", "case_number", "role", "stage", "amount_fen", "filed_on", "closed_on"),
    "AdministrativeEvent": ("event_type", "amount_fen", "filed_on", "closed_on"),
    "DefaultEvent": ("cause", "amount_fen"),
    "BureauReport": ("reported_on", "other_banks_balance_fen", "other_banks_overdue_fen", "worst_class_elsewhere", "lenders"),
}


def read(about: About) -> Part:
    """Counted by kind; the newest are shown."""
    made: list[Item] = []
    counts, left_out = [], 0
    for name, columns in _EVENTS.items():
        rows = sorted(about.rows(name, "subject"), key=lambda row: (row["valid_from"], row["id"]), reverse=True)
        shown, left = items(about, name, rows[:MOST_ITEMS], columns)
        made += shown
        left_out += left + max(len(rows) - MOST_ITEMS, 0)
        zh = about.day.snapshot.ontology.get(name).zh or name
        counts.append(Figure(name=name, zh=zh, unit="count", value=len(rows)))
    return Part(name=PART.name, zh=PART.zh, figures=tuple(counts), items=tuple(made), left_out=left_out)


PART = PartKind("events", "司法与行政事件", tuple(_EVENTS), read)
