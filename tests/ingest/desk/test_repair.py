"""Rows that come back from the data office: fed back once, with their history, by the same rules as any other row."""

import pytest

from graph.errors import InputError
from ingest.desk.repair import Options, dismiss, reopen
from tests.grep import files_with
from tests.ingest.desk.office import HEADER, HOLDINGS, Office, edit
from tests.ingest.world import counts, firms, loans

_FIRMS = "客户号,名称,注册资本\n"
_INVOICES = loans(
    [
        {
            "relation": "INVOICES",
            "src": {"type": "Firm", "key": "付方"},
            "dst": {"type": "Firm", "key": "收方"},
            "identify_by": ["付方", "收方", "日期", "金额"],
            "valid_from": "日期",
            "properties": {"gross_fen": "金额"},
        }
    ]
)


def test_a_repaired_row_is_taken_with_its_own_file_and_line_in_a_batch_of_its_own(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "1,甲,100\n2,乙,两百\n3,丙,x\n")
    batch = office.inbox.load(firms()).batch
    done = office.repair(edit(office.download(batch), line3_注册资本="200"))
    assert ([p.line for p in done.repaired], done.still_bad, done.untouched) == ([3], (), 1)
    told = office.inbox.rows("Firm", "key", "registered_capital_fen", "file", "line", "batch")
    assert told == [("1", 100_000_000, "firms.csv", 2, batch), ("2", 200_000_000, "firms.csv", 3, done.batch)]
    assert office.statuses(batch) == [(3, "repaired"), (4, "open")]
    (history,) = office.shelf.history(office.shelf.case(batch, 3))
    assert (history["by"], history["workbook"], history["repair"]) == ("李", "rows.xlsx", done.batch)
    assert history["changes"] == [{"column": "注册资本", "from": "两百", "to": "200"}]
    assert office.shelf.summary(done.batch)["repair"]["of"] == batch


def test_run_twice_a_repair_adds_nothing(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,两百\n")
    batch = office.inbox.load(firms()).batch
    workbook = edit(office.download(batch), line2_注册资本="200")
    office.repair(workbook)
    again = office.repair(workbook)
    assert (again.batch, again.repaired, again.settled) == ("", (), 1)
    assert len(office.inbox.rows("Firm", "key")) == 1
    assert office.shelf.actions.all().height == 1


def test_a_row_that_is_still_bad_goes_to_quarantine_again_and_from_there_on(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,两百\n")
    batch = office.inbox.load(firms()).batch
    first = office.repair(edit(office.download(batch), line2_注册资本="贰佰"))
    assert [p.line for p in first.still_bad] == [2]
    assert office.statuses(batch) == [(2, "passed_on")]
    assert office.statuses(first.batch) == [(2, "open")]
    # from the first workbook or from the second: the row is found where it stands now
    second = office.repair(edit(office.inbox.files / "rows.xlsx", line2_注册资本="200"))
    assert [p.batch for p in second.repaired] == [first.batch]
    changes = [done["changes"][0] for done in office.shelf.history(office.shelf.case(batch, 2))]
    assert [(c["from"], c["to"]) for c in changes] == [("两百", "贰佰"), ("贰佰", "200")]
    assert office.inbox.rows("Firm", "key", "batch") == [("2", second.batch)]


def test_persons_masked_in_the_workbook_are_the_same_persons_after_it(office: Office) -> None:
    row = "11010519491231002X,甄无双,F1,2020/1/1,{},电话\n"
    office.inbox.put("holdings.csv", HEADER + row.format("五成"))
    batch = office.inbox.load(HOLDINGS).batch
    office.repair(edit(office.download(batch), line2_持股比例="0.5"))
    office.inbox.put("holdings.csv", HEADER + row.format("0.5"))
    assert counts(office.inbox.load(HOLDINGS)) == (1, 0, 1, 0)


def test_a_persons_mended_name_is_kept_in_the_history_as_a_token(office: Office) -> None:
    office.inbox.put("holdings.csv", HEADER + "11010519491231002X,甄无霜,F1,2020/1/1,五成,x\n")
    batch = office.inbox.load(HOLDINGS).batch
    office.repair(edit(office.download(batch), line2_持股比例="0.5", line2_姓名="甄无双"))
    ((name,),) = office.inbox.rows("Person", "name")
    assert office.inbox.vault.reveal([name]) == {name: "甄无双"}
    changes = {c["column"]: c for c in office.shelf.history(office.shelf.case(batch, 2))[0]["changes"]}
    assert changes["姓名"]["to"] == name and changes["姓名"]["from"].startswith("p:")
    assert not files_with("甄无双", office.inbox.home)


def test_the_corrected_row_delivered_later_by_its_source_is_a_duplicate(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "1,甲,100\n2,乙,两百\n")
    batch = office.inbox.load(firms()).batch
    office.repair(edit(office.download(batch), line3_注册资本="200"))
    office.inbox.put("firms.csv", _FIRMS + "1,甲,100\n2,乙,200\n")
    assert counts(office.inbox.load()) == (2, 0, 2, 0)


def test_a_row_repaired_late_does_not_undo_what_a_later_batch_said(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,两百\n")
    batch = office.inbox.load(firms()).batch
    office.inbox.put("firms.csv", _FIRMS + "2,乙,250\n")
    office.inbox.load()
    done = office.repair(edit(office.download(batch), line2_注册资本="200"))
    assert (done.repaired, len(done.still_bad)) == ((), 1)
    (case,) = office.cases(done.batch)
    assert [issue.reason for issue in case.issues] == ["superseded"]
    assert len(office.inbox.rows("Firm", "key")) == 1
    forced = office.repair(office.download(done.batch), options=Options(override=True))
    assert len(forced.repaired) == 1
    assert len(office.inbox.rows("Firm", "key")) == 2


def test_a_repair_that_contradicts_its_own_batch_is_a_conflict(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,200\n2,乙,x\n")
    batch = office.inbox.load(firms()).batch
    done = office.repair(edit(office.download(batch), line3_注册资本="300"))
    assert [i.reason for i in office.cases(done.batch)[0].issues] == ["conflict"]


def test_a_repaired_invoice_line_equal_to_another_of_its_file_is_a_second_one(office: Office) -> None:
    header, row = "付方,收方,日期,金额\n", "甲,乙,2024-01-02,100\n"
    office.inbox.put("rows.csv", header + row + "甲,乙,2024-01-02,1OO\n甲,乙,2024-01-02,一百\n")
    batch = office.inbox.load(_INVOICES).batch
    done = office.repair(edit(office.download(batch), line3_金额="100", line4_金额="100"))
    assert len(done.repaired) == 2 and done.duplicates == 0
    assert len(office.inbox.rows("INVOICES", "id")) == 3
    office.inbox.put("rows.csv", header + 3 * row)
    assert counts(office.inbox.load()) == (3, 0, 3, 0)


def test_a_full_feed_is_not_told_by_a_repair_that_the_rest_has_ended(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "1,甲,100\n2,乙,两百\n")
    batch = office.inbox.load(firms(options="feed: full")).batch
    office.repair(edit(office.download(batch), line3_注册资本="200"))
    assert [action for _, action in office.inbox.rows("Firm", "key", "action")] == ["state", "state"]


def test_an_untouched_row_is_tried_again_when_asked(office: Office) -> None:
    row = "11010519491231002X,甄无双,F1,2020/1/1,0.5,x\n"
    office.inbox.put("holdings.csv", HEADER + row)
    text = HOLDINGS + "on_unknown_end: refuse\n"
    batch = office.inbox.load(text).batch
    assert office.cases(batch)[0].issues[0].reason == "unknown_end"
    workbook = office.download(batch)
    assert office.repair(workbook).untouched == 1
    assert office.repair(workbook, options=Options(retry=True)).still_bad
    firm = firms().replace("name: crm", "name: base")
    office.inbox.put("firms.csv", _FIRMS + "F1,甲,1\n")
    office.inbox.load(firm)
    assert len(office.repair(workbook, options=Options(retry=True)).repaired) == 1


def test_a_dry_run_says_what_would_be_and_writes_nothing(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,两百\n3,丙,x\n")
    batch = office.inbox.load(firms()).batch
    before = sorted(str(p) for p in office.inbox.home.rglob("*") if p.is_file())
    workbook = edit(office.download(batch), line2_注册资本="200", line3_注册资本="y")
    done = office.repair(workbook, options=Options(dry_run=True))
    assert ([p.line for p in done.repaired], [p.line for p in done.still_bad]) == ([2], [3])
    after = sorted(str(p) for p in office.inbox.home.rglob("*") if p.is_file() and p.name != "desk.lock")
    assert after == before


def test_rows_that_could_not_be_cut_are_repaired_cell_by_cell(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,200,多了\n")
    batch = office.inbox.load(firms()).batch
    done = office.repair(edit(office.download(batch), line2_注册资本="201"))
    assert len(done.repaired) == 1
    assert office.inbox.rows("Firm", "key", "registered_capital_fen") == [("2", 201_000_000)]


def test_dismissed_rows_are_kept_with_who_and_why_and_may_be_reopened(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "2,乙,两百\n")
    batch = office.inbox.load(firms()).batch
    case = office.shelf.case(batch, 2)
    with pytest.raises(InputError, match="Why"):
        dismiss(office.shelf, [case], "李", " ")
    assert dismiss(office.shelf, [case], "李", "测试数据") == 1
    assert dismiss(office.shelf, [case], "李", "测试数据") == 0
    assert office.statuses(batch) == [(2, "dismissed")]
    assert reopen(office.shelf, [case], "王", "误判") == 1
    assert office.statuses(batch) == [(2, "open")]
    actions = office.shelf.actions.all().select("by", "action", "note").rows()
    assert actions == [("李", "dismissed", "测试数据"), ("王", "open", "误判")]


_ITEMS = """
name: crm
defaults: {source: ecif, dates: 2017/7/18}
max_bad_share: 1
files:
  - path: loans.jsonl
    explode: items
    yields:
      - relation: HOLDS_SHARES
        src: {type: Person, key: items.holder, personal: id_number}
        dst: {type: Firm, key: firm}
        identify_by: [firm, items.holder, "items.#"]
        valid_from: items.day
        properties: {equity_share: items.share}
"""


def test_a_line_of_json_comes_back_with_all_its_elements_and_masked_persons_stay_who_they_are(office: Office) -> None:
    line = (
        '{"firm": "A", "items": [{"holder": "11010519491231002X", "day": "2024/1/2", "share": "0.1"},'
        ' {"holder": "110105194912310031", "day": "2024/1/2", "share": "%s"}]}\n'
    )
    office.inbox.put("loans.jsonl", line % "half" + (line % "0.5").replace('"A"', '"B"'))
    batch = office.inbox.load(_ITEMS).batch
    assert office.statuses(batch) == [(1, "open"), (1, "open")]  # refused whole
    book = office.download(batch)
    assert office.repair(book).untouched == 1
    still = office.repair(edit(book, **{"line1_items.share": "a half"}))
    assert [place.line for place in still.still_bad] == [1]
    done = office.repair(edit(book, **{"line1_items.share": "0.5"}))
    assert [place.line for place in done.repaired] == [1]
    changes = [done["changes"] for done in office.shelf.history(office.shelf.cases(batch)[0])]
    assert changes == [
        [{"column": "items.share", "from": "half", "to": "a half"}],
        [{"column": "items.share", "from": "a half", "to": "0.5"}],
    ]
    told = office.inbox.rows("HOLDS_SHARES", "line", "equity_share", "src")
    assert [(at, share) for at, share, _ in told] == [(1, 0.1), (1, 0.5), (2, 0.1), (2, 0.5)]
    assert len({src for _, _, src in told}) == 2
