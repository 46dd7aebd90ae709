"""Starts and stops a real Kafka broker of the project's own from Maven's jars: one node, KRaft, on 127.0.0.1 alone.

It keeps its data under one home folder, and only what was started here is ever stopped.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from graph.errors import UnavailableError

VERSION = "3.9.1"
CLUSTER_ID = "eXVqaW5nLWthZmthLTAwMQ"  # any 16 bytes; a home is formatted with it once
DEFAULT_CACHE = Path(".kafka")
START_TIMEOUT_S = 120


@dataclass(frozen=True)
class ServerOptions:
    """Where the broker keeps itself and how much memory it may take."""

    home: Path
    cache: Path = DEFAULT_CACHE  # jars, shared by all homes
    port: int = 0  # 0: any free one
    heap: str = "384m"


@dataclass(frozen=True)
class RunningServer:
    """A broker that was started here; `server.json` in its home says the same to later processes."""

    servers: str
    home: str
    pid: int

    @property
    def alive(self) -> bool:
        answer = _run(["ps", "-ww", "-o", "stat=,command=", "-p", str(self.pid)])
        return answer.returncode == 0 and not answer.stdout.startswith("Z") and str(_properties(Path(self.home))) in answer.stdout


def why_unavailable() -> str:
    """Why no broker can be started on this machine; empty when one can."""
    return "" if shutil.which("java") and shutil.which("mvn") else "Java 17 with Maven is not installed"


def start(options: ServerOptions) -> RunningServer:
    """The broker of `options.home`: the one already running there, or a new one that answers.

    UnavailableError says what is missing, or the last lines of the log of a broker that did not come up.
    """
    home = options.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    if running := current(home):
        return running
    if reason := why_unavailable():
        raise UnavailableError(f"Kafka cannot be started: {reason}.", "Install them, or name a cluster of your own.")
    lib, port = _jars(options.cache.resolve()), options.port or _free_port()
    _properties(home).write_text(_configuration(home, port))
    storage = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", CLUSTER_ID, "-c", str(_properties(home))]
    _must(["java", "-cp", f"{lib}/*", *storage])
    server = RunningServer(f"127.0.0.1:{port}", str(home), _launch(home, lib, options.heap))
    _state_file(home).write_text(json.dumps(asdict(server)))
    try:
        _wait_until_it_answers(server)
    except UnavailableError:
        stop(server)
        raise
    return server


def current(home: Path) -> RunningServer | None:
    """The broker that was started in `home`, if it still runs."""
    try:
        server = RunningServer(**json.loads(_state_file(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return server if server.alive else None


def stop(server: RunningServer, seconds: float = 60) -> None:
    """Ends `server`, and waits until it has let go of its files."""
    if server.alive:
        os.kill(server.pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while server.alive and time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(server.pid, os.WNOHANG)  # reaps it where it is our own child
        time.sleep(0.1)
    if server.alive:
        os.kill(server.pid, signal.SIGKILL)
    _state_file(Path(server.home)).unlink(missing_ok=True)


@contextmanager
def running(options: ServerOptions) -> Iterator[RunningServer]:
    """A broker for the length of a `with` block."""
    server = start(options)
    try:
        yield server
    finally:
        stop(server)


def _launch(home: Path, lib: Path, heap: str) -> int:
    command = ["java", f"-Xmx{heap}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{lib}/*"]
    with _log(home).open("wb") as log:
        return subprocess.Popen(
            [*command, "kafka.Kafka", str(_properties(home))],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C meant for the tests must not reach the broker first
        ).pid


def _configuration(home: Path, port: int) -> str:
    controller = _free_port()
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "log.dirs": str(home / "data"),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
    return "".join(f"{key}={value}\n" for key, value in settings.items())


def _jars(cache: Path) -> Path:
    """The folder of the broker's jars, fetched by Maven once; a half-fetched one is never taken for whole."""
    lib = cache / f"lib-{VERSION}"
    if lib.is_dir():
        return lib
    part = cache / f"lib-{VERSION}.part-{os.getpid()}"
    shutil.rmtree(part, ignore_errors=True)
    pom = Path(__file__).with_name("pom.xml")
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={part}", "-DincludeScope=runtime", f"-Dkafka.version={VERSION}"]
    _must(["mvn", "-q", "-B", "-f", str(pom), *goal])
    try:
        part.rename(lib)
    except OSError:  # another process was first
        shutil.rmtree(part, ignore_errors=True)
    return lib


def _wait_until_it_answers(server: RunningServer) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": server.servers, "log_level": 0})
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if _has_ended(server):
            raise UnavailableError(f"Kafka ended as it started. {_log_tail(server)}", f"See {_log(Path(server.home))}.")
        with suppress(KafkaException):
            if client.list_topics(timeout=2).brokers:
                return
    raise UnavailableError(f"Kafka did not answer within {START_TIMEOUT_S} s. {_log_tail(server)}")


def _has_ended(server: RunningServer) -> bool:
    """Twice asked: a program that is just being loaded has no command line yet."""
    if server.alive:
        return False
    time.sleep(0.5)
    return not server.alive


def _properties(home: Path) -> Path:
    return home / "server.properties"


def _state_file(home: Path) -> Path:
    return home / "server.json"


def _log(home: Path) -> Path:
    return home / "console.log"


def _log_tail(server: RunningServer) -> str:
    log = _log(Path(server.home))
    return " ".join(log.read_text(errors="replace").split("\n")[-6:]) if log.exists() else ""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _must(command: list[str]) -> None:
    answer = _run(command)
    if answer.returncode != 0:
        said = (answer.stdout + answer.stderr).strip()[-600:]
        raise UnavailableError(f"'{Path(command[0]).name}' failed: {said}", "Check the network or the Java version (17).")
