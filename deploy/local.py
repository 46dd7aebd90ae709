"""What every server that the project starts for itself needs: Maven's jars, a free port, a process that ends when told."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from graph.errors import UnavailableError


def jars(pom: Path, cache: Path, version: str, named: str) -> Path:
    """The folder of a server's jars, fetched by Maven once; a half-fetched one is never taken for whole.

    `named`: the property of the pom that takes the version. Never two processes at once: Maven's own store is not safe there.
    """
    cache.mkdir(parents=True, exist_ok=True)
    lib = cache / f"lib-{version}"
    if lib.is_dir():
        return lib
    with FileLock(cache / f"lib-{version}.lock"):
        if not lib.is_dir():
            part = cache / f"lib-{version}.part"
            shutil.rmtree(part, ignore_errors=True)
            goal = ["dependency:copy-dependencies", f"-DoutputDirectory={part}", "-DincludeScope=runtime", f"-D{named}={version}"]
            must(["mvn", "-q", "-B", "-f", str(pom), *goal])
            part.rename(lib)
    return lib


def launch(command: list[str], log: Path, environment: dict[str, str] | None = None) -> int:
    """The process id of `command`, which goes on when this process ends and says what it says in `log`."""
    with log.open("wb") as out:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C meant for the tests must not reach the server first
        ).pid


def is_ours(pid: int, mark: str) -> bool:
    """Whether `pid` runs with `mark` in its command line, and is not a stranger that got its number later."""
    answer = run(["ps", "-ww", "-o", "stat=,command=", "-p", str(pid)])
    return answer.returncode == 0 and not answer.stdout.startswith("Z") and mark in answer.stdout


def end(pid: int, alive: Callable[[], bool], seconds: float = 60) -> None:
    """Asks the process to end and waits until it has let go of its files; after `seconds` it is killed."""
    if alive():
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)  # reaps it where it is our own child
        if not alive():
            return
        time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)


def tail(log: Path) -> str:
    """The last lines of a log, as one; nothing where there is none."""
    return " ".join(log.read_text(errors="replace").split("\n")[-6:]) if log.exists() else ""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """What `command` said, whether or not it went well."""
    return subprocess.run(command, capture_output=True, text=True, check=False)


def must(command: list[str], environment: dict[str, str] | None = None) -> None:
    """UnavailableError, with the last words of `command`, where it failed."""
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        said = (answer.stdout + answer.stderr).strip()[-600:]
        raise UnavailableError(f"'{Path(command[0]).name}' failed: {said}", "Check the network or the Java version (17).")
