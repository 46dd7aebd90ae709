"""`yujing explain row|file|batch`: where something in the graph came from, and what a file or a batch fed."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")]
_SHOWN = 20
_STANDING = {
    "rows": "行\nrows",
    "in_force": "有效\nin force",
    "corrected": "已更正\ncorrected",
    "ended": "已终止\nended",
    "retracted": "已撤回\nretracted",
}


def register(app: typer.Typer) -> None:
    """Adds `explain row`, `explain file` and `explain batch`."""
    family = typer.Typer(name="explain", help="Where it came from, what leans on it. 来龙去脉", no_args_is_help=True)
    family.command("row")(row)
    family.command("file")(file)
    family.command("batch")(batch)
    app.add_typer(family)


def row(
    asked: Annotated[str, typer.Argument(metavar="ID", help="关系、事实、主体编号，或 FILE:LINE", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """一条数据的每个版本来自何处、什么依赖它。Every version of a row: source, batch, manifest; then what leans on it."""
    from yujing.explained import explain_row
    from yujing.settings import Settings

    told = explain_row(Settings(), asked)
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
    else:
        _print_row(told)


def file(
    name: Annotated[str, typer.Argument(help="文件名，如血缘所示 a file, as lineage names it", show_default=False)],
    batch_id: Annotated[str, typer.Option("--batch", help="只看一个批次 one batch only")] = "",
    as_json: AsJson = False,
) -> None:
    """一个文件送来了什么、如今还有多少有效。What a file fed, by type, and how much of it still stands."""
    from yujing.explained import explain_file
    from yujing.settings import Settings

    _show_file(explain_file(Settings(), file=name, batch=batch_id), as_json)


def batch(
    batch_id: Annotated[str, typer.Argument(metavar="BATCH", help="批次", show_default=False)], as_json: AsJson = False
) -> None:
    """一个批次送来了什么、如今还有多少有效。The same of one batch with all its files."""
    from yujing.explained import explain_file
    from yujing.settings import Settings

    _show_file(explain_file(Settings(), batch=batch_id), as_json)


def _show_file(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(told, ensure_ascii=False, default=str))
        return
    console = Console()
    console.print(f"[bold]{escape(told['file'] or told['batch'])}[/], {told['as_of']}", soft_wrap=True)
    for load in told["loads"]:
        seq = "" if load["batch_seq"] is None else f", batch_seq {load['batch_seq']}"
        console.print(f"\n批次 batch [bold]{load['batch']}[/]  {escape(load['feed'])}{seq}", soft_wrap=True)
        words = (
            ("读取 read", "read"),
            ("接受 accepted", "accepted"),
            ("重复 duplicate", "duplicate"),
            ("隔离 quarantined", "quarantined"),
        )
        rows = ", ".join(f"{word} {load['rows'][name]:,}" for word, name in words)
        of_file = f"; 此文件隔离 of this file {load['refused']:,}" if told["file"] else ""
        console.print(f"  {rows}{of_file}", markup=False, soft_wrap=True)
        _print_fed(console, [each for each in told["fed"] if each["batch"] == load["batch"]], bool(told["file"]))
    strays = [each for each in told["fed"] if each["batch"] not in {load["batch"] for load in told["loads"]}]
    _print_fed(console, strays, bool(told["file"]))


def _print_fed(console: Console, fed: list[dict[str, Any]], one_file: bool) -> None:
    """What became of the rows, by type; the file only where there are several, and a standing only where a row has it."""
    if not fed:
        return
    table = Table()
    for heading in ("类型 type",) if one_file else ("文件 file", "类型 type"):
        table.add_column(heading, overflow="fold")
    shown = [name for name in _STANDING if name in {"rows", "in_force"} or any(each[name] for each in fed)]
    for name in shown:
        table.add_column(_STANDING[name], justify="right")
    for each in fed:
        numbers = [f"{each[name]:,}" for name in shown]
        table.add_row(*(() if one_file else (escape(each["file"]) or "被引用 stubs",)), each["type"], *numbers)
    console.print(table)


def _print_row(told: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    for version in told["versions"]:
        _print_version(console, version)
    for move in told["moves"]:
        said = f"归并 moved: {move['record']} -> {move['entity']} ({move['reason']}: {move['evidence']}), {move['recorded_at']}"
        console.print(said, markup=False)
    console.print(f"\n图谱版本 versions in the graph: {len(told['store_versions'])}", markup=False)
    for version in told["store_versions"][:_SHOWN]:
        days = " ".join(f"{name} {version[name]}" for name in ("valid_from", "valid_to", "known_from", "known_to"))
        console.print(f"  {version['type']} {version['version']}: {days}", markup=False)
    console.print(f"评分 scores that could see it: {len(told['scores'])}", markup=False)
    for score in told["scores"][:_SHOWN]:
        cited = ", 引为主要关系 cited" if score["cited"] else ""
        said = f"  {score['as_of']} {score['firm']} {score['probability']:.2%} (ledger_seq {score['ledger_seq']}{cited})"
        console.print(said, markup=False)
    console.print(f"预警与决策 alerts and decisions that cite it: {len(told['said'])}", markup=False)
    for said in told["said"][:_SHOWN]:
        console.print(f"  {said['at']} {said['action']} {said['subject']} (ledger_seq {said['ledger_seq']})", markup=False)


def _print_version(console: Console, version: dict[str, Any]) -> None:
    batch, manifest = version["batch"], version["manifest"]
    console.print(f"\n[bold]{version['type']}[/] {version['id']}  {version['action']}, [bold]{version['standing']}[/]")
    console.print(f"  真实 true {version['valid_from']} – {version['valid_to']}; 知悉 known {version['recorded_at']}", markup=False)
    sheet = f"[{version['sheet']}]" if version["sheet"] else ""
    place = (
        f"{version['file']}{sheet}:{version['line']}"
        if version["line"] is not None
        else "无（仅被引用）no line: only referred to"
        if version["values"].get("stub")
        else "无（全量文件不再列出）no line: no longer told"
    )
    console.print(f"  来处 from {place}", markup=False)
    console.print(
        f"  清单 manifest {manifest['name']} {manifest['version']} ({manifest['file']}, {manifest['hash']})", markup=False
    )
    console.print(
        f"  批次 batch {batch['id']}, seq {batch['seq']}, attempt {batch['attempt']}, {batch['committed_at']}", markup=False
    )
    if version["changed"] and not version["values"].get("stub"):
        for name, (former, now) in version["changed"].items():
            console.print(f"  改动 changed {name}: {former} -> {now}", markup=False, style="yellow")
    else:
        console.print("  " + ", ".join(f"{name}={value}" for name, value in version["values"].items()), markup=False)
    for cell in version["tidied"]:
        console.print(f"  整理 tidied {cell['column']}: {cell['original']!r} -> {cell['read']!r}", markup=False)
    if version["repair"]:
        console.print(f"  修复 repaired: {version['repair']['of']}", markup=False)
        for done in version["repair"]["history"]:
            changes = "; ".join(f"{c['column']}: {c['from']} -> {c['to']}" for c in done["changes"])
            console.print(
                f"    {done['at']} {done['by']} {done['action']} {done['workbook']} {changes}{done['note']}", markup=False
            )
