"""Workbooks as banks keep them: titles above, headers of several rows with merged cells, totals below, a sheet a month.

The workbooks of `books/` were made by other programs than the one that reads them: `report.xls` and `locked.xls` (the second
with a FILEPASS record) by xlwt, `locked.xlsx` by msoffcrypto-tool, `firms.ods` by odfpy.
"""

import shutil
import zipfile
from pathlib import Path

import openpyxl
import pytest
import yaml

from graph.errors import InputError
from ingest.manifest import SourceFile
from ingest.readers import Surroundings, find_inputs
from tests.ingest.world import Inbox, counts, firms, loans

BOOKS = Path(__file__).with_name("books")
_YIELD = {"entity": "Firm", "source": "s", "key": "客户号"}
_CREDIT = {"entity": "Firm", "key": "客户号", "properties": {"registered_capital_fen": "余额/贷款"}}
Row = tuple[int, dict[str, str]]


def rows(folder: Path, name: str, **changes: object) -> tuple[dict[str, list[Row]], list[str]]:
    """The rows of each source by its sheet, and the remarks."""
    spec = SourceFile.model_validate({"path": name, "yields": [_YIELD], **changes})
    inputs, remarks = find_inputs(spec, Surroundings(folder, folder, "f", "Asia/Shanghai"))
    found = {
        each.sheet: [row for c in each.chunks() for row in zip(c.line.to_list(), c.frame.to_dicts(), strict=True)]
        for each in inputs
    }
    return found, remarks + [remark for each in inputs for remark in each.remarks]


def test_an_old_workbook_with_merged_headers_of_two_rows_and_totals_below() -> None:
    end = {"column": "客户号", "equals": "合计"}
    found, remarks = rows(BOOKS, "report.xls", sheet="2026一季度", header_row=[3, 4], until=end)
    assert found == {
        "2026一季度": [
            (5, {"客户号": "1001", "余额/贷款": "12.5", "余额/票据": "3", "起始日": "2017-07-18"}),
            (7, {"客户号": "1002", "余额/贷款": "0.1", "余额/票据": "", "起始日": "2017-07-19"}),
        ]
    }
    assert remarks == []


def test_the_last_rows_are_skipped_by_their_number_and_names_joined_by_the_declared_sign() -> None:
    found, _ = rows(BOOKS, "report.xls", sheet="2026一季度", header_row=[3, 4], header_separator="_", skip_footer=2)
    assert [line for line, _ in found["2026一季度"]] == [5, 7]
    assert list(found["2026一季度"][0][1]) == ["客户号", "余额_贷款", "余额_票据", "起始日"]
    found, _ = rows(BOOKS, "report.xls", sheet="2026一季度", header_row=[3, 4], skip_footer=9)
    assert found == {"2026一季度": []}


@pytest.mark.parametrize("corner", ["A3", "C5"])
def test_merged_headers_are_spread_wherever_the_table_begins(tmp_path: Path, corner: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    at = openpyxl.utils.cell.coordinate_to_tuple(corner)
    lines = ["授信,,,客户号", "额度,余额,,", ",表内,表外,", "1,2,3,4"]
    for down, cells in enumerate(line.split(",") for line in lines):
        for right, cell in enumerate(cells):
            sheet.cell(at[0] + down, at[1] + right, cell or None)
    for top, left, bottom, right in ((0, 0, 0, 2), (1, 0, 2, 0), (1, 1, 1, 2), (0, 3, 2, 3)):
        sheet.merge_cells(start_row=at[0] + top, start_column=at[1] + left, end_row=at[0] + bottom, end_column=at[1] + right)
    book.save(tmp_path / "x.xlsx")
    found, _ = rows(tmp_path, "x.xlsx", header_row=[at[0], at[0] + 1, at[0] + 2])
    told = {"授信/额度": "1", "授信/余额/表内": "2", "授信/余额/表外": "3", "客户号": "4"}
    assert found["Sheet"] == [(at[0] + 3, told)]


def months(path: Path, *names: str) -> None:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, name in enumerate(names):
        sheet = book.create_sheet(name)
        sheet.append(["客户号"])
        sheet.append([f"{number}"])
    book.save(path)


def test_several_sheets_are_read_in_the_workbooks_order_and_lineage_names_each(inbox: Inbox) -> None:
    months(inbox.files / "x.xlsx", "202602", "202601", "说明")
    manifest = loans([], files=[{"path": "x.xlsx", "sheets": ["2026*"], "yields": [{"entity": "Firm", "key": "客户号"}]}])
    assert counts(inbox.load(manifest)) == (2, 2, 0, 0)
    assert inbox.rows("Firm", "file", "sheet", "line", "key") == [("x.xlsx", "202601", 2, "1"), ("x.xlsx", "202602", 2, "0")]
    with pytest.raises(InputError, match=r"no sheet fits '2025\*', only 202602, 202601, 说明"):
        inbox.load(manifest.replace("2026*", "2025*"))


def test_a_row_of_a_sheet_is_quarantined_with_sheet_and_line(inbox: Inbox) -> None:
    shutil.copy(BOOKS / "report.xls", inbox.files / "report.xls")
    file = {"path": "report.xls", "sheets": "2026*", "header_row": [3, 4], "skip_footer": 1, "ignore": ["余额/票据", "起始日"]}
    told = yaml.safe_dump({"name": "f", "defaults": {"source": "s"}, "max_bad_share": 1, "files": [{**file, "yields": [_CREDIT]}]})
    result = inbox.load(told)
    assert counts(result) == (3, 3, 0, 0)  # with a footer of one, the total is taken for a firm
    assert counts(inbox.load(told.replace("skip_footer: 1", "skip_footer: 0"))) == (4, 1, 3, 0)


def test_open_document_sheets_and_a_renamed_workbook_are_read_by_their_content(tmp_path: Path) -> None:
    assert rows(BOOKS, "firms.ods")[0] == {"客户": [(2, {"客户号": "1", "名称": "青禾"})]}
    months(tmp_path / "x.xlsx", "a")
    (tmp_path / "x.xlsx").rename(tmp_path / "x.xls")
    assert rows(tmp_path, "x.xls")[0] == {"a": [(2, {"客户号": "0"})]}


def test_workbooks_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    whole = (BOOKS / "report.xls").read_bytes()
    (tmp_path / "page.xls").write_text("<html><table><tr><td>客户号</td></tr></table></html>", "utf-8")
    (tmp_path / "cut.xls").write_bytes(whole[: len(whole) // 3])
    months(tmp_path / "cut.xlsx", "a")
    (tmp_path / "cut.xlsx").write_bytes((tmp_path / "cut.xlsx").read_bytes()[:500])
    (tmp_path / "empty.xls").write_bytes(b"")
    cases = [
        (BOOKS / "locked.xls", "locked with a password"),
        (BOOKS / "locked.xlsx", "locked with a password"),
        (tmp_path / "page.xls", "a web page or XML under a workbook's name"),
        (tmp_path / "cut.xls", "no readable workbook, or a damaged one"),
        (tmp_path / "cut.xlsx", "no readable workbook, or a damaged one"),
        (tmp_path / "empty.xls", "the file is empty"),
    ]
    for path, message in cases:
        with pytest.raises(InputError, match=message) as refusal:
            rows(path.parent, path.name)
        assert path.name in refusal.value.message
        assert refusal.value.fix


def test_headers_that_are_not_there_or_not_one_row_of_text_files_are_refused(tmp_path: Path) -> None:
    months(tmp_path / "x.xlsx", "a")
    with pytest.raises(InputError, match="line 8, 9: there is no header"):
        rows(tmp_path, "x.xlsx", header_row=[8, 9])
    (tmp_path / "x.csv").write_text("a\nb\n1\n", "utf-8")
    with pytest.raises(InputError, match="only a workbook's header"):
        rows(tmp_path, "x.csv", header_row=[1, 2])


def test_what_stands_below_the_end_of_a_table_is_remarked_on_where_it_is_much(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("客户号\n1\n合计\n" + "".join(f"{n}\n" for n in range(9)), "utf-8")
    found, remarks = rows(tmp_path, "x.csv", until={"column": "客户号", "equals": "合计"})
    assert found == {"": [(2, {"客户号": "1"})]}
    assert ["above line 3; 10 rows from there on were not read" in remark for remark in remarks] == [True]
    with pytest.raises(InputError, match="until: there is no column 号"):
        rows(tmp_path, "x.csv", until={"column": "号", "empty": True})


def test_a_footer_that_is_no_row_of_the_table_is_skipped_in_a_text_file_too(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("客户号,名称\n1,青禾\n2,素木\n记录数:2\n", "utf-8")
    found, _ = rows(tmp_path, "x.csv", skip_footer=1)
    assert [line for line, _ in found[""]] == [2, 3]


def test_folders_and_patterns_are_read_in_one_order(inbox: Inbox) -> None:
    (inbox.files / "in" / "old").mkdir(parents=True)
    for name in ("b.csv", "a.csv", ".hidden.csv", "~$c.csv", "old/z.csv"):
        inbox.put(f"in/{name}", f"客户号\n{name}\n")
    whole = loans([], files=[{"path": "in", "yields": [{"entity": "Firm", "key": "客户号"}]}])
    assert list(inbox.load(whole).files) == ["in/a.csv", "in/b.csv"]
    assert list(inbox.load(whole.replace("path: in", "path: in/**/[az].csv")).files) == ["in/a.csv", "in/old/z.csv"]
    assert list(inbox.load(whole.replace("path: in", f"path: {inbox.files}/in/b*.csv")).files) == ["in/b.csv"]


def test_an_empty_folder_is_refused_by_name_unless_it_is_optional(inbox: Inbox) -> None:
    (inbox.files / "in").mkdir()
    file = {"path": "in", "yields": [{"entity": "Firm", "key": "客户号"}]}
    with pytest.raises(InputError, match=r"/in: there is no file in this folder"):
        inbox.load(loans([], files=[file]))
    with pytest.raises(InputError, match="there is no file that fits"):
        inbox.load(loans([], files=[{**file, "path": "in/*.csv"}]))
    result = inbox.load(loans([], files=[{**file, "optional": True}]))
    assert counts(result) == (0, 0, 0, 0)
    assert any("there is no file in this folder" in warning for warning in result.warnings)


def workbook_of(path: Path, *table: tuple[object, ...]) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in table:
        sheet.append(row)
    book.save(path)


def test_a_cell_without_a_value_is_refused_and_not_taken_for_an_empty_one(inbox: Inbox) -> None:
    head = ("客户号", "名称", "注册资本", "备注")
    told = [("1", "甲", "#N/A", ""), ("2", "=A1", 5, ""), ("3", "丙", "=1+1", ""), ("4", "丁", 7, "#REF!"), ("5", "戊", 8, "=A1")]
    workbook_of(inbox.files / "firms.xlsx", head, *told)
    result = inbox.load(firms(file="firms.xlsx", options="ignore: [备注]"))
    assert counts(result) == (5, 2, 0, 3)  # the last column is read by nobody
    assert inbox.quarantined(result) == [
        (2, "注册资本", "#N/A", "cell_error"),
        (3, "名称", "#FORMULA! =A1", "not_worked_out"),
        (4, "注册资本", "#FORMULA! =1+1", "not_worked_out"),
    ]
    assert inbox.rows("Firm", "key", "registered_capital_fen") == [("4", 7_000_000), ("5", 8_000_000)]


def test_rows_of_such_cells_alone_are_told_and_what_stands_beside_the_table_is_not(tmp_path: Path) -> None:
    workbook_of(tmp_path / "a.xlsx", ("客户号", "名称"), ("1", "甲", None, "=1+1"), ("=A2", "#N/A"))
    (told,) = rows(tmp_path, "a.xlsx")[0].values()
    assert told == [(2, {"客户号": "1", "名称": "甲"}), (3, {"客户号": "#FORMULA! =A2", "名称": "#N/A"})]


def test_a_number_of_more_digits_than_a_workbook_keeps_is_no_key(inbox: Inbox) -> None:
    workbook_of(
        inbox.files / "firms.xlsx", ("客户号", "名称", "注册资本"), (622202123456789, "甲", 1), (6222021234567890123, "乙", 1)
    )
    result = inbox.load(firms(file="firms.xlsx"))
    assert inbox.quarantined(result) == [(3, "客户号", "#DIGITS! 6222021234567889920", "digits_lost")]
    assert inbox.rows("Firm", "key") == [("622202123456789",)]


def test_a_formula_that_was_worked_out_counts_though_it_came_to_nothing(tmp_path: Path) -> None:
    workbook_of(tmp_path / "a.xlsx", ("客户号", "名称"), ("1", "=A1"), ("2", "=A2"))
    with zipfile.ZipFile(tmp_path / "a.xlsx") as book:
        parts = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = (
        parts[sheet].replace(b'<c r="B2"><f>A1', b'<c r="B2" t="str"><f>A1').replace(b"<f>A2</f><v />", b"<f>A2</f><v>5</v>")
    )
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as book:
        for name, data in parts.items():
            book.writestr(name, data)
    found, _ = rows(tmp_path, "a.xlsx")
    assert [row["名称"] for _, row in next(iter(found.values()))] == ["", "5"]
