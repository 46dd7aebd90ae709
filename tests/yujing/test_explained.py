"""Lineage as the command tells it: what was tidied, what was repaired, persons masked, and what leans on a row."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from alerts.journal import Journal, upgrade
from alerts.said import Alert, Evidence, FirmRef, Grade, Row, ScanResult, Sentence, Stage
from tests.alerts.postgres import postgres_url
from tests.ingest.command import Command

_MANIFEST = """
name: crm
defaults: {source: ecif, dates: 2017/7/18}
max_bad_share: 1
files:
  - path: holdings.csv
    yields:
      - relation: HOLDS_SHARES
        src: {type: Person, key: 证件号, personal: id_number}
        dst: {type: Firm, key: 客户号}
        key: [证件号, 客户号]
        valid_from: 起始日
        properties: {equity_share: 持股比例}
      - entity: Person
        key: 证件号
        personal: id_number
        properties: {name: 姓名}
"""
_A = "11010519491231002X"
_ROWS = f"证件号,姓名,客户号,起始日,持股比例\n{_A},甄无双,Ｆ1,2020/1/1,0.2\n110105194912310031,贾不同,F2,2020/1/1,五成\n"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path / "var", monkeypatch, capsys)
    (tmp_path / "manifest.yaml").write_text(_MANIFEST, "utf-8")
    (tmp_path / "holdings.csv").write_text(_ROWS, "utf-8")
    assert command.run("ingest", str(tmp_path / "manifest.yaml")).code == 3
    return command


def explained(command: Command, *arguments: str) -> dict[str, object]:
    done = command.run("explain", *arguments, "--json")
    assert done.code == 0, done.error
    told: dict[str, object] = json.loads(done.out)
    return told


def batch_of(command: Command) -> str:
    return json.loads(command.run("quarantine", "list", "--json").out)["batches"][0]["batch"]  # type: ignore[no-any-return]


def repaired(command: Command, tmp_path: Path) -> str:
    """The batch that took the second row, its share mended to 0.5."""
    path = tmp_path / "rows.xlsx"
    assert command.run("quarantine", "download", batch_of(command), "-o", str(path)).code == 0
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["H2"] = "0.5"
    book.save(path)
    done = command.run("quarantine", "repair", str(path), "--by", "李", "--json")
    assert done.code == 0, done.error
    return json.loads(done.out)["batch"]  # type: ignore[no-any-return]


def test_a_row_leads_to_its_line_batch_manifest_and_the_cell_as_it_stood(command: Command) -> None:
    told = explained(command, "row", "holdings.csv:2")
    holds, person = sorted(told["versions"], key=lambda v: v["type"])  # type: ignore[call-overload]
    assert (holds["type"], holds["file"], holds["line"], holds["standing"]) == ("HOLDS_SHARES", "holdings.csv", 2, "in_force")
    assert holds["manifest"]["name"] == "crm" and holds["batch"]["id"] == batch_of(command)
    assert holds["tidied"] == [{"column": "客户号", "original": "Ｆ1", "read": "F1"}]
    assert person["values"]["name"] == "甄**" and person["values"]["key"] == "1101**********002X"
    assert _A not in json.dumps(told, ensure_ascii=False)
    by_id = explained(command, "row", holds["id"])
    assert [v["id"] for v in by_id["versions"]] == [holds["id"]]  # type: ignore[attr-defined]


def test_a_repaired_row_shows_its_file_and_its_repair(command: Command, tmp_path: Path) -> None:
    repair = repaired(command, tmp_path)
    told = explained(command, "row", "holdings.csv:3")
    for version in told["versions"]:  # type: ignore[attr-defined]
        assert (version["file"], version["line"], version["batch"]["id"]) == ("holdings.csv", 3, repair)
        assert version["manifest"]["file"] == "manifest.yaml"
        (done,) = version["repair"]["history"]
        assert (done["by"], done["workbook"]) == ("李", "rows.xlsx")
        assert done["changes"] == [{"column": "持股比例", "from": "五成", "to": "0.5"}]
    file = explained(command, "file", "holdings.csv")
    loads = file["loads"]
    assert [(load["refused"], load["refused_now"]) for load in loads] == [(1, {"repaired": 1}), (0, {})]  # type: ignore[attr-defined]
    assert sum(fed["in_force"] for fed in file["fed"]) == 4  # type: ignore[attr-defined]


def test_alerts_that_cite_a_row_are_found_from_it(command: Command) -> None:
    told = explained(command, "row", "holdings.csv:2")
    holds = next(v for v in told["versions"] if v["type"] == "HOLDS_SHARES")  # type: ignore[attr-defined]
    url = f"sqlite:///{command.home / 'journal.db'}"
    upgrade(url)
    journal = Journal(url)
    row = Row("f", "HOLDS_SHARES", holds["id"], "equity_share", "0.2", "holdings.csv", "", 2, "b")
    alert = Alert(
        id="A-1",
        stage=Stage.POST_LOAN,
        grade=Grade.RED,
        firm=FirmRef("Firm-1", "甲", ""),
        cause="c",
        sentence=Sentence("持股", "holds"),
        hits=(),
        evidence=Evidence(rows=(row,)),
        unseen=(),
        as_of=date(2026, 1, 1),
        ledger_seq=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    journal.record_scan(ScanResult(date(2026, 1, 1), 1, 1, 1, (alert,), ()), "test")
    journal.close()
    said = explained(command, "row", holds["id"])["said"]
    assert [(each["action"], each["subject"], each["ledger_seq"]) for each in said] == [("alert.raised", "A-1", 1)]  # type: ignore[attr-defined]


def test_what_is_unknown_is_refused_with_a_fix(command: Command) -> None:
    for arguments in (("row", "nothing"), ("row", "x.csv:1"), ("file", "x.csv"), ("batch", "x")):
        done = command.run("explain", *arguments)
        assert done.code == 2 and "fix:" in done.error


def test_erased_persons_read_as_erased_and_the_proof_holds(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(_A + "\n"))
    assert command.run("erase", "person", "--id-number", "-", "--reason", "本人要求", "--by", "法务").code == 0
    told = explained(command, "row", "holdings.csv:2")
    person = next(v for v in told["versions"] if v["type"] == "Person")  # type: ignore[attr-defined]
    assert person["values"]["name"] == person["values"]["key"] == "已删除 erased"
    assert command.run("ingest", str(tmp_path / "manifest.yaml")).code == 3
    done = command.run("erase", "verify", "--json")
    assert done.code == 0, done.out
    assert all(check["holds"] for check in json.loads(done.out).values())


@pytest.mark.parametrize("spilt", ["note.txt", "quarantine/x.json", "escaped.json", "originals.parquet", "notes.db"])
def test_the_proof_fails_where_a_value_stands_openly(command: Command, monkeypatch: pytest.MonkeyPatch, spilt: str) -> None:
    import io
    import sqlite3

    import polars as pl

    monkeypatch.setattr("sys.stdin", io.StringIO(_A + "\n"))
    assert command.run("erase", "person", "--id-number", "-", "--reason", "本人要求").code == 0
    path = command.home / spilt
    match path.suffix:
        case ".parquet":
            pl.DataFrame({"cells": [["x", "甄无双"]]}).write_parquet(path)
        case ".db":
            with sqlite3.connect(path) as connection:
                connection.execute("CREATE TABLE t AS SELECT '据悉甄无双已离境' AS note")
        case _ if path.name == "escaped.json":
            path.write_text(json.dumps("据悉甄无双已离境"), "utf-8")
        case _:
            path.write_text(f'{{"说明": "证件{_A}"}}', "utf-8")
    done = command.run("erase", "verify", "--json")
    told = json.loads(done.out)
    assert done.code == 1 and not told["nowhere"]["holds"]
    assert path.name in told["nowhere"]["says"]


def test_the_proof_reads_a_journal_on_postgresql(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    import psycopg

    with postgres_url() as url:
        monkeypatch.setenv("YUJING_JOURNAL_URL", url)
        monkeypatch.setattr("sys.stdin", io.StringIO(_A + "\n"))
        assert command.run("erase", "person", "--id-number", "-", "--reason", "本人要求").code == 0
        told = json.loads(command.run("erase", "verify", "--json").out)
        assert all(check["holds"] for check in told.values())
        assert "journal" in told["nowhere"]["says"]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute('CREATE TABLE notes AS SELECT \'{"said": ["据悉甄无双已离境"]}\'::json AS body')
        done = command.run("erase", "verify", "--json")
        assert done.code == 1
        assert json.loads(done.out)["nowhere"]["says"] == "stands openly in the journal's table notes (1)"


def test_an_altered_certificate_is_found(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sqlite3

    monkeypatch.setattr("sys.stdin", io.StringIO(_A + "\n"))
    command.run("erase", "person", "--id-number", "-", "--reason", "本人要求")
    with sqlite3.connect(command.home / "journal.db") as connection:
        connection.execute("UPDATE audit SET body = replace(body, '本人要求', '误操作')")
    told = json.loads(command.run("erase", "verify", "--json").out)
    assert not told["certificates"]["holds"] and not told["audit_chain"]["holds"]
