"""`yujing train`, `yujing score`, `yujing models`: learn, score a day, and say which model's word counts."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from yujing.commands.ledger import EngineName, with_engine
from yujing.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from graph.snapshot import Snapshot
    from models.maturity.training import EndsTrained
    from models.registry import Manifest, Registry
    from models.training import Trained

Day = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: the newest known)")
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("train", help="Train logistic regression, LightGBM and the graph network on the same rows and compare them.")(train)
    app.command("score", help="Score every performing firm as of a day.")(score)
    models = typer.Typer(name="models", help="Trained models: list, promote.", no_args_is_help=True)
    models.command("list", help="Every version with its measured quality; the promoted one is marked.")(list_models)
    models.command("promote", help="Make a version the one whose scores count.")(promote)
    app.add_typer(models)


def train(  # noqa: PLR0917 (Typer reads its options from the signature)
    as_of: Day = None,
    target: Annotated[str, typer.Option(help="what is foretold: see `yujing targets list`")] = "default",
    horizon: Annotated[
        int | None, typer.Option(min=1, max=3650, help="days within which it counts (default: 180; near_maturity: 90)")
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same models")] = 0,
    keep_intervened: Annotated[
        bool, typer.Option("--keep-intervened", help="negatives about which the bank did something stay rows")
    ] = False,
    engine: EngineName = None,
) -> None:
    """Train, compare, register; promote the best where none was promoted for the target before."""
    from models.splits import Plan
    from models.targets import target_named
    from models.training import Request
    from models.training import train as train_models
    from yujing.wiring import open_engine, open_ledger

    settings, console = with_engine(engine), Console()
    ledger = open_ledger(settings)
    wanted = target_named(ledger.ontology, target)
    days = horizon or (180 if 180 in wanted.horizons else max(wanted.horizons))
    request = Request(_day(as_of), Plan(horizon_days=days), seed, settings.threads, target, keep_intervened)
    registry, computed = _registry(settings), open_engine(settings, ledger)
    if wanted.unit == "loan_note":
        from models.maturity.training import train_ends

        show_ends(train_ends(ledger, registry, request, lambda step: console.print(step, style="dim"), computed), console)
        return
    trained = train_models(ledger, registry, request, lambda step: console.print(step, style="dim"), computed)
    show_trained(trained, console)


def score(
    as_of: Day = None,
    model: Annotated[
        str, typer.Option(help="NAME or NAME:VERSION; default the promoted one. Another's scores are a shadow run.")
    ] = "",
    engine: EngineName = None,
) -> None:
    """Score a day and append the run to the score table."""
    from graph.snapshot import Snapshot
    from models.scorer import ModelScorer
    from models.scores import ScoreBook
    from models.training import history_of
    from yujing.wiring import open_engine, open_ledger

    settings, console = with_engine(engine), Console()
    registry, ledger = _registry(settings), open_ledger(settings)
    name, _, number = model.partition(":")
    registered = registry.load(name, number)
    said = registered.manifest
    shadow = not registry.has_champion() or (said.name, said.version) != registry.champion()  # scores are of `default`
    newest = history_of(ledger, _day(as_of))[1]
    day = _day(as_of) or newest
    if said.kind.startswith("ends-"):
        from models.maturity.scoring import score_notes

        with console.status(f"foretelling how notes end, as of {day}"):
            told = score_notes(registered, Snapshot(ledger, day, engine=open_engine(settings, ledger)), settings.note_scores)
        console.print(f"{told.num_rows} loan notes as of {day} by {said.name} {said.version}; run {told['run_id'][0]}.")
        _show_notes(told, console)
        return
    with console.status(f"scoring {day} with {said.name} {said.version}"):
        rows = ModelScorer(registered, shadow).score(Snapshot(ledger, day, engine=open_engine(settings, ledger)))
        ScoreBook(settings.scores).append(rows)
    counted = "a shadow run, it does not count" if shadow else "these are the scores of the day"
    console.print(f"{rows.num_rows} firms scored as of {day} by {said.name} {said.version} ({counted}); run {rows['run_id'][0]}.")
    console.print(f"Next: yujing scan --as-of {day}")


def _show_notes(told: "pa.Table", console: Console) -> None:
    """The notes that are least likely to be repaid from own cash."""
    ends = [name for name in told.column_names if name.startswith("p_")]
    table = Table("借据 loan note", "企业 firm", "到期日 due", *(name.removeprefix("p_") for name in ends))
    for row in told.sort_by([("p_repaid" if "p_repaid" in ends else ends[0], "ascending")]).slice(0, 20).to_pylist():
        table.add_row(row["note"][:20], row["firm"][:20], str(row["due_on"]), *(f"{row[name]:.1%}" for name in ends))
    console.print(table)


def list_models() -> None:
    """Show every version, oldest first."""
    settings, console = Settings(), Console()
    registry = _registry(settings)
    table = Table(
        Column("model", no_wrap=True),
        "version",
        "trained",
        "target",
        "validation AP",
        "test AUC",
        "test AP",
        "test Brier",
        "promoted",
    )
    for m in registry.manifests():
        test = m.metrics["test"]
        promoted = registry.has_champion(m.target) and registry.champion(m.target) == (m.name, m.version)
        mark = "yes" if promoted else ""
        trained = datetime.fromtimestamp(m.trained_at / 1e6).astimezone().strftime("%Y-%m-%d %H:%M")
        numbers = (m.metrics["validation"]["average_precision"], *(test[c] for c in ("auc", "average_precision", "brier")))
        table.add_row(
            m.name,
            m.version,
            trained,
            f"{m.target} {m.target_version}, {m.horizon_days} days",
            *("–" if x is None else f"{x:.3f}" for x in numbers),
            mark,
        )
    console.print(table)
    if not table.row_count:
        console.print("No model yet. Next: yujing train")


def promote(
    name: str,
    version: str,
    reason: Annotated[str, typer.Option(help="why; it is kept")],
) -> None:
    """Promote one version."""
    _registry(Settings()).promote(name, version, reason)
    Console().print(f"{name} {version} is the champion now. Next: yujing score")


def _registry(settings: Settings) -> "Registry":
    from models.registry import Registry

    return Registry(settings.models, settings.mlflow)


def show_trained(trained: "Trained", console: Console) -> None:
    """The models side by side on validation and test, and which one counts."""
    from models.report import COLUMNS

    comparison = trained.comparison
    for name in ("validation", "test"):
        base, days = comparison.base(name), comparison.split.sets()[name]
        about = (
            f"{base.firms} firms, {base.defaults} positives ({comparison.target.en}) within {comparison.split.horizon_days} days"
        )
        title = f"{name} {days[0]} to {days[-1]}: {about}"
        table = Table("model", *COLUMNS.values(), title=title, title_justify="left")
        for row in comparison.rows(name):
            table.add_row(*row, style="bold" if row[0] == comparison.best else None)
        console.print(table)
    for said in comparison.beaten():
        console.print(f"[yellow]note:[/] {said}")
    _say_best(trained.best, promoted=trained.promoted, console=console)
    console.print(f"Report: {trained.report} (and report.json beside it)", soft_wrap=True)


def show_ends(trained: "EndsTrained", console: Console) -> None:
    """The models of how notes end side by side, and how good they are at each end."""
    from models.maturity.report import COLUMNS as MEASURES

    comparison = trained.comparison
    for name in ("validation", "test"):
        days, counts = comparison.split.sets()[name], comparison.counts[name]
        told = sum(counts[end.name] for end in comparison.target.ends)
        title = f"{name} {days[0]} to {days[-1]}: {told} loan notes, {counts['open']} not settled yet"
        table = Table("model", *MEASURES.values(), title=title, title_justify="left")
        for row in comparison.rows(name):
            table.add_row(*row, style="bold" if row[0] == comparison.best else None)
        console.print(table)
    table = Table("end", "notes", *(f"{m} {what}" for m in comparison.versions for what in ("AUC", "ECE")), title="test")
    for row in comparison.by_end("test"):
        table.add_row(*row)
    console.print(table)
    for said in comparison.beaten():
        console.print(f"[yellow]note:[/] {said}")
    _say_best(trained.best, promoted=trained.promoted, console=console)
    console.print(f"Report: {trained.report} (and report.json beside it)", soft_wrap=True)


def _say_best(best: "Manifest", *, promoted: bool, console: Console) -> None:
    said = f"{best.name} {best.version} is best on validation"
    following = "yujing score" if best.target == "default" else f"yujing score --model {best.name}:{best.version}"
    if promoted:
        console.print(f"{said} and was promoted, as no model was before. Next: {following}")
    else:
        console.print(f"{said}. The promoted model stays until you say otherwise:")
        console.print(f"  yujing models promote {best.name} {best.version} --reason '…'")


def score_table(scores: "pa.Table", snapshot: "Snapshot", limit: int) -> Table:
    """The firms to which most risk arrives over relations: own and contagion parts, and the relation that brings most."""
    import pyarrow.compute as pc

    top = scores.filter(pc.field("has_credit")).sort_by([("contagion", "descending")]).slice(0, limit).to_pylist()
    firms = snapshot.read("Firm").select(["id", "name"]).to_pylist()
    names = {firm["id"]: firm["name"] for firm in firms}
    about = (
        f"{top[0]['model']} {top[0]['model_version']}, {top[0]['horizon_days']} 天内违约 default within that many days"
        if top
        else ""
    )
    table = Table("企业 firm", "概率", "自身 own", "传染 contagion", "最大来源 brought most by", title=about, title_justify="left")
    for row in top:
        first = row["top_relations"][0] if row["top_relations"] else None
        source = f"{first['contribution']:+.2f} {first['type']} {names.get(first['other'], first['other'][:12])}" if first else ""
        table.add_row(names[row["firm"]], f"{row['probability']:.1%}", f"{row['own']:+.2f}", f"{row['contagion']:+.2f}", source)
    return table


def _day(value: datetime | None) -> date | None:
    return value.date() if value else None
