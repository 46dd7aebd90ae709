"""`yujing ledger`: read a day, check the whole book, keep the files in order."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from graph.checks import BookCheck
    from graph.snapshot import Snapshot

EngineName = Annotated[
    Literal["duckdb", "spark"] | None, typer.Option("--engine", help="what computes the book (default: YUJING_ENGINE)")
]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]
Seq = Annotated[int | None, typer.Option("--ledger-seq", min=0, help="as the ledger was at this batch (default: the latest)")]
Out = Annotated[Path, typer.Option("--out", help="a .parquet or .csv file to write")]


def register(app: typer.Typer) -> None:
    """Adds `ledger read|features|check|optimize|vacuum`."""
    ledger = typer.Typer(
        name="ledger", help="The ledger: read a day, check it, keep its files in order. 账本", no_args_is_help=True
    )
    ledger.command("read", help="Write a type's table as of a day to a file.")(read)
    ledger.command("features", help="Write every firm's features as of a day to a file.")(features)
    ledger.command("check", help="Check the whole book: exit 0 sound, 1 not. 全库核查")(check)
    ledger.command("optimize", help="Bring small files together, sorted. No row changes, readers may go on.")(optimize)
    ledger.command("vacuum", help="Remove files that nobody reads any more. No row goes.")(vacuum)
    app.add_typer(ledger)


def with_engine(engine: Literal["duckdb", "spark"] | None) -> Settings:
    """The settings, with the engine that the command line names."""
    settings = Settings()
    return settings.model_copy(update={"engine": engine}) if engine else settings


def read(  # noqa: PLR0917 (Typer reads its options from the signature)
    type_name: Annotated[str, typer.Argument(metavar="TYPE", help="an entity, relation or fact type")],
    out: Out,
    as_of: Day = None,
    ledger_seq: Seq = None,
    history: Annotated[bool, typer.Option("--history", help="also the states that ended before the day")] = False,
    engine: EngineName = None,
) -> None:
    """The rows that were true on the day and known by its end."""
    _check_suffix(out)
    snapshot = _snapshot(with_engine(engine), as_of, ledger_seq)
    with Console(stderr=True).status(f"reading {type_name} on {snapshot.engine.name}"):
        rows = snapshot.read_history(type_name) if history else snapshot.read(type_name)
    _write(rows, out, snapshot)


def features(out: Out, as_of: Day = None, ledger_seq: Seq = None, engine: EngineName = None) -> None:
    """A row a firm, a column a feature; empty where nothing is known."""
    from models.features.build import build_features

    _check_suffix(out)
    snapshot = _snapshot(with_engine(engine), as_of, ledger_seq)
    with Console(stderr=True).status(f"computing features on {snapshot.engine.name}"):
        rows = build_features(snapshot).arrow()
    _write(rows, out, snapshot)


def check(as_of: Day = None, ledger_seq: Seq = None, engine: EngineName = None, as_json: AsJson = False) -> None:
    """Counts, and the first rows of each type with file and line."""
    from graph.checks import check_book

    snapshot = _snapshot(with_engine(engine), as_of, ledger_seq)
    with Console(stderr=True).status("checking") as status:
        found = check_book(snapshot, lambda name: status.update(f"checking on {snapshot.engine.name}: {name}"))
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _print_check(found)
    raise typer.Exit(0 if found.ok else 1)


def optimize(
    whole: Annotated[bool, typer.Option("--whole", help="rewrite every file, so that whole tables are sorted")] = False,
    as_json: AsJson = False,
) -> None:
    """Small files become large ones, rows that belong together lie together, rows of attempts that never counted go."""
    from graph.ledger.upkeep import UpkeepOptions
    from graph.ledger.upkeep import optimize as rewrite
    from yujing.wiring import open_ledger

    settings = Settings()
    with Console(stderr=True).status("optimizing") as status:
        options = UpkeepOptions(
            settings.ledger_file_mb,
            whole,
            settings.threads,
            settings.memory_limit,
            lambda name: status.update(f"optimizing {name}"),
        )
        done = rewrite(open_ledger(settings), options)
    if as_json:
        print(json.dumps({name: vars(each) for name, each in done.items()}))
        return
    table = Table("type", title="重写 rewritten", title_justify="left")
    for heading in ("files", "→", "MiB", "→", "dead rows"):
        table.add_column(heading, justify="right")
    for name, each in done.items():
        sizes = (f"{each.bytes_before / 2**20:,.1f}", f"{each.bytes_after / 2**20:,.1f}")
        table.add_row(name, f"{each.files_before:,}", f"{each.files_after:,}", *sizes, f"{each.dead_rows:,}")
    console = Console()
    console.print(table if done else "无需整理 nothing to do")
    console.print("下一步 next: yujing ledger vacuum", style="dim")


def vacuum(
    keep_hours: Annotated[
        float | None, typer.Option(min=0, help="leave what is unused for fewer hours (default: YUJING_KEEP_FILES_HOURS)")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would go")] = False,
    as_json: AsJson = False,
) -> None:
    """Files that no version names, that no living reader can have listed, and that have been unused long enough."""
    from graph.ledger.upkeep import vacuum as remove
    from yujing.wiring import open_ledger

    settings = Settings()
    ledger = open_ledger(settings)
    done = remove(ledger, settings.keep_files_hours if keep_hours is None else keep_hours, dry_run=dry_run)
    if as_json:
        print(json.dumps(vars(done)))
        return
    said = "would go" if dry_run else "removed"
    print(f"{done.files:,} 个文件 files {said}, {done.bytes / 2**20:,.1f} MiB; {done.waiting:,} unused ones stay for now.")


def _snapshot(settings: Settings, as_of: datetime | None, ledger_seq: int | None) -> "Snapshot":
    from graph.snapshot import Snapshot
    from yujing.wiring import open_engine, open_ledger

    ledger = open_ledger(settings)
    day = as_of.date() if as_of else settings.day
    return Snapshot(ledger, day, ledger_seq, open_engine(settings, ledger))


def _check_suffix(out: Path) -> None:
    from graph.errors import InputError

    if out.suffix not in {".parquet", ".csv"}:
        raise InputError(f"'{out}' is neither .parquet nor .csv.", "Name the file so.", "out")


def _write(rows: "pa.Table", out: Path, snapshot: "Snapshot") -> None:
    import pyarrow.csv
    import pyarrow.parquet

    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        pyarrow.csv.write_csv(rows, out)
    else:
        pyarrow.parquet.write_table(rows, out, compression="zstd")
    print(
        f"{rows.num_rows:,} rows as of {snapshot.as_of}, ledger_seq {snapshot.ledger_seq}, by {snapshot.engine.name}: {out}",
        file=sys.stderr,
    )


def _print_check(found: "BookCheck") -> None:
    console = Console()
    title = f"{found.as_of}, ledger_seq {found.ledger_seq}, {found.engine}: {len(found.checked)} 项 checks"
    table = Table("核查 check", "类型 type", title=title, title_justify="left")
    table.add_column("行 rows", justify="right")
    table.add_column("例 first", overflow="fold")
    for each in found.found:
        first = each.rows[0]
        place = f"{first['file']}:{first['line']} " if first["file"] else ""
        name = f"[red]{each.zh} {each.check}[/]" if each.wrong else f"{each.zh} {each.check}"
        table.add_row(name, each.type, f"{each.count:,}", f"{place}{first['id']}: {first['said']}")
    console.print(table)
    wrong = sum(each.wrong for each in found.found)
    console.print(f"[red]{wrong} 项不符 not sound[/]" if wrong else "[green]相符 sound[/] (what is not red is worth knowing only)")
