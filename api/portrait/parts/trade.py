"""Main buyers and sellers: how concentrated, and whether the trade with each grew or shrank over a year."""

from datetime import timedelta

from api.firms import Told, row_of
from api.portrait.about import About, PartKind
from api.wire.parts import Figure, Item, Part
from graph.store import Hop, Moment

_YEAR = timedelta(days=365)
_SHOWN = 10


def read(about: About) -> Part:
    """Herfindahl index = Σ (amount / sum of amounts)² over the known yearly amounts: 1 is one partner (Hirschman 1964).

    The largest one's share is of these known amounts, too; the share of a row is of all that the firm sells or buys, as told.
    """
    figures, made, left_out = [], [], 0
    for name, zh, mine, other in (("buyer", "买方", "src", "dst"), ("seller", "卖方", "dst", "src")):
        rows = sorted(about.rows("SUPPLIES", mine), key=lambda row: (-(row["annual_fen"] or 0), row["id"]))
        known = [row["annual_fen"] for row in rows if row["annual_fen"]]
        total = sum(known)
        figures += [
            Figure(name=f"{name}s", zh=f"{zh}家数", unit="count", value=len({row[other] for row in rows})),
            Figure(name=f"{name}s_annual_fen", zh=f"{zh}年交易额", unit="fen", value=total if known else None),
            Figure(
                name=f"largest_{name}_share", zh=f"最大{zh}占已知交易额", unit="share", value=known[0] / total if known else None
            ),
            Figure(
                name=f"{name}_concentration",
                zh=f"{zh}集中度(HHI，已知交易额内)",
                unit="number",
                value=round(sum((each / total) ** 2 for each in known), 6) if known else None,
            ),
        ]
        shown = rows[:_SHOWN]
        left_out += len(rows) - len(shown)
        made += _items(about, name, shown, (mine, other))
    return Part(name=PART.name, zh=PART.zh, figures=tuple(figures), items=tuple(made), left_out=left_out)


def _items(about: About, name: str, rows: list[Told], ends: tuple[str, str]) -> list[Item]:
    mine, other = ends
    parties = about.parties(row[other] for row in rows)
    before = _a_year_ago(about, "out" if mine == "src" else "in", {row[other] for row in rows}) if rows else {}
    share, of = ("sales_share", "占全部销售") if mine == "src" else ("purchase_share", "占全部采购")
    made = []
    for row in rows:
        then, now = before.get(row[other]), row["annual_fen"]
        trend = now / then - 1 if now is not None and then else None
        figures = (
            Figure(name="annual_fen", zh="年交易额", unit="fen", value=now),
            Figure(name=share, zh=of, unit="share", value=row[share]),
            Figure(name="change_over_a_year", zh="较一年前", unit="share", value=None if trend is None else round(trend, 6)),
        )
        made.append(Item(kind=name, party=parties[row[other]], figures=figures, row=row_of("SUPPLIES", row)))
    return made


def _a_year_ago(about: About, way: str, partners: set[str]) -> dict[str, int]:
    """What each came to a year before, as known now."""
    now = about.day.snapshot.as_of
    hop = Hop(("SUPPLIES",), Moment(now - _YEAR, now), (way,), cap=10_000)
    found: dict[str, int] = {}
    for row in about.platform.store.expand([about.firm], hop).select(["other", "amount_fen"]).to_pylist():
        if row["other"] in partners and row["amount_fen"] is not None:
            found[row["other"]] = found.get(row["other"], 0) + row["amount_fen"]
    return found


PART = PartKind("trade", "主要购销方", ("SUPPLIES",), read)
