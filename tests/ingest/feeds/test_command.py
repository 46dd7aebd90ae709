"""`yujing feeds` and `yujing feeds check` as an operator runs them."""

import json
from pathlib import Path

from tests.ingest.command import Command
from tests.ingest.feeds.conftest import COURTS, events


def put(folder: Path, text: str) -> str:
    (folder / "manifest.yaml").write_text(COURTS, "utf-8")
    (folder / "events.csv").write_text(text, "utf-8")
    return str(folder / "manifest.yaml")


def test_a_home_without_deliveries_says_so(command: Command) -> None:
    assert "nothing was delivered" in command.run("feeds").out


def test_what_was_delivered_is_listed_and_a_changed_header_is_raised(command: Command, tmp_path: Path) -> None:
    good = events(("s1", "立案", "2026-02-01"))
    manifest = put(tmp_path, good)
    assert command.run("ingest", manifest, "--dry-run").code == 0
    assert json.loads(command.run("feeds", "--json").out) == {"files": []}  # a dry run is no delivery
    assert command.run("ingest", manifest).code == 0
    file = json.loads(command.run("feeds", "--json").out)["files"][0]
    assert (file["feed"], file["path"], file["state"], file["rows"]) == ("courts", "events.csv", "fresh", 1)
    assert command.run("feeds", "check").code == 0
    put(tmp_path, good.replace("kind", "类型"))
    assert command.run("ingest", manifest).code == 2
    assert "列名有变" in command.run("feeds").out
    checked = command.run("feeds", "check", "--json")
    assert checked.code == 1
    told = json.loads(checked.out)
    assert (told["new"], told["alerts"][0]["feed"]) == (1, "feed:courts")
    assert "列名有变" in command.run("alerts", "show", told["alerts"][0]["id"]).out
