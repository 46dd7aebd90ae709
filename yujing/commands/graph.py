"""`yujing graph build|verify` and `yujing network`: the graph out of the ledger, checked against it, and drawn."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from yujing.settings import Settings

if TYPE_CHECKING:
    from graph.ledger import Ledger
    from graph.network import Network
    from graph.store import GraphReader
    from graph.stores import BuildReport
    from graph.verify import Verification

Progress = Callable[[str], None]
Store = Annotated[Literal["ladybug", "neo4j"] | None, typer.Option(help="which engine (default: YUJING_STORE)")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]
Day = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="the day, YYYY-MM-DD (default: today)")]


def register(app: typer.Typer) -> None:
    """Adds `graph build`, `graph verify` and `network`."""
    graph = typer.Typer(name="graph", help="The graph store: build it from the ledger, verify it. 图谱", no_args_is_help=True)
    graph.command("build", help="Bring the graph store up to the ledger.")(build)
    graph.command("verify", help="Compare the graph store with the ledger: exit 0 equal, 1 not.")(verify)
    app.add_typer(graph)
    app.command("network", help="The exposure network of a firm: table, JSON or picture. 敞口网络")(network)


def build(  # noqa: PLR0917 (Typer reads its options from the signature)
    store: Store = None,
    adopt: Annotated[bool, typer.Option("--adopt", help="use a Neo4j database that holds things of others")] = False,
    import_home: Annotated[
        Path | None,
        typer.Option("--import", metavar="HOME", help="first load by Neo4j's own importer, into the server with this home"),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="with --import: a running server may be stopped and started")] = False,
    prepare: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="only write the files for Neo4j's importer, and say what to run by hand")
    ] = None,
    sessions: Annotated[int, typer.Option(min=1, max=64, help="how many sessions write to Neo4j at once")] = 2,
    as_json: AsJson = False,
) -> None:
    """Build a new embedded generation, or write to Neo4j what changed."""
    from yujing.wiring import open_ledger

    settings = _settings("neo4j" if import_home or prepare else store)
    ledger, errors = open_ledger(settings), Console(stderr=True)
    with errors.status("building the graph") as status:

        def progress(part: str) -> None:
            status.update(f"building the graph: {part}")

        if prepare:
            _prepare(ledger, prepare, progress, as_json)
            return
        if import_home:
            report = _import(settings, ledger, import_home, restart, progress)
        else:
            report = _build(settings, ledger, Neo4jWays(adopt, sessions), progress)
    if as_json:
        print(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        _print_build(report)


def verify(store: Store = None, as_json: AsJson = False) -> None:
    """Counts and checksums by type, and ids of what differs."""
    from graph.verify import verify as compare
    from yujing.wiring import open_ledger, open_store

    settings = _settings(store)
    ledger = open_ledger(settings)
    reader = open_store(settings, ledger)
    with Console(stderr=True).status("comparing the graph with the ledger"):
        found = compare(reader, ledger)
    reader.close()
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        _print_verification(found)
    raise typer.Exit(0 if found.equal else 1)


def network(  # noqa: PLR0917 (Typer reads its options from the signature)
    firm: Annotated[str, typer.Argument(help="id, credit code or name")],
    as_of: Day = None,
    depth: Annotated[int, typer.Option(min=1, max=6, help="how many hops")] = 2,
    types: Annotated[str, typer.Option(help="relation types, separated by commas (default: all that last)")] = "",
    max_nodes: Annotated[int, typer.Option(min=2, help="how many entities at most")] = 60,
    svg: Annotated[Path | None, typer.Option(help="write the picture here")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Who is tied to a firm, over how many hops, and for how much."""
    from api.naming import mask_network
    from api.network import network_shown
    from api.rows import RowReader
    from graph.picture import network_svg
    from graph.snapshot import Snapshot
    from graph.store import Moment
    from graph.walks import NetworkQuery, exposure_network
    from yujing.wire_json import print_wire
    from yujing.wiring import open_sources

    settings = _settings(store)
    opened = open_sources(settings)
    reader = opened.store
    wanted = tuple(name.strip() for name in types.split(",") if name.strip())
    when = Moment.of(as_of.date() if as_of else settings.day)
    entity = one_firm(reader, firm)
    query = NetworkQuery(when, depth, wanted, max_nodes=max_nodes)
    found = mask_network(opened.vault, exposure_network(reader, entity, query))
    if svg:
        svg.write_text(network_svg(found, opened.ledger.ontology, "虚构数据 invented data" if settings.demo else ""), "utf-8")
    if as_json:
        shown = network_shown(opened, RowReader(Snapshot(opened.ledger, when.valid)), found)
    reader.close()
    if as_json:
        print_wire(shown)
    else:
        _print_network(found)
        if svg:
            print(f"图 picture: {svg}")


@dataclass(frozen=True)
class Neo4jWays:
    """How the driver may write."""

    adopt: bool
    sessions: int


def _build(settings: Settings, ledger: "Ledger", ways: Neo4jWays, progress: Progress) -> "BuildReport":
    from graph.stores import BuildOptions, Neo4jBuildOptions, build_ladybug, build_neo4j
    from yujing.wiring import neo4j_target

    if settings.store == "neo4j":
        options = Neo4jBuildOptions(adopt=ways.adopt, sessions=ways.sessions, progress=progress)
        return build_neo4j(ledger, neo4j_target(settings), options)
    return build_ladybug(ledger, settings.graph, BuildOptions(threads=settings.threads, progress=progress))


def _import(settings: Settings, ledger: "Ledger", home: Path, restart: bool, progress: Progress) -> "BuildReport":
    """A server that `make neo4j` started may be stopped; any other only where the user says so."""
    from graph.stores import Neo4jHome, Neo4jImportOptions, import_neo4j
    from yujing.wiring import neo4j_target

    may_stop = restart or (home / "server.json").is_file()
    options = Neo4jImportOptions(settings.home / "neo4j-import", may_stop, progress)
    there = Neo4jHome.of(home, settings.neo4j_control, settings.neo4j_admin)
    return import_neo4j(ledger, neo4j_target(settings), there, options)


def _prepare(ledger: "Ledger", folder: Path, progress: Progress, as_json: bool) -> None:
    from graph.stores import prepare_import

    state, steps = prepare_import(ledger, folder, progress)
    if as_json:
        print(json.dumps({"folder": str(folder), "through_seq": state.through_seq, "rows": state.parts, "steps": steps}))
        return
    print(f"{sum(state.parts.values()):,} rows to ledger_seq {state.through_seq} are in {folder}. 下一步 next:")
    for step in steps:
        print(f"  {step}")


def _settings(store: Literal["ladybug", "neo4j"] | None) -> Settings:
    settings = Settings()
    return settings.model_copy(update={"store": store}) if store else settings


def one_firm(reader: "GraphReader", text: str) -> str:
    """The id of the only firm that `text` means; an exact match wins over parts of names."""
    from graph.errors import InputError, NotFoundError

    hits = reader.find_firms(text)
    exact = [hit for hit in hits if text in {hit.id, hit.uscc, hit.name}]
    if len(exact or hits) == 1:
        return (exact or hits)[0].id
    if not hits:
        raise NotFoundError(f"No firm is called '{text}'.", "Use an id, a credit code or part of a name.", "firm")
    listed = ", ".join(f"{hit.name or '?'} ({hit.uscc or hit.id})" for hit in (exact or hits)[:8])
    raise InputError(f"'{text}' may be any of: {listed}.", "Name one by its code or id.", "firm")


def _print_build(report: "BuildReport") -> None:
    console = Console()
    console.print(f"{report.engine}: built to ledger_seq {report.through_seq} in {report.seconds:,.1f} s")
    table = Table()
    table.add_column("type")
    table.add_column("written", justify="right")
    for name, count in (*report.nodes.items(), *report.relations.items()):
        if count:
            table.add_row(name, f"{count:,}")
    console.print(table)
    console.print("下一步 next: yujing graph verify")


def _print_verification(found: "Verification") -> None:
    console = Console()
    console.print(f"{found.store} against the ledger, to ledger_seq {found.through_seq} of {found.ledger_seq}")
    table = Table()
    for column in ("type", "store", "ledger", "checksum", ""):
        table.add_column(column, justify="right" if column in {"store", "ledger"} else "left")
    for name, each in found.types.items():
        if each.store.rows or each.ledger.rows:
            sign = "[green]equal[/]" if each.equal else f"[red]missing {list(each.missing)} surplus {list(each.surplus)}[/]"
            table.add_row(name, f"{each.store.rows:,}", f"{each.ledger.rows:,}", each.store.checksum, sign)
    console.print(table)
    console.print("[green]一致 equal[/]" if found.equal else "[red]不一致 not equal[/]. 办法 fix: yujing graph build")


def _print_network(found: "Network") -> None:
    names = {node.id: node.name or node.id for node in found.nodes}
    table = Table(title=f"{names[found.firm]} 敞口网络 exposure network, {found.when.valid}")
    for column in ("from", "relation", "to", "amount (CNY)", "share"):
        table.add_column(column, justify="right" if column in {"amount (CNY)", "share"} else "left", overflow="fold")
    for edge in sorted(found.edges, key=lambda e: (-(e.amount_fen or 0), -(e.share or 0), e.rel))[:40]:
        amount = "" if edge.amount_fen is None else f"{edge.amount_fen / 100:,.0f}"
        share = "" if edge.share is None else f"{edge.share:.1%}"
        table.add_row(names[edge.src], edge.type, names[edge.dst], amount, share)
    console = Console()
    console.print(table)
    shown = f"{min(len(found.edges), 40)} of {len(found.edges)} relations shown, {len(found.nodes)} entities"
    console.print(shown + f"; {found.left_out} entities left out" * bool(found.left_out) + ".")
    for cut in found.cuts:
        console.print(
            f"{names.get(cut.anchor, cut.anchor)}: {cut.shown} of {cut.degree:,} {cut.type} ({cut.way}) walked.", style="yellow"
        )
