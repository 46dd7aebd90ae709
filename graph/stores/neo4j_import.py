"""The first load of a Neo4j whose files are here, by its own offline importer: ten times the rate of any driver.

    files -> (server stops) -> neo4j-admin database import full -> (server starts) -> constraints, indexes, `through_seq`

The database must be empty, and is asked again just before its server is stopped. Killed anywhere and run again it goes on;
an import that was cut off is made again, for by then the database was known to be empty.
"""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from neo4j.exceptions import AuthError

from cypher import statement
from graph.errors import ConflictError, UnavailableError
from graph.ledger import Ledger
from graph.stores.neo4j_build import NODES, Neo4jBuildOptions, bring_up, building
from graph.stores.neo4j_files import ARGUMENTS, ImportFolder, ImportState
from graph.stores.neo4j_home import Neo4jHome
from graph.stores.neo4j_session import Neo4jSession, Neo4jTarget
from graph.stores.report import BuildReport

READY_S = 300.0  # a server that was just started may take minutes before it answers


@dataclass(frozen=True)
class Neo4jImportOptions:
    """Where the files go meanwhile, whether a running server may be stopped, and who hears of the progress."""

    folder: Path
    may_stop: bool = False
    progress: Callable[[str], None] = lambda _: None


def import_neo4j(ledger: Ledger, target: Neo4jTarget, home: Neo4jHome, options: Neo4jImportOptions) -> BuildReport:
    """A first load by the importer; when it returns the server runs and holds the ledger.

    ConflictError for a database that holds anything, for a server that may not be stopped, or where the server of `home`
    is not the one that answers at `target`.
    """
    with building(ledger):
        return _Import(ledger, target, home, options).run()


def prepare_import(ledger: Ledger, folder: Path, progress: Callable[[str], None] = lambda _: None) -> tuple[ImportState, list[str]]:
    """The files alone, for a server elsewhere; and what is to be done there by hand, line by line."""
    files = ImportFolder(folder)
    state = files.write(ledger, progress=progress)
    return state, [
        f"copy {files.folder} to the server's machine and go into it there",
        "neo4j stop",
        f"neo4j-admin database import full @{ARGUMENTS} --overwrite-destination neo4j    # 'neo4j' must be empty: it is replaced",
        "neo4j start",
        "yujing graph build --store neo4j    # here: constraints, indexes, and what the ledger was told since",
    ]


class _Import:
    def __init__(self, ledger: Ledger, target: Neo4jTarget, home: Neo4jHome, options: Neo4jImportOptions) -> None:
        self._ledger = ledger
        self._target = target
        self._home = home
        self._options = options
        self._files = ImportFolder(options.folder)

    def run(self) -> BuildReport:
        begun = time.monotonic()
        state = self._files.state()
        if state is None or state.home != str(self._home.folder) or state.stage in {"writing", "written"}:
            state = self._prepare()
        if state.stage == "importing":
            self._import(state)
            state = self._files.note(replace(state, stage="imported"))
        if not self._home.running:
            self._options.progress("starting the server")
            self._home.start()
        with closing(self._started()) as session:
            report = bring_up(session, self._ledger, Neo4jBuildOptions(progress=self._options.progress))
        self._files.remove()
        return _added(report, state.parts, time.monotonic() - begun)

    def _prepare(self) -> ImportState:
        """From an empty database to a stopped server and whole files, noted as `importing`: from here on it may be overwritten."""
        if not self._home.running:
            self._options.progress("starting the server, to see that it is empty")
            self._home.start()
            self._started().close()
        elif not self._options.may_stop:
            raise ConflictError(
                f"The server of {self._home.folder} runs, and the importer needs it stopped.",
                "Stop it, or pass --restart if it may be stopped and started.",
                "restart",
            )
        with closing(Neo4jSession(self._target)) as session:
            database = _refuse_unless_empty(session)
        state = self._files.write(self._ledger, str(self._home.folder), self._options.progress)
        with closing(Neo4jSession(self._target)) as session:
            _refuse_unless_empty(session)
        self._options.progress("stopping the server")
        self._home.stop()
        self._refuse_another_server()
        return self._files.note(replace(state, stage="importing", database=database))

    def _import(self, state: ImportState) -> None:
        if self._home.running:  # somebody started it after a killed import
            self._home.stop()
        self._options.progress("neo4j-admin database import full")
        arguments = [*self._files.arguments(state), "--overwrite-destination=true", state.database]
        self._home.import_full(arguments, self._files.folder)

    def _refuse_another_server(self) -> None:
        """What was found empty must be what is stopped now, not another server at the same address."""
        try:
            Neo4jSession(self._target).close()
        except UnavailableError:
            return
        self._home.start()
        raise ConflictError(
            f"The server of {self._home.folder} was stopped, and {self._target.uri} still answers: it is another server.",
            "Set NEO4J_URI to the address of the server of that home.",
            "NEO4J_URI",
        )

    def _started(self) -> Neo4jSession:
        """A session as soon as a server that was just started answers."""
        until = time.monotonic() + READY_S
        while True:
            try:
                return Neo4jSession(self._target)
            except UnavailableError as problem:
                if isinstance(problem.__cause__, AuthError) or time.monotonic() > until or not self._home.running:
                    raise
                time.sleep(0.5)


def _refuse_unless_empty(session: Neo4jSession) -> str:
    """The name of the database that is asked. ConflictError where it holds a node."""
    if found := session.read(statement("read/neo4j_any_node")):
        labels = ", ".join(found[0][0]) or "no label"
        raise ConflictError(
            f"This Neo4j database is not empty (it has nodes with {labels}), and an import would delete what is there.",
            "Build without --import, or use an empty database.",
            "import",
        )
    return str(session.read(statement("read/neo4j_database"))[0][0])


def _added(report: BuildReport, parts: dict[str, int], seconds: float) -> BuildReport:
    """What the importer wrote, and what was written after it."""
    nodes = {name: count + parts.get(NODES + name, 0) for name, count in report.nodes.items()}
    relations = {name: count + parts.get(name, 0) for name, count in report.relations.items()}
    return BuildReport(report.engine, report.through_seq, nodes, relations, round(seconds, 3))
