"""What the desk keeps of a refused row, and the workbook it is repaired in."""

import json
import zipfile

import openpyxl
import pytest

from graph.errors import InputError, NotFoundError
from ingest.desk.book import read_book
from tests.grep import files_with
from tests.ingest.desk.office import HEADER, HOLDINGS, Office
from tests.ingest.world import firms

_PERSONAL = ("11010519491231002X", "甄无双", "手机13800001111")


def test_a_refused_row_is_kept_whole_with_personal_and_unread_cells_as_tokens(office: Office) -> None:
    office.inbox.put("holdings.csv", HEADER + "11010519491231002X,甄无双,F1,2020/1/1,五成,手机13800001111\n")
    batch = office.inbox.load(HOLDINGS).batch
    case = office.cases(batch)[0]
    assert case.header == ("证件号", "姓名", "客户号", "起始日", "持股比例", "备注")
    assert case.cells[2:5] == ("F1", "2020/1/1", "五成")
    assert [cell.startswith("p:") for cell in case.cells] == [True, True, False, False, False, True]
    folder = office.shelf.root / batch
    assert not [path for value in _PERSONAL for path in files_with(value, folder)]
    assert files_with("五成", folder)


def test_rows_refused_only_once_the_whole_load_is_seen_are_kept_whole_too(office: Office) -> None:
    rows = "".join(f"{n},企业{n},{n}\n" for n in range(200))
    office.inbox.put("firms.csv", "客户号,名称,注册资本\n" + rows + "7,另一家,70\n")
    batch = office.inbox.load(firms()).batch
    assert [(c.at.line, c.cells, c.issues[0].reason) for c in office.cases(batch)] == [
        (9, ("7", "企业7", "7"), "conflict"),
        (202, ("7", "另一家", "70"), "conflict"),
    ]


def test_the_workbook_shows_the_reason_beside_the_cell_and_masks_persons(office: Office) -> None:
    office.inbox.put("holdings.csv", HEADER + "11010519491231002X,甄无双,F1,2020/1/1,五成,手机\n")
    batch = office.inbox.load(HOLDINGS).batch
    sheet = openpyxl.load_workbook(office.download(batch)).worksheets[0]
    assert [cell.value for cell in sheet[2]][3:] == ["1101**********002X", "甄**", "F1", "2020/1/1", "五成", "****"]
    assert [cell.column_letter for cell in sheet[2] if cell.comment] == ["H"]
    assert "持股比例" in str(sheet["B2"].value) and "A number was expected" in str(sheet["B2"].value)
    opened = openpyxl.load_workbook(office.download(batch, "open.xlsx", reveal=True)).worksheets[0]
    assert [cell.value for cell in opened[2]][3:5] == ["11010519491231002X", "甄无双"]


def test_no_cell_of_the_workbook_is_a_formula_whatever_it_begins_with(office: Office) -> None:
    nasty = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "'=1", '=HYPERLINK("http://x")'.replace('"', ""))
    office.inbox.put("firms.csv", "客户号,名称,注册资本\n" + "".join(f"{n},{name},x\n" for n, name in enumerate(nasty)))
    path = office.download(office.inbox.load(firms()).batch)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<f " not in sheet
    assert sheet.count("<c ") == sheet.count('t="inlineStr"')
    assert [row.cells[1] for row in read_book(path).rows] == list(nasty)


def test_a_workbook_that_is_none_or_has_other_columns_is_refused(office: Office) -> None:
    office.inbox.put("firms.csv", "客户号,名称,注册资本\n1,甲,x\n")
    path = office.download(office.inbox.load(firms()).batch)
    book = openpyxl.load_workbook(path)
    book.worksheets[0].delete_cols(5)
    book.save(path)
    with pytest.raises(InputError, match="columns"):
        read_book(path)
    plain = openpyxl.Workbook()
    plain.save(path)
    with pytest.raises(InputError, match="no repair workbook"):
        read_book(path)
    path.write_text("nothing")
    with pytest.raises(InputError, match="no readable workbook"):
        read_book(path)


def test_open_rows_of_a_batch_are_as_many_as_its_summary_says(office: Office) -> None:
    office.inbox.put("firms.csv", '客户号,名称,注册资本\n1,甲,x\n,乙,y\n3,丙,3\n4,"丁,4\n')
    result = office.inbox.load(firms())
    summary = json.loads((office.shelf.root / result.batch / "summary.json").read_text("utf-8"))
    assert len(office.cases(result.batch)) == summary["rows"]["quarantined"] == 3
    cut = office.cases(result.batch)[-1]
    assert (cut.cells, cut.text, cut.issues[0].reason) == ((), '4,"丁,4', "stray_quote")


def test_a_batch_refused_whole_is_named_and_offers_no_repair(office: Office) -> None:
    office.inbox.put("firms.csv", "客户号,名称,注册资本\n1,甲,x\n")
    with pytest.raises(InputError, match="max_bad_share"):
        office.inbox.load(firms().replace("max_bad_share: 1", "max_bad_share: 0.1"))
    (batch,) = office.shelf.unfinished()
    assert list(office.shelf.summaries()) == []
    with pytest.raises(NotFoundError, match="nothing of it was loaded"):
        office.cases(batch)
