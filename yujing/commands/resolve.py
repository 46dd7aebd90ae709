"""`yujing resolve`: which firms may be one, proposed with reasons, decided by an officer."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from ingest.resolution.book import Proposal

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON value")]
_STATUS_ZH = {"open": "待决", "merged": "已合并", "rejected": "已否决"}


def register(app: typer.Typer) -> None:
    """Adds `resolve propose|list|show|decide`."""
    resolve = typer.Typer(name="resolve", help="Which firms may be one. 实体归并", no_args_is_help=True)
    resolve.command("propose", help="Score the firms of a day and propose pairs. 提出归并建议")(propose)
    resolve.command("list", help="Proposals, the most probable first. 建议清单")(list_proposals)
    resolve.command("show", help="One proposal: both sides, the waterfall of reasons, what was decided. 一条建议")(show)
    resolve.command("decide", help="Merge, reject, or undo, with a reason. 合并、否决、撤销")(decide)
    app.add_typer(resolve)


def propose(
    as_of: Day = None,
    threshold: Annotated[float, typer.Option(min=0.01, max=0.999, help="least probability")] = 0.5,
    engine: Annotated[Literal["duckdb", "spark"], typer.Option(help="where pairs are scored")] = "duckdb",
    as_json: AsJson = False,
) -> None:
    """Keeps what it finds as the newest run; pairs that were decided stay decided."""
    from graph.snapshot import Snapshot
    from ingest.resolution.book import ResolutionBook
    from ingest.resolution.score import Scoring
    from yujing.wiring import open_ledger, open_spark

    settings = Settings()
    book = ResolutionBook(settings.resolution)
    snapshot = Snapshot(open_ledger(settings), as_of.date() if as_of else settings.day)
    spark = open_spark(settings) if engine == "spark" else None
    with Console(stderr=True).status("comparing firms"):
        found = book.propose(snapshot, Scoring(threshold=threshold, engine=engine), spark)
    _print([each for each in found if each.status == "open"], as_json)


def list_proposals(
    status: Annotated[Literal["open", "merged", "rejected", "all"], typer.Option(help="which")] = "open", as_json: AsJson = False
) -> None:
    """Of the newest run, and all that were ever decided."""
    from ingest.resolution.book import ResolutionBook

    _print(ResolutionBook(Settings().resolution).proposals(None if status == "all" else status), as_json)


def show(proposal: Annotated[str, typer.Argument(help="id of a proposal", show_default=False)], as_json: AsJson = False) -> None:
    """Bits add up: prior plus reasons is the log-odds, in base two."""
    from ingest.resolution.book import ResolutionBook

    book = ResolutionBook(Settings().resolution)
    found = book.proposal(proposal)
    if as_json:
        print(json.dumps(asdict(found) | {"history": book.history(proposal)}, ensure_ascii=False, default=str))
        return
    console = Console()
    console.print(f"[bold]{found.keep_name}[/] ({found.keep_code or found.keep})")
    console.print(f"[bold]{found.join_name}[/] ({found.join_code or found.join})")
    console.print(f"可能为同一企业 may be one firm: {found.probability:.1%}, {_STATUS_ZH[found.status]} {found.status}")
    table = Table()
    for column in ("比较 compared", "结果 found", "bits"):
        table.add_column(column, justify="right" if column == "bits" else "left", overflow="fold")
    table.add_row("先验 prior", "", f"{found.prior_bits:+.1f}")
    for reason in found.reasons:
        table.add_row(f"{reason['zh']} {reason['en']}", f"{reason['level_zh']} {reason['level_en']}", f"{reason['bits']:+.1f}")
    table.add_row("合计 sum", "", f"{found.bits:+.1f}")
    console.print(table)
    for said in book.history(proposal):
        console.print(f"{datetime.fromtimestamp(said['at'] / 1e6):%Y-%m-%d %H:%M} {said['by']}: {said['verdict']}, {said['why']}")


def decide(
    proposal: Annotated[str, typer.Argument(help="id of a proposal", show_default=False)],
    verdict: Annotated[Literal["merge", "reject", "undo"], typer.Argument(help="what is decided", show_default=False)],
    why: Annotated[str, typer.Option("--why", help="the reason", show_default=False)],
    by: Annotated[str, typer.Option("--by", help="who decides")] = "cli",
) -> None:
    """A merge moves records, never rows: `undo` brings them back."""
    from graph.clock import now_on
    from ingest.resolution.book import ResolutionBook, Word
    from yujing.wiring import open_journal, open_ledger

    settings = Settings()
    said = Word(by, why, now_on(settings.day, settings.time_zone))
    found = ResolutionBook(settings.resolution).decide(open_ledger(settings), proposal, verdict, said)
    journal = open_journal(settings)
    journal.note(by, f"resolution.{verdict}", found.id, {"keep": found.keep, "join": found.join, "why": why})
    journal.close()
    print(f"{found.keep_name} / {found.join_name}: {_STATUS_ZH[found.status]} {found.status}")
    print("下一步 next: yujing graph build")


def _print(found: list["Proposal"], as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(each) for each in found], ensure_ascii=False, default=str))
        return
    table = Table(title=f"{len(found)} 条 proposals")
    for column in ("id", "留 keep", "并 join", "概率", "首要理由 top reason", ""):
        table.add_column(column, justify="right" if column == "概率" else "left", overflow="fold")
    for each in found:
        top = each.reasons[0] if each.reasons else {"level_zh": ""}
        row = (each.id, each.keep_name, each.join_name, f"{each.probability:.1%}", top["level_zh"], _STATUS_ZH[each.status])
        table.add_row(*row)
    Console().print(table)
    if found:
        print("下一步 next: yujing resolve show ID; yujing resolve decide ID merge --why …")
    else:
        print("下一步 next: yujing resolve propose")
