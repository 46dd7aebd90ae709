"""`yujing quarantine …`: the data office looks at refused rows, repairs them in a workbook, or dismisses them."""

import getpass
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from ingest.desk import Case, Shelf
    from ingest.desk.repair import Repaired
    from yujing.settings import Settings

AsJson = Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")]
Feed = Annotated[str, typer.Option(help="只看一个来源 one feed only")]
File = Annotated[str, typer.Option(help="批内的文件（有多个时）the file, where the batch has several")]
By = Annotated[str, typer.Option(help="经办人 who does it (default: the account)", show_default=False)]
Batch = Annotated[str, typer.Argument(help="批次 batch", show_default=False)]
_SHOWN, _FEW = 20, 3
_STATUS = {
    "open": "待办 open",
    "repaired": "已修复 repaired",
    "passed_on": "再隔离 passed on",
    "dismissed": "已驳回 dismissed",
    "again": "重复送到 delivered again",
}


def register(app: typer.Typer) -> None:
    """Adds `quarantine list|explain|download|repair|dismiss|reopen|trends`."""
    desk = typer.Typer(name="quarantine", help="Refused rows: look, explain, repair, dismiss. 隔离台", no_args_is_help=True)
    for command in (list_, explain, download, repair, dismiss, reopen, trends):
        desk.command(command.__name__.strip("_"))(command)
    app.add_typer(desk)


def list_(feed: Feed = "", batch: str = "", reason: str = "", as_json: AsJson = False) -> None:
    """各批次的隔离行及其状态。Refused rows by batch, file and reason, and where they stand."""
    shelf = _shelf()
    told = [_batch(shelf, summary, reason) for summary in shelf.summaries() if _chosen(summary, feed, batch)]
    told = [each for each in told if each["quarantined"]]
    unfinished = [] if feed or batch or reason else shelf.unfinished()
    if as_json:
        print(json.dumps({"batches": told, "not_loaded": unfinished}, ensure_ascii=False))
        return
    console = Console()
    for each in told:
        _print_batch(console, each)
    for name in unfinished:
        console.print(f"未入账 not loaded: {name} (refused whole, or broken off: mend the files, load again)", markup=False)
    if not told and not unfinished:
        console.print("没有隔离行 no refused rows" + " of that feed, batch or reason" * bool(feed or batch or reason))
    elif any(each["status"].get("open") for each in told):
        console.print("下一步 next: yujing quarantine explain BATCH/FILE:LINE")
        console.print("下一步 next: yujing quarantine download BATCH -o rows.xlsx")


def explain(
    row: Annotated[list[str], typer.Argument(help="BATCH LINE, 或 or BATCH/FILE:LINE")], file: File = "", as_json: AsJson = False
) -> None:
    """一行为何被隔离、清单要求什么、如何改正。Why a row was refused, what the manifest wanted, how to mend it."""
    from ingest.desk.reading import Glass, Reading
    from yujing.wiring import open_ledger, open_vault

    settings, shelf = _settings(), _shelf()
    batch, line, named = _row_of(row)
    case = shelf.case(batch, line, file or named)
    reading = Reading.of(shelf, batch, open_ledger(settings).ontology)
    glass = Glass.over([(case, reading.source(case))], open_vault(settings), reveal=False)
    told = _explained(shelf, case, reading, glass)
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print_case(told)


def download(  # noqa: PLR0917 (Typer reads its options from the signature)
    batch: Batch,
    output: Annotated[Path, typer.Option("--output", "-o", help="工作簿 the workbook to write")],
    file: File = "",
    reason: str = "",
    everything: Annotated[bool, typer.Option("--all", help="已处理的行也要 rows already dealt with too")] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="个人信息不遮盖（记入审计）personal values in the clear; audited")
    ] = False,
    by: By = "",
) -> None:
    """待修复的整行，原因标在单元格上。Whole source rows, the reason beside the cell, to be repaired in place."""
    from graph.errors import InputError
    from ingest.desk import Status
    from ingest.desk.book import ROWS, write_book
    from ingest.desk.reading import Glass, Reading
    from yujing.wiring import open_ledger, open_vault

    settings, shelf = _settings(), _shelf()
    cases = [c for c in shelf.cases(batch, file=file) if everything or c.status is Status.OPEN]
    cases = [c for c in cases if not reason or any(issue.reason == reason for issue in c.issues)]
    if not cases:
        raise InputError(f"Batch {batch} has no such row that is open.", "See yujing quarantine list; --all gives the others too.")
    if len(cases) > ROWS:
        raise InputError(f"{len(cases):,} rows are more than a workbook should have ({ROWS:,}).", "Narrow it: --file, --reason.")
    if output.suffix.lower() != ".xlsx":
        raise InputError(f"{output} is no workbook's name.", "End it in .xlsx.", "output")
    reading = Reading.of(shelf, batch, open_ledger(settings).ontology)
    glass = Glass.over([(c, reading.source(c)) for c in cases], open_vault(settings), reveal=reveal)
    if reveal:
        _audit(settings, by, "quarantine.revealed", batch, {"rows": len(cases), "workbook": output.name})
    write_book(output, batch, _grouped(cases, reading), glass)
    print(f"{len(cases):,} 行 rows: {output}")
    print(f"下一步 next: yujing quarantine repair {output}")


def repair(  # noqa: PLR0917 (Typer reads its options from the signature)
    workbook: Annotated[Path, typer.Argument(help="改好的工作簿 the repaired workbook", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查不写入。Check everything, write nothing.")] = False,
    retry: Annotated[bool, typer.Option("--retry", help="未改动的行也重试 try rows again that were not changed")] = False,
    override: Annotated[
        bool, typer.Option("--override", help="覆盖后来批次的说法 even where a later batch said otherwise")
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """改好的行按原清单重新检查入账。Feed mended rows back through the same checks.

    Exit 0 all taken, 3 some are still refused, 2 the workbook cannot be used.
    """
    from ingest.desk.repair import Options, Repairer
    from yujing.wiring import open_ledger, open_vault

    settings = _settings()
    repairer = Repairer(_shelf(), open_ledger(settings), open_vault(settings), by or getpass.getuser())
    done = repairer.repair(workbook, Options(retry, override, dry_run))
    if as_json:
        print(json.dumps(done.to_json(), ensure_ascii=False))
    else:
        _print_repair(done)
    raise typer.Exit(3 if done.still_bad else 0)


def dismiss(
    batch: Batch,
    line: Annotated[list[int], typer.Argument(help="行 lines", show_default=False)],
    reason: Annotated[str, typer.Option(help="理由 why no repair is needed")],
    file: File = "",
    by: By = "",
) -> None:
    """驳回：该行无需修复，记下理由。These rows need no repair; the reason is kept with who and when."""
    from ingest.desk.repair import dismiss as mark

    shelf = _shelf()
    count = mark(shelf, [shelf.case(batch, each, file) for each in line], by or getpass.getuser(), reason)
    print(f"已驳回 dismissed: {count}; 原已处理 dealt with before: {len(line) - count}")


def reopen(
    batch: Batch,
    line: Annotated[list[int], typer.Argument(help="行 lines", show_default=False)],
    reason: Annotated[str, typer.Option(help="理由 why")],
    file: File = "",
    by: By = "",
) -> None:
    """撤回驳回。Take a dismissal back."""
    from ingest.desk.repair import reopen as mark

    shelf = _shelf()
    count = mark(shelf, [shelf.case(batch, each, file) for each in line], by or getpass.getuser(), reason)
    print(f"已重开 reopened: {count}")


def trends(feed: Feed = "", as_json: AsJson = False) -> None:
    """各来源的隔离率与原因走势。Rates and reasons by feed, what is new and what got worse."""
    from ingest.desk.trends import trends as find

    found = find(_shelf(), feed)
    if as_json:
        print(json.dumps([each.to_json() for each in found], ensure_ascii=False))
        return
    console = Console()
    if not found:
        console.print(
            "还没有批次 no batches yet" + f" of feed {feed}" * bool(feed) + ". 下一步 next: yujing ingest MANIFEST", markup=False
        )
    for each in found:
        table = Table(title=each.feed, title_justify="left")
        table.add_column("批次 batch", no_wrap=True)
        for heading in ("读取\nread", "隔离\nrefused", "比例\nrate"):
            table.add_column(heading, justify="right")
        table.add_column("原因 reasons")
        for load in each.loads[-_SHOWN:]:
            reasons = ", ".join(f"{name} {count:,}" for name, count in load.reasons.items())
            table.add_row(load.batch, f"{load.read:,}", f"{load.refused:,}", f"{load.rate:.2%}", reasons)
        console.print(table)
        for name in each.new:
            console.print(f"新原因 new: {name}", markup=False, style="yellow")
        for name in each.worse:
            console.print(f"变差 worse: {name}", markup=False, style="red")


def _settings() -> "Settings":
    from yujing.settings import Settings

    return Settings()


def _shelf() -> "Shelf":
    from ingest.desk import Shelf

    return Shelf(_settings().quarantine)


def _chosen(summary: dict[str, Any], feed: str, batch: str) -> bool:
    return (not feed or summary["feed"] == feed) and (not batch or summary["batch"] == batch)


def _batch(shelf: "Shelf", summary: dict[str, Any], reason: str) -> dict[str, Any]:
    """Counts of rows; by file and reason a row counts under each of its reasons, as in the batch's own summary."""
    issues = shelf.issues(summary["batch"]).select("file", "sheet", "line", "reason", "status").unique(maintain_order=True)
    issues = issues.filter(issues["reason"] == reason) if reason else issues
    rows = issues.unique(["file", "sheet", "line"])
    grouped = issues.group_by("file", "sheet", "reason", maintain_order=True).agg("status", "line")
    reasons = [
        {
            "file": f"{file}[{sheet}]" if sheet else file,
            "reason": name,
            "rows": len(status),
            "status": dict(Counter(status)),
            "lines": sorted(lines)[:_SHOWN],
        }
        for file, sheet, name, status, lines in grouped.iter_rows()
    ]
    return {
        "batch": summary["batch"],
        "feed": summary["feed"],
        "read": summary["rows"]["read"],
        "quarantined": rows.height,
        "status": dict(Counter(rows["status"].to_list())),
        "reasons": reasons,
        "repair": summary.get("repair"),
    }


def _print_batch(console: Console, told: dict[str, Any]) -> None:
    """A line for the batch, then its files and reasons; only what rows of the batch have become gets a column."""
    console.print(f"\n[bold]{told['batch']}[/]  {escape(told['feed'])}", soft_wrap=True)
    shown = [name for name in _STATUS if told["status"].get(name)]
    said = ", ".join(f"{_STATUS[name]} {told['status'][name]:,}" for name in shown)
    console.print(f"读取 read {told['read']:,}; 隔离 refused {told['quarantined']:,}: {said}", markup=False)
    table = Table()
    table.add_column("文件 file", overflow="fold")
    table.add_column("原因 reason", no_wrap=True)
    for name in shown:
        table.add_column(_STATUS[name].replace(" ", "\n", 1), justify="right")
    table.add_column("行号 lines", overflow="fold")
    for line in told["reasons"]:
        numbers = [f"{line['status'].get(name, 0):,}" for name in shown]
        table.add_row(escape(line["file"]), line["reason"], *numbers, _first(line["lines"], line["rows"]))
    console.print(table)


def _first(lines: list[int], rows: int) -> str:
    """The first few line numbers, to be asked about."""
    return ", ".join(map(str, lines[:_FEW])) + " …" * (rows > _FEW)


def _row_of(words: list[str]) -> tuple[str, int, str]:
    """BATCH LINE, or BATCH/FILE:LINE."""
    from graph.errors import InputError

    if len(words) == 2 and words[1].isdigit():
        return words[0], int(words[1]), ""
    batch, _, place = words[0].partition("/")
    file, _, line = place.rpartition(":")
    if len(words) != 1 or not line.isdigit():
        raise InputError(f"'{' '.join(words)}' names no row.", "Give BATCH LINE, or BATCH/FILE:LINE.", "row")
    return batch, int(line), file.partition("[")[0]


def _explained(shelf: "Shelf", case: "Case", reading: Any, glass: Any) -> dict[str, Any]:
    from ingest.desk.book import cells_of
    from ingest.desk.hints import hint_for

    source, chain = reading.source(case), shelf.chain(case)
    cells = cells_of(case, source, glass, reading.delimiter(case.source))
    issues = []
    for issue in case.issues:
        hint = hint_for(issue, source.plans)
        kind = source.hidden_kind(issue.column) if issue.column else ""
        value = glass.cell(issue.value, kind) if kind in source.personal.values() else issue.value
        told = {"column": issue.column, "value": value, "reason": issue.reason, "sentence": issue.sentence}
        issues.append({**told, "wanted": list(hint.wanted), "fix": hint.fix})
    return {
        "row": str(case.at),
        "feed": case.feed,
        "manifest": f"{reading.manifest.name} {reading.manifest.version} ({reading.hash})",
        "status": str(case.status),
        "stands": str(chain[-1].status),
        "deliveries": [str(place) for place in shelf.deliveries(case)],
        "cells": dict(zip(case.header, cells, strict=True)),
        "text": glass.text(case, source),
        "issues": issues,
        "history": shelf.history(case),
    }


def _print_case(told: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    console.print(f"{told['row']}  [bold]{told['status']}[/]  {escape(told['manifest'])}")
    wrong = {issue["column"] for issue in told["issues"]}
    for name, cell in told["cells"].items():
        console.print(f"  {name}: {cell}", markup=False, style="red" if name in wrong else "")
    if told["text"]:
        console.print(f"  {told['text']}", markup=False)
    for issue in told["issues"]:
        console.print(f"\n{issue['column'] or '整行 row'}: {issue['sentence']} ({issue['reason']})", markup=False, style="yellow")
        for wanted in issue["wanted"]:
            console.print(f"  清单 manifest: {wanted}", markup=False)
        console.print(f"  办法 fix: {issue['fix']}", markup=False)
    if told["deliveries"][1:]:
        first, *_, last = told["deliveries"]
        said = f"送到 delivered {len(told['deliveries'])} 次 times: first {first}, last {last}; 现状 stands {told['stands']}"
        console.print(f"\n{said}", markup=False)
    for done in told["history"]:
        console.print(f"\n{done['at']} {done['by']}: {done['action']} {done['note']}{done['repair']}", markup=False)
        for change in done["changes"]:
            console.print(f"  {change['column']}: {change['from']} -> {change['to']}", markup=False)


def _print_repair(done: "Repaired") -> None:
    console = Console(soft_wrap=True)
    said = "试运行 dry run. " if done.dry_run else ""
    console.print(
        f"{said}已修复 repaired: {len(done.repaired)} (重复 duplicate {done.duplicates}); "
        f"仍不合格 still refused: {len(done.still_bad)}; 未改 not changed: {done.untouched}; 已了结 settled before: {done.settled}",
        markup=False,
    )
    if done.batch_seq:
        console.print(f"批次 batch {done.batch}, batch_seq {done.batch_seq}", markup=False)
    for place in done.still_bad[:_SHOWN]:
        console.print(f"  {place}", markup=False)
    if done.still_bad and not done.dry_run:
        console.print(f"下一步 next: yujing quarantine download {done.batch} -o again.xlsx", markup=False)


def _grouped(cases: list["Case"], reading: Any) -> list[tuple[Any, list["Case"], str]]:
    """Cases by source file, in their order."""
    groups: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.source, case.at.file, case.at.sheet, case.header), []).append(case)
    return [(reading.source(group[0]), group, reading.delimiter(group[0].source)) for group in groups.values()]


def _audit(settings: "Settings", by: str, action: str, subject: str, body: dict[str, object]) -> None:
    from contextlib import closing

    from yujing.wiring import open_journal

    with closing(open_journal(settings)) as journal:
        journal.note(by or getpass.getuser(), action, subject, body)
