"""Shareholders as filed, the largest first."""

from api.portrait.about import About, PartKind, items
from api.wire.parts import Figure, Part


def read(about: About) -> Part:
    """With the sum of the shares that are known."""
    rows = sorted(about.rows("HOLDS_SHARES", "dst"), key=lambda row: (-(row["equity_share"] or 0), row["src"]))
    made, left_out = items(about, "HOLDS_SHARES", rows, ("equity_share", "voting_share", "paid_in_fen"), "src")
    known = [row["equity_share"] for row in rows if row["equity_share"] is not None]
    total = Figure(name="known_equity", zh="已知股权合计", unit="share", value=round(sum(known), 9) if known else None)
    return Part(name=PART.name, zh=PART.zh, figures=(total,), items=made, left_out=left_out)


PART = PartKind("owners", "股东", ("HOLDS_SHARES",), read)
