"""`yujing bank`: the invented bank, for demonstrations and tests."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds `yujing bank write`."""
    bank = typer.Typer(name="bank", help="The invented bank: 虚构银行.", no_args_is_help=True)
    bank.command("write")(write)
    bank.callback()(_family)
    app.add_typer(bank)


def _family() -> None:
    """The invented bank: 虚构银行."""


def write(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty folder, or one that held an invented bank.")],
    firms: Annotated[int, typer.Option(help="How many firms live in the invented city.")] = 3000,
    seed: Annotated[int, typer.Option(help="Equal seeds write equal files.")] = 7,
    months: Annotated[int, typer.Option(help="How many months, up to March 2026.")] = 36,
    only: Annotated[str, typer.Option(metavar="SYSTEM,…", help="Only these systems: ecif, registry, credit, core, outside.")] = "",
) -> None:
    """Writes an invented bank's files, and the manifest that reads them, into DIR.

    A bank of more than 5,000 firms is written one society of firms after another, its files in parts (借据-0001.csv, …), in
    memory that does not grow with the bank.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table

    from yujing.bank.plan import BankPlan
    from yujing.bank.write import write_bank

    plan, console = BankPlan(firms=firms, seed=seed, months=months), Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("虚构银行 societies of firms", total=plan.societies + 1)
        systems = [name.strip() for name in only.split(",") if name.strip()]
        report = write_bank(folder, plan, systems, lambda done, total: progress.update(task, completed=done, total=total))
    table = Table("文件 file", "行数 rows", title="虚构银行 an invented bank")
    for name, rows in report.rows.items():
        table.add_row(name, f"{rows:,}")
    console.print(table)
    console.print(
        f"{report.total_rows:,} rows; {report.borrowers:,} borrowers, {report.defaults} defaults, "
        f"{report.by_contagion} of them by contagion; {report.planted} errors planted."
    )
    console.print(f"下一步 next: yujing ingest {folder / 'manifest.yaml'}", soft_wrap=True)
