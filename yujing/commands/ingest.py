"""`yujing ingest`: loads the files that a manifest names."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from yujing.settings import Settings

_LOADED_WITH_QUARANTINE = 3


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("ingest")(_ingest)


def _ingest(
    manifest: Annotated[Path, typer.Argument(help="清单 manifest.yaml", show_default=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查不写入。Check everything, write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")] = False,
) -> None:
    """导入清单所列文件：检查、隔离、入账。Load a manifest's files into the ledger.

    Exit 0 clean, 3 loaded with quarantine, 2 refused.
    """
    from rich.console import Console

    from ingest.report import LiveProgress, print_result
    from ingest.run import ingest
    from yujing.settings import Settings
    from yujing.wiring import connections, open_ledger, open_vault

    with _home(Settings(), dry_run) as settings, LiveProgress(Console(stderr=True)) as progress:
        ledger = open_ledger(settings)
        result = ingest(
            manifest,
            ledger,
            open_vault(settings),
            quarantine=settings.quarantine,
            data_root=settings.data,
            connections=connections(settings),
            dry_run=dry_run,
            progress=progress,
        )
    if as_json:
        typer.echo(json.dumps(result.to_json(), ensure_ascii=False))
    else:
        print_result(result, Console())
    raise typer.Exit(0 if result.clean else _LOADED_WITH_QUARANTINE)


@contextmanager
def _home(settings: "Settings", dry_run: bool) -> Iterator["Settings"]:
    """The home to load into; a dry run where there is none yet gets one that is thrown away."""
    if not dry_run or settings.ledger.exists():
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="yujing-dry-") as folder:
        yield settings.model_copy(update={"home": Path(folder)})
