"""The server as a process: started, killed, started again, stopped; nothing that was answered is lost."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.roles import Role
from tests.api.bank import CHENGHU, TODAY, build_bank


@dataclass(frozen=True)
class Home:
    """A home folder with a bank in it, the port of its server, and an integrator's key."""

    folder: Path
    port: int
    key: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def yujing(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"YUJING_HOME": str(self.folder), "YUJING_TODAY": TODAY.isoformat(), "COLUMNS": "200"}
        command = [sys.executable, "-W", "ignore", "-m", "yujing", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=200)

    def serve(self) -> subprocess.CompletedProcess[str]:
        return self.yujing("serve", "--background", "--port", str(self.port))

    @property
    def pid(self) -> int:
        return int((self.folder / "api.pid").read_text())

    def apply(self, key: str) -> httpx.Response:
        body = {"applicant": {"name": CHENGHU}, "amount_fen": 100, "on": TODAY.isoformat()}
        headers = {"X-API-Key": self.key, "Idempotency-Key": key}
        return httpx.post(f"{self.url}/v1/decisions/pre-loan", json=body, headers=headers, timeout=60)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    bank = build_bank(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = Home(tmp_path, port, bank.keys[Role.INTEGRATOR])
    yield home
    home.yujing("stop")


def test_a_server_that_is_killed_and_started_again_has_lost_nothing(home: Home) -> None:
    started = home.serve()
    assert started.returncode == 0, started.stderr
    assert home.url in started.stdout
    first = home.apply("application-1")
    assert first.status_code == 201, first.text

    os.kill(home.pid, signal.SIGKILL)
    again = home.serve()
    assert again.returncode == 0, again.stderr
    assert home.apply("application-1").content == first.content
    read = httpx.get(f"{home.url}/v1/decisions/{first.json()['id']}", headers={"X-API-Key": home.key}, timeout=60)
    assert read.json() == first.json()

    pid = home.pid
    replaced = home.serve()
    assert replaced.returncode == 0, replaced.stderr
    assert home.pid != pid, "starting again replaces the server that runs"

    assert str(home.pid) in home.yujing("stop").stdout
    assert not (home.folder / "api.pid").exists()
    assert "No API is running" in home.yujing("stop").stdout


def test_a_port_in_use_is_named_with_its_fix(home: Home) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", home.port))
        other.listen()
        refused = home.serve()
    assert refused.returncode == 2
    assert f"127.0.0.1:{home.port}" in refused.stderr
    assert f"--port {home.port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr
