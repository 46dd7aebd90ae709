"""The same bad row delivered again is looked at once: it stands where its first delivery stands, with its history."""

from ingest.desk import Case
from ingest.desk.repair import dismiss, reopen
from tests.ingest.desk.office import HEADER, HOLDINGS, Office, edit
from tests.ingest.world import counts, firms, loans

_FIRMS = "客户号,名称,注册资本\n"
_BAD = "2,乙,两百\n"
_GUARANTEES = loans(
    [
        {
            "relation": "GUARANTEES",
            "src": {"type": "Firm", "key": "保证人"},
            "dst": {"type": "Firm", "key": "债务人"},
            "key": ["保证人", "债务人"],
            "valid_from": "起始日",
            "properties": {"amount_fen": "金额"},
        }
    ]
).replace("path: rows.csv", "path: rows.csv\n  feed: full")


def stands(office: Office, case: Case) -> str:
    return str(office.shelf.chain(case)[-1].status)


def test_a_row_delivered_again_is_open_once_wherever_its_line_is_now(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + "1,甲,100\n" + _BAD)
    first = office.inbox.load(firms())
    office.inbox.put("firms.csv", _FIRMS + "1,甲,100\n3,丙,300\n" + _BAD)
    second, third = office.inbox.load(), office.inbox.load()
    assert [result.again for result in (first, second, third)] == [0, 1, 1]
    assert counts(second) == (3, 1, 1, 1)
    assert office.statuses(first.batch) == [(3, "open")]
    assert office.statuses(second.batch) == office.statuses(third.batch) == [(4, "again")]
    (case,) = office.cases(third.batch)
    assert (case.first, case.times, stands(office, case)) == (office.shelf.case(first.batch, 3).at, 3, "open")
    told = [(each.batch, each.line) for each in office.shelf.deliveries(case)]
    assert told == [(first.batch, 3), (second.batch, 4), (third.batch, 4)]
    assert office.inbox.summary(third)["again"] == 1


def test_a_dismissed_row_stays_dismissed_until_it_says_something_else(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + _BAD)
    first = office.inbox.load(firms()).batch
    dismiss(office.shelf, office.cases(first), "李", "测试数据")
    again = office.inbox.load().batch
    (case,) = office.cases(again)
    assert (str(case.status), stands(office, case)) == ("again", "dismissed")
    assert [(done["by"], done["note"]) for done in office.shelf.history(case)] == [("李", "测试数据")]
    office.inbox.put("firms.csv", _FIRMS + "2,乙,贰佰\n")
    assert office.statuses(office.inbox.load().batch) == [(2, "open")]


def test_a_dismissal_is_taken_back_from_any_delivery(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + _BAD)
    first, again = office.inbox.load(firms()).batch, office.inbox.load().batch
    assert dismiss(office.shelf, office.cases(again), "李", "测试数据") == 1
    assert office.statuses(first) == [(2, "dismissed")]
    assert reopen(office.shelf, office.cases(again), "王", "误判") == 1
    assert office.statuses(first) == [(2, "open")]
    assert office.statuses(again) == [(2, "again")]


def test_a_repaired_row_delivered_again_as_it_was_is_repaired_and_still_told(office: Office) -> None:
    header, good, bad = "保证人,债务人,起始日,金额\n", "甲,乙,2024-01-02,100\n", "甲,丙,2024-01-02,一百\n"
    office.inbox.put("rows.csv", header + good + bad)
    first = office.inbox.load(_GUARANTEES).batch
    office.repair(edit(office.download(first), line3_金额="100"))
    office.inbox.put("rows.csv", header + bad)
    again = office.inbox.load()
    (case,) = office.cases(again.batch)
    assert (str(case.status), stands(office, case)) == ("again", "repaired")
    assert again.closed == {"GUARANTEES": 1}  # of the row that is gone, and not of the one that is bad as ever
    assert sorted(action for (action,) in office.inbox.rows("GUARANTEES", "action")) == ["close", "state", "state"]


def test_a_row_whose_repair_was_refused_stands_open_there(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + _BAD)
    first = office.inbox.load(firms()).batch
    repair = office.repair(edit(office.download(first), line2_注册资本="贰佰"))
    (case,) = office.cases(office.inbox.load().batch)
    assert [(each.at.batch, str(each.status)) for each in office.shelf.chain(case)] == [
        (first, "passed_on"),
        (repair.batch, "open"),
    ]


def test_of_equal_rows_each_is_recognised_and_one_more_is_new(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + 2 * _BAD)
    office.inbox.load(firms())
    office.inbox.put("firms.csv", _FIRMS + 3 * _BAD)
    assert office.statuses(office.inbox.load().batch) == [(2, "again"), (3, "again"), (4, "open")]


def test_the_same_cells_refused_for_another_reason_or_by_another_feed_are_open(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + _BAD)
    office.inbox.load(firms())
    assert office.inbox.load(firms().replace("name: crm", "name: base")).again == 0
    office.inbox.put("firms.csv", "客户号,名称,注册资本,备注\n2,乙,两百,\n")
    assert office.inbox.load(firms(options="ignore: [备注]")).again == 0


def test_persons_in_a_row_are_recognised_by_their_tokens(office: Office) -> None:
    office.inbox.put("holdings.csv", HEADER + "11010519491231002X,甄无双,F1,2020/1/1,五成,电话\n")
    office.inbox.load(HOLDINGS)
    assert office.inbox.load().again == 1


def test_a_batch_that_was_cleared_away_leaves_its_rows_open_in_the_next(office: Office) -> None:
    office.inbox.put("firms.csv", _FIRMS + _BAD)
    first, again = office.inbox.load(firms()).batch, office.inbox.load().batch
    for path in (office.shelf.root / first).iterdir():
        path.unlink()
    assert office.statuses(again) == [(2, "open")]
    assert office.inbox.load().again == 0
