"""Trouble around a load: a full disk, a file that changes, vanishes or cannot be read, another writer, a changed header.

Each ends with exit 2, a message with its fix and, under `--json`, one object; nothing is lost, and the next run goes on.
"""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graph.ledger import BatchHeader, Ledger
from ingest.readers import text
from ingest.report import LiveProgress
from tests.ingest.command import Command, Done
from tests.ingest.world import Inbox, firms

_HEAD = "客户号,名称,注册资本\n"
_UNREADABLE = Path("/sys/class/net/lo/phys_port_id")  # has a size, and every read of it fails, for root too


def _rows(count: int) -> str:
    return _HEAD + "".join(f"{n},青禾{n * 7919 % 1000003:x},{n}\n" for n in range(count))


def refused(done: Done, said: str) -> None:
    told = json.loads(done.out)
    assert done.code == 2, done
    assert told["refused"] is True
    assert said in told["error"]
    assert told["fix"]
    assert told["fix"] in done.error.replace("\n", " ")
    assert "Traceback" not in done.error + done.out
    assert "defect" not in done.error


def loaded(command: Command, manifest: Path, rows: int) -> None:
    """The next run goes on as if nothing had been, and leaves nothing behind it."""
    done = command.run("ingest", str(manifest), "--json")
    assert (done.code, json.loads(done.out)["rows"]["accepted"]) == (0, rows)
    assert not list((command.home / "ledger" / ".staging").iterdir())
    ledger = Ledger.open(command.home / "ledger")
    assert ledger.table("Firm").count().to_pyarrow().as_py() == rows
    ledger.close()


def in_a_process(home: Path, manifest: Path, limit: Callable[[], None] | None = None) -> Done:
    """The command in a process of its own, held to limits."""
    code = "from yujing.cli import main; main()"
    environment = {**os.environ, "YUJING_HOME": str(home), "COLUMNS": "400"}
    command = [sys.executable, "-c", code, "ingest", str(manifest), "--json"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, preexec_fn=limit)
    return Done(ran.returncode, ran.stdout, ran.stderr)


def test_a_write_that_the_machine_refuses_is_named_and_the_next_run_loads_all(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _rows(20_000))
    refused(
        in_a_process(command.home, manifest, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))), "no room left"
    )
    loaded(command, manifest, 20_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte; where none may be mounted, the limit on file sizes above stands for it."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False)
    if mounted.returncode:
        yield Path()
        return
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def test_a_full_disk_is_named_and_with_room_the_next_run_loads_all(
    inbox: Inbox, small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if small_disk == Path():
        return  # no right to mount
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _rows(60_000))
    command = Command(small_disk / "var", monkeypatch, capsys)
    refused(command.run("ingest", str(manifest), "--json"), "no room left")
    subprocess.run(["mount", "-o", "remount,size=256m", str(small_disk)], check=True)
    loaded(command, manifest, 60_000)


def test_a_file_that_cannot_be_read_is_named(inbox: Inbox, command: Command) -> None:
    if not _UNREADABLE.exists():
        path = inbox.put("firms.csv", _rows(3))
        path.chmod(0)
        unreadable = os.geteuid() != 0
    else:
        (inbox.files / "firms.csv").symlink_to(_UNREADABLE)
        unreadable = True
    manifest = inbox.manifest(firms())
    if unreadable:
        refused(command.run("ingest", str(manifest), "--json"), "firms.csv")
    (inbox.files / "firms.csv").unlink()
    inbox.put("firms.csv", _rows(3))
    loaded(command, manifest, 3)


def _while_reading(monkeypatch: pytest.MonkeyPatch, deed: Callable[[], object]) -> None:
    """Does something once, when the first block of a file was read."""
    reach = LiveProgress.reach
    done: list[object] = []

    def meddling(self: LiveProgress, steps: int) -> None:
        if not done:
            done.append(deed())
        reach(self, steps)

    monkeypatch.setattr(text, "BLOCK", 2000)
    monkeypatch.setattr(LiveProgress, "reach", meddling)


def test_a_file_that_grows_while_it_is_read_is_refused(inbox: Inbox, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = inbox.manifest(firms())
    path = inbox.put("firms.csv", _rows(2000))
    with monkeypatch.context() as patch:
        _while_reading(patch, lambda: path.write_text(_rows(2001), "utf-8"))
        refused(command.run("ingest", str(manifest), "--json"), "changed while it was read")
    loaded(command, manifest, 2001)


@pytest.mark.parametrize("which", ["firms_a.csv", "firms_b.csv"])
def test_a_file_that_vanishes_half_way_is_named(
    inbox: Inbox, command: Command, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    manifest = inbox.manifest(firms(file="firms_*.csv"))
    inbox.put("firms_a.csv", _rows(500))
    kept = inbox.put("firms_b.csv", _HEAD + "x,素木,1\n").read_bytes() if which == "firms_b.csv" else b""
    if which == "firms_a.csv":
        kept = (inbox.files / which).read_bytes()
        inbox.put("firms_b.csv", _HEAD + "x,素木,1\n")
    with monkeypatch.context() as patch:
        _while_reading(patch, (inbox.files / which).unlink)
        refused(command.run("ingest", str(manifest), "--json"), f"{which}: the file vanished")
    inbox.put(which, kept)
    loaded(command, manifest, 501)


def test_while_another_process_writes_the_load_is_refused_and_says_which(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _rows(3))
    ledger = Ledger.open(command.home / "ledger")
    with ledger.begin(BatchHeader("other")) as writer:
        done = command.run("ingest", str(manifest), "--json")
        refused(done, f"being written by batch {writer.header.batch}")
        assert json.loads(done.out)["rows"] == {"read": 3, "quarantined": 0}
    ledger.close()
    loaded(command, manifest, 3)


@pytest.mark.parametrize(
    ("header", "said", "field"),
    [
        ("客户号,名称,注册资本,行业\n", "new column 行业", "行业"),
        ("客户号,企业名称,注册资本\n", "missing column 名称", "名称"),
        ("客户号,名称,名称\n", "the header names ['名称'] twice", "名称"),
    ],
)
def test_a_header_that_changed_since_the_last_run_is_refused_by_name(
    inbox: Inbox, command: Command, header: str, said: str, field: str
) -> None:
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _rows(3))
    loaded(command, manifest, 3)
    inbox.put("firms.csv", header + ",".join("9" for _ in header.split(",")) + "\n")
    done = command.run("ingest", str(manifest), "--json")
    refused(done, said)
    assert json.loads(done.out)["field"] == field
    inbox.put("firms.csv", _rows(3) + "9,新川,9\n")
    assert json.loads(command.run("ingest", str(manifest), "--json").out)["rows"]["accepted"] == 1
