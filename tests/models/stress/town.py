"""A chain small enough to work out by hand.

甲 owes the bank 8 million yuan. Its guarantor 乙 has 3 million of net assets but 1 million in cash, and owes 4 million itself. 丙
has sold 乙 goods for 2 million and has 1 million of net assets. 丁 is in default already, 戊 stands apart. A person guarantees 甲
too. When 甲 fails, 8 million are asked of 乙, which pays its cash and falls; 丙 loses 60% of 2 million and falls.
"""

from datetime import date
from pathlib import Path
from typing import Any

from models.scores import ScoreBook
from tests.models.test_scores import rows
from tests.worlds.build import World

DAY = "2026-03-31"
AS_OF = date(2026, 3, 31)
MILLION = 100_000_000  # fen
BORROWERS = {"甲": 8, "乙": 4, "丁": 1, "戊": 5}
NET_ASSETS = {"甲": 5, "乙": 3, "丙": 1, "丁": 2, "戊": 9}


def town(root: Path) -> World:
    world = World(root)
    for at, name in enumerate(NET_ASSETS):
        codes = {"industry": "C33" if name in "甲乙" else "F51", "region": "990101" if name in "甲丙" else "990202"}
        world.firm(name, branch=f"B{at % 2}", **codes)
        worth = NET_ASSETS[name] * MILLION
        figures = {"net_assets_fen": worth, "total_assets_fen": 2 * worth, "total_liabilities_fen": worth, "cash_fen": MILLION}
        sold = {"revenue_fen": 4 * worth, "receivables_fen": 6 * MILLION}
        world.fact("FinancialStatement", name, valid_from="2026-01-31", period_end="2025-12-31", **figures, **sold)
    for name, millions in BORROWERS.items():
        note = f"N{name}"
        world.entity("LoanNote", note, number=note, product="working_capital").relation("BORROWS", name, note)
        late = (120, "substandard") if name == "丁" else (0, "normal")
        state: dict[str, Any] = {"days_past_due": late[0], "five_tier": late[1]}
        world.fact("LoanNoteState", note, valid_from=DAY, known=DAY, balance_fen=millions * MILLION, **state)
    world.person("王").relation("GUARANTEES", "王", "甲", amount_fen=8 * MILLION, liability="joint_and_several")
    world.relation("GUARANTEES", "乙", "甲", amount_fen=8 * MILLION, liability="joint_and_several")
    for at in range(2):
        world.relation("INVOICES", "丙", "乙", occurrence=at, valid_from=f"2026-02-0{at + 1}", gross_fen=MILLION, state="valid")
    world.relation("INVOICES", "丙", "乙", occurrence=2, valid_from="2026-02-05", gross_fen=9 * MILLION, state="voided")
    world.relation("INVOICES", "丙", "乙", occurrence=3, valid_from="2025-06-05", gross_fen=9 * MILLION, state="valid")
    world.relation("SUPPLIES", "丙", "乙", annual_fen=50 * MILLION)
    world.firm("本行").fact("CapitalFigure", "本行", net_capital_fen=100 * MILLION, tier1_net_fen=80 * MILLION, known="2026-01-20")
    world.commit()
    return world


def scored(root: Path, world: World, own: float = -3.0) -> ScoreBook:
    """Every performing borrower scored with the same own log-odds."""
    book = ScoreBook(root / "scores")
    firms = sorted(world.id(name) for name in ("甲", "乙", "丙", "戊"))
    book.append(rows("champion", firms, AS_OF, own=own, contagion=0.5, log_odds=own + 0.5))
    return book
