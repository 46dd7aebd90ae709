"""`yujing circles`: guarantee circles of a day, one of them, and the one that a firm is in."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from api.circles import Sources
    from api.wire.circles import CircleSummary, CircleView, FirmGuarantees, GuaranteeCircles
    from api.wire.control import Party

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]

_LINES = 20  # of each list; --json has more


def register(app: typer.Typer) -> None:
    """Adds `circles`, `circles show` and `circles firm`."""
    circles = typer.Typer(name="circles", help="Guarantee circles: the weakest link, the cheapest cut. 担保圈")
    circles.callback(invoke_without_command=True)(list_circles)
    circles.command("show", help="One circle by its identity, with its guarantees and what became of it.")(show)
    circles.command("firm", help="The circle and the chain that a firm is in.")(firm)
    app.add_typer(circles)


def list_circles(
    context: typer.Context,
    as_of: Day = None,
    by: Annotated[
        Literal["exposure", "loss"], typer.Option(help="ranked by exposure inside, or by the loss if one fails")
    ] = "exposure",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 20,
    as_json: AsJson = False,
) -> None:
    """The greatest circles of a day whose knowledge was computed."""
    if context.invoked_subcommand:
        return
    from api.circles import read_circles
    from api.wire.circles import CircleQuery

    found = read_circles(_sources(as_of), CircleQuery(by=by, limit=limit))
    if as_json:
        print(found.model_dump_json())
    else:
        _print_list(found)


def show(
    circle: Annotated[str, typer.Argument(help="Circle-…, as `yujing circles` lists it")],
    as_of: Day = None,
    as_json: AsJson = False,
) -> None:
    """Out of the knowledge book."""
    from api.circles import read_circle

    found = read_circle(_sources(as_of), circle)
    if as_json:
        print(found.model_dump_json())
    else:
        _print_circle(Console(highlight=False), found)


def firm(firm: Annotated[str, typer.Argument(help="id, credit code or name")], as_of: Day = None, as_json: AsJson = False) -> None:
    """Out of the knowledge book where the day was computed, else worked out from the graph store."""
    from api.circles import read_firm_circle
    from yujing.commands.graph import one_firm

    sources = _sources(as_of)
    found = read_firm_circle(sources, one_firm(sources.store, firm))
    if as_json:
        print(found.model_dump_json())
    else:
        _print_firm(Console(highlight=False), found)


def _sources(as_of: datetime | None) -> "Sources":
    from api.circles import Sources
    from api.rows import RowReader
    from graph.errors import InputError
    from graph.knowledge import KnowledgeBook
    from graph.snapshot import Snapshot
    from yujing.wiring import open_ledger, open_store, open_vault

    settings = Settings()
    day: date = as_of.date() if as_of else settings.day
    if day > settings.day:
        raise InputError(f"{day} has not come yet; the bank's day is {settings.day}.", "Ask for an earlier day.", "as_of")
    ledger = open_ledger(settings)
    rows = RowReader(Snapshot(ledger, day))
    return Sources(KnowledgeBook.beside(ledger), open_store(settings, ledger), rows, open_vault(settings))


def _print_list(found: "GuaranteeCircles") -> None:
    console = Console()
    if not found.items:
        console.print(f"{found.as_of}: 没有担保圈 no guarantee circles.")
        return
    table = Table(title=f"担保圈 guarantee circles of {found.as_of}: {len(found.items)} of {found.total:,}")
    table.add_column("担保圈 circle", no_wrap=True)  # to be copied into `circles show`
    table.add_column("")
    for column in ("成员 members", "敞口 exposure", "薄弱环节 weakest link", "损失 loss", "解圈 cut"):
        table.add_column(column, justify="left" if "link" in column else "right")
    for each in found.items:
        figures = (f"{each.members:,}", _yuan(each.exposure_fen), _name(each.weakest), _yuan(each.loss_fen), _cut(each))
        table.add_row(each.id, f"{each.said.zh} {_name(each.leader)}", *figures)
    console.print(table)


def _print_firm(console: Console, found: "FirmGuarantees") -> None:
    console.print(f"[bold]{_name(found.firm)}[/]  {found.as_of}")
    chain = found.chain
    if chain is None:
        console.print("没有担保关系 no guarantee names it.")
        return
    console.print(f"担保链 chain: 上 {chain.above} above, 下 {chain.below} below" + (", 枢纽 a hub" if chain.hub else ""))
    console.print(f"  保证人 guarantors {chain.guarantors:,}: {_yuan(chain.received_fen)}")
    console.print(f"  被保证人 guaranteed {chain.guaranteed:,}: {_yuan(chain.given_fen)}")
    if found.circle:
        _print_circle(console, found.circle)
    else:
        console.print("不在担保圈内 in no circle." if found.circle_complete else "[yellow]未走完 not walked to its end[/]")
    for cut in found.cuts:
        console.print(f"{escape(cut.anchor)}: {cut.shown} of {cut.degree:,} guarantees walked.", style="yellow")


def _print_circle(console: Console, found: "CircleView") -> None:
    told = found.circle
    console.print(f"[bold]{told.said.zh} {_name(told.leader)}[/]  {told.id or ''}  {found.as_of}")
    console.print(f"  {told.said.en}")
    console.print(f"  成员 members {told.members:,}, 担保 guarantees {told.guarantees:,}: {_yuan(told.amount_fen)}")
    console.print(f"  本行敞口 exposure {_yuan(told.exposure_fen)}; 净资产未知 net assets not told: {told.untold}")
    if told.returns is not None:
        console.print(f"  回流 returns to its giver {told.returns:.1%}")
    console.print(f"[bold]薄弱环节 weakest link[/] {_name(told.weakest)}: 损失 loss {_yuan(told.loss_fen)}")
    for call in found.calls[:_LINES]:
        net = "?" if call.net_assets_fen is None else _yuan(call.net_assets_fen)
        spent = f", [yellow]耗尽 exhausted, 敞口 exposure {_yuan(call.exposure_fen)}[/]" if call.exhausted else ""
        if call.exhausted is None:
            spent = f", [yellow]净资产未知，按零计 not told, counted as nothing; 敞口 exposure {_yuan(call.exposure_fen)}[/]"
        console.print(f"  {_name(call.guarantor)} 代偿 pays {_yuan(call.called_fen)} (净资产 net assets {net}){spent}")
    proven = "" if told.cut_exact else f" (下限 no cut below {_yuan(told.cut_bound_fen)})"
    console.print(f"[bold]解圈 cheapest cut[/] {_yuan(told.cut_fen)}{proven}")
    for cut in found.cut[:_LINES]:
        ends = " → ".join(_name(end) if end else f"联保 scheme {escape(cut.scheme)}" for end in (cut.guarantor, cut.borrower))
        needs = f"置换 substitute {_yuan(cut.substitute_fen)}, 裸露 uncovered {_yuan(cut.uncovered_fen)}"
        console.print(f"  {ends} {_yuan(cut.amount_fen)}: {needs}; {cut.said.zh} {cut.said.en}")
    table = Table(title="成员 members")
    for column in ("", "敞口 exposure", "净资产 net assets", "对外担保/净资产 given/net", "失守损失 loss"):
        table.add_column(column, justify="right" if column else "left")
    for each in found.members[:_LINES]:
        net = "?" if each.net_assets_fen is None else _yuan(each.net_assets_fen)
        over = "?" if each.over_net_assets is None else f"{each.over_net_assets:.2f}"
        table.add_row(_name(each.party), _yuan(each.exposure_fen), net, over, _yuan(each.loss_fen))
    console.print(table)
    for tie in found.guarantees[:_LINES]:
        amount = "?" if tie.amount_fen is None else _yuan(tie.amount_fen)
        place = escape(tie.row.place) if tie.row else ""
        console.print(f"  {_name(tie.guarantor)} → {_name(tie.borrower)} {amount}  [dim]{place}[/]")
    for event in found.lineage:
        console.print(f"  {event.on} {event.said.zh} {event.said.en} {event.other or ''}")


def _name(party: "Party") -> str:
    return escape(party.name)


def _yuan(fen: int) -> str:
    return f"{fen / 100:,.2f}"


def _cut(each: "CircleSummary") -> str:
    return _yuan(each.cut_fen) + ("" if each.cut_exact else "*")
