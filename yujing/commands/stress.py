"""`yujing stress`: a shock to names, a group, an industry, a region or the economy; who falls, what is lost, how limits move."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from models.stress.answer import Comparison, Part, StressAnswer
    from models.stress.scenario import Scenario, Shock

Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
Texts = list[str] | None


def register(app: typer.Typer) -> None:
    """Adds `stress`."""
    app.command("stress", help="Shock names, a group, an industry, a region or the economy. 压力测试")(stress)


def stress(
    *,
    scenario: Annotated[Path | None, typer.Option(help="a scenario in YAML (docs/stress.md); options below add to it")] = None,
    fail: Annotated[Texts, typer.Option(help="a firm that fails: id, credit code or name; may be repeated")] = None,
    group: Annotated[Texts, typer.Option(help="a group client, or a set of connected clients, by its id")] = None,
    industry: Annotated[Texts, typer.Option(help="beginning of an industry code: C, or C17")] = None,
    region: Annotated[Texts, typer.Option(help="beginning of an administrative division: 33, or 330106")] = None,
    branch: Annotated[Texts, typer.Option(help="a branch, as the bank codes it")] = None,
    equity_loss: Annotated[float, typer.Option(help="of equity, for groups, industries, regions, branches; 1: they fail")] = 1.0,
    gdp: Annotated[float, typer.Option(help="growth against the baseline over four quarters, percentage points: -2")] = 0.0,
    rate: Annotated[float, typer.Option(help="loan rate against the baseline over four quarters, basis points: 100")] = 0.0,
    property_prices: Annotated[float, typer.Option("--property", help="property prices: -0.2 is a fifth less")] = 0.0,
    against: Annotated[str, typer.Option(help="compare with another scenario: a file, or 'baseline'")] = "",
    around: Annotated[str, typer.Option(help="only the neighbourhood of this firm, out of the graph store")] = "",
    runs: Annotated[int, typer.Option(help="Monte Carlo runs over own defaults from the scores; 0: the scenario alone")] = 500,
    seed: Annotated[int, typer.Option(help="the same seed draws the same defaults")] = 0,
    show: Annotated[int, typer.Option(min=1, max=100_000, help="how many firms, groups, limits to list")] = 20,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="a folder for stress.json and tables as CSV")] = None,
    as_of: Day = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Who falls in which round by which edge, expected loss by branch and industry, groups, limits, quantiles over runs."""
    from models.stress.scenario import Scenario, macro_path, read_scenario

    told = read_scenario(scenario) if scenario else Scenario(name="命令行 options")
    wide = {"group": group, "industry": industry, "region": region, "branch": branch}
    shocks = [_shock({"firms": fail})] if fail else []
    shocks += [_shock({name: one, "equity_loss": equity_loss}) for name, values in wide.items() for one in values or []]
    macro = macro_path(gdp, rate, property_prices) if gdp or rate or property_prices else ()
    told = told.model_copy(update={"shocks": (*told.shocks, *shocks), "macro": (*told.macro, *macro)})
    scenarios = [told]
    if against:
        scenarios.insert(0, Scenario() if against == "baseline" else read_scenario(Path(against)))
    answer = _run(scenarios, _Asked(runs, seed, show, around, as_of.date() if as_of else None))
    if output is not None:
        _write(answer, output)
    if as_json:
        print(answer.model_dump_json())
    else:
        _show(answer, Console())


@dataclass(frozen=True)
class _Asked:
    runs: int
    seed: int
    show: int
    around: str
    day: date | None


def _run(scenarios: "list[Scenario]", asked: _Asked) -> "StressAnswer | Comparison":
    """One scenario, or the first of two against the second."""
    from graph.snapshot import Snapshot
    from models.scores import ScoreBook
    from models.stress.day import StressDay
    from models.stress.run import Ask, compare, run_stress
    from yujing.commands.graph import one_firm
    from yujing.wiring import open_ledger, open_store

    settings = Settings()
    ledger = open_ledger(settings)
    snapshot = Snapshot(ledger, asked.day or settings.day)
    with closing(open_store(settings, ledger)) as store:
        ask = Ask(asked.runs, asked.seed, asked.show, lambda text: one_firm(store, text))
        around = (store, one_firm(store, asked.around)) if asked.around else None
        with Console(stderr=True).status("读取网络 reading who owes whom"):
            day = StressDay.open(snapshot, ScoreBook(settings.scores), around)
        with _running(asked.runs) as progress:
            if len(scenarios) == 1:
                return run_stress(day, scenarios[0], ask, progress)
            return compare(day, (scenarios[0], scenarios[1]), ask, progress)


def _write(answer: "StressAnswer | Comparison", folder: Path) -> None:
    from models.stress.answer import Comparison
    from models.stress.files import write_comparison, write_stress

    written = write_comparison(answer, folder) if isinstance(answer, Comparison) else write_stress(answer, folder)
    names = ", ".join(str(path.relative_to(folder)) for path in written)
    Console(stderr=True).print(f"写入 written to {folder}: {names}", soft_wrap=True)


def _show(answer: "StressAnswer | Comparison", console: Console) -> None:
    from models.stress.answer import Comparison

    if isinstance(answer, Comparison):
        _print_comparison(answer, console)
        _print(answer.second, console)
    else:
        _print(answer, console)


def _shock(told: dict[str, object]) -> "Shock":
    from pydantic import ValidationError

    from graph.errors import InputError
    from models.stress.scenario import Shock

    try:
        return Shock.model_validate(told)
    except ValidationError as problem:
        wrong = problem.errors()[0]
        field = str(wrong["loc"][0]) if wrong["loc"] else "shock"
        raise InputError(f"{field}: {wrong['msg']} (got {wrong['input']!r}).", "See yujing stress --help.", field) from None


@contextmanager
def _running(runs: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("模拟 drawing", total=runs)
        yield lambda done: progress.update(task, completed=done)


def _print(answer: "StressAnswer", console: Console) -> None:
    spread, drawing = answer.central, answer.drawing
    scope = "全行 whole book" if answer.scope == "book" else f"{answer.scope} 周边 around it"
    title = f"[bold]{escape(answer.scenario.name)}[/]  {answer.as_of}, ledger_seq {answer.ledger_seq}"
    console.print(f"{title}; {scope}: {answer.firms:,} 户 firms, {answer.edges:,} 条边 edges")
    chain = " → ".join(f"{count:,}" for count in spread.by_round) or "0"
    console.print(f"情景本身 the scenario itself: {spread.fell:,} 户倒下 firms fall, 按轮次 by round {chain}")
    console.print(
        f"  涉及信贷 credit {_wan(spread.credit_fen)}, 担保人代偿 guarantors pay {_wan(spread.guarantors_paid_fen)}, "
        f"本行损失 the bank loses {_wan(spread.bank_loss_fen)}"
    )
    console.print(
        f"  DebtRank 受困信贷 distressed {spread.distressed:.2%}, 清算后未付货款 trade unpaid {_wan(spread.unpaid_trade_fen)}"
    )
    if drawing:
        console.print(
            f"{drawing.runs:,} 次模拟 runs (seed {drawing.seed}, 相关系数 correlation {drawing.correlation:g}, "
            f"{drawing.model}, {drawing.horizon_days} 天 days): 预期损失 expected loss {_wan(drawing.expected_fen)} "
            f"± {_wan(drawing.standard_error_fen)}, 自身 own {_wan(drawing.own_fen)}"
        )
        told = ", ".join(f"{q.level:.1%} {_wan(q.loss_fen)}" for q in drawing.quantiles)
        console.print(f"  分位 quantiles: {told}; 最差1%均值 mean of the worst 1% {_wan(drawing.shortfall_99_fen)}")
    _print_falls(answer, console)
    for name, parts in (("机构 branch", answer.branches), ("行业 industry", answer.industries), ("地区 region", answer.regions)):
        console.print(_parts(name, parts))
    _print_groups(answer, console)
    _print_limits(answer, console)
    for what, count in answer.left_out.items():
        if count:
            _print_left_out(what, count, console)
    for said in answer.assumptions:
        console.print(f"[dim]假设 assumption: {said.zh}; {said.en}[/]")


def _print_left_out(what: str, count: int, console: Console) -> None:
    from models.stress import words

    said = words.LEFT_OUT[what]
    console.print(f"[dim]{count:,}: {said.zh} {said.en}[/]")


def _print_falls(answer: "StressAnswer", console: Console) -> None:
    if not answer.falls:
        return
    table = Table(title="倒下的企业 firms that fall (万元)", title_justify="left")
    for column in ("轮 round", "企业 firm", "原因 reason", "由谁经何传来 by whom, by what", "信贷 credit", "本行损失 loss"):
        table.add_column(column, overflow="fold")
    for fall in answer.falls:
        edges = "\n".join(
            f"{edge.said.zh} {escape(edge.sender_name)} {_wan(edge.asked_fen, unit='')}"
            + (f" [dim]{escape(edge.row.file)}:{edge.row.line}[/]" if edge.row else "")
            for edge in fall.edges
        )
        amounts = (_wan(fall.credit_fen, unit=""), _wan(fall.bank_loss_fen, unit=""))
        table.add_row(str(fall.round), escape(fall.name), fall.said.zh, edges, *amounts)
    console.print(table)


def _parts(name: str, parts: "tuple[Part, ...]") -> Table:
    table = Table(name, "户 firms", "信贷 credit", "预期损失 expected loss", "99% 分位", "倒下 fall")
    for part in parts[:12]:
        worst = "-" if part.quantile_99_fen is None else _wan(part.quantile_99_fen)
        table.add_row(part.value, f"{part.firms:,}", _wan(part.credit_fen), _wan(part.expected_fen), worst, f"{part.fell:.1f}")
    return table


def _print_groups(answer: "StressAnswer", console: Console) -> None:
    if not answer.groups:
        return
    table = Table(
        "集团 group", "类别 kind", "成员 members", "倒下 fall", "信贷 credit", "预期损失 expected loss", title_justify="left"
    )
    for move in answer.groups[:12]:
        kind = {"group_client": "集团客户", "connected": "关联客户"}.get(move.kind, move.kind)
        fell = f"{move.fell} ({move.fell_mean:.1f})"
        table.add_row(move.group, kind, str(move.members), fell, _wan(move.credit_fen), _wan(move.expected_fen))
    console.print(table)


def _print_limits(answer: "StressAnswer", console: Console) -> None:
    limits = answer.limits
    if limits.said:
        console.print(f"[yellow]{limits.said.zh} {limits.said.en}[/]")
    if limits.capital_before_fen is None or limits.capital_after_fen is None:
        return
    levels = ", ".join(f"{name} {before:,} → {after:,}" for name, (before, after) in limits.levels.items())
    console.print(f"资本 capital {_wan(limits.capital_before_fen)} → {_wan(limits.capital_after_fen)}; 限额 limits: {levels}")
    table = Table("客户 client or group", "限额 limit", "前 before", "后 after", "用 used")
    for move in limits.moves:
        used = f"{_percent(move.use_before)} → {_percent(move.use_after)}"
        table.add_row(escape(move.name), move.rule, move.before, move.after, used)
    if limits.moves:
        console.print(table)


def _print_comparison(both: "Comparison", console: Console) -> None:
    table = Table("指标 figure", escape(both.first.scenario.name), escape(both.second.scenario.name), "差 difference")
    for change in both.changes:
        figures = (change.first, change.second, change.second - change.first)
        shown = [_wan(round(x)) if change.what.endswith("_fen") else f"{x:,.4g}" for x in figures]
        table.add_row(f"{change.said.zh} {change.said.en}", *shown)
    console.print(table)
    for said, firms in (("仅前者倒下 only in the first", both.only_first), ("仅后者倒下 only in the second", both.only_second)):
        console.print(f"{said}: {len(firms):,}")


def _wan(fen: int, unit: str = "万元") -> str:
    return f"{fen / 1_000_000:,.2f}{unit}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
