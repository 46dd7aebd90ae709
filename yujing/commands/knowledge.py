"""`yujing knowledge`: what follows from the bank's relations, computed for the whole book of a day."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from graph.knowledge.book import KnowledgeBook, Run
    from graph.knowledge.kind import Kind

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def register(app: typer.Typer) -> None:
    """Adds `knowledge`."""
    app.command("knowledge", help="Compute control and what else follows from the book of a day. 知识推算")(knowledge)


def knowledge(
    as_of: Day = None,
    kinds: Annotated[str, typer.Option(help="kinds, separated by commas (default: all)")] = "",
    as_json: AsJson = False,
) -> None:
    """Each kind is computed only where what it reads has changed since an earlier run."""
    from graph.errors import InputError
    from graph.knowledge.book import KnowledgeBook
    from graph.knowledge.compute import compute_book
    from graph.knowledge.kinds import chosen
    from graph.snapshot import Snapshot
    from yujing.wiring import open_ledger

    settings = Settings()
    wanted = chosen([name.strip() for name in kinds.split(",") if name.strip()])
    ledger = open_ledger(settings)
    if not ledger.latest_seq:
        raise InputError(f"Nothing has been ingested into {settings.home}.", "Run 'yujing ingest MANIFEST'.", "home")
    book = KnowledgeBook.beside(ledger)
    before = book.last_seq
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(wanted))
        begun: list[str] = []

        def tell(name: str) -> None:
            begun.append(name)
            progress.update(task, description=name, completed=len(begun) - 1)

        runs = compute_book(book, Snapshot(ledger, as_of.date() if as_of else settings.day), wanted, tell)
    stale = _stale(book, wanted, runs, before)
    if as_json:
        told = {"runs": [_plain(run, before) for run in runs], "stale": [day.isoformat() for day in stale]}
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print(runs, before)
        for day in stale:
            text = (
                f"{day} 在此之前已算过，其沿革未见这一日 was computed before, and its lineage has not seen this day: run it again"
            )
            print(f"{text}: yujing knowledge --as-of {day}")


def _stale(book: "KnowledgeBook", kinds: "Sequence[Kind]", runs: "list[Run]", before: int) -> "list[date]":
    """The next computed day, where what keeps an identity over time was told there without the day computed now."""
    follow = {kind.name for kind in kinds if kind.follows}
    new = {run.kind: run.as_of for run in runs if run.kind in follow and run.run_seq > before}
    later = {(run.kind, run.as_of) for run in book.runs() if run.kind in new and run.as_of > new[run.kind]}
    nearest = {kind: min(day for one, day in later if one == kind) for kind, _ in later}
    return sorted(set(nearest.values()))


def _how(run: "Run", before: int) -> str:
    if run.run_seq <= before:
        return "known"
    return "unchanged" if run.reused else "computed"


def _plain(run: "Run", before: int) -> dict[str, Any]:
    return {
        "kind": run.kind,
        "version": run.version,
        "as_of": run.as_of.isoformat(),
        "ledger_seq": run.ledger_seq,
        "run": run.run,
        "how": _how(run, before),
        "rows": {name: part.rows for name, part in run.tables.items()},
        "seconds": run.seconds,
        "peak_mb": run.peak_mb,
    }


_HOW = {"known": "已算过 known", "unchanged": "输入未变 inputs unchanged", "computed": "[green]已重算 computed[/]"}


def _print(runs: "list[Run]", before: int) -> None:
    console = Console()
    if not runs:
        console.print("No kind of knowledge was asked for.")
        return
    table = Table(title=f"知识推算 knowledge of {runs[0].as_of}, to ledger_seq {runs[0].ledger_seq}")
    for column in ("kind", "rows", "seconds", "peak memory", ""):
        table.add_column(column, justify="right" if column in {"rows", "seconds", "peak memory"} else "left")
    for run in runs:
        told = f"{run.rows:,}", f"{run.seconds:,.2f}", f"{run.peak_mb:,} MB", _HOW[_how(run, before)]
        table.add_row(f"{run.kind} {run.version}", *told)
    console.print(table)
    console.print("下一步 next: yujing graph build (loads what was derived into the graph store)")
