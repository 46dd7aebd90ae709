"""`yujing propose`: a commented draft manifest for files or tables that nobody has described yet."""

import json
import re
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("propose")(_propose)


def _propose(
    sources: Annotated[
        list[str], typer.Argument(help="文件、文件夹或数据库URL。Files, folders, database URLs.", show_default=False)
    ],
    *,
    output: Annotated[Path, typer.Option("--output", "-o", help="草稿写在哪里。Where the draft goes.")] = Path("manifest.yaml"),
    name: Annotated[str, typer.Option(help="清单名。The feed's name; else from the first source.", show_default=False)] = "",
    ontology: Annotated[Path | None, typer.Option(help="本行增补的本体。A bank's additions.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件。Overwrite what is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个JSON对象。Print one JSON object.")] = False,
) -> None:
    """为未知的文件或数据表起草清单，逐项注明把握与理由。Draft a manifest for unknown files or tables; every guess says why.

    Looks at a bounded sample. Ingest itself never guesses: read the draft, mend it, then load it.
    """
    from rich.console import Console

    from graph.errors import InputError
    from graph.ontology import core_ontology, extend_ontology, read_additions
    from ingest.propose.proposal import draft_of
    from ingest.propose.report import print_draft, to_json
    from ingest.propose.sources import look_at_all
    from ingest.propose.write import manifest_text

    if output.is_dir():
        raise InputError(f"{output} is a folder.", f"Name the file: -o {output / 'manifest.yaml'}.", "output")
    if output.exists() and not force:
        raise InputError(f"{output}: there is a file already.", "Give another -o, or --force.", "output")
    feed = name or _name(sources[0])
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", feed):
        raise InputError(f"'{feed}' cannot name a manifest.", "Take a-z, 0-9, _ and -; at most 40.", "name")
    known = extend_ontology(core_ontology(), read_additions(ontology)) if ontology else core_ontology()
    progress = Console(stderr=True)
    with progress.status("查看 looking …"):
        looks, aside = look_at_all(sources)
    with progress.status(f"比对 weighing {len(looks)} sources …"):
        draft = draft_of(looks, known, feed, aside, str(ontology.absolute()) if ontology else "")
    if not any(file.yields for file in draft.files):
        raise InputError(
            "No type of the ontology fits what was looked at.", "Declare the bank's own types: --ontology FILE.", "source"
        )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(manifest_text(draft, output), "utf-8")
    if as_json:
        typer.echo(json.dumps(to_json(draft, output), ensure_ascii=False))
    else:
        print_draft(draft, output, Console())


def _name(source: str) -> str:
    """A feed's name from a source: its last part in plain letters."""
    last = source.rstrip("/").split("?")[0].rpartition("/")[2].split(".")[0] or "draft"
    return re.sub(r"[^a-z0-9_-]+", "-", last.lower()).strip("-_")[:40] or "draft"
