"""Starts and stops a real Neo4j 5.26 of the project's own: by Docker where an engine answers, else from Maven's jars.

It listens on 127.0.0.1 alone, keeps its data under one home folder, and only what was started here is ever stopped.
"""

import json
import os
import secrets
import shlex
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from neo4j import GraphDatabase
from neo4j.exceptions import AuthError, Neo4jError, ServiceUnavailable

from deploy import local
from graph.errors import UnavailableError

VERSION = "5.26.30"
IMAGE = "neo4j:5.26-community"
DEFAULT_CACHE = Path(".neo4j")
START_TIMEOUT_S = 180

_FOLDERS = ("bin", "data", "logs", "run", "plugins", "import", "lib", "labs", "licenses", "certificates", "conf")
_OPENS = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")
]


@dataclass(frozen=True)
class ServerOptions:
    """Where the server keeps itself and how much memory it may take."""

    home: Path
    cache: Path = DEFAULT_CACHE  # jars, shared by all homes
    port: int = 0  # 0: the one it had before, else any free one
    heap: str = "512m"
    page_cache: str = "256m"


@dataclass(frozen=True)
class RunningServer:
    """A server that was started here; `server.json` in its home says the same to later processes."""

    uri: str
    user: str
    password: str
    home: str
    pid: int = 0
    container: str = ""

    @property
    def alive(self) -> bool:
        if self.container:
            answer = local.run(["docker", "inspect", "-f", "{{.State.Running}}", self.container])
            return answer.returncode == 0 and answer.stdout.strip() == "true"
        return local.is_ours(self.pid, f"--home-dir={self.home}")


def why_unavailable() -> str:
    """Why no server can be started on this machine; empty when one can."""
    if _docker_answers() or (shutil.which("java") and shutil.which("mvn")):
        return ""
    return "no Docker engine answers, and Java 17 with Maven is not installed"


def start(options: ServerOptions) -> RunningServer:
    """The server of `options.home`: the one already running there, or a new one that answers on Bolt.

    UnavailableError says what is missing, or the last lines of the log of a server that did not come up.
    """
    options.home.mkdir(parents=True, exist_ok=True)
    if running := current(options.home):
        return running
    if reason := why_unavailable():
        raise UnavailableError(f"Neo4j cannot be started: {reason}.", "Install one of them, or set NEO4J_URI.")
    server = _start_container(options) if _docker_answers() else None
    server = server or _start_java(options)
    _state_file(options.home).write_text(json.dumps(asdict(server)))
    _state_file(options.home).chmod(0o600)
    try:
        _wait_for_bolt(server)
    except UnavailableError:
        stop(server)
        raise
    return server


def current(home: Path) -> RunningServer | None:
    """The server that was started in `home`, if it still runs."""
    try:
        server = RunningServer(**json.loads(_state_file(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return server if server.alive else None


def stop(server: RunningServer) -> None:
    """Ends `server`, and waits until it has let go of its files."""
    if server.container:
        local.run(["docker", "stop", server.container])
    else:
        local.end(server.pid, lambda: server.alive)
    _state_file(Path(server.home)).unlink(missing_ok=True)


@contextmanager
def running(options: ServerOptions) -> Iterator[RunningServer]:
    """A server for the length of a `with` block."""
    server = start(options)
    try:
        yield server
    finally:
        stop(current(options.home) or server)  # it may have been started again meanwhile


def _start_container(options: ServerOptions) -> RunningServer | None:
    """A container, or None where the image cannot be had (then the jars may)."""
    port, password = options.port or local.free_port(), _password(options.home)
    command = ["docker", "run", "--detach", "--rm", "--publish", f"127.0.0.1:{port}:7687"]
    for setting, value in {
        "NEO4J_AUTH": f"neo4j/{password}",
        "NEO4J_server_memory_heap_max__size": options.heap,
        "NEO4J_server_memory_pagecache_size": options.page_cache,
        "NEO4J_dbms_usage__report_enabled": "false",
    }.items():
        command += ["--env", f"{setting}={value}"]
    data = (options.home / "docker-data").resolve()
    answer = local.run([*command, "--volume", f"{data}:/data", IMAGE])
    if answer.returncode != 0:
        return None
    return RunningServer(
        f"bolt://127.0.0.1:{port}", "neo4j", password, str(options.home.resolve()), container=answer.stdout.strip()
    )


def _start_java(options: ServerOptions) -> RunningServer:
    lib = local.jars(Path(__file__).with_name("pom.xml"), options.cache.resolve(), VERSION, "neo4j.version")
    home, port = options.home.resolve(), options.port or _former_port(options.home) or local.free_port()
    for folder in _FOLDERS:
        (home / folder).mkdir(exist_ok=True)
    _write_programs(options, home, lib)
    (home / "conf" / "neo4j.conf").write_text(_configuration(options, port))
    environment = {**os.environ, "NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    password = _password(home)
    if not (home / "data" / "databases").exists():
        local.must(["java", "-cp", f"{lib}/*", "org.neo4j.cli.AdminTool", "dbms", "set-initial-password", password], environment)
    command = ["java", f"-Xmx{options.heap}", *_OPENS, "-cp", f"{lib}/*", "org.neo4j.server.CommunityEntryPoint"]
    arguments = [f"--home-dir={home}", f"--config-dir={home / 'conf'}"]
    pid = local.launch([*command, *arguments], _log(home), environment)
    return RunningServer(f"bolt://127.0.0.1:{port}", "neo4j", password, str(home), pid=pid)


def _write_programs(options: ServerOptions, home: Path, lib: Path) -> None:
    """`bin/neo4j` and `bin/neo4j-admin`, as in any home of Neo4j."""
    root, cache = Path(__file__).resolve().parents[2], options.cache.resolve()
    again = [sys.executable, "-m", "deploy.neo4j", "$1", str(home), "--cache", str(cache)]
    again += ["--heap", options.heap, "--page-cache", options.page_cache]
    command = " ".join('"$1"' if word == "$1" else shlex.quote(word) for word in again)
    where = f"export NEO4J_HOME={shlex.quote(str(home))} NEO4J_CONF={shlex.quote(str(home / 'conf'))}"
    jars = shlex.quote(f"{lib}/*")
    for name, lines in {
        "neo4j": f"export PYTHONPATH={shlex.quote(str(root))}\nexec {command}",
        "neo4j-admin": f'{where}\nexec java -Xmx"${{HEAP_SIZE:-1g}}" -cp {jars} org.neo4j.cli.AdminTool "$@"',
    }.items():
        program = home / "bin" / name
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(0o755)


def _former_port(home: Path) -> int:
    """The port that this home had, so that its address stays; 0 where it had none or somebody else has it now."""
    with suppress(OSError, ValueError), socket.socket() as probe:
        told = (home / "conf" / "neo4j.conf").read_text()
        port = int(told.partition("server.bolt.listen_address=")[2].partition("\n")[0].rpartition(":")[2])
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return port
    return 0


def _configuration(options: ServerOptions, port: int) -> str:
    settings = {
        "server.bolt.listen_address": f"127.0.0.1:{port}",
        "server.http.enabled": "false",
        "server.https.enabled": "false",
        "dbms.usage_report.enabled": "false",
        "server.memory.heap.initial_size": options.heap,
        "server.memory.heap.max_size": options.heap,
        "server.memory.pagecache.size": options.page_cache,
        "db.tx_log.rotation.retention_policy": "keep_none",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _wait_for_bolt(server: RunningServer) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if not server.alive:
            raise UnavailableError(f"Neo4j ended as it started. {local.tail(_log(Path(server.home)))}", f"See {server.home}/logs.")
        try:
            with GraphDatabase.driver(server.uri, auth=(server.user, server.password)) as driver:
                driver.verify_connectivity()
                return
        except AuthError as problem:
            raise UnavailableError("Neo4j refuses our password.", f"Remove {server.home} to start afresh.") from problem
        except (ServiceUnavailable, Neo4jError, OSError):
            time.sleep(0.25)
    raise UnavailableError(f"Neo4j did not answer within {START_TIMEOUT_S} s. {local.tail(_log(Path(server.home)))}")


def _docker_answers() -> bool:
    return shutil.which("docker") is not None and local.run(["docker", "info"]).returncode == 0


def _password(home: Path) -> str:
    kept = home / "password"
    if not kept.exists():
        kept.write_text(secrets.token_hex(16))  # no leading dash: the admin tool would read an option
        kept.chmod(0o600)
    return kept.read_text()


def _log(home: Path) -> Path:
    return home / "logs" / "console.log"


def _state_file(home: Path) -> Path:
    return home / "server.json"
