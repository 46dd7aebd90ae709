"""The command line as a whole: every expected failure is one message and exit code 2, never a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.ingest.command import Command
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


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["explain", "row", "x"], "row"),
        (["explain", "batch", "b1"], ""),
        (["quarantine", "explain", "b1", "2"], ""),
        (["ledger", "read", "Nothing", "--out", "x.csv"], ""),
        (["ledger", "read", "Firm", "--out", "x.doc"], "out"),
        (["ledger", "read", "Firm"], "arguments"),
    ],
)
def test_under_json_every_refusal_is_one_object(
    arguments: list[str], field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done = Command(tmp_path, monkeypatch, capsys).run(*arguments, "--json")
    told = json.loads(done.out)
    assert (done.code, told["refused"]) == (2, True)
    assert told["error"] and told["fix"]
    assert not field or told["field"] == field
    assert done.error.strip()


def test_a_refused_manifest_leaves_nothing_but_its_message(tmp_path: Path) -> None:
    """What an error holds on to is gone before the interpreter is, or DuckDB's binding tells the user of leaks."""
    manifest = tmp_path / "m.yaml"
    manifest.write_text('name: t\nfiles: [{sql: {url: "postgresql://u:secret@h/x", table: t}, yields: []}]\n')
    ran = _yujing("ingest", str(manifest), YUJING_HOME=str(tmp_path / "home"))
    assert ran.returncode == 2
    assert "a password does not belong in a manifest" in ran.stderr
    assert "secret" not in ran.stderr
    assert "leaked" not in ran.stderr


def test_a_csv_of_the_ledger_holds_no_live_formula(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ['=HYPERLINK("http://x")', "-1+1", "虚构有限公司"]
    rows = "".join('C{},"{}"\n'.format(n, name.replace('"', '""')) for n, name in enumerate(names))
    (tmp_path / "firms.csv").write_text(f"id,name\n{rows}", "utf-8")
    (tmp_path / "m.yaml").write_text(
        "name: t\nfiles: [{path: firms.csv, yields: [{entity: Firm, source: s, key: id, properties: {name: name}}]}]\n"
    )
    command = Command(tmp_path / "home", monkeypatch, capsys)
    assert command.run("ingest", str(tmp_path / "m.yaml")).code == 0

    def read(*more: str) -> set[str]:
        done = command.run("ledger", "read", "Firm", "--out", str(tmp_path / "out.csv"), "--json", *more)
        assert json.loads(done.out)["rows"] == 3, done.error
        return set(pl.read_csv(tmp_path / "out.csv")["name"])

    assert read() == {"'" + names[0], "'" + names[1], names[2]}
    assert read("--raw") == set(names)


def test_a_dismissal_tells_a_machine_how_many_it_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "firms.csv").write_text("id,capital\nC1,5\nC2,two\n", "utf-8")
    (tmp_path / "m.yaml").write_text(
        "name: t\nmax_bad_share: 1\nfiles: [{path: firms.csv,"
        " yields: [{entity: Firm, source: s, key: id, properties: {registered_capital_fen: capital}}]}]\n"
    )
    command = Command(tmp_path / "home", monkeypatch, capsys)
    batch = json.loads(command.run("ingest", str(tmp_path / "m.yaml"), "--json").out)["batch"]
    asked = ("quarantine", "dismiss", batch, "3", "--reason", "测试", "--json")
    assert json.loads(command.run(*asked).out) == {"batch": batch, "dismissed": 1, "settled": 0}
    assert json.loads(command.run(*asked).out) == {"batch": batch, "dismissed": 0, "settled": 1}
    again = command.run("quarantine", "reopen", batch, "3", "--reason", "误", "--json")
    assert json.loads(again.out) == {"batch": batch, "reopened": 1}


def test_the_version_is_told() -> None:
    ran = _yujing("--version")
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "yujing")


def test_a_home_with_an_invented_bank_says_so_to_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", str(tmp_path))
    assert not Settings().demo
    (tmp_path / DEMO_MARK).write_text(json.dumps({"firms": 300, "seed": 7, "today": "2026-03-31"}), "utf-8")
    assert Settings().demo
    assert Settings().day.isoformat() == "2026-03-31"
