"""Writes an invented bank into a folder: its files, the manifest that reads them, and, apart, what really happened."""

import json
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from graph.errors import InputError
from yujing.bank.between import Guests, pool_of
from yujing.bank.cases import describe_cases
from yujing.bank.files import SourceTable
from yujing.bank.manifests import manifest_text
from yujing.bank.parts import Chunk, Layout, PartFiles
from yujing.bank.plan import BankPlan, Block
from yujing.bank.planting import Planter
from yujing.bank.systems.core import export_core
from yujing.bank.systems.customers import export_customers
from yujing.bank.systems.lending import export_lending
from yujing.bank.systems.outside import export_outside
from yujing.bank.systems.platform import export_platform, members_of
from yujing.bank.systems.registry import export_registry
from yujing.bank.truth import Truth
from yujing.bank.world import World, guests_of, invent_world

SYSTEMS = {
    "ecif": export_customers,
    "registry": export_registry,
    "credit": export_lending,
    "core": export_core,
    "outside": export_outside,
    "platform": export_platform,
}
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


@dataclass
class BankReport:
    """What was written: rows by file (sheets apart, parts together), borrowers, defaults, how many of these by contagion."""

    folder: Path
    rows: Counter[str] = field(default_factory=Counter)
    borrowers: int = 0
    defaults: int = 0
    by_contagion: int = 0
    planted: int = 0

    @property
    def total_rows(self) -> int:
        return sum(self.rows.values())


Advance = Callable[[int, int], None]  # so many steps of so many are done


def write_bank(folder: Path, plan: BankPlan, only: Collection[str] = (), advance: Advance = lambda done, total: None) -> BankReport:
    """Invents the bank of `plan` and writes it into `folder`, one society after another. Equal options write equal bytes.

    `only`: the systems (see `SYSTEMS`) whose files are written; none named: all. Only an empty folder, or one that an
    invented bank was written to before, is written to; InputError otherwise. The manifest comes last: a folder without
    one was not finished, and is begun anew by the next run.
    """
    systems = _systems(only)
    _make_room(folder)
    _write_json(folder / "invented.json", _told(plan, only))
    work = _Writing(folder, plan, systems)
    for done, world in enumerate(invent_societies(plan)):
        work.add(world)
        advance(done + 1, plan.societies + 1)
    work.close()
    said = {"seed": plan.seed, "firms": plan.firms, "first": plan.first_day, "today": plan.today, "folder": "DIR"}
    (folder / "README.md").write_text(_NOTICE.format(**said), "utf-8")
    (folder / "manifest.yaml").write_text(manifest_text(plan, work.places), "utf-8")
    advance(plan.societies + 1, plan.societies + 1)
    return work.report


def export_tables(world: World, planter: Planter, systems: Collection[str] = SYSTEMS) -> list[SourceTable]:
    """Every file of the systems, with errors planted."""
    return [table for name in systems for table in SYSTEMS[name](world, planter)]


def invent_societies(plan: BankPlan) -> Iterator[World]:
    """The worlds that make up the bank, one at a time; each may be tied to firms of those before it."""
    if plan.societies == 1:
        yield invent_world(plan)
        return
    before: Counter[str] = Counter()
    pool: Guests | None = None
    for index, firms in enumerate(plan.sizes()):
        world = invent_world(replace(plan, firms=firms, block=Block(index, plan.societies, dict(before))), pool)
        yield world
        before.update(_held(world))
        pool = pool_of(world.plan, pool, guests_of(world))


def _held(world: World) -> dict[str, int]:
    """What the numbers of the next society go on from. Payments, invoices and cases are counted where they were written."""
    society, plan, made = world.society, world.plan, vars(world)
    counts = {
        "firms": plan.firms,
        "ends": society.firms.count,
        "persons": society.persons.count,
        "slots": society.slots.count + 1,
        "notes": world.book.notes.count,
        "guarantees": society.guarantees.count,
        "lent_fen": int(society.limit_fen[: plan.firms].sum()),
        "transfers": len(world.transfers.at) if "transfers" in made else 0,
        "platform": members_of(world),
        "invoices": len(world.invoices.day) if "invoices" in made else 0,
    }
    cases = {"lawsuits": len(world.reports.lawsuits.number), "court": len(world.reports.court.firm)} if "reports" in made else {}
    return counts | cases


class _Writing:
    """A bank on its way to disk: a thread writes one society's files while the next society is invented."""

    def __init__(self, folder: Path, plan: BankPlan, systems: Collection[str]) -> None:
        self.report, self.places = BankReport(folder), set[tuple[str, str]]()
        self._plan, self._systems, self._folder = plan, systems, folder
        self._layout, self._files = Layout(in_parts=plan.societies > 1), PartFiles(folder)
        self._truth = Truth(folder / "truth", single=plan.societies == 1)
        self._thread = ThreadPoolExecutor(1, "yujing-bank")
        self._waiting: Future[None] | None = None

    def add(self, world: World) -> None:
        """Writes one society, soon; waits until the one before it is written."""
        planter = Planter(_streams(world.plan, self._systems), _spared(world), world.plan.today)
        tables = export_tables(world, planter, self._systems)
        if world.plan.society == 0:
            _write_json(self._folder / "cases.json", describe_cases(world))
        chunks = self._layout.place(tables)
        causes = self._truth.add(world, planter.planted, chunks)
        self._count(world, chunks)
        self.report.defaults += len(causes)
        self.report.by_contagion += int((causes != "own").sum())
        self.report.planted += sum(len(each.lines) for each in planter.planted)
        self._finish()
        self._waiting = self._thread.submit(self._files.write, chunks)

    def close(self) -> None:
        """Waits for the last society and ends every file."""
        self._finish()
        self._thread.shutdown()
        self._files.close()
        self._truth.close()

    def _count(self, world: World, chunks: list[Chunk]) -> None:
        self.report.borrowers += int(world.society.firms.borrower.sum())
        for chunk in chunks:
            self.report.rows[chunk.table.place] += chunk.table.frame.height
            self.places.add((chunk.table.path, chunk.table.sheet))

    def _finish(self) -> None:
        if self._waiting is not None:
            self._waiting.result()
            self._waiting = None


def _streams(plan: BankPlan, systems: Collection[str]) -> Callable[[str], np.random.Generator]:
    """One stream for all files of a whole bank of one society; else one a file, so that a part of it is as in the whole."""
    if plan.block is None and len(systems) == len(SYSTEMS):
        shared = plan.rng("planted errors")
        return lambda _: shared
    return lambda place: plan.rng(f"planted errors in {place}")


def _systems(only: Collection[str]) -> list[str]:
    unknown = sorted(set(only) - SYSTEMS.keys())
    if unknown:
        raise InputError(f"The invented bank has no system '{unknown[0]}'.", f"Name some of {', '.join(SYSTEMS)}.", "only")
    return [name for name in SYSTEMS if not only or name in only]


def _told(plan: BankPlan, only: Collection[str]) -> dict[str, object]:
    asked = {"firms": plan.firms, "seed": plan.seed, "months": plan.months, "last_month": plan.last_month}
    more = {"societies": plan.societies} if plan.societies > 1 else {}
    return {"invented": True, **asked, **more, **({"only": _systems(only)} if only else {}), "today": str(plan.today)}


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


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
