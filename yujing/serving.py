"""Runs the API: in the foreground, or in the background with a pid file, and stops it again.

A server holds the lock `api.lock` for as long as it lives, however it dies; so a pid file that was left behind, or whose
number now belongs to another program, is never mistaken for a server.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from filelock import FileLock, Timeout

from graph.errors import ConflictError, InputError, UnavailableError
from yujing.settings import Settings

_READY_SECONDS = 90.0
_STOP_SECONDS = 20.0
_GRACE_SECONDS = 10  # how long calls in flight may go on after a stop was asked for
_PAUSE = 0.1
_LOG_TAIL = 8


@dataclass(frozen=True)
class Address:
    """Where the API listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        host = "127.0.0.1" if self.host in {"0.0.0.0", "::", ""} else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


@dataclass(frozen=True)
class ServerFiles:
    """The files by which a running server is known: its lock, its pid, its log."""

    home: Path

    @property
    def pid(self) -> Path:
        return self.home / "api.pid"

    @property
    def log(self) -> Path:
        return self.home / "api.log"

    def lock(self) -> FileLock:
        self.home.mkdir(parents=True, exist_ok=True)
        return FileLock(self.home / "api.lock", timeout=0)

    def running(self) -> int | None:
        """The pid of the server that runs on this home, or None."""
        try:
            with self.lock():
                self.pid.unlink(missing_ok=True)
                return None
        except Timeout:
            return self._read_pid()

    def _read_pid(self) -> int | None:
        try:
            return int(self.pid.read_text("ascii"))
        except (FileNotFoundError, ValueError):
            return None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Marks this process as the server of its home. ConflictError where another one is."""
        lock = self.lock()
        try:
            lock.acquire()
        except Timeout:
            raise ConflictError(
                f"The API already runs on {self.home} (process {self._read_pid()}).", "Stop it first: yujing stop."
            ) from None
        try:
            self.pid.write_text(str(os.getpid()), "ascii")
            yield
        finally:
            self.pid.unlink(missing_ok=True)
            lock.release()


def make_app() -> FastAPI:
    """The application over the home that the environment names; each worker process makes its own."""
    from api.app import create_app
    from api.logs import log_as_json
    from yujing.wiring import open_platform

    log_as_json()
    return create_app(open_platform(Settings()))


def run(settings: Settings, address: Address, workers: int = 1) -> None:
    """Serves until it is stopped. InputError for a port that is taken."""
    import uvicorn

    with ServerFiles(settings.home).held():
        check_port(address)
        uvicorn.run(
            "yujing.serving:make_app",
            factory=True,
            host=address.host,
            port=address.port,
            workers=workers,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )


def start(settings: Settings, address: Address, workers: int = 1) -> int:
    """Starts a server that outlives this process, in place of one that runs; returns its pid once it is ready."""
    files = ServerFiles(settings.home)
    stop(settings)
    check_port(address)
    command = [sys.executable, "-m", "yujing", "serve", "--host", address.host, "--port", str(address.port)]
    with files.log.open("ab") as log:
        server = subprocess.Popen(
            [*command, "--workers", str(workers)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | _environment(settings),
        )
    deadline = time.monotonic() + _READY_SECONDS
    while not _is_ready(address):
        if server.poll() is not None:
            raise UnavailableError(f"The API did not start. {_tail(files.log)}", f"The whole log is {files.log}.")
        if time.monotonic() > deadline:
            os.killpg(server.pid, signal.SIGKILL)
            raise UnavailableError(f"The API was not ready in {_READY_SECONDS:.0f} s.", f"Its log is {files.log}.")
        time.sleep(_PAUSE)
    return server.pid


def stop(settings: Settings) -> int | None:
    """Asks the server of this home to finish its calls and end; returns the pid it had, or None where none ran."""
    files = ServerFiles(settings.home)
    pid = files.running()
    if pid is None:
        return None
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while files.running() is not None:
        if time.monotonic() > deadline:
            raise UnavailableError(f"The API (process {pid}) does not stop.", f"End it by force: kill -9 {pid}.")
        time.sleep(_PAUSE)
    return pid


def check_port(address: Address) -> None:
    """InputError where the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except (OSError, OverflowError) as problem:
            raise InputError(
                f"The API cannot listen on {address.host}:{address.port}: {problem}.",
                f"Choose another port: yujing serve --port {address.port + 1} (or set YUJING_PORT).",
                "port",
            ) from None


def _environment(settings: Settings) -> dict[str, str]:
    """What the server must be told of these settings, wherever they came from."""
    told = {"HOME": settings.home.resolve(), "DEMO": settings.demo, "TODAY": settings.today, "STORE": settings.store}
    return {f"YUJING_{name}": str(value) for name, value in told.items() if value is not None}


def _is_ready(address: Address) -> bool:
    try:
        with urllib.request.urlopen(f"{address.url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _tail(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").splitlines()[-_LOG_TAIL:]
    return " ".join(line.strip() for line in lines if line.strip())
