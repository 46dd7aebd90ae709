"""`yujing serve`, `yujing stop`, and `yujing keys`: the API and who may call it."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from alerts.journal import Journal

_ROLES = "officer, integrator, modeler or admin"


def register(app: typer.Typer) -> None:
    """Adds the commands of this family."""
    app.command()(serve)
    app.command()(stop)
    keys = typer.Typer(no_args_is_help=True, help="API keys: who may call.")
    keys.command("create")(create_key)
    keys.command("list")(list_keys)
    keys.command("revoke")(revoke_key)
    app.add_typer(keys, name="keys")


def serve(
    host: Annotated[str, typer.Option(help="where to listen; YUJING_HOST otherwise")] = "",
    port: Annotated[int, typer.Option(help="YUJING_PORT otherwise")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="processes that answer")] = 1,
    background: Annotated[bool, typer.Option("--background", help="return once it is ready; `yujing stop` ends it")] = False,
) -> None:
    """Serve the API and its pages."""
    from yujing.serving import Address, run, start

    settings = Settings()
    address = Address(host or settings.host, port or settings.port)
    if not background:
        run(settings, address, workers)
        return
    pid = start(settings, address, workers)
    Console().print(f"API: [bold]{address.url}[/] (process {pid}); `yujing stop` ends it, {settings.home / 'api.log'} is its log.")


def stop() -> None:
    """Stop the API that runs in the background."""
    from yujing.serving import stop as stop_server

    pid = stop_server(Settings())
    Console().print("No API is running." if pid is None else f"Stopped (process {pid}).")


def create_key(
    name: Annotated[str, typer.Option(help="what calls with it, e.g. core-loans")],
    role: Annotated[str, typer.Option(help=_ROLES)],
    branch: Annotated[str, typer.Option(help="see only this branch; empty: all")] = "",
) -> None:
    """Make an API key. It is shown once and never again: only its hash is kept."""
    from api.roles import parse_role

    key, secret = _journal().create_key(name, parse_role(role), branch)
    console = Console(soft_wrap=True)
    scope = f"branch {key.branch}" if key.branch else "all branches"
    console.print(f"Key {key.id} for {key.name} ({key.role}, {scope}). Keep it; it is shown once:")
    console.print(secret, style="bold", highlight=False)


def list_keys() -> None:
    """List the API keys, the revoked ones too."""

    table = Table("id", "name", "role", "branch", "created", "revoked")
    for key in _journal().api_keys():
        revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
        table.add_row(key.id, key.name, key.role, key.branch or "all", f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    Console().print(table)


def revoke_key(key_id: Annotated[str, typer.Argument(help="as `yujing keys list` shows it")]) -> None:
    """Revoke an API key: the next call with it is refused."""

    _journal().revoke_key(key_id)
    Console().print(f"Key {key_id} is revoked.")


def _journal() -> "Journal":
    from alerts.journal import Journal, upgrade

    url = Settings().journal
    upgrade(url)
    return Journal(url)
