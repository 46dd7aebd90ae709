"""`yujing groups`: group clients, connected clients, and an officer's word on proposals."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings
from yujing.wire_json import print_wire

if TYPE_CHECKING:
    from api.platform import Books
    from api.rows import RowReader
    from graph.knowledge.groups.reading import GroupReader

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print what the API answers, as one JSON object")]


def register(app: typer.Typer) -> None:
    """Adds `groups`, `groups list|show|firm|proposals|decide`."""
    groups = typer.Typer(name="groups", help="Group clients and connected clients. 集团客户、关联客户")
    groups.callback(invoke_without_command=True)(_default)
    groups.command("list", help="Groups, the largest exposure first. 集团清单")(list_groups)
    groups.command("show", help="One group: members, reasons, history, connected clients. 一个集团")(show)
    groups.command("firm", help="The group that a firm is in, out of the graph store. 企业所属集团")(firm_group)
    groups.command("proposals", help="What an officer must confirm or reject. 待认定清单")(proposals)
    groups.command("decide", help="Confirm, reject, or undo, with a reason. 认定、否定、撤销")(decide)
    app.add_typer(groups)


def _default(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_groups()


def list_groups(
    as_of: Day = None, limit: Annotated[int, typer.Option(min=1, max=10_000, help="how many")] = 20, as_json: AsJson = False
) -> None:
    """Of a day that `yujing knowledge` has computed."""
    reader = _reader(Settings(), as_of)
    if as_json:
        from api.groups import list_groups as listed
        from api.wire.groups import GroupQuery

        print_wire(listed(*_sources(reader), GroupQuery.model_construct(limit=limit)))
        return
    ranked = reader.ranked()
    rows = reader.groups([group for _, group in ranked[:limit]])
    table = Table(title=f"{len(rows)} / {len(ranked)} 个集团 groups on {reader.snapshot.as_of}")
    for column in ("id", "集团 group", "成员 members", "敞口 exposure CNY"):
        table.add_column(column, justify="right" if column[:2] in {"成员", "敞口"} else "left", overflow="fold")
    for row in rows:
        table.add_row(row["group"], row["name"] or "", str(row["members"]), f"{row['exposure_fen'] / 100:,.2f}")
    Console().print(table)


def show(group: Annotated[str, typer.Argument(help="id of a group")], as_of: Day = None, as_json: AsJson = False) -> None:
    """Exposure with and without what is pending."""
    from graph.knowledge.groups import words

    settings = Settings()
    reader = _reader(settings, as_of)
    if as_json:
        from api.groups import read_group

        print_wire(read_group(*_sources(reader), group))
        return
    row = reader.group(group)
    members, lineage, connected = reader.members(group), reader.lineage(group), reader.connected(group)
    findings = reader.findings(group)
    sure = sum(each.exposure_fen for each in connected if not each.pending)
    every = sum(each.exposure_fen for each in connected)
    mentioned = {row["head"], row["lead"], *(each.firm for each in connected)}
    mentioned |= {end for each in (*members, *findings) for end in (each["firm"], each["other"])}
    names = _names(settings, reader, mentioned)
    console = Console(highlight=False)
    console.print(f"[bold]{row['name']}[/] {group}  {reader.snapshot.as_of}; 控制人 head {names[row['head']]}")
    console.print(f"成员 members {row['members']}, 敞口 exposure {row['exposure_fen'] / 100:,.2f}")
    console.print(f"关联客户敞口 connected clients {sure / 100:,.2f}; 含待认定 with what is pending {every / 100:,.2f}")
    for each in members:
        zh, en = words.REASONS[each["reason"]]
        mark = "" if each["certain"] else " [yellow]待认定 pending[/]"
        other = f"({names[each['other']]}, {each['strength']:.0%})"
        console.print(f"  {names[each['firm']]}: {zh} {en} {other}; 第{each['limb']}项{mark}")
    for one in connected:
        if one.through != "control":
            mark = " [yellow]待认定 pending[/]" if one.pending else ""
            console.print(f"  依存 depends: {names[one.firm]} {one.exposure_fen / 100:,.2f} ({one.through}){mark}")
    for each in findings:
        zh, en = words.FINDINGS[each["finding"]]
        console.print(f"  [yellow]{names[each['firm']]} / {names[each['other']]}: {zh} {en}[/]")
    for each in lineage:
        zh, en = words.EVENTS[each["event"]]
        console.print(f"  {each['as_of']} {zh} {en} {each['other'] or ''} (+{each['joined']} -{each['left']})")


def firm_group(
    firm: Annotated[str, typer.Argument(help="id, credit code or name")], as_of: Day = None, as_json: AsJson = False
) -> None:
    """As known by the end of the day."""
    from api.groups import read_firm_group
    from api.naming import walked_names
    from api.rows import RowReader
    from graph.knowledge.groups import words
    from graph.knowledge.groups.decisions import GroupDecisions
    from graph.knowledge.groups.one_firm import group_answer
    from graph.snapshot import Snapshot
    from graph.store import Moment
    from yujing.commands.graph import one_firm
    from yujing.wiring import open_sources

    settings = Settings()
    opened = open_sources(settings)
    ledger, reader = opened.ledger, opened.store
    day = as_of.date() if as_of else settings.day
    entity = one_firm(reader, firm)
    if as_json:
        shown = read_firm_group(opened, RowReader(Snapshot(ledger, day)), entity)
        reader.close()
        print_wire(shown)
        return
    said = GroupDecisions.beside(ledger).by_end_of(Snapshot(ledger, day))
    answer = group_answer(reader, entity, Moment.of(day), said)
    names = walked_names(reader, opened.vault, answer.mentioned(), Moment.of(day))
    reader.close()
    console = Console(highlight=False)
    console.print(f"[bold]{names[answer.firm]}[/]  {day}")
    if not answer.members:
        console.print("不属于任何集团 in no group")
    else:
        console.print(f"集团 group: {answer.name or names[answer.lead or answer.firm]}, {len(answer.members)} 家 firms")
    for each in answer.reasons:
        zh, en = words.REASONS[each.reason]
        mark = "" if each.certain else " [yellow]待认定 pending[/]"
        console.print(f"  {names[each.firm]}: {zh} {en} ({names[each.other]}); 第{each.limb}项{mark}")
    if not answer.complete:
        console.print("More is there than is read: the answer is cut.", style="yellow")


def proposals(
    as_of: Day = None,
    status: Annotated[Literal["pending", "confirmed", "rejected", "all"], typer.Option(help="which")] = "pending",
    as_json: AsJson = False,
) -> None:
    """The required first, then those due first."""
    from graph.knowledge.groups import words

    settings = Settings()
    reader = _reader(settings, as_of)
    if as_json:
        from api.groups import list_dependences
        from api.wire.groups import ProposalsQuery

        print_wire(list_dependences(*_sources(reader), ProposalsQuery.model_construct(status=status, limit=10**9)))
        return
    rows = reader.proposals(None if status == "all" else status)
    shown = rows[:50]
    names = _names(settings, reader, {end for row in shown for end in (row["dependent"], row["on"])})
    table = Table(title=f"{len(shown)} / {len(rows)} 条 proposals")
    for column in ("id", "企业 firm", "依存于 on", "理由 reason", "占比", "期限 due", ""):
        table.add_column(column, overflow="fold")
    for row in shown:
        share = "" if row["share"] is None else f"{row['share']:.0%}"
        plain = row["id"], names[row["dependent"]], names[row["on"]], words.REASONS[row["kind"]][0], share, str(row["due"])
        table.add_row(*plain, words.STATUS[row["status"]][0])
    Console().print(table)
    if rows:
        print("下一步 next: yujing groups decide ID confirm --why …")


def decide(
    proposal: Annotated[str, typer.Argument(help="id of a proposal", show_default=False)],
    verdict: Annotated[Literal["confirm", "reject", "undo"], typer.Argument(help="what is decided", show_default=False)],
    why: Annotated[str, typer.Option("--why", help="the reason", show_default=False)],
    by: Annotated[str, typer.Option("--by", help="who decides")] = "cli",
) -> None:
    """Kept for good, reversible, and in the audit."""
    from graph.clock import now_on
    from graph.knowledge.groups import words
    from yujing.wiring import open_journal

    settings = Settings()
    found = _reader(settings, None).decide(proposal, verdict, by, why, now_on(settings.day, settings.time_zone))
    journal = open_journal(settings)
    told = {"dependent": found["dependent"], "on": found["on"], "kind": found["kind"], "why": why}
    journal.note(by, f"groups.{verdict}", proposal, told)
    journal.close()
    print(f"{proposal}: {words.STATUS[found['status']][0]} {found['status']}")
    if found["pending_recompute"]:
        print("敞口与限额待下次推算后更新 exposures and limits change with the next computation")
    print("下一步 next: yujing knowledge; yujing graph build")


def _reader(settings: Settings, as_of: datetime | None) -> "GroupReader":
    from graph.knowledge import KnowledgeBook
    from graph.knowledge.groups.decisions import GroupDecisions
    from graph.knowledge.groups.reading import GroupReader
    from graph.snapshot import Snapshot
    from yujing.wiring import open_ledger

    ledger = open_ledger(settings)
    snapshot = Snapshot(ledger, as_of.date() if as_of else settings.day)
    return GroupReader(KnowledgeBook.beside(ledger), GroupDecisions.beside(ledger), snapshot)


def _sources(reader: "GroupReader") -> "tuple[Books, RowReader]":
    from api.platform import Books
    from api.rows import RowReader
    from yujing.wiring import open_vault

    return Books(reader.snapshot.ledger, open_vault(Settings())), RowReader(reader.snapshot)


def _names(settings: Settings, reader: "GroupReader", ids: set[str]) -> dict[str, Any]:
    """Names of entities, persons masked."""
    from api.naming import display_names
    from api.rows import RowPlans, RowReader
    from yujing.wiring import open_vault

    return display_names(RowReader(reader.snapshot, RowPlans()), open_vault(settings), ids)
