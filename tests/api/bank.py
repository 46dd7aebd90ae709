"""A bank small enough to know by heart: one firm in arrears, the firm that guarantees it, and who owns that one.

Tingsong (听松) is 120 days overdue. Chenghu (澄湖) guarantees it for 8 million, borrows itself, and is owned by Wang, a person,
and Baiyun (白云). Qiushi (求实) is known only because an invoice-less supplier list names it: no loan, no statement.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from stdnum.cn import uscc

from alerts.journal import Journal, upgrade
from api.platform import Limits, Platform
from api.roles import Role
from graph.personal import Vault
from graph.stores import LadybugStore, build_ladybug
from ingest.resolution.book import ResolutionBook
from models.scores import ScoreBook
from tests.worlds.build import World

TODAY = date(2026, 3, 31)
CHENGHU, TINGSONG, BAIYUN, QIUSHI = (
    "杭州澄湖精密机械有限公司",
    "杭州听松新材料有限公司",
    "宁波白云控股有限公司",
    "温州求实包装有限公司",
)
WANG = "王建国"


def code(body: str) -> str:
    """A Unified Social Credit Code with a valid check digit; bodies here are of no region, so none is issued."""
    return body + str(uscc.calc_check_digit(body))


CODES = {CHENGHU: code("91000000MA0000001"), TINGSONG: code("91000000MA0000002"), BAIYUN: code("91000000MA0000003")}


@dataclass(frozen=True)
class Bank:
    """The platform over the tiny bank, a key for each role, and the ids of its firms."""

    home: Path
    platform: Platform
    keys: dict[Role, str]
    ids: dict[str, str]


def build_bank(home: Path, *, demo: bool = False, limits: Limits | None = None) -> Bank:
    """Ledger, embedded graph, a score run, an empty journal: all real, in a second."""
    world = World(home)
    vault = Vault.open(home / "ledger", home / "keys" / "personal.key")
    _tell(world, vault)
    world.commit()
    build_ladybug(world.ledger, home / "graph")
    upgrade(journal_url(home))
    platform = open_bank(home, demo=demo, limits=limits)
    keys = {role: platform.journal.create_key(f"test {role}", role)[1] for role in Role}
    return Bank(home, platform, keys, {name: world.id(name) for name in (CHENGHU, TINGSONG, BAIYUN, QIUSHI)})


def open_bank(home: Path, *, demo: bool = False, limits: Limits | None = None) -> Platform:
    """The platform over a home that `build_bank` made, as a second process would open it."""
    world = World(home)
    return Platform(
        ledger=world.ledger,
        vault=Vault.open(home / "ledger", home / "keys" / "personal.key"),
        store=LadybugStore(home / "graph"),
        scores=ScoreBook(home / "scores"),
        journal=Journal(journal_url(home)),
        resolution=ResolutionBook(home / "resolution"),
        today=lambda: TODAY,
        limits=limits or Limits(),
        demo=demo,
    )


def journal_url(home: Path) -> str:
    return f"sqlite:///{(home / 'journal.db').resolve()}"


def _tell(world: World, vault: Vault) -> None:
    for name in (CHENGHU, TINGSONG, BAIYUN):
        known = {"uscc": CODES[name], "size": "medium", "status": "active", "branch": "B01", "established_on": "2012-05-20"}
        world.firm(name, **known)
    world.entity("Firm", QIUSHI, name=QIUSHI, stub=True)
    world.person(WANG, name=vault.tokenise(pa.array([WANG]), "name")[0].as_py())
    world.relation("HOLDS_SHARES", WANG, CHENGHU, equity_share=0.6, voting_share=0.6)
    world.relation("HOLDS_SHARES", BAIYUN, CHENGHU, equity_share=0.4, voting_share=0.4)
    signed: dict[str, Any] = {"liability": "joint_and_several", "scheme": "single", "valid_from": "2025-06-01"}
    world.relation("GUARANTEES", CHENGHU, TINGSONG, amount_fen=800_000_000, **signed)
    world.relation("SUPPLIES", QIUSHI, CHENGHU, annual_fen=120_000_000, sales_share=0.7)
    performing = {"days_past_due": 0, "five_tier": "normal"}
    _borrow(world, CHENGHU, "JJ-1001", matures_on="2026-05-30", balance_fen=1_500_000_000, **performing)
    overdue = {"days_past_due": 120, "five_tier": "substandard"}
    _borrow(world, TINGSONG, "JJ-2001", matures_on="2025-12-01", balance_fen=800_000_000, **overdue)
    world.entity("CreditLine", "SX-1", number="SX-1", limit_fen=2_000_000_000, status="active", expires_on="2026-12-31")
    world.relation("BORROWS", CHENGHU, "SX-1")
    world.fact("FinancialStatement", CHENGHU, valid_from="2026-03-01", period_end="2025-12-31", net_assets_fen=3_000_000_000)


def _borrow(world: World, firm: str, number: str, *, matures_on: str, balance_fen: int, **state: Any) -> None:
    note: dict[str, Any] = {"product": "working_capital", "principal_fen": balance_fen, "matures_on": matures_on}
    world.entity("LoanNote", number, number=number, **note)
    world.relation("BORROWS", firm, number)
    world.fact("LoanNoteState", number, valid_from="2026-03-31", known="2026-03-31", balance_fen=balance_fen, **state)
