"""The `yujing` command: collects the commands, and turns every expected failure into one clear message.

A command module under `yujing.commands` offers `register(app: typer.Typer) -> None` and imports what is heavy inside
its functions, so that `yujing --help` answers at once. Exit codes: 0 done, 1 a check said no, 2 refused (the message
names the field and the fix), 3 loaded with quarantine, 70 a defect of ours.
"""

import importlib
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from graph.errors import YujingError
from yujing import __version__
from yujing.wire_json import print_problem

_FAMILIES = (
    "ingest",
    "propose",
    "feeds",
    "quarantine",
    "explain",
    "erase",
    "ledger",
    "graph",
    "knowledge",
    "control",
    "circles",
    "exposure",
    "groups",
    "related",
    "flows",
    "firm",
    "resolve",
    "models",
    "stress",
    "targets",
    "features",
    "study",
    "alerts",
    "journal",
    "serve",
    "bank",
    "demo",
)
_REFUSED, _DEFECT = 2, 70


def build_app() -> typer.Typer:
    """The Typer application with every family of commands."""
    app = typer.Typer(
        name="yujing",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    app.callback()(_options)
    for family in _FAMILIES:
        importlib.import_module(f"yujing.commands.{family}").register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"yujing {__version__}")
        raise typer.Exit


def _options(
    asked: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="版本")] = False,
) -> None:
    """预警 Yujing: from a bank's own tables to an evidenced credit-risk alert."""


def main() -> None:
    """Runs the command line and exits; an expected failure is a message and exit code 2, never a traceback."""
    errors = Console(stderr=True, soft_wrap=True)
    try:
        build_app()()
    except YujingError as problem:
        errors.print(f"[bold red]错误 error:[/] {escape(problem.message)}")
        if problem.fix:
            errors.print(f"[bold]办法 fix:[/] {escape(problem.fix)}")
        if "--json" in sys.argv and not problem.printed:
            print_problem(problem)
        sys.exit(_REFUSED)
    except ValidationError as problem:
        for wrong in problem.errors():
            name = str(wrong["loc"][0]) if wrong["loc"] else ""
            variable = name if name.isupper() else f"YUJING_{name.upper()}"
            errors.print(f"[bold red]错误 error:[/] {variable}: {escape(wrong['msg'])} (got {escape(repr(wrong['input']))})")
        errors.print("[bold]办法 fix:[/] set the variable to such a value, or unset it for the default.")
        sys.exit(_REFUSED)
    except OSError as problem:
        errors.print(f"[bold red]错误 error:[/] {escape(str(problem))}")
        errors.print("[bold]办法 fix:[/] see that the path is there and may be written; YUJING_HOME names the home folder.")
        sys.exit(_REFUSED)
    except KeyboardInterrupt:
        errors.print("interrupted; what was committed stays, running the command again goes on.")
        sys.exit(130)
    except Exception as defect:
        first_line = escape(str(defect).partition("\n")[0])
        errors.print(f"[bold red]缺陷 defect:[/] {type(defect).__name__}: {first_line}")
        errors.print(f"This is ours to mend; the details are in {_write_crash_report()}.")
        sys.exit(_DEFECT)


def _write_crash_report() -> Path:
    folder = Path(tempfile.gettempdir()) / "yujing-crashes"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.txt"
    path.write_text(traceback.format_exc(), "utf-8")
    return path
