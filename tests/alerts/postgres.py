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


@functools.cache
def _cluster() -> int:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(programs[-1]) if programs else shutil.which("initdb")
    if not found:
        pytest.skip("PostgreSQL's initdb is not installed")
    bin_folder = Path(found).parent
    data = Path(tempfile.mkdtemp(prefix="yujing-pg-"))
    as_user = _owner(data)
    port = _free_port()
    _run([*as_user, bin_folder / "initdb", "-D", data / "db", "-U", "yujing", "--auth=trust", "-E", "UTF8", "--no-sync"])
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data} -c max_connections=200 -c fsync=off"
    _run([*as_user, bin_folder / "pg_ctl", "-D", data / "db", "-w", "-l", data / "log", "-o", options, "start"])
    atexit.register(_stop, [*as_user, bin_folder / "pg_ctl", "-D", data / "db", "-m", "immediate", "stop"], data)
    return port


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


def _run(command: list[str | Path]) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL, cwd="/")


def _stop(command: list[str | Path], data: Path) -> None:
    _run(command)
    shutil.rmtree(data, ignore_errors=True)
