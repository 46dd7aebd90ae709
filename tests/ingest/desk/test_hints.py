"""What is said to whoever has to mend a row, and how a feed's quarantine goes from batch to batch."""

import json
from pathlib import Path

import openpyxl
import pytest

from graph.ontology import core_ontology
from ingest.desk.hints import hint_for, right_digits
from ingest.desk.reading import Reading
from ingest.desk.trends import trends
from tests.ingest.command import Command
from tests.ingest.desk.office import HOLDINGS, Office
from tests.ingest.world import firms

_ROWS = "客户号,名称,注册资本\n"


@pytest.mark.parametrize(
    ("code", "right"),
    [
        ("91350100M000100Y42", "91350100M000100Y43"),  # the example of GB 32100-2015, annex, its check digit spoilt
        ("529900T8BM49AURSDO54", "529900T8BM49AURSDO55"),  # ISO 17442: a published LEI, its last digit spoilt
    ],
)
def test_the_check_digit_that_would_be_right_is_told(code: str, right: str) -> None:
    assert right in right_digits(code)


def test_a_code_of_another_length_or_alphabet_says_so() -> None:
    assert "18" in right_digits("123")
    assert "no code may have" in right_digits("91350100I000100Y43")


def test_words_forms_and_units_come_from_the_manifest(office: Office) -> None:
    office.inbox.put("holdings.csv", "证件号,姓名,客户号,起始日,持股比例,备注\n1,甲,F1,2020.1.1,50,\n")
    text = HOLDINGS.replace("起始日\n", "{column: 起始日, dates: [2017/7/18, 20170718]}\n", 1)
    batch = office.inbox.load(text).batch
    case = office.cases(batch)[0]
    plans = Reading.of(office.shelf, batch, core_ontology()).plans[0]
    hints = {issue.column: hint_for(issue, plans) for issue in case.issues}
    assert "2017/7/18, 20170718" in hints["起始日"].fix
    assert "date forms: 2017/7/18, 20170718" in hints["起始日"].wanted
    assert "0.5" in hints["持股比例"].fix
    assert "unit: 1" in hints["持股比例"].wanted


def test_trends_tell_what_is_new_and_what_got_worse(office: Office) -> None:
    good = "".join(f"{n},企业{n},{n}\n" for n in range(1, 200))
    for bad in ("x,甲,元\n", "x,甲,元\n", "".join(f"y{n},乙,元\n" for n in range(30)) + ",丙,1\n"):
        office.inbox.put("firms.csv", _ROWS + good + bad)
        office.inbox.load(firms())
    (trend,) = trends(office.shelf)
    assert [load.refused for load in trend.loads] == [1, 1, 31]
    assert trend.new == ("客户号: missing_value",)
    assert [told.partition(":")[0] for told in trend.worse] == ["all reasons", "注册资本"]


def test_the_commands_in_the_order_of_a_working_day(office: Office, command: Command, tmp_path: Path) -> None:
    manifest = office.inbox.manifest(firms())
    office.inbox.put("firms.csv", _ROWS + "1,甲,100\n2,乙,两百\n3,丙,x\n4,丁,y\n")
    assert command.run("ingest", str(manifest)).code == 3
    told = json.loads(command.run("quarantine", "list", "--json").out)["batches"]
    assert [(each["quarantined"], each["status"]) for each in told] == [(3, {"open": 3})]
    batch = told[0]["batch"]
    explained = json.loads(command.run("quarantine", "explain", batch, "3", "--json").out)
    assert explained["cells"]["注册资本"] == "两百" and explained["issues"][0]["reason"] == "not_a_number"
    assert "两百" in command.run("quarantine", "explain", f"{batch}/firms.csv:3").out
    path = tmp_path / "rows.xlsx"
    assert command.run("quarantine", "download", batch, "-o", str(path)).code == 0
    book = openpyxl.load_workbook(path)
    book.worksheets[0]["F2"], book.worksheets[0]["F3"] = 200, "z"
    book.save(path)
    assert command.run("quarantine", "repair", str(path), "--dry-run").code == 3
    assert command.run("quarantine", "repair", str(path), "--by", "李").code == 3
    assert command.run("quarantine", "repair", str(path), "--by", "李").code == 0
    assert command.run("quarantine", "dismiss", batch, "5", "--reason", "测试").code == 0
    status = [each["status"] for each in json.loads(command.run("quarantine", "list", "--json").out)["batches"]]
    assert status == [{"repaired": 1, "passed_on": 1, "dismissed": 1}, {"open": 1}]
    assert "repaired" in command.run("quarantine", "list").out
    assert "not_a_number 3" in command.run("quarantine", "trends").out


def test_revealing_persons_is_audited(office: Office, command: Command, tmp_path: Path) -> None:
    manifest = office.inbox.manifest(HOLDINGS)
    office.inbox.put("holdings.csv", "证件号,姓名,客户号,起始日,持股比例,备注\n11010519491231002X,甄无双,F1,2020/1/1,五成,\n")
    command.run("ingest", str(manifest))
    batch = json.loads(command.run("quarantine", "list", "--json").out)["batches"][0]["batch"]
    arguments = ("quarantine", "download", batch, "-o", str(tmp_path / "w.xlsx"))
    assert command.run(*arguments).code == 0
    from alerts.journal import Journal, upgrade

    url = f"sqlite:///{command.home / 'journal.db'}"
    upgrade(url)
    journal = Journal(url)
    assert journal.notes(batch) == ()
    assert command.run(*arguments, "--reveal", "--by", "王").code == 0
    ((action, _),) = journal.notes(batch)
    assert action == "quarantine.revealed" and journal.verify_audit().whole
    journal.close()


def test_mistaken_calls_are_messages_with_a_fix(command: Command, tmp_path: Path) -> None:
    text = tmp_path / "x.xlsx"
    text.write_text("no workbook", "utf-8")
    for arguments in (
        ("explain", "nothing"),
        ("explain", "nothing", "3"),
        ("download", "nothing", "-o", "x.xlsx"),
        ("repair", str(text)),
        ("repair", str(tmp_path / "none.xlsx")),
        ("dismiss", "nothing", "3", "--reason", "x"),
    ):
        done = command.run("quarantine", *arguments)
        assert (done.code, "fix:" in done.error, "Traceback" in done.error) == (2, True, False), arguments
    assert command.run("quarantine", "list").code == 0
