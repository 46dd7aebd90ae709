"""`yujing exposure FIRM` and `yujing limits`: what is out to a client and its connected clients, against every limit."""

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from graph.knowledge.exposure.answer import ExposureAnswer, LimitUse
    from graph.knowledge.exposure.ranking import Ranking
    from graph.snapshot import Snapshot

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]

_UNITS = {"": 1, "元": 1, "万": 10_000, "万元": 10_000, "亿": 100_000_000, "亿元": 100_000_000}
_AMOUNT = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?)\s*(\D*)")
_MOST_FEN = 10**17


def register(app: typer.Typer) -> None:
    """Adds `exposure` and `limits`."""
    app.command("exposure", help="What is out to a firm, and the room under each limit. 风险暴露与限额")(exposure)
    limits = typer.Typer(
        name="limits", help="Who is near or over a limit; the quarterly extract. 限额使用", invoke_without_command=True
    )
    limits.callback()(used)
    limits.command("return", help="The extract for the quarterly large-exposure return, as Excel. 大额风险暴露季报摘录")(extract)
    app.add_typer(limits)


def exposure(
    firm: Annotated[str, typer.Argument(help="id, credit code or name")],
    add: Annotated[str, typer.Option(help="a new loan, such as 5000万 or 1.2亿; plain numbers are yuan")] = "",
    product: Annotated[str, typer.Option(help="product of the new loan; credit_line for a new line")] = "working_capital",
    as_of: Day = None,
    as_json: AsJson = False,
) -> None:
    """By component with the rows that tell it; each limit before and after the loan; which binds."""
    from graph.knowledge.book import KnowledgeBook
    from graph.knowledge.exposure.answer import after_loan
    from graph.knowledge.exposure.one_firm import exposure_answer, groups_in_book
    from graph.knowledge.exposure.rows import SnapshotRows
    from graph.knowledge.exposure.rules import limits_beside
    from graph.snapshot import Snapshot
    from yujing.commands.graph import one_firm
    from yujing.wiring import open_ledger, open_store

    settings = Settings()
    more = fen_of(add) if add else 0
    ledger = open_ledger(settings)
    declared = limits_beside(ledger)
    reader = open_store(settings, ledger)
    chosen = one_firm(reader, firm)
    reader.close()
    rows = SnapshotRows(Snapshot(ledger, as_of.date() if as_of else settings.day))
    answer = exposure_answer(rows, chosen, declared, groups_in_book(KnowledgeBook.beside(ledger), chosen, rows))
    after = after_loan(answer.limits, more, product, declared)
    if as_json:
        from api.exposure import shown

        print(shown(answer, after, more, product, declared).model_dump_json())
    else:
        _print(answer, after, more)


def used(
    context: typer.Context,
    as_of: Day = None,
    above: Annotated[float, typer.Option(min=0.05, max=100, help="share of the limit from which on: 0.8 near, 1 all of it")] = 0.8,
    rule: Annotated[str, typer.Option(help="one limit only")] = "",
    as_json: AsJson = False,
) -> None:
    """Out of the knowledge book of the day ('yujing knowledge' computes it)."""
    if context.invoked_subcommand:
        return
    from graph.knowledge.book import KnowledgeBook
    from graph.knowledge.exposure.ranking import ranked
    from graph.knowledge.exposure.rules import limits_beside
    from graph.snapshot import Snapshot
    from yujing.wiring import open_ledger

    settings = Settings()
    ledger = open_ledger(settings)
    day = as_of.date() if as_of else settings.day
    declared = limits_beside(ledger)
    ranking = ranked(KnowledgeBook.beside(ledger), day, declared, above, rule)
    if as_json:
        from api.exposure import use_shown

        items = [use_shown(use, declared).model_dump(mode="json") for use in ranking.uses]
        told: dict[str, Any] = {
            "as_of": day.isoformat(),
            "ledger_seq": ranking.ledger_seq,
            "levels": ranking.counts,
            "items": items,
        }
        print(json.dumps(told, ensure_ascii=False))
    else:
        _print_ranking(ranking, _names(Snapshot(ledger, day), ranking))


def extract(
    quarter: Annotated[str, typer.Option(help="such as 2026Q1")],
    output: Annotated[Path, typer.Option("-o", "--output", help="the workbook to write, .xlsx")],
) -> None:
    """Of the last day of the quarter, as known by its end: 'yujing knowledge --as-of' that day comes first."""
    from graph.knowledge.book import KnowledgeBook
    from graph.knowledge.exposure.extract import quarter_end, write_return
    from graph.knowledge.exposure.rules import limits_beside
    from graph.snapshot import Snapshot
    from yujing.wiring import open_ledger

    day = quarter_end(quarter)
    ledger = open_ledger(Settings())
    with Console(stderr=True).status("writing"):
        sheets = write_return(KnowledgeBook.beside(ledger), Snapshot(ledger, day), limits_beside(ledger), output)
    for title, count in sheets.items():
        Console(highlight=False).print(f"{title}: {count:,}")
    print(output)


def fen_of(text: str) -> int:
    """An amount as an officer writes it, in fen. InputError for what is none."""
    from graph.errors import InputError

    told = _AMOUNT.fullmatch(text.strip())
    if not told or told[2].strip() not in _UNITS:
        raise InputError(f"'{text}' is no amount.", "Write 5000万, 1.2亿, or yuan as a plain number.", "add")
    fen = Decimal(told[1].replace(",", "")) * _UNITS[told[2].strip()] * 100
    if fen != int(fen) or fen > _MOST_FEN:
        raise InputError(f"'{text}' is no whole number of fen that a bank could lend.", "Check the unit.", "add")
    return int(fen)


def _names(snapshot: "Snapshot", ranking: "Ranking") -> dict[str, str]:
    firms = sorted({use.subject for use in ranking.uses if use.subject.startswith("Firm-")})
    rows = snapshot.about("Firm", "id", firms).select(["id", "name"]).to_pylist()
    return {row["id"]: row["name"] or row["id"] for row in rows}


def _print(answer: "ExposureAnswer", after: "tuple[LimitUse, ...]", more: int) -> None:
    from graph.knowledge.exposure import words
    from graph.knowledge.exposure.answer import tightest

    console = Console(highlight=False)
    console.print(f"[bold]{answer.firm}[/]  {answer.day}, ledger_seq {answer.ledger_seq}")
    _print_capital(console, answer)
    for item in answer.items:
        zh, en = words.COMPONENTS[item.component]
        place = escape(f"{item.file}{f' [{item.sheet}]' if item.sheet else ''}:{item.line}")
        counted = _yuan(item.exposure_fen) if item.exposure_fen is not None else " ".join(words.no_rate(item.currency))
        console.print(f"  {zh} {en} {_yuan(item.amount_fen)} {item.currency} × {item.factor:g} → {counted}  [dim]{place}[/]")
    console.print(
        f"  计入 counted {_yuan(answer.amounts.exposure_fen)}; 为他人担保 guarantees given {_yuan(answer.guaranteed_fen)}"
    )
    for each in answer.groups:
        zh, en = words.GROUPS[each.kind]
        console.print(f"  {zh} {en} {each.group}: {len(each.members)} 户 members, {_yuan(each.amounts.exposure_fen)}")
    if answer.grouped == "not_computed":
        console.print(" ".join(words.NOT_GROUPED), style="yellow")
    for currency in answer.missing:
        console.print(" ".join(words.no_rate(currency)), style="yellow")
    table = Table(title=f"限额 limits{f', 新增 with {_yuan(more)} more' if more else ''}")
    for column in ("限额 limit", "用 used", "后 after", "余额 headroom", "状态 level", "依据 source"):
        table.add_column(column)
    binding = tightest(after)
    for before, then in zip(answer.limits, after, strict=True):
        name = f"{then.rule.name.zh} {then.rule.name.en}" + (" (含待认定 with pending)" if then.pending else "")
        mark = " [bold]最紧 binds[/]" if then is binding else ""
        source = f"{then.rule.source} {then.rule.article} {words.STATUS[then.rule.article_status][0]}"
        table.add_row(
            name + mark, _percent(before.use), _percent(then.use), _yuan(then.headroom_fen), words.LEVELS[then.level][0], source
        )
    console.print(table)


def _print_capital(console: Console, answer: "ExposureAnswer") -> None:
    from graph.knowledge.exposure import words

    for name, figure in answer.capital.figures.items():
        console.print(f"  {name} {_yuan(figure.fen)}, 数据日 told for {figure.on}")
    if not answer.capital.figures:
        console.print(" ".join(words.CAPITAL[answer.capital.reason]), style="yellow")
    elif answer.capital.late:
        console.print("上季末资本数据尚未取得 the figure of the last quarter's end is not there yet", style="yellow")


def _print_ranking(ranking: "Ranking", names: dict[str, str]) -> None:
    from graph.knowledge.exposure import words

    console = Console()
    table = Table(title=f"限额使用 use of limits, {ranking.day}, ledger_seq {ranking.ledger_seq}")
    for column in ("客户 client or group", "限额 limit", "金额 amount", "占限额 used", "余额 headroom", "状态 level"):
        table.add_column(column)
    for use in ranking.uses:
        named = escape(names.get(use.subject, use.subject)) + (" (含待认定 with pending)" if use.pending else "")
        limit = f"{use.rule.name.zh} {use.rule.name.en}"
        table.add_row(named, limit, _yuan(use.amount_fen), _percent(use.use), _yuan(use.headroom_fen), words.LEVELS[use.level][0])
    console.print(table)
    for level, count in ranking.counts.items():
        console.print(f"{' '.join(words.LEVELS[level])}: {count:,}")


def _yuan(fen: int | None) -> str:
    return "-" if fen is None else f"{fen / 100:,.2f}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.2%}"
