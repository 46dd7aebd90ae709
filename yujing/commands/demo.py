"""`yujing demo`: an invented bank the whole way, from files to alerts, then the API over it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.rule import Rule

from graph.clock import now_us
from graph.errors import InputError, UnavailableError
from yujing.settings import DEMO_MARK, Settings

if TYPE_CHECKING:
    from graph.ledger import Ledger
    from yujing.pipeline import Pipeline

_FEED = "invented-bank"
_PRINCIPAL = "demo"
_ALERTS_SHOWN = 8
_SCORES_SHOWN = 5
_NETWORK = "gnn"
_STEPS = 8
_FIRMS_WITH_MODELS = 3000

console = Console()


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(demo)


def demo(
    firms: Annotated[int, typer.Option(min=200, help="how many firms the invented bank knows")] = 3000,
    seed: Annotated[int, typer.Option(help="equal seeds make equal banks")] = 7,
    serve: Annotated[bool, typer.Option(help="leave the API running")] = True,
) -> None:
    """虚构银行全流程演示。Takes an invented bank the whole way: files, ledger, graph, scores, alerts, API."""
    from yujing.pipeline import Pipeline
    from yujing.wiring import open_ledger

    began = time.monotonic()
    settings = Settings()
    console.print("[bold]预警 Yujing[/] · 演示银行、企业与人名均为虚构 everything shown is invented", highlight=False)
    bank, ledger = settings.home / "bank", open_ledger(settings)
    _refuse_a_real_bank(settings, ledger)
    with _step(1, "虚构银行的文件 the invented bank's files"):
        _write_bank(settings, ledger, {"firms": firms, "seed": seed})
    cases = json.loads((bank / "cases.json").read_text("utf-8"))
    pipeline = Pipeline(Settings(), ledger, date.fromisoformat(cases["as_of"]))
    _ledger(pipeline, bank)
    _graph(pipeline)
    _models(pipeline)
    _alerts(pipeline)
    _decisions(pipeline, _by_name(cases))
    pipeline.ledger.close()
    if serve:
        _serve(pipeline.settings)
    console.print(f"[dim]{time.monotonic() - began:.0f} s[/]")


def _refuse_a_real_bank(settings: Settings, ledger: "Ledger") -> None:
    """The demo never mixes invented firms into a ledger that holds others."""
    others = sorted(set(ledger.batches()["feed"].to_pylist()) - {_FEED})
    if others:
        held = f"{settings.home} holds other feeds ({', '.join(others)})."
        raise InputError(held, "Give the demo a home of its own: YUJING_HOME=var/demo make demo.")


def _write_bank(settings: Settings, ledger: "Ledger", wanted: dict[str, int]) -> None:
    """Files once; a home holds one invented bank, so that what was loaded stays what its files say."""
    from yujing.bank.plan import BankPlan
    from yujing.bank.write import write_bank

    folder, mark = settings.home / "bank", settings.home / DEMO_MARK
    held = json.loads(mark.read_text("utf-8")) if mark.exists() else {}
    if wanted.items() <= held.items():
        console.print(f"  已在 already there: {folder}")
        return
    if held and ledger.latest_seq:
        fix = "Give this one a home of its own: YUJING_HOME=var/other yujing demo …"
        other = f"{settings.home} holds another invented bank, of {held['firms']} firms, seed {held['seed']}."
        raise InputError(other, fix, "seed")
    plan = BankPlan(firms=wanted["firms"], seed=wanted["seed"])
    report = write_bank(folder, plan)
    mark.write_text(json.dumps({**wanted, "today": plan.today.isoformat()}), "utf-8")
    tables = f"{report.total_rows:,} 行 rows in {len(report.rows)} 张表 tables"
    console.print(f"  {tables} under {folder}; {report.planted:,} errors planted")


def _ledger(pipeline: "Pipeline", bank: Path) -> None:
    from ingest.report import LiveProgress, print_result

    with _step(2, "入账 files → ledger"):
        if pipeline.ledger.latest_seq:
            console.print(f"  已入账 loaded before, ledger_seq {pipeline.ledger.latest_seq}")
            return
        with LiveProgress(Console(stderr=True)) as progress:
            result = pipeline.load(bank / "manifest.yaml", progress)
        print_result(result, console)


def _graph(pipeline: "Pipeline") -> None:
    from yujing.wiring import open_store

    with _step(3, "推算与图谱 ledger → knowledge → graph store, verified"):
        begun = now_us()
        _proposals(pipeline)
        with console.status("inferring") as status:
            runs = pipeline.infer(lambda kind: status.update(f"inferring: {kind}"))
        rows = ", ".join(f"{run.kind} {run.rows:,}" for run in runs)
        console.print(f"  推算 knowledge: {rows}")
        if (pipeline.settings.graph / "current").exists():
            store = open_store(pipeline.settings, pipeline.ledger)
            reached = store.through_seq
            store.close()
            if reached == pipeline.ledger.latest_seq and not any(run.recorded_at > begun for run in runs):
                console.print(f"  已建 built before, to ledger_seq {reached}")
                return
        with console.status("building"):
            built = pipeline.project()
        with console.status("comparing with the ledger"):
            equal = pipeline.check().equal
        if not equal:
            raise UnavailableError("The graph store does not equal the ledger.", "See what differs: yujing graph verify.")
        nodes, relations = sum(built.nodes.values()), sum(built.relations.values())
        console.print(f"  {nodes:,} 节点 nodes, {relations:,} 关系版本 relation versions in {built.seconds:.1f} s")
        console.print("  与账簿一致 equal to the ledger")


def _proposals(pipeline: "Pipeline") -> None:
    """Which firms may be one, for an officer to decide; proposed once."""
    from ingest.resolution.book import ResolutionBook

    book = ResolutionBook(pipeline.settings.resolution)
    with console.status("comparing firms"):
        found = book.proposals("open") or [each for each in book.propose(pipeline.snapshot()) if each.status == "open"]
    console.print(f"  归并建议 pairs of firms that may be one: {len(found)} (yujing resolve list)")


def _models(pipeline: "Pipeline") -> None:
    with _step(4, "模型 models of several kinds on the same rows"):
        if pipeline.registry.has_champion():
            console.print("  已训练 trained before: yujing models list")
        else:
            _train(pipeline)
    with _step(5, f"评分 scores as of {pipeline.as_of}"):
        if pipeline.registry.has_champion():
            _scores(pipeline)
        else:
            console.print("  没有模型，不评分 no model, no scores")


def _train(pipeline: "Pipeline") -> None:
    """A small bank may have no default in the months that a model is tested on: then the rules alone speak."""
    from yujing.commands.models import show_trained

    try:
        trained = pipeline.learn(lambda step: console.print(f"  {step}", style="dim"))
    except InputError as problem:
        if problem.field != "horizon":
            raise
        console.print(f"  [yellow]不训练模型 no model is trained:[/] {problem.message}", highlight=False)
        console.print(
            f"  预警只凭规则 alerts come from rules alone; a bank with models: --firms {_FIRMS_WITH_MODELS}", highlight=False
        )
    else:
        show_trained(trained, console)


def _scores(pipeline: "Pipeline") -> None:
    """The promoted model's scores, and the graph network's beside them where another was promoted."""
    from yujing.commands.models import score_table

    champion = " ".join(pipeline.registry.champion())
    with console.status("scoring"):
        if not pipeline.is_scored():
            pipeline.score()
            if not champion.startswith(_NETWORK) and _NETWORK in {m.name for m in pipeline.registry.manifests()}:
                pipeline.score(_NETWORK)
        counted, shadow = pipeline.scores.latest(pipeline.as_of), pipeline.scores.latest(pipeline.as_of, shadow=True)
    console.print(f"  {counted.num_rows:,} 户 clients scored by {champion}, whose word counts in alerts")
    shown = shadow if shadow.num_rows else counted
    console.print(score_table(shown, pipeline.snapshot(), _SCORES_SHOWN))


def _alerts(pipeline: "Pipeline") -> None:
    from yujing.commands.alerts import alert_table

    with _step(6, "贷后 after the loan: the nightly scan"):
        with console.status("scanning"):
            found, kept = pipeline.watch(_PRINCIPAL)
        shown = found.alerts[:_ALERTS_SHOWN]
        console.print(alert_table(shown, f"{found.as_of} 贷后预警 alerts, {len(shown)} of {len(found.alerts)}"))
        console.print(f"  {kept.new} 新 new, {kept.updated} 更新 updated, {kept.unchanged} 不变 unchanged")


def _decisions(pipeline: "Pipeline", cases: dict[str, Any]) -> None:
    from alerts.requests import DrawdownRequest, Party, Payee, PreLoanRequest
    from alerts.stages import drawdown, pre_loan
    from yujing.commands.alerts import print_decision

    applicant, payment = cases["defaulter-guarantor"]["request"]["pre_loan"], cases["related-payee"]["request"]["drawdown"]
    application = PreLoanRequest(
        applicant=Party(uscc=applicant["uscc"]),
        amount_fen=applicant["amount_fen"],
        on=pipeline.as_of,
        product=applicant["product"],
        guarantors=tuple(Party(uscc=code) for code in applicant["guarantors"]),
    )
    order = DrawdownRequest(
        borrower=Party(uscc=payment["uscc"]),
        contract=payment["contract"],
        amount_fen=payment["amount_fen"],
        on=pipeline.as_of,
        payee=Payee(account=payment["payee_account"], firm=Party(uscc=payment["payee_uscc"])),
        entrusted=True,
        purpose=payment["purpose"],
    )
    with _step(7, "贷前、贷中 before the loan, and at drawdown"):
        print_decision(pipeline.decide(lambda desk: pre_loan(desk, application), _PRINCIPAL))
        print_decision(pipeline.decide(lambda desk: drawdown(desk, order), _PRINCIPAL))


def _serve(settings: Settings) -> None:
    from yujing.serving import Address, start

    with _step(8, "接口与页面 the API and its pages"):
        address = Address(settings.host, settings.port)
        with console.status("starting"):
            pid = start(settings, address)
        console.print(f"  [bold green]{address.url}[/]  (process {pid})")
    console.print(
        "下一步 next: open the address above; [bold].venv/bin/yujing alerts list[/], [bold].venv/bin/yujing network NAME[/]; "
        "docs/officer.md, docs/integrator.md. [bold]make stop[/] ends the API."
    )


def _by_name(cases: dict[str, Any]) -> dict[str, Any]:
    return {case["case"]: case for case in cases["cases"]}


@contextmanager
def _step(number: int, what: str) -> Iterator[None]:
    console.print(Rule(f"[bold]{number}/{_STEPS}[/] {what}", align="left", style="dim"))
    began = time.monotonic()
    yield
    console.print(f"  [dim]{time.monotonic() - began:.1f} s[/]")
