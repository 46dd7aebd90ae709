"""`yujing explain row|file|batch`: where something in the graph came from, and what a file or a batch fed."""

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")]
_SHOWN = 20


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
    loads = Table("批次 batch", "来源 feed", "seq", title=f"{told['file'] or told['batch']}, {told['as_of']}", title_justify="left")
    for heading in ("读取 read", "接受 accepted", "重复 duplicate", "隔离 quarantined", "此文件隔离 of it"):
        loads.add_column(heading, justify="right")
    for load in told["loads"]:
        rows = [f"{load['rows'][n]:,}" for n in ("read", "accepted", "duplicate", "quarantined")]
        loads.add_row(load["batch"], load["feed"], str(load["batch_seq"] or ""), *rows, f"{load['refused']:,}")
    console.print(loads)
    fed = Table("批次 batch", "文件 file", "类型 type")
    for heading in ("行 rows", "有效 in force", "已更正 corrected", "已终止 ended", "已撤回 retracted"):
        fed.add_column(heading, justify="right")
    for each in told["fed"]:
        numbers = [f"{each[n]:,}" for n in ("rows", "in_force", "corrected", "ended", "retracted")]
        fed.add_row(each["batch"], each["file"], each["type"], *numbers)
    console.print(fed)


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
        else "无（全量文件不再列出）no line: no longer told"
    )
    console.print(f"  来处 from {place}", markup=False)
    console.print(
        f"  清单 manifest {manifest['name']} {manifest['version']} ({manifest['file']}, {manifest['hash']})", markup=False
    )
    console.print(
        f"  批次 batch {batch['id']}, seq {batch['seq']}, attempt {batch['attempt']}, {batch['committed_at']}", markup=False
    )
    if version["changed"]:
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
