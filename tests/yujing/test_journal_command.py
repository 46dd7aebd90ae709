"""`yujing journal`: the schema is told, brought up, and taken back only by who says that the records may go."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graph.errors import InputError
from yujing.cli import build_app


def _run(*arguments: str) -> tuple[int, dict[str, object]]:
    ran = CliRunner().invoke(build_app(), ["journal", *arguments, "--json"])
    if isinstance(ran.exception, InputError):
        raise ran.exception
    return ran.exit_code, json.loads(ran.stdout)


def test_the_schema_is_told_brought_up_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    code, told = _run("current")
    assert (code, told["revision"], told["newest"]) == (1, "base", False)
    assert _run("upgrade")[1]["newest"] is True
    assert _run("current")[0] == 0
    with pytest.raises(InputError, match="deletes for good"):
        _run("downgrade", "base")
    assert _run("current")[0] == 0
    assert _run("downgrade", "base", "--lose-what-it-holds")[1]["revision"] == "base"
    assert _run("current")[0] == 1
