"""`yujing firm FIRM` and `yujing paths A B`: a firm on one page, and what ties two."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from yujing.settings import Settings

if TYPE_CHECKING:
    from api.opened import OpenDay
    from api.platform import Platform
    from api.wire.common import Row
    from api.wire.networks import Paths, RiskWay
    from api.wire.parts import Figure, Item, Part, Series

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]

_ITEMS = 3  # of one part on the page; --part shows all
_POINTS = 4
_SERIES = 3


def register(app: typer.Typer) -> None:
    """Adds `firm` and `paths`."""
    app.command("firm", help="One firm on one page: what it owes, who is behind it, what cannot be seen. 企业全景")(firm)
    app.command("paths", help="What ties two firms, and the ways risk can pass between them. 关联路径")(paths)


def firm(
    firm: Annotated[str, typer.Argument(help="id, credit code or name")],
    as_of: Day = None,
    part: Annotated[list[str] | None, typer.Option("--part", help="this part alone, with all its items; may be repeated")] = None,
    as_json: AsJson = False,
) -> None:
    """As known by the end of the day, each figure with its file and line."""
    from api.auth import Principal
    from api.masking import mask_tokens
    from api.portrait import About, chosen, portrait, some_parts
    from api.roles import Role

    wanted = chosen(",".join(part)) if part else ()
    platform, day, _ = _open(as_of)
    found = _firm_on(platform, day, firm)
    about = About(platform, Principal("cli", "command line", Role.OFFICER), day, found)
    shown = some_parts(about, wanted) if wanted else portrait(about)
    masked = type(shown).model_validate_json(mask_tokens(shown.model_dump_json().encode()))
    platform.store.close()
    if as_json:
        print(masked.model_dump_json())
        return
    console = Console(highlight=False)
    if not wanted:
        said = getattr(masked, "headline")  # noqa: B009 (only the whole page has one)
        console.print(Panel(f"{escape(said.zh)}\n[dim]{escape(said.en)}[/]", title=f"{masked.as_of}", title_align="left"))
    _print_parts(console, masked.parts, whole=bool(wanted))


def paths(  # noqa: PLR0917 (Typer reads its options from the signature)
    firm: Annotated[str, typer.Argument(help="id, credit code or name")],
    to: Annotated[str, typer.Argument(help="id, credit code or name")],
    as_of: Day = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="also say what changed since this day")] = None,
    types: Annotated[str, typer.Option(help="relation types, separated by commas (default: all that last)")] = "",
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="how many paths of each kind")] = 5,
    length: Annotated[int, typer.Option(min=1, max=8, help="the most relations on a path")] = 6,
    as_json: AsJson = False,
) -> None:
    """The shortest paths, and those by which most risk of one can reach the other."""
    from api.days import resolve_day
    from api.masking import mask_tokens
    from api.paths import read_paths
    from api.wire.networks import Paths, PathsQuery

    platform, day, open_day = _open(as_of)
    ends = _firm_on(platform, day, firm), _firm_on(platform, day, to)
    query = PathsQuery(to=ends[1], types=types or None, k=k, length=length)
    before = open_day(resolve_day(platform, since.date(), "since")).rows if since else None
    found = read_paths(platform, day.rows, before, ends, query)
    masked = Paths.model_validate_json(mask_tokens(found.model_dump_json().encode()))
    platform.store.close()
    if as_json:
        print(masked.model_dump_json())
    else:
        _print_paths(Console(highlight=False, soft_wrap=True), masked)


def _open(as_of: datetime | None) -> "tuple[Platform, OpenDay, Callable[[date], OpenDay]]":
    """The platform, the day asked for, and what opens another."""
    from api.days import resolve_day
    from api.opened import OpenDay
    from api.rows import RowPlans
    from graph.snapshot import Snapshot
    from yujing.wiring import open_platform

    platform, plans = open_platform(Settings()), RowPlans()

    def open_day(day: date) -> "OpenDay":
        return OpenDay(platform, Snapshot(platform.ledger, day), plans, hold=False)

    return platform, open_day(resolve_day(platform, as_of.date() if as_of else None)), open_day


def _firm_on(platform: "Platform", day: "OpenDay", text: str) -> str:
    from yujing.commands.graph import one_firm

    return day.rows.home(one_firm(platform.store, text))


def _print_parts(console: Console, parts: "Iterable[Part]", *, whole: bool) -> None:
    waiting = []
    for part in parts:
        if not part.computed and not whole:
            waiting.append(part)
        elif part.says or part.figures or part.items or part.series or whole:
            _print_part(console, part, whole=whole)
    if waiting:
        names = "、".join(part.zh for part in waiting)
        console.print(f"[bold]尚未计算 not computed[/]: {names}  [dim]{escape(waiting[0].says[0].en.partition('. ')[2])}[/]")


def _print_part(console: Console, part: "Part", *, whole: bool) -> None:
    figures = "  ".join(_figure(each) for each in part.figures if each.value is not None)
    console.print(f"[bold]{part.zh}[/] [dim]{part.name}[/]  {figures}", soft_wrap=True)
    for said in part.says if whole else part.says[:_ITEMS]:
        console.print(f"  {escape(said.zh)} [dim]{escape(said.en)}[/]", soft_wrap=True)
    for item in part.items if whole else part.items[:_ITEMS]:
        console.print(f"  {_item(item)}", soft_wrap=True)
    for each in part.series if whole else part.series[:_SERIES]:
        console.print(f"  {_series(each, whole=whole)}", soft_wrap=True)
    hidden = part.left_out + (0 if whole else max(len(part.items) - _ITEMS, 0))
    if hidden:
        console.print(f"  [dim]… 另有 {hidden} more" + ("" if whole else f" (--part {part.name})") + "[/]")


def _item(item: "Item") -> str:
    name = f"{escape(item.party.name)}  " if item.party else ""
    return name + "  ".join(_figure(each) for each in item.figures if each.value is not None) + _place(item.row)


def _series(series: "Series", *, whole: bool) -> str:
    from api.wire.parts import Figure

    points = series.points if whole else series.points[-_POINTS:]
    shown = [f"{p.day}: {_value(Figure(name=series.name, zh='', unit=series.unit, value=p.value))}" for p in points]
    return f"{series.zh}  " + "  ".join(shown) + _place(points[-1].row)


def _figure(figure: "Figure") -> str:
    return f"{figure.zh} {_value(figure)}"


def _value(figure: "Figure") -> str:
    from api.console.words import money, percent, say

    value = figure.value
    if value is None:
        return "—"
    if figure.unit == "fen" and isinstance(value, int):
        return money(value, "zh")
    if figure.unit == "share" and isinstance(value, int | float):
        return percent(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"
    return escape(say(str(value), "zh"))


def _place(row: "Row | None") -> str:
    return f"  [dim]{escape(row.place)}[/]" if row else ""


def _print_paths(console: Console, found: "Paths") -> None:
    names = {node.id: node.name or node.id for node in found.nodes}
    console.print(f"[bold]{escape(names[found.firm])} — {escape(names[found.to])}[/]  {found.as_of}")
    console.print("[bold]最短路径 shortest[/]" + ("" if found.shortest else ": 无 none"))
    for path in found.shortest:
        ties = [edge.type for edge in path.edges]
        steps = "".join(f" —{tie}— {escape(names[node])}" for tie, node in zip(ties, path.nodes[1:], strict=True))
        console.print(f"  {escape(names[path.nodes[0]])}{steps}")
    for title, ways in (
        (f"{names[found.to]} 的风险可传入 its risk can arrive", found.arriving),
        (f"可传至 can spread to {names[found.to]}", found.spreading),
    ):
        console.print(f"[bold]{escape(title)}[/]" + ("" if ways.paths else ": 无 none"))
        for way in ways.paths:
            console.print(f"  {_way(way, names)}")
        if not ways.complete:
            console.print(f"  [yellow]未全部搜索 not searched whole[/]: 其余不超过 the rest at most {ways.floor:.2%}")
    for change in found.changes:
        for sign, listed in (
            ("新增 new", change.new),
            ("消失 gone", change.gone),
            ("变化 changed", [c.after for c in change.changed]),
        ):
            for way in listed:
                console.print(f"[bold]{sign}[/] ({change.direction}, {change.since}): {_way(way, names)}")


def _way(way: "RiskWay", names: dict[str, str]) -> str:
    """丁 —40% 买方停付→ 乙 … = 20%, then the rows."""
    text = escape(names.get(way.nodes[0], way.nodes[0]))
    for step in way.steps:
        mark = "?" if step.assumed else ""
        text += f" —{step.share:.1%}{mark} {step.why.zh}→ {escape(names.get(step.bearer, step.bearer))}"
    rows = dict.fromkeys(edge.row.place for step in way.steps for edge in step.edges if edge.row)
    return f"{text} = {way.share:.2%}  [dim]{escape(', '.join(rows))}[/]"
