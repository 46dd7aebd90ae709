"""The command as a bank's scheduler sees it: exit codes, one JSON object, messages with place and fix, never a traceback."""

import json
from pathlib import Path

from tests.ingest.command import Command
from tests.ingest.world import Inbox, firms

_ROWS = "客户号,名称,注册资本\n1,青禾贸易,100\n2,素木家具,两百\n"


def test_a_clean_load_exits_0_and_one_with_quarantine_3(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _ROWS)
    assert command.run("ingest", str(manifest)).code == 3
    inbox.put("firms.csv", _ROWS.replace("两百", "200"))
    assert command.run("ingest", str(manifest)).code == 0


def test_json_is_one_object_with_counts_in_rows_and_records(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _ROWS)
    done = command.run("ingest", str(manifest), "--json")
    told = json.loads(done.out)
    assert told["rows"] == {"read": 2, "accepted": 1, "duplicate": 0, "quarantined": 1}
    assert told["types"] == {"Firm": {"read": 2, "accepted": 1, "duplicate": 0, "quarantined": 1}}
    assert Path(told["quarantine"]) == command.home / "quarantine" / told["batch"]
    assert sorted(path.name for path in Path(told["quarantine"]).iterdir()) == [
        "manifest.yaml",
        "quarantine.parquet",
        "quarantine.xlsx",
        "rows.parquet",
        "summary.json",
    ]


def test_the_table_says_the_counts_the_reasons_and_where_to_look(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms())
    inbox.put("firms.csv", _ROWS)
    out = command.run("ingest", str(manifest)).out
    for said in ("行 rows", "not_a_number: 1", "batch_seq 1", "隔离 quarantine:"):
        assert said in out


def test_a_refused_load_exits_2_with_a_message_and_a_fix(inbox: Inbox, command: Command) -> None:
    for manifest in (inbox.manifest("name: ["), inbox.files / "nowhere.yaml"):
        done = command.run("ingest", str(manifest))
        assert done.code == 2
        assert manifest.name in done.error
        assert "fix:" in done.error
        assert "Traceback" not in done.error + done.out
