"""Writes an invented bank into a folder: its files, the manifest that reads them, and, apart, what really happened."""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import yujing
from graph.errors import InputError
from yujing.bank.cases import describe_cases
from yujing.bank.files import SourceTable, write_tables
from yujing.bank.plan import BankPlan
from yujing.bank.planting import Planter
from yujing.bank.systems.core import export_core
from yujing.bank.systems.customers import export_customers
from yujing.bank.systems.lending import export_lending
from yujing.bank.systems.outside import export_outside
from yujing.bank.systems.platform import export_platform, true_duplicates
from yujing.bank.systems.registry import export_registry
from yujing.bank.truth import true_defaults, true_health, true_hits
from yujing.bank.world import World, invent_world

MANIFESTS = Path(yujing.__file__).parent.parent / "examples" / "invented-bank"
_NOTICE = """# 虚构银行 / An invented bank

本目录中的银行、企业、自然人、证件号码、账户、交易与案件全部由程序虚构（种子 {seed}，{firms} 户企业，{first} 至 {today}），
与任何真实主体无关；统一社会信用代码与证件号码使用不存在的行政区划 99，校验位正确但不可能被签发。

Everything here is made up by a program (seed {seed}, {firms} firms, {first} to {today}): the bank, the firms, the persons, their
numbers, accounts, payments and lawsuits. Codes carry the administrative division 99, which does not exist: their check
digits are right, and nobody can have been issued one.

    yujing ingest {folder}/manifest.yaml

- `manifest.yaml` 读取全部文件 / reads every file; `cases.json` 演示案例 / the demonstration cases
- `truth/` 真实原因与植入错误，仅供评估，不得导入 / true causes and planted errors, to grade by, never to be ingested
"""


@dataclass(frozen=True)
class BankReport:
    """What was written: rows by file (sheets apart), borrowers, defaults, and how many of these came by contagion."""

    folder: Path
    rows: dict[str, int]
    borrowers: int
    defaults: int
    by_contagion: int
    planted: int

    @property
    def total_rows(self) -> int:
        return sum(self.rows.values())


def write_bank(folder: Path, plan: BankPlan) -> BankReport:
    """Invents the bank of `plan` and writes it into `folder`. The same plan writes the same bytes.

    Only an empty folder, or one that an invented bank was written to before, is written to; InputError otherwise.
    """
    _make_room(folder)
    world = invent_world(plan)
    planter = Planter(plan.rng("planted errors"), _spared(world), plan.today)
    tables = export_tables(world, planter)
    write_tables(folder, tables)
    _write_truth(folder / "truth", world, planter)
    _write_json(folder / "cases.json", describe_cases(world))
    _write_json(folder / "invented.json", {"invented": True, **asdict(plan), "today": str(plan.today)})
    said = {"seed": plan.seed, "firms": plan.firms, "first": plan.first_day, "today": plan.today, "folder": "DIR"}
    (folder / "README.md").write_text(_NOTICE.format(**said), "utf-8")
    for manifest in sorted(MANIFESTS.glob("*.yaml")):
        shutil.copyfile(manifest, folder / manifest.name)
    causes = true_defaults(world)["cause"]
    return BankReport(
        folder=folder,
        rows={table.place: table.frame.height for table in tables},
        borrowers=int(world.society.firms.borrower.sum()),
        defaults=len(causes),
        by_contagion=int((causes != "own").sum()),
        planted=sum(len(each.lines) for each in planter.planted),
    )


def export_tables(world: World, planter: Planter) -> list[SourceTable]:
    """Every file of every system, with errors planted."""
    systems = (export_customers, export_registry, export_lending, export_core, export_outside, export_platform)
    return [table for export in systems for table in export(world, planter)]


def _spared(world: World) -> list[str]:
    """Values of the firms in the cases: a planted error must not spoil a demonstration."""
    firms, cast = world.society.firms, world.society.cast.everyone
    notes = world.book.notes
    own = np.isin(notes.firm, cast)
    lines = world.book.lines.number[np.isin(world.book.lines.firm, cast)]
    return [*firms.code[cast], *firms.customer[cast], *world.accounts.firm[cast], *notes.number[own], *notes.contract[own], *lines]


def _make_room(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file.", "Name a folder.", "folder")
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "invented.json").exists():
            raise InputError(f"{folder} is not empty and holds no invented bank.", "Name an empty folder.", "folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _write_truth(folder: Path, world: World, planter: Planter) -> None:
    folder.mkdir()
    true_defaults(world).write_parquet(folder / "defaults.parquet", statistics=False)
    true_hits(world).write_parquet(folder / "hits.parquet", statistics=False)
    true_duplicates(world).write_parquet(folder / "duplicates.parquet", statistics=False)
    true_health(world).write_parquet(folder / "health.parquet", statistics=False)
    planted = [{**asdict(each), "count": len(each.lines)} for each in planter.planted]
    _write_json(folder / "planted_errors.json", {"lines": "as an editor counts them, the header is 1", "planted": planted})


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
