"""`yujing feeds`: what was delivered, what is due, and what is wrong with a feed; `feeds check` raises it as alerts."""

import json
from contextlib import closing
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from ingest.feeds import FeedBook, FeedFile

_WORDS = {
    "fresh": ("正常", "green"),
    "late": ("迟到", "yellow3"),
    "silent": ("未到", "bold red"),
    "shrunk": ("骤减", "dark_orange3"),
    "repeated": ("重复", "yellow3"),
    "header": ("列名有变", "dark_orange3"),
    "refused": ("拒收", "dark_orange3"),
}
_PRINCIPAL = "cli"
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
Json = Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Adds `yujing feeds` and `yujing feeds check`."""
    feeds = typer.Typer(
        name="feeds", help="Deliveries of each feed: last, due, and what is wrong. 数据到达", invoke_without_command=True
    )
    feeds.callback()(list_feeds)
    feeds.command("check")(check)
    app.add_typer(feeds)


def list_feeds(context: typer.Context, as_of: Day = None, as_json: Json = False) -> None:
    """各数据源的到达情况。Each feed and file: last delivery, next due, rows against the last, state."""
    if context.invoked_subcommand:
        return
    files = _book(as_of).files()
    if as_json:
        typer.echo(json.dumps({"files": [_plain(file) for file in files]}, ensure_ascii=False))
    else:
        _print(files)


def check(as_of: Day = None, as_json: Json = False) -> None:
    """检查并记入预警。Raises what is wrong with feeds as alerts in the journal; exit 1 where something is."""
    from alerts.stages.feeds import data_alerts, troubles
    from yujing.settings import Settings
    from yujing.wiring import open_journal

    book = _book(as_of)
    found = data_alerts(troubles(book), book.as_of, book.ledger_seq)
    with closing(open_journal(Settings())) as journal:
        kept = journal.record_data_alerts(found, _PRINCIPAL)
    if as_json:
        told = [{"id": a.id, "grade": a.grade, "feed": a.firm.id, "zh": a.sentence.zh, "en": a.sentence.en} for a in found]
        typer.echo(json.dumps({"alerts": told, "new": kept.new, "updated": kept.updated}, ensure_ascii=False))
    else:
        for alert in found:
            typer.echo(f"{alert.grade}  {alert.sentence.zh}  {alert.sentence.en}  {alert.id}")
        typer.echo(f"{len(found)} 条数据预警 data alerts: {kept.new} 新 new, {kept.updated} 更新 updated.")
    raise typer.Exit(1 if found else 0)


def _book(as_of: datetime | None) -> "FeedBook":
    from ingest.feeds import FeedBook
    from yujing.settings import Settings
    from yujing.wiring import open_ledger

    settings = Settings()
    return FeedBook(open_ledger(settings), as_of.date() if as_of else settings.day)


def _plain(file: "FeedFile") -> dict[str, Any]:
    last = file.last
    return {
        "feed": file.feed,
        "title": file.title,
        "path": file.path,
        "sheet": file.sheet,
        "state": file.state,
        "since": str(file.since) if file.since else None,
        "missed": file.missed,
        "next_due": str(file.next_due) if file.next_due else None,
        "rows": last.rows if last else None,
        "rows_before": file.rows_before,
        "delivered_at": _instant(last.at) if last else None,
        "batch": last.batch if last else None,
        "reason": file.reason,
        "types": list(file.types),
    }


def _instant(us: int) -> str:
    from zoneinfo import ZoneInfo

    from graph.clock import from_us
    from yujing.settings import Settings

    return from_us(us).astimezone(ZoneInfo(Settings().time_zone)).isoformat(timespec="seconds")


def _print(files: "tuple[FeedFile, ...]") -> None:
    from rich.console import Console

    console = Console()
    if not files:
        console.print("截至当日没有数据到达 nothing was delivered by that day. Next: yujing ingest MANIFEST")
        return
    for feed, group in groupby(files, key=lambda file: file.feed):
        _print_feed(console, feed, list(group))


def _print_feed(console: "Console", feed: str, files: "list[FeedFile]") -> None:
    """A feed's heading names the batch of its last delivery; --json has each file's own."""
    from rich.markup import escape
    from rich.table import Table

    newest = max((file.last for file in files if file.last and file.last.batch), key=lambda last: last.at, default=None)
    title = f" {files[0].title}" if files[0].title else ""
    console.print(f"\n[bold]{escape(feed)}[/]{escape(title)}", soft_wrap=True)
    if newest:
        console.print(f"批次 batch {newest.batch}", soft_wrap=True, markup=False)
    table = Table()
    table.add_column("文件 file", overflow="fold")
    table.add_column("状态\nstate", no_wrap=True)
    heads = ["上次到达\nlast", "行数\nrows", "前次\nbefore"] + ["下次到期\nnext due"] * any(file.next_due for file in files)
    for head in heads:
        table.add_column(head, no_wrap=True, justify="right")
    for file in files:
        word, colour = _WORDS[file.state]
        last = file.last
        rows = (f"{last.rows:,}" if last else "", f"{file.rows_before:,}" if file.rows_before is not None else "")
        came = _instant(last.at)[5:16].replace("T", " ") if last else ""
        cells = (came, *rows, str(file.next_due or ""))[: len(heads)]
        since = f"\n自 since {file.since:%m-%d}" if file.since else ""
        table.add_row(escape(file.file), f"[{colour}]{word} {file.state}{since}[/]", *cells)
    console.print(table)
    for reason in sorted({file.reason for file in files if file.reason}):
        console.print(reason, style="dim", markup=False)
