"""Who serves the firm, and in which post."""

from api.portrait.about import About, PartKind, items
from api.wire.parts import Part


def read(about: About) -> Part:
    """Posts that are held on that day."""
    rows = sorted(about.rows("SERVES_AS", "dst"), key=lambda row: (row["role"] or "", row["src"]))
    made, left_out = items(about, "SERVES_AS", rows, ("role",), "src")
    return Part(name=PART.name, zh=PART.zh, items=made, left_out=left_out)


PART = PartKind("officers", "高管", ("SERVES_AS",), read)
