"""A load that ran out of disk says that, and any other failure stays what it was."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from graph.errors import InputError, UnavailableError
from ingest.room import room_on

_Usage = namedtuple("_Usage", "total used free")


def left(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: _Usage(2**30, 2**30 - free, free))


def test_a_write_that_broke_off_on_a_full_disk_is_told_as_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left(monkeypatch, 4096)
    with pytest.raises(UnavailableError, match="is full") as told, room_on(tmp_path / "staging"):
        raise RuntimeError("Invalid thrift: transport error")
    assert "Make room" in told.value.fix


def test_with_room_left_a_failure_is_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), room_on(tmp_path):
        _ = 1 // 0


def test_what_was_wrong_with_the_input_is_told_on_a_full_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left(monkeypatch, 0)
    with pytest.raises(InputError), room_on(tmp_path):
        raise InputError("a bad row")
