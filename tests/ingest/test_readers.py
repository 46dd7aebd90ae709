"""Files are cut into rows with their exact lines, whatever the chunk size; what is not the declared format is refused."""

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from ingest.manifest import SourceFile
from ingest.prefetch import ahead
from ingest.readers import read_chunks, text
from ingest.readers.delimited import Dialect, read_delimited

_YIELD = {"entity": "Firm", "source": "s", "key": "a"}
Row = tuple[int, dict[str, str]]


def spec(**changes: object) -> SourceFile:
    return SourceFile.model_validate({"path": "x", "yields": [_YIELD], **changes})


def read(path: Path, **changes: object) -> tuple[list[Row], list[tuple[int, str, str]]]:
    good: list[Row] = []
    broken: list[tuple[int, str, str]] = []
    for chunk in read_chunks(path, spec(**changes)):
        good += zip(chunk.line.to_list(), chunk.frame.to_dicts(), strict=True)
        broken += list(chunk.broken.select("line", "reason", "text").iter_rows())
    return good, broken


@pytest.fixture
def tiny_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK", 7)


def test_rows_keep_their_lines_past_blank_lines_and_fields_with_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n')
    assert read(path) == ([(2, {"a": "1", "b": "x\ny"}), (5, {"a": "2", "b": "z"})], [])


def test_lines_that_end_in_a_carriage_return_alone_are_lines(tmp_path: Path, tiny_blocks: None) -> None:
    path = tmp_path / "mac.csv"
    path.write_bytes(b'a,b\r1,"x"\r\r2,z\r3')
    assert read(path) == ([(2, {"a": "1", "b": "x"}), (4, {"a": "2", "b": "z"})], [(5, "field_count", "3")])


def test_a_header_with_line_ends_of_two_kinds_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes(b"a,b\r1,x\n2,z\n")
    with pytest.raises(InputError, match=r"mixed\.csv, line 1: this is no header") as refused:
        read(path)
    assert "CRLF" in refused.value.fix


def test_one_stray_quote_spoils_its_own_line_only(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,2\n3,4"寸\n5,6\n"7,8\n9,10\n', "utf-8")
    good, broken = read(path)
    assert [line for line, _ in good] == [2, 4, 6]
    assert broken == [(3, "stray_quote", '3,4"寸'), (5, "stray_quote", '"7,8')]


def test_rows_with_too_few_or_too_many_fields_are_set_aside_with_their_text(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1\n1,2\n1,2,3\n", "utf-8")
    good, broken = read(path)
    assert [line for line, _ in good] == [3]
    assert broken == [(2, "field_count", "1"), (4, "field_count", "1,2,3")]


cells = st.text(alphabet='ab,"\n 中', max_size=4)


@pytest.mark.usefixtures("tiny_blocks")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=8))
def test_what_a_csv_writer_wrote_is_read_back_in_blocks_of_any_size(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b"), *rows])
    path = tmp_path / "x.csv"
    path.write_text(buffer.getvalue(), "utf-8", newline="")
    good, broken = read(path)
    assert broken == []
    assert [tuple(cells.values()) for _, cells in good] == rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.usefixtures("tiny_blocks")
def test_each_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,企业名称\n1,䶮青禾贸易\n", encoding)
    assert read(path, encoding=encoding) == ([(2, {"a": "1", "企业名称": "䶮青禾贸易"})], [])


def test_a_gb18030_file_declared_utf8_is_refused_with_its_line_and_the_right_name(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,x\n2,青禾贸易\n", "gb18030")
    with pytest.raises(InputError, match=r"line 3: this is not utf-8.*encoding: gb18030"):
        read(path)


def test_a_utf8_file_declared_gb18030_is_refused_though_it_would_decode(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,名称\n1,青禾\n", "utf-8")
    with pytest.raises(InputError, match="is UTF-8 but declared gb18030"):
        read(path, encoding="gb18030")


def test_an_empty_file_a_cut_gzip_and_binary_files_are_refused(tmp_path: Path) -> None:
    whole = gzip.compress(b"a,b\n" + b"1,2\n" * 5000)
    cases = {
        "empty.csv": (b"", "is empty"),
        "empty.csv.gz": (gzip.compress(b""), "is empty"),
        "cut.csv.gz": (whole[:-20], "cut off"),
        "damaged.csv.gz": (whole[:30] + b"\0" * 8 + whole[38:], "damaged|cut off"),
        "plain.csv.gz": (b"a,b\n1,2\n", "no gzip file"),
        "book.csv": (b"PK\x03\x04rest", "zip or xlsx"),
        "old.csv": (b"\xd0\xcf\x11\xe0rest", "old Excel"),
        "wide.csv": ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        "zeros.csv": (b"a,b\n1,\0\n", "binary"),
    }
    for name, (content, message) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError, match=message) as refusal:
            read(path)
        assert name in refusal.value.message
        assert refusal.value.fix


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b,a\n1,2,3\n", "utf-8")
    with pytest.raises(InputError, match=r"'a'.*twice"):
        read(path)


def test_a_nameless_column_is_called_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv"
    path.write_text("\ta\n0\t1\n", "utf-8")
    assert read(path) == ([(2, {"#1": "0", "a": "1"})], [])


def test_a_header_further_down_and_another_delimiter_are_declared(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("报表日期 2026\n\na|b\n1|2\n", "utf-8")
    assert read(path, header_row=3, delimiter="|") == ([(4, {"a": "1", "b": "2"})], [])


def test_a_workbook_gives_its_numbers_and_days_as_text_with_their_lines(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "客户"
    for row in (["报表"], ["a", "金额", "日期"], ["91", 1234.5, date(2017, 7, 18)], [], [2, 3, datetime(2017, 7, 18, 9, 30)]):
        sheet.append(row)
    book.create_sheet("说明")
    path = tmp_path / "x.xlsx"
    book.save(path)
    good, _ = read(path, sheet="客户", header_row=2)
    assert good == [
        (3, {"a": "91", "金额": "1234.5", "日期": "2017-07-18"}),
        (5, {"a": "2", "金额": "3", "日期": "2017-07-18 09:30:00"}),
    ]
    with pytest.raises(InputError, match="several sheets: 客户, 说明"):
        read(path)
    with pytest.raises(InputError, match="no sheet '客户表'"):
        read(path, sheet="客户表")


def test_a_csv_renamed_xlsx_or_parquet_is_refused(tmp_path: Path) -> None:
    for name in ("x.xlsx", "x.parquet"):
        path = tmp_path / name
        path.write_text("a,b\n1,2\n", "utf-8")
        with pytest.raises(InputError, match="no readable"):
            read(path)


def test_parquet_columns_of_any_plain_type_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    frame = pl.DataFrame({"a": ["1", None], "n": [1.5, 2.0], "d": [date(2017, 7, 18), None], "t": [datetime(2017, 7, 18, 9), None]})
    frame.write_parquet(path)
    good, _ = read(path)
    assert good[0][1] == {"a": "1", "n": "1.5", "d": "2017-07-18", "t": "2017-07-18 09:00:00.000000"}
    assert good[1] == (2, {"a": "", "n": "2.0", "d": "", "t": ""}) or good[1][1]["n"] in ("2", "2.0")


def test_reading_ahead_hands_on_errors_and_stops_when_left() -> None:
    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    with ahead(endless()) as numbers:
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]

    def failing() -> Iterator[int]:
        yield 1
        raise InputError("broken", "mend")

    with pytest.raises(InputError, match="broken"), ahead(failing()) as numbers:
        assert list(numbers) == [1]


@pytest.mark.usefixtures("tiny_blocks")
def test_a_field_may_run_over_from_one_block_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"one\ntwo\nthree"\n2,x\n', "utf-8")
    rows = [
        row for chunk in read_delimited(path, Dialect(",", '"', "utf-8")) for row in zip(chunk.line, chunk.frame["b"], strict=True)
    ]
    assert rows == [(2, "one\ntwo\nthree"), (5, "x")]
