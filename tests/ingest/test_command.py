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
        "seen.parquet",
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


def test_a_refused_batch_prints_its_object_too_and_says_where_its_rows_lie(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms().replace("max_bad_share: 1", "max_bad_share: 0.1"))
    inbox.put("firms.csv", _ROWS)
    done = command.run("ingest", str(manifest), "--json")
    told = json.loads(done.out)
    assert (done.code, told["refused"], told["field"]) == (2, True, "max_bad_share")
    assert told["rows"] == {"read": 2, "quarantined": 1}
    assert told["reasons"] == {"not_a_number": 1}
    assert told["error"] in done.error
    assert told["fix"] in done.error
    left = sorted(path.name for path in Path(told["quarantine"]).iterdir())
    assert left == ["manifest.yaml", "quarantine.parquet", "quarantine.xlsx", "refused.json", "rows.parquet", "seen.parquet"]


def test_a_file_of_too_few_rows_is_refused_with_what_was_read_of_it(inbox: Inbox, command: Command) -> None:
    manifest = inbox.manifest(firms(options="rows: {min: 3}"))
    inbox.put("firms.csv", _ROWS)
    told = json.loads(command.run("ingest", str(manifest), "--json").out)
    assert (told["refused"], told["field"], told["rows"]) == (True, "rows", {"read": 2, "quarantined": 1})
    assert (Path(told["quarantine"]) / "quarantine.parquet").exists()
    told = json.loads(command.run("ingest", str(manifest), "--json", "--dry-run").out)
    assert (told["rows"]["read"], told["quarantine"]) == (2, None)


def test_a_refusal_before_reading_is_an_object_with_error_fix_and_field(inbox: Inbox, command: Command) -> None:
    done = command.run("ingest", str(inbox.files / "nowhere.yaml"), "--json")
    told = json.loads(done.out)
    assert (done.code, set(told)) == (2, {"refused", "error", "fix", "field"})
    assert "nowhere.yaml" in told["error"]
    assert told["error"] in done.error
