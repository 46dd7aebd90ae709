"""Starts and stops a real Kafka broker of the project's own from Maven's jars: one node, KRaft, on 127.0.0.1 alone.

It keeps its data under one home folder, and only what was started here is ever stopped.
"""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy import local
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
        return local.is_ours(self.pid, str(_properties(Path(self.home))))


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
    lib = local.jars(Path(__file__).with_name("pom.xml"), options.cache.resolve(), VERSION, "kafka.version")
    port = options.port or local.free_port()
    _properties(home).write_text(_configuration(home, port))
    storage = ["kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", CLUSTER_ID, "-c", str(_properties(home))]
    local.must(["java", "-cp", f"{lib}/*", *storage])
    command = ["java", f"-Xmx{options.heap}", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", f"{lib}/*"]
    pid = local.launch([*command, "kafka.Kafka", str(_properties(home))], _log(home))
    server = RunningServer(f"127.0.0.1:{port}", str(home), pid)
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
    local.end(server.pid, lambda: server.alive, seconds)
    _state_file(Path(server.home)).unlink(missing_ok=True)


@contextmanager
def running(options: ServerOptions) -> Iterator[RunningServer]:
    """A broker for the length of a `with` block."""
    server = start(options)
    try:
        yield server
    finally:
        stop(server)


def _configuration(home: Path, port: int) -> str:
    controller = local.free_port()
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


def _wait_until_it_answers(server: RunningServer) -> None:
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    client = AdminClient({"bootstrap.servers": server.servers, "log_level": 0})
    deadline, log = time.monotonic() + START_TIMEOUT_S, _log(Path(server.home))
    while time.monotonic() < deadline:
        if _has_ended(server):
            raise UnavailableError(f"Kafka ended as it started. {local.tail(log)}", f"See {log}.")
        with suppress(KafkaException):
            if client.list_topics(timeout=2).brokers:
                return
    raise UnavailableError(f"Kafka did not answer within {START_TIMEOUT_S} s. {local.tail(log)}")


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
