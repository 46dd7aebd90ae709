"""A PostgreSQL of the test's own: a temporary cluster on a free port, with a fresh database for each test."""

import atexit
import functools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest


@contextmanager
def postgres_url() -> Iterator[str]:
    """The URL of an empty database; skips, saying why, where PostgreSQL cannot be had."""
    psycopg = pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    port = _cluster()
    name = f"journal_{uuid4().hex}"
    with psycopg.connect(host="127.0.0.1", port=port, user="yujing", dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield f"postgresql://yujing@127.0.0.1:{port}/{name}"
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


class Cluster:
    """One PostgreSQL server that can go away and come back at the same address."""

    def __init__(self) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        found = str(programs[-1]) if programs else shutil.which("initdb")
        if not found:
            pytest.skip("PostgreSQL's initdb is not installed")
        self._data = Path(tempfile.mkdtemp(prefix="yujing-pg-"))
        self._as_user = _owner(self._data)
        self._bin = Path(found).parent
        self.port = _free_port()
        self._run("initdb", "-U", "yujing", "--auth=trust", "-E", "UTF8", "--no-sync")
        self.start()

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._data}"
        options += " -c max_connections=200 -c fsync=off"
        self._run("pg_ctl", "-w", "-l", str(self._data / "log"), "-o", options, "start")

    def stop(self) -> None:
        """As a crash would: no client is asked to finish."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._bin / program), "-D", str(self._data / "db"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def own_cluster() -> Iterator[tuple[Cluster, str]]:
    """A server of the test's own, and the URL of a database in it."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    cluster = Cluster()
    try:
        yield cluster, f"postgresql://yujing@127.0.0.1:{cluster.port}/postgres"
    finally:
        cluster.stop()
        cluster.remove()


@functools.cache
def _cluster() -> int:
    cluster = Cluster()
    atexit.register(cluster.remove)
    atexit.register(cluster.stop)  # the last that is registered runs first
    return cluster.port


def _owner(data: Path) -> list[str]:
    """PostgreSQL refuses to run as root: then it runs as its own user."""
    if os.getuid() != 0:
        return []
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("PostgreSQL does not run as root and there is no user postgres")
    os.chown(data, user.pw_uid, user.pw_gid)
    return ["runuser", "-u", "postgres", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
