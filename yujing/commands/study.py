"""`yujing study STUDY.yaml`: a declared data set the whole way, from its manifest to the predictions of its test set."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yujing.commands.ledger import EngineName, with_engine

if TYPE_CHECKING:
    from rich.console import Console

    from models.study.run import Told
    from yujing.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("study")(study)


def study(
    path: Annotated[Path, typer.Argument(metavar="STUDY", help="研究 study.yaml", show_default=False)],
    *,
    out: Annotated[Path, typer.Option(help="预测文件写入的文件夹。Folder for the predictions.")] = Path(),
    ingest: Annotated[bool, typer.Option(help="先导入研究所列清单。Ingest the study's manifest first.")] = True,
    epochs: Annotated[int, typer.Option(min=1, max=10_000, help="of the network")] = 120,
    members: Annotated[int, typer.Option(min=1, max=100, help="networks a seed, averaged")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")] = False,
    engine: EngineName = None,
) -> None:
    """研究：按YAML所述训练、验证并写出预测。Train, validate and predict as a YAML declares; see docs/studies.md."""
    from rich.console import Console

    from models.study import read_study
    from models.study.learners import Budget
    from models.study.output import plain, write_predictions, write_report
    from models.study.run import run_study
    from yujing.wiring import open_engine, open_ledger

    declared = read_study(path)
    settings, console = with_engine(engine), Console(stderr=as_json)
    if ingest and declared.manifest:
        _ingest(path.parent / declared.manifest, settings, console)
    ledger = open_ledger(settings)
    budget = Budget(threads=settings.threads, epochs=epochs, members=members)
    told = run_study(declared, ledger, budget, lambda step: console.print(step, style="dim"), open_engine(settings, ledger))
    report = write_report(told, settings.home / "studies" / declared.name)
    predictions = write_predictions(told, out)
    if as_json:
        files = {"report": str(report), "predictions": str(predictions) if predictions else None}
        typer.echo(json.dumps({**plain(told), **files}, ensure_ascii=False))
        return
    _show(told, console)
    console.print(f"Report: {report} (and report.json beside it)", soft_wrap=True)
    if predictions:
        console.print(f"Predictions: {predictions}: {len(told.keys)} entities, {len(declared.seeds)} seeds", soft_wrap=True)


def _ingest(manifest: Path, settings: "Settings", console: "Console") -> None:
    from ingest.report import LiveProgress, print_result
    from ingest.run import ingest
    from yujing.wiring import connections, open_ledger, open_vault

    with LiveProgress(console) as progress:
        result = ingest(
            manifest,
            open_ledger(settings),
            open_vault(settings),
            quarantine=settings.quarantine,
            data_root=settings.data,
            connections=connections(settings),
            progress=progress,
        )
    print_result(result, console)


def _show(told: "Told", console: "Console") -> None:
    from rich.table import Table

    from models.study.output import COLUMNS, rows_of, said

    for name, (asked, known, positive) in told.sizes.items():
        console.print(f"{name}: {asked} asked, outcome known of {known}, {positive} of them positive")
    table = Table("model", *COLUMNS.values(), title=f"validation, mean of {len(told.study.seeds)} seeds", title_justify="left")
    for i, row in enumerate(rows_of(told)):
        table.add_row(*row, style="bold" if not i else None)
    console.print(table)
    for note in [*said(told), *told.notes]:
        console.print(f"[dim]- {note}[/]", soft_wrap=True)
