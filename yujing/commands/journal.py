"""`yujing journal current|upgrade|downgrade`: the schema of the journal's database."""

import json
from typing import Annotated

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def register(app: typer.Typer) -> None:
    """Adds `journal current`, `upgrade` and `downgrade`."""
    journal = typer.Typer(name="journal", help="The journal's database: its schema. 台账库", no_args_is_help=True)
    journal.command("current", help="The schema's revision: exit 0 the newest, 1 not.")(show_current)
    journal.command("upgrade", help="Bring the schema up to today's, or to a revision.")(upgrade_schema)
    journal.command("downgrade", help="Take the schema back to a revision.")(downgrade_schema)
    app.add_typer(journal)


def show_current(as_json: AsJson = False) -> None:
    """Which revision, and which is the newest."""
    raise typer.Exit(0 if _say(as_json) else 1)


def upgrade_schema(
    revision: Annotated[str, typer.Argument(help="a revision, or head")] = "head",
    as_json: AsJson = False,
) -> None:
    """Every command that opens the journal upgrades it too; this one is for those who want to do it apart."""
    from alerts.journal import upgrade

    upgrade(_url(), revision)
    _say(as_json)


def downgrade_schema(
    revision: Annotated[str, typer.Argument(help="a revision, or base for none")],
    lose: Annotated[bool, typer.Option("--lose-what-it-holds", help="what only later revisions hold is deleted for good")] = False,
    as_json: AsJson = False,
) -> None:
    """Decisions, alerts and the audit chain are a record of their own: nothing else can make them again."""
    from alerts.journal import downgrade
    from graph.errors import InputError

    if not lose:
        raise InputError(
            f"Going back to '{revision}' deletes for good what only later revisions hold; for 'base' the whole journal.",
            "Back the database up, then pass --lose-what-it-holds.",
            "lose-what-it-holds",
        )
    downgrade(_url(), revision)
    _say(as_json)


def _say(as_json: bool) -> bool:
    from alerts.journal import current

    schema = current(_url())
    if as_json:
        print(json.dumps({"revision": schema.revision, "head": schema.head, "newest": schema.newest}))
    else:
        console = Console()
        console.print(
            f"台账库版本 journal schema: {schema.revision}" + (" (newest)" if schema.newest else f", newest is {schema.head}")
        )
        if not schema.newest:
            console.print("下一步 next: yujing journal upgrade")
    return schema.newest


def _url() -> str:
    from yujing.settings import Settings

    return Settings().journal
