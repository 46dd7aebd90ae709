"""Rows spoilt in every way we could think of: each is loaded or set aside with a reason, counts add up, nothing breaks."""

import csv
import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from graph.ledger import Ledger
from ingest.reasons import Reason
from tests.ingest.command import Command
from tests.ingest.world import Inbox, counts, loans

_COLUMNS = ["股东", "企业", "起", "止", "币种", "比例", "实缴"]
_HOLDING: dict[str, Any] = {
    "relation": "HOLDS_SHARES",
    "src": {"type": "Firm", "key": "股东"},
    "dst": {"type": "Firm", "key": "企业"},
    "key": ["股东", "企业"],
    "valid_from": "起",
    "valid_to": "止",
    "currency": "币种",
    "properties": {"equity_share": {"column": "比例", "unit": "%"}, "paid_in_fen": {"column": "实缴", "unit": "万元"}},
}
_WHOLE_LINE = (Reason.FIELD_COUNT, Reason.STRAY_QUOTE)
_BULK = 96_000
_SEED = 20_170_718

_CELLS = [
    *("", " ", "　", "0", "-0", "-1", "1e400", "1e-400", "NaN", "inf", "-inf", "1,234,567.89", "1,2,3", "１２．５", "十二", "12%"),
    *("0x1F", "1_000", "+5", "99999999999999999999999", "100.0000000001", "1.5万", "￥5", "5元", "½", "٣"),
    *(
        "2024-02-30",
        "2024-13-01",
        "0000-00-00",
        "1066-10-14",
        "2024年2月1日",
        "20240201",
        "1/2/2024",
        "9999-12-31",
        "10000-01-01",
        "45000",
        "明天",
    ),
    *("明天", "CNY", "cny", "人民币", "XXX", "甲", "乙", "NULL", "N/A", "None", "null", "-", "\\N"),
    *('=HYPERLINK("http://x")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1", "'=1"),
    *(
        "\0",
        "a\0b",
        "\x01\x1f\x7f",
        "\ufeff",
        "\u200b甲\u200b",
        "\u202e甲",
        "\u2028",
        "a\nb",
        "a\r\nb",
        "😀" * 30,
        "\ud7ff",
        "a\u0301",
    ),
    *("'; DROP TABLE x; --", "{{7*7}}", "%s%n", "../../etc/passwd", "<script>", "甲" * 20_000),
]

_NOT_HERE = {"check_digit", "unknown_end", "unknown_value", "not_json", "nested_value", "superseded", "self_loop"}
_NOT_HERE |= {"cell_error", "not_worked_out", "digits_lost"}  # of workbooks


def _good(number: int) -> list[str]:
    return [f"甲{number}", f"乙{number}", "2024-01-01", "2025-01-01", "CNY", "30", "12.34"]


def _mutate(rows: list[list[str]], place: int, pick: random.Random) -> str:
    """One row, spoilt in one to three ways, as it stands in the file. Some ways leave it good."""
    cells = list(rows[place])
    for _ in range(pick.choice((1, 1, 1, 2, 3))):
        cells[pick.randrange(len(cells))] = pick.choice(_CELLS)
    match pick.randrange(12):
        case 0:  # the same again
            cells = list(rows[pick.randrange(place + 1)])
        case 1:  # the same state, told otherwise
            cells = [*rows[pick.randrange(place + 1)][:6], str(pick.randrange(100))]
        case 2:  # a circle of two
            earlier = rows[pick.randrange(place + 1)]
            cells = [earlier[1], earlier[0], *earlier[2:]]
        case 3:  # one end only
            cells[1] = cells[0]
        case 4:
            cells = cells[: pick.randrange(1, len(cells))]
        case 5:
            cells += ["more"] * pick.randrange(1, 4)
        case 6:
            return ",".join(rows[place]) + pick.choice(('"', '",', ' "x" y')) + "\n"
        case 7:  # begun after it ended
            cells[2], cells[3] = cells[3], cells[2]
    return _line(cells)


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def _rows_in(line: str) -> int:
    """A row is one, over however many lines it runs; what cannot be cut into the header's fields is a row for each line."""
    [cells] = csv.reader(io.StringIO(line.replace("\r", ""), newline=""))  # a bare return ends no line
    return 1 if len(cells) == len(_COLUMNS) else line.replace("\r\n", "\n").count("\n")


def _text(lines: list[str]) -> str:
    return ",".join(_COLUMNS) + "\n" + "".join(lines)


def _accounted(read: int, folder: Path, ledger: Ledger, duplicates: int) -> None:
    """Every row is a line of the ledger, a line of the quarantine or a duplicate, and every refusal says all there is to say."""
    told = pl.read_parquet(folder / "quarantine.parquet")
    refused = set(told["line"].to_list())
    kept = ledger.table("HOLDS_SHARES").select("line").to_pyarrow()["line"].to_pylist()
    assert not refused & set(kept)
    assert len(kept) == len(set(kept))
    assert len(kept) + len(refused) + duplicates == read
    assert set(told["reason"].unique()) <= {str(reason) for reason in Reason}
    assert told["sentence"].null_count() == told["value"].null_count() == 0
    assert set(told.filter(pl.col("column") == "")["reason"].unique()) <= set(map(str, _WHOLE_LINE))


def _holds_no_formula(workbook: Path) -> None:
    """Neither a formula nor a text that Excel would take for one when it is edited."""
    with zipfile.ZipFile(workbook) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<f " not in sheet
    assert not re.search(r"<t[^>]*>(?:[=+\-@]|&#9;|&#13;|\t|\r|_x000[9D]_)", sheet)


def test_a_hundred_thousand_spoilt_rows_are_each_loaded_or_set_aside(inbox: Inbox, command: Command) -> None:
    pick = random.Random(_SEED)
    rows = [_good(number) for number in range(_BULK)]
    lines = [_mutate(rows, place, pick) for place in range(_BULK)]
    inbox.put("rows.csv", _text([*map(_line, rows[:2000]), *lines]).encode("utf-8", "replace"))
    done = command.run("ingest", str(inbox.manifest(loans([_HOLDING]))), "--json")
    told = json.loads(done.out)
    assert done.code == 3, done.error
    read = told["rows"]
    assert read["read"] == 2000 + sum(map(_rows_in, lines))
    assert min(read["accepted"], read["duplicate"], read["quarantined"]) > 1000
    assert set(told["reasons"]) >= {str(r) for r in Reason} - _NOT_HERE
    ledger = Ledger.open(command.home / "ledger")
    _accounted(read["read"], Path(told["quarantine"]), ledger, read["duplicate"])
    ledger.close()
    _holds_no_formula(Path(told["quarantine"]) / "quarantine.xlsx")


_cell = st.one_of(st.sampled_from(_CELLS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
_row = st.lists(_cell, min_size=5, max_size=9) | st.builds(_good, st.integers(0, 3))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, derandomize=True)
@given(st.lists(_row, max_size=12))
def test_whatever_the_cells_hold_counts_add_up_and_a_second_run_accepts_nothing(inbox: Inbox, rows: list[list[str]]) -> None:
    lines = [_line(cells) for cells in (_good(99), *rows)]
    inbox.put("rows.csv", _text(lines))
    _loads_twice_alike(inbox)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, derandomize=True)
@given(st.data(), st.sampled_from(["utf-8", "gb18030"]))
def test_whatever_bytes_are_changed_the_file_is_loaded_or_refused_by_name(inbox: Inbox, data: st.DataObject, encoding: str) -> None:
    whole = bytearray(_text([_line(_good(number)) for number in range(8)]).encode(encoding))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    inbox.put("rows.csv", bytes(whole))
    _loads_twice_alike(inbox, encoding)


def _loads_twice_alike(inbox: Inbox, encoding: str = "utf-8") -> None:
    files = [{"path": "rows.csv", "encoding": encoding, "yields": [_HOLDING]}]
    try:
        first, again = inbox.load(loans([], files=files)), inbox.load()
    except InputError as refusal:
        assert "rows.csv" in refusal.message
        assert refusal.fix
        return
    assert again.rows.accepted == 0
    assert (again.rows.read, again.rows.quarantined) == (first.rows.read, first.rows.quarantined)
    assert all(reason for _, _, _, reason in inbox.quarantined(first))
    if first.rows.quarantined and first.quarantine:
        _holds_no_formula(first.quarantine / "quarantine.xlsx")


def test_a_cell_of_ten_megabytes_is_loaded_or_set_aside_and_the_rows_beside_it_too(inbox: Inbox) -> None:
    spoilt: list[Callable[[list[str]], None]] = [lambda cells: cells.__setitem__(6, "9" * 10_000_000)]
    spoilt.append(lambda cells: cells.__setitem__(0, "长" * 3_400_000))
    lines = []
    for number in range(4):
        cells = _good(number)
        if number % 2:
            spoilt[number // 2](cells)
        lines.append(_line(cells))
    inbox.put("rows.csv", _text(lines))
    result = inbox.load(loans([_HOLDING]))
    assert counts(result) == (4, 3, 0, 1)
    [(line, column, value, _)] = inbox.quarantined(result)
    assert (line, column) == (3, "实缴")
    assert value.endswith("(10000000 characters)")
