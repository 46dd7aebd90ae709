"""The `yujing` command: collects the commands, and turns every expected failure into one clear message.

A command module under `yujing.commands` offers `register(app: typer.Typer) -> None` and imports what is heavy inside
its functions, so that `yujing --help` answers at once. Exit codes: 0 done, 1 a check said no, 2 refused (the message
names the field and the fix), 3 loaded with quarantine, 70 a defect of ours.
"""

import importlib
import json
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

from graph.errors import InputError, YujingError
from yujing import __version__

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
    """Runs the command line and exits; an expected failure is a message and exit code 2, never a traceback.

    With `--json` a refusal is one object on standard output as well, whatever the command.
    """
    sys.exit(_run())


def _run() -> int | str | None:
    errors = Console(stderr=True, soft_wrap=True)
    try:
        build_app()()
    except SystemExit as ended:
        if usage := _usage(ended):
            _tell_machine(usage)
        return ended.code
    except (YujingError, ValidationError, OSError) as problem:
        _show(_refusal(problem), errors)
        return _REFUSED
    except KeyboardInterrupt:
        errors.print("interrupted; what was committed stays, running the command again goes on.")
        return 130
    except Exception as defect:
        first_line = escape(str(defect).partition("\n")[0])
        errors.print(f"[bold red]缺陷 defect:[/] {type(defect).__name__}: {first_line}")
        errors.print(f"This is ours to mend; the details are in {_write_crash_report()}.")
        return _DEFECT
    return 0


def _show(refusal: YujingError, errors: Console) -> None:
    errors.print(f"[bold red]错误 error:[/] {escape(refusal.message)}")
    if refusal.fix:
        errors.print(f"[bold]办法 fix:[/] {escape(refusal.fix)}")
    _tell_machine(refusal)


def _refusal(problem: YujingError | ValidationError | OSError) -> YujingError:
    """Every expected failure as one of ours; a `ValidationError` that comes so far is of the settings."""
    if isinstance(problem, YujingError):
        return problem
    if isinstance(problem, OSError):
        return InputError(str(problem), "see that the path is there and may be written; YUJING_HOME names the home folder.", "path")
    said, names = [], []
    for wrong in problem.errors():
        name = str(wrong["loc"][0]) if wrong["loc"] else ""
        names.append(name if name.isupper() else f"YUJING_{name.upper()}")
        said.append(f"{names[-1]}: {wrong['msg']} (got {wrong['input']!r})")
    return InputError("\n".join(said), "set the variable to such a value, or unset it for the default.", names[0])


def _usage(ended: SystemExit) -> YujingError | None:
    """The words of a command line that Typer did not understand: it has shown them and exits."""
    said = getattr(ended.__context__, "format_message", None)
    context = getattr(ended.__context__, "ctx", None)
    return InputError(said(), f"See {context.command_path if context else 'yujing'} --help.", "arguments") if said else None


def _tell_machine(refusal: YujingError) -> None:
    if "--json" in sys.argv:
        print(json.dumps(refusal.as_json(), ensure_ascii=False))


def _write_crash_report() -> Path:
    folder = Path(tempfile.gettempdir()) / "yujing-crashes"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.txt"
    path.write_text(traceback.format_exc(), "utf-8")
    return path
