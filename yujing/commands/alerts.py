"""`yujing scan`, `yujing alerts`, `yujing decide`: the three stages from the command line, kept in the journal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from yujing.commands.ledger import EngineName, with_engine
from yujing.settings import Settings

if TYPE_CHECKING:
    from alerts.journal import Journal
    from alerts.said import Alert, Decision, Evidence, Unseen
    from alerts.stages import Desk

_COLOUR = {"red": "bold red", "orange": "dark_orange3", "yellow": "yellow3"}
_GRADE_ZH = {"red": "红", "orange": "橙", "yellow": "黄"}
_ADVICE_ZH = {"approve": "同意", "refer": "上报", "decline": "拒绝", "release": "放行", "hold": "暂停", "block": "阻断"}
_PRINCIPAL = "cli"

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]


def register(app: typer.Typer) -> None:
    """Adds `scan`, `alerts list|show` and `decide pre-loan|drawdown`."""
    app.command("scan", help="Scan the whole book of a day and keep its alerts. 贷后扫描")(scan)
    alerts = typer.Typer(name="alerts", help="Alerts that were raised: list, show. 预警", no_args_is_help=True)
    alerts.command("list", help="The newest alerts.")(list_alerts)
    alerts.command("show", help="One alert with its evidence.")(show_alert)
    app.add_typer(alerts)
    decide = typer.Typer(name="decide", help="Decisions before a loan and at drawdown. 贷前、贷中", no_args_is_help=True)
    decide.command("pre-loan", help="Approve, refer or decline an application.")(decide_pre_loan)
    decide.command("drawdown", help="Release, hold or block a drawdown.")(decide_drawdown)
    app.add_typer(decide)


def scan(
    as_of: Day = None,
    limit: Annotated[int, typer.Option(help="how many alerts to print")] = 20,
    engine: EngineName = None,
) -> None:
    """Scan, keep, print. The same day again adds nothing."""
    from alerts.stages import scan as scan_book

    console = Console()
    with _desk(_day(as_of), with_engine(engine)) as desk, _journal() as journal, console.status("scanning"):
        result = scan_book(desk)
        kept = journal.record_scan(result, _PRINCIPAL)
    console.print(alert_table(result.alerts[:limit], f"{result.as_of} 贷后预警 alerts after the loan"))
    shown = f" ({limit} shown)" if len(result.alerts) > limit else ""
    console.print(
        f"{result.firms:,} 户 clients, {result.rules} 条规则 rules, {len(result.alerts)} 条预警 alerts{shown}: "
        f"{kept.new} 新 new, {kept.updated} 更新 updated, {kept.unchanged} 不变 unchanged."
    )
    if result.score_threshold is None:
        console.print("没有评分 no scores known on that day. Next: yujing score", style="dim")
    print_unseen(console, result.unseen)
    if result.alerts:
        console.print(f"下一步 next: yujing alerts show {result.alerts[0].id}")


def list_alerts(
    grade: Annotated[str, typer.Option(help="red, orange or yellow")] = "",
    firm: Annotated[str, typer.Option(help="the firm's entity id")] = "",
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    cursor: Annotated[str, typer.Option(help="where the page before ended")] = "",
) -> None:
    """A page of alerts."""
    from alerts.journal import AlertFilter
    from alerts.said import Grade
    from graph.errors import InputError

    if grade and grade not in list(Grade):
        raise InputError(f"'{grade}' is no grade.", "Use red, orange or yellow.", "grade")
    with _journal() as journal:
        page = journal.alerts(AlertFilter(grade=Grade(grade) if grade else None, firm=firm), cursor, limit)
    console = Console()
    console.print(alert_table([record.alert for record in page.items], "预警 alerts"))
    if page.next_cursor:
        console.print(f"下一页 next page: yujing alerts list --cursor {page.next_cursor}")


def show_alert(alert_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Everything an alert stands on."""
    with _journal() as journal:
        record = journal.alert(alert_id)
    console, alert = Console(), record.alert
    head = f"{alert.sentence.zh}\n[dim]{alert.sentence.en}[/]"
    title = f"{_GRADE_ZH[alert.grade]} {alert.grade} · {alert.firm.name or alert.firm.id} · {alert.as_of}"
    console.print(Panel(head, title=title, border_style=_COLOUR[alert.grade]))
    for hit in alert.hits:
        told = " ".join(part for part in (hit.citation.document, hit.citation.article) if part)
        console.print(f"规则 rule [bold]{hit.rule}[/] v{hit.version} ({hit.status}): {hit.sentence.zh} [dim]{hit.sentence.en}[/]")
        console.print(f"  依据 source: {hit.citation.issuer}, {told}, {hit.citation.year}")
        console.print(f"  措施 to do: {hit.advice.zh} [dim]{hit.advice.en}[/]")
    _print_evidence(console, alert.evidence, alert.as_of)
    print_unseen(console, alert.unseen)
    for done in record.actions:
        console.print(f"{done.at:%Y-%m-%d %H:%M} {done.principal}: {done.action} {done.note}")


def decide_pre_loan(
    body: Annotated[Path, typer.Argument(metavar="BODY.json", help="the request; docs/rules.md shows one")],
) -> None:
    """Decide an application as the loan system would ask."""
    from alerts.requests import PreLoanRequest, read_request
    from alerts.stages import pre_loan

    request = read_request(PreLoanRequest, body)
    with _desk(request.on) as desk, _journal() as journal:
        decision = journal.record_decision(pre_loan(desk, request), _PRINCIPAL)
    print_decision(decision)


def decide_drawdown(
    body: Annotated[Path, typer.Argument(metavar="BODY.json", help="the request; docs/rules.md shows one")],
) -> None:
    """Decide a drawdown as the loan system would ask."""
    from alerts.requests import DrawdownRequest, read_request
    from alerts.stages import drawdown

    request = read_request(DrawdownRequest, body)
    with _desk(request.on) as desk, _journal() as journal:
        decision = journal.record_decision(drawdown(desk, request), _PRINCIPAL)
    print_decision(decision)


def _day(as_of: datetime | None) -> date:
    return as_of.date() if as_of else Settings().day


@contextmanager
def _desk(day: date, settings: Settings | None = None) -> Iterator["Desk"]:
    from alerts.stages import Desk
    from graph.snapshot import Snapshot
    from ingest.feeds import FeedBook
    from models.scores import ScoreBook
    from yujing.wiring import open_engine, open_ledger

    settings = settings or Settings().model_copy(update={"engine": "duckdb"})  # one firm is not a whole book
    ledger = open_ledger(settings)
    snapshot = Snapshot(ledger, day, engine=open_engine(settings, ledger))
    desk = Desk.open(snapshot, ScoreBook(settings.scores), feeds=FeedBook(ledger, day, snapshot.ledger_seq))
    try:
        yield desk
    finally:
        desk.close()


@contextmanager
def _journal() -> Iterator["Journal"]:
    from alerts.journal import Journal, upgrade

    url = Settings().journal
    upgrade(url)
    journal = Journal(url)
    try:
        yield journal
    finally:
        journal.close()


def alert_table(alerts: "Sequence[Alert]", title: str) -> Table:
    """Alerts as officers read them: Chinese first, English beside, the first piece of evidence, the id to ask for more."""
    table = Table(title=title, title_justify="left", show_lines=True)
    table.add_column("级 grade", no_wrap=True)
    table.add_column("企业与预警 firm and alert", overflow="fold")
    for alert in alerts:
        grade = f"[{_COLOUR[alert.grade]}]{_GRADE_ZH[alert.grade]} {alert.grade}[/]"
        lines = (
            f"[bold]{escape(alert.firm.name or alert.firm.id)}[/]  [dim]{alert.id}[/]",
            escape(alert.sentence.zh),
            f"[dim]{escape(alert.sentence.en)}[/]",
            f"[dim]证据 evidence: {escape(_first_row(alert.evidence))}[/]",
        )
        table.add_row(grade, "\n".join(lines))
    return table


def _first_row(evidence: "Evidence") -> str:
    """Where the first figure came from, or how many relations the path has."""
    if evidence.rows:
        row = evidence.rows[0]
        more = f" +{len(evidence.rows) - 1}" if len(evidence.rows) > 1 else ""
        place = row.file if row.line is None else f"{row.file}:{row.line}"
        return f"{row.type}.{row.property} = {row.value}, {place}{more}"
    if evidence.paths:
        return " → ".join(edge.type for edge in evidence.paths[0].edges)
    return f"score {evidence.score.run_id}" if evidence.score else ""


def _names(evidence: "Evidence", as_of: date) -> dict[str, str]:
    """What the entities of paths and relations are called, persons masked; none where no graph was built."""
    from api.naming import walked_names
    from graph.errors import UnavailableError
    from graph.store import Moment
    from yujing.wiring import open_ledger, open_store, open_vault

    ids = {end for path in evidence.paths for edge in path.edges for end in (edge.src, edge.dst)}
    ids |= {top.other for top in (evidence.score.top_relations if evidence.score else ())}
    if not ids:
        return {}
    settings = Settings()
    try:
        store = open_store(settings, open_ledger(settings))
    except UnavailableError:
        return {}
    try:
        return walked_names(store, open_vault(settings), ids, Moment.of(as_of))
    finally:
        store.close()


def _print_evidence(console: Console, evidence: "Evidence", as_of: date) -> None:
    names = _names(evidence, as_of)
    for path in evidence.paths:
        console.print(f"路径 path: {path.says.zh} [dim]{path.says.en}[/]")
        for edge in path.edges:
            ends = f"{escape(names.get(edge.src, edge.src))} -{edge.type}-> {escape(names.get(edge.dst, edge.dst))}"
            console.print(f"  {ends}  [dim]{edge.rel}[/]")
    if evidence.rows:
        console.print(_source_table(evidence))
    if evidence.score:
        score = evidence.score
        console.print(
            f"评分 score: {score.probability:.2%} in {score.horizon_days} days; log-odds {score.log_odds:+.2f} = "
            f"自身 own {score.own:+.2f} + 传染 contagion {score.contagion:+.2f} "
            f"({score.model} {score.model_version}, {score.as_of})"
        )
        for top in score.top_relations:
            other = escape(names.get(top.other, top.other))
            console.print(f"  {top.contribution:+.3f} {top.type} {top.way} {other} [dim]{top.rel}[/]")


def _source_table(evidence: "Evidence") -> Table:
    """Each figure beside the place it came from, folded and never cut off."""
    table = Table(title="证据 source rows", title_justify="left", show_lines=True)
    table.add_column("数据 data", overflow="fold")
    table.add_column("来源 file:line, 批次 batch, 记录 row", overflow="fold")
    for row in evidence.rows:
        place = f"{row.file}{'/' + row.sheet if row.sheet else ''}:{row.line}"
        told = f"{row.type}.{row.property}\n= {row.value}"
        table.add_row(escape(told), f"{escape(place)}\n[dim]{row.batch}\n{row.id}[/]")
    return table


def print_unseen(console: Console, unseen: "tuple[Unseen, ...]") -> None:
    """What could not be seen, so that silence is not read as health."""
    if unseen:
        console.print("未能看到 could not be seen:")
        for item in unseen:
            console.print(f"  {item.says.zh} [dim]{item.says.en}[/]")


def print_decision(decision: "Decision") -> None:
    """An advice with its reasons, limits, evidence and blind spots."""
    console = Console()
    who = decision.firm.name or decision.firm.id or decision.firm.uscc
    title = f"{_ADVICE_ZH[decision.advice]} {decision.advice} · {who} · {decision.as_of}"
    reasons = "\n".join(
        f"[{_COLOUR[h.grade]}]{_GRADE_ZH[h.grade]}[/] {h.sentence.zh}\n[dim]   {h.sentence.en}[/]" for h in decision.reasons
    )
    console.print(Panel(reasons or "没有规则触发 no rule fired", title=title))
    for limit in decision.limits:
        if limit.after is not None and limit.before is not None:
            console.print(f"{limit.says.zh} {limit.says.en}: {limit.before:.2%} → {limit.after:.2%} (≤ {limit.allowed:.0%})")
    _print_evidence(console, decision.evidence, decision.as_of)
    print_unseen(console, decision.unseen)
    console.print(f"决策编号 decision {decision.id}, ledger_seq {decision.ledger_seq}")
