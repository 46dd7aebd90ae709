"""Guarantees given and taken, the largest first."""

from api.portrait.about import About, PartKind, items
from api.wire.parts import Figure, Part

_COLUMNS = ("amount_fen", "currency", "liability", "scheme", "contract", "signed_on")


def read(about: About) -> Part:
    """Sums over CNY amounts; one of an unknown amount is not in them."""
    made, figures, left_out = [], [], 0
    for name, zh, mine, other in (("given_fen", "对外担保", "src", "dst"), ("taken_fen", "接受担保", "dst", "src")):
        rows = sorted(about.rows("GUARANTEES", mine), key=lambda row: (-(row["amount_fen"] or 0), row["id"]))
        known = [row["amount_fen"] for row in rows if row["amount_fen"] is not None and row["currency"] in {None, "CNY"}]
        figures.append(Figure(name=name, zh=zh, unit="fen", value=sum(known) if known or not rows else None))
        shown, left = items(about, "GUARANTEES", rows, _COLUMNS, other)
        made += [item.model_copy(update={"kind": "guarantee_given" if mine == "src" else "guarantee_taken"}) for item in shown]
        left_out += left
    return Part(name=PART.name, zh=PART.zh, figures=tuple(figures), items=tuple(made), left_out=left_out)


PART = PartKind("guarantees", "担保", ("GUARANTEES",), read)
