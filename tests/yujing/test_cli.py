"""The command line as a whole: every expected failure is one message and exit code 2, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yujing.settings import DEMO_MARK, Settings


def _yujing(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yujing", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("variable", "value", "arguments"),
    [
        ("YUJING_PORT", "abc", ["stop"]),
        ("YUJING_STORE", "foo", ["graph", "verify"]),
        ("YUJING_MEMORY_LIMIT", "lots", ["graph", "verify"]),
        ("YUJING_TIME_ZONE", "Mars/X", ["models", "list"]),
        ("YUJING_HOME", "/dev/null/x", ["alerts", "list"]),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(variable: str, value: str, arguments: list[str]) -> None:
    ran = _yujing(*arguments, **{variable: value})
    assert ran.returncode == 2
    assert variable in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_version_is_told() -> None:
    ran = _yujing("--version")
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "yujing")


def test_a_home_with_an_invented_bank_says_so_to_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    assert not Settings().demo
    (tmp_path / DEMO_MARK).write_text(json.dumps({"firms": 300, "seed": 7, "today": "2026-03-31"}), "utf-8")
    assert Settings().demo
    assert Settings().day.isoformat() == "2026-03-31"
