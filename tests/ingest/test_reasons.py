"""Every reason, on a real file: each bad row is set aside with file, line, the column that is to blame, value and reason."""

from typing import Any

import polars as pl
import pytest

from graph.errors import InputError
from ingest.reasons import Reason
from tests.ingest.world import Inbox, counts, loans

_HOLDING: dict[str, Any] = {
    "relation": "HOLDS_SHARES",
    "src": {"type": "Firm", "key": ["省", "股东"]},
    "dst": {"type": "Firm", "key": "企业"},
    "key": ["股东", "企业"],
    "valid_from": "起",
    "valid_to": {"column": "止", "inclusive": True},
    "currency": "币种",
    "properties": {"equity_share": {"column": "比例", "unit": "%"}, "paid_in_fen": {"column": "实缴", "unit": "万元"}},
}
_HEAD = "省,股东,企业,起,止,币种,比例,实缴\n"
_FIRM = {"entity": "Firm", "key": "代码", "properties": {"uscc": "代码", "size": {"column": "规模", "values": {"大型": "large"}}}}
_LINES: dict[Reason, tuple[str, str, str]] = {
    Reason.FIELD_COUNT: ("沪,甲,乙", "", "沪,甲,乙"),
    Reason.STRAY_QUOTE: ('沪,甲,乙",2024-01-01,,CNY,1,1', "", '沪,甲,乙",2024-01-01,,CNY,1,1'),
    Reason.CELL_ERROR: ("沪,甲,乙,2024-01-01,,CNY,#N/A,1", "比例", "#N/A"),
    Reason.NOT_WORKED_OUT: ("沪,甲,乙,2024-01-01,,CNY,#FORMULA! =A1,1", "比例", "#FORMULA! =A1"),
    Reason.DIGITS_LOST: ("沪,#DIGITS! 6222021234567890944,乙,2024-01-01,,CNY,1,1", "股东", "#DIGITS! 6222021234567890944"),
    Reason.MISSING_VALUE: ("沪,,乙,2024-01-01,,CNY,1,1", "股东", ""),
    Reason.NOT_A_NUMBER: ("沪,甲,乙,2024-01-01,,CNY,一,1", "比例", "一"),
    Reason.NOT_WHOLE: ("沪,甲,乙,2024-01-01,,CNY,1,0.0000001", "实缴", "0.0000001"),
    Reason.AMOUNT_SIZE: ("沪,甲,乙,2024-01-01,,CNY,1,1e20", "实缴", "1e20"),
    Reason.SHARE_RANGE: ("沪,甲,乙,2024-01-01,,CNY,101,1", "比例", "101"),
    Reason.NOT_A_DATE: ("沪,甲,乙,去年,,CNY,1,1", "起", "去年"),
    Reason.DATE_RANGE: ("沪,甲,乙,0024-01-01,,CNY,1,1", "起", "0024-01-01"),
    Reason.DATE_ORDER: ("沪,甲,乙,2024-01-01,2023-01-01,CNY,1,1", "止", "2023-01-01"),
    Reason.UNKNOWN_CURRENCY: ("沪,甲,乙,2024-01-01,,贝壳,1,1", "币种", "贝壳"),
}


@pytest.mark.parametrize("reason", sorted({*Reason} - {Reason.SUPERSEDED}))  # repaired rows only: tests/ingest/desk
def test_every_reason_names_file_line_column_and_value(inbox: Inbox, reason: Reason) -> None:
    expected = _one_bad_row(inbox, reason)
    result = inbox.load()
    read, accepted, _, quarantined = counts(result)
    assert (read, accepted, quarantined) == (2, 1, 1) if reason is not Reason.CONFLICT else (2, 0, 2)
    assert result.quarantine is not None
    told = pl.read_parquet(result.quarantine / "quarantine.parquet").filter(pl.col("line") == 3)
    assert told.select("file", "line", "column", "value", "reason").rows() == [("rows.csv", 3, *expected, str(reason))]
    assert all(len(sentence) > 5 for sentence in told["sentence"])
    assert expected[0] or reason in (Reason.FIELD_COUNT, Reason.STRAY_QUOTE, Reason.NOT_JSON)


def _one_bad_row(inbox: Inbox, reason: Reason) -> tuple[str, str]:
    """Puts a good row and one that is refused for this reason; the column and value that must be named."""
    good = "沪,丙,丁,2024-01-01,,CNY,1,1\n"
    match reason:
        case Reason.CHECK_DIGIT | Reason.UNKNOWN_VALUE:
            spoilt = "91310000MA1K2ABC40,大型" if reason is Reason.CHECK_DIGIT else "91310000MA1K2ABC45,巨型"
            inbox.put("rows.csv", f"代码,规模\n91310000MA1K2ABC45,大型\n{spoilt}\n")
            inbox.manifest(loans([_FIRM]))
            return ("代码", "91310000MA1K2ABC40") if reason is Reason.CHECK_DIGIT else ("规模", "巨型")
        case Reason.SELF_LOOP:
            inbox.put("rows.csv", "股东,企业\n甲,乙\n甲,甲\n")
            plain = {"src": {"type": "Firm", "key": "股东"}, "dst": {"type": "Firm", "key": "企业"}}
            inbox.manifest(loans([{"relation": "SUPPLIES", "key": ["股东", "企业"], **plain}]))
            return "企业", "甲"
        case Reason.UNKNOWN_END:
            inbox.put("firms.csv", "代码\n丁\n戊\n")
            inbox.load(loans([{"entity": "Firm", "key": "代码"}], file="firms.csv"))
            inbox.put("rows.csv", "股东,企业\n戊,丁\n戊,己\n")
            plain = {"src": {"type": "Firm", "key": "股东"}, "dst": {"type": "Firm", "key": "企业"}}
            inbox.manifest(loans([{"relation": "HOLDS_SHARES", "key": ["股东", "企业"], **plain}], on_unknown_end="refuse"))
            return "企业", "己"
        case Reason.CONFLICT:
            inbox.put("rows.csv", _HEAD + good + good.replace("CNY,1,1", "CNY,1,2.50"))
            inbox.manifest(loans([_HOLDING]))
            return "实缴", "2.5"
        case Reason.NOT_JSON | Reason.NESTED_VALUE:
            spoilt = '{"代码": "乙"' if reason is Reason.NOT_JSON else '{"代码": ["乙"]}'
            inbox.put("rows.csv", f'{{"代码": "丙"}}\n\n{spoilt}\n')
            read = {"path": "rows.csv", "format": "jsonl", "yields": [{"entity": "Firm", "key": "代码"}]}
            inbox.manifest(loans([], files=[read]))
            return "" if reason is Reason.NOT_JSON else "代码", spoilt
    line, column, value = _LINES[reason]
    inbox.put("rows.csv", _HEAD + good + line + "\n")
    inbox.manifest(loans([_HOLDING]))
    return column, value


@pytest.mark.parametrize(
    ("other", "issues"),
    [
        ("沪,甲,乙,2024-01-01,2024-12-31,CNY,1,1", [("止", "", "2024-12-31")]),
        ("沪,甲,乙,2024-01-01,,USD,1,1", [("币种", "CNY", "USD")]),
        ("沪,甲,乙,2024-01-01,,JPY,1,1", [("币种", "CNY", "JPY"), ("实缴", "1", "1")]),
        ("沪,甲,乙,2024-01-01,,CNY,7.5,", [("实缴", "1", ""), ("比例", "1", "7.5")]),
        ("京,甲,乙,2024-01-01,,CNY,1,1", [("省", "沪", "京"), ("股东", "甲", "甲")]),
    ],
)
def test_a_conflict_names_every_column_in_which_the_rows_differ_as_the_file_writes_it(
    inbox: Inbox, other: str, issues: list[tuple[str, str, str]]
) -> None:
    inbox.put("rows.csv", _HEAD + "沪,甲,乙,2024-01-01,,CNY,1,1\n" + other + "\n")
    result = inbox.load(loans([_HOLDING]))
    assert counts(result) == (2, 0, 0, 2)
    expected = [(2, column, mine, "conflict") for column, mine, _ in issues]
    expected += [(3, column, theirs, "conflict") for column, _, theirs in issues]
    assert sorted(inbox.quarantined(result)) == sorted(expected)


def test_mapped_words_are_shown_as_the_file_has_them_and_personal_ends_as_tokens(inbox: Inbox) -> None:
    state = {"column": "状态", "values": {"在营": "active", "注销": "cancelled"}}
    inbox.put("rows.csv", "代码,状态\n甲,在营\n甲,注销\n")
    result = inbox.load(loans([{"entity": "Firm", "key": "代码", "properties": {"status": state}}]))
    assert inbox.quarantined(result) == [(2, "状态", "在营", "conflict"), (3, "状态", "注销", "conflict")]

    holding = {
        "relation": "HOLDS_SHARES",
        "src": {"type": "Person", "source": "id_number", "key": "证件号", "personal": "id_number"},
        "dst": {"type": "Firm", "key": "企业"},
        "key": ["证件号", "企业"],
    }
    inbox.put("rows.csv", "证件号,企业\n110101199003070000,甲\n")
    result = inbox.load(loans([holding], name="holders", on_unknown_end="refuse"))
    token = inbox.vault.token("110101199003070000", "id_number")
    assert inbox.quarantined(result) == [(2, "企业", "甲", "unknown_end"), (2, "证件号", token, "unknown_end")]


def test_where_only_constants_of_two_files_differ_the_key_stands_for_them(inbox: Inbox) -> None:
    def listed(path: str, status: str) -> dict[str, Any]:
        firm = {"entity": "Firm", "key": "代码", "properties": {"status": {"constant": status}}}
        return {"path": path, "yields": [firm]}

    inbox.put("a.csv", "代码\n甲\n乙\n")
    inbox.put("b.csv", "代码\n甲\n")
    result = inbox.load(loans([], files=[listed("a.csv", "active"), listed("b.csv", "cancelled")]))
    assert counts(result) == (3, 1, 0, 2)
    assert inbox.quarantined(result) == [
        (2, "代码", "status=active", "conflict"),
        (2, "代码", "status=cancelled", "conflict"),
    ]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"properties": {"paid_in_fen": {"constant": "viel"}}}, "paid_in_fen"),
        ({"valid_from": {"constant": "01.02.2024"}}, "valid_from"),
        ({"properties": {"paid_in_fen": "x"}, "currency": {"constant": "Taler"}}, "currency"),
    ],
)
def test_a_constant_that_would_refuse_every_row_refuses_the_manifest(inbox: Inbox, told: dict[str, Any], field: str) -> None:
    inbox.put("rows.csv", "a,b,x\n1,2,3\n")
    plain = {"src": {"type": "Firm", "key": "a"}, "dst": {"type": "Firm", "key": "b"}, "key": ["a", "b"]}
    with pytest.raises(InputError, match="the constant") as refusal:
        inbox.load(loans([{"relation": "HOLDS_SHARES", **plain, **told}]))
    assert refusal.value.field == field


def test_an_absurdly_long_value_is_cut_and_says_how_long_it_was(inbox: Inbox) -> None:
    inbox.put("rows.csv", _HEAD + f"沪,甲,乙,2024-01-01,,CNY,{'9' * 5000}x,1\n" + "长" * 3000 + "\n")
    told = inbox.quarantined(inbox.load(loans([_HOLDING])))
    assert [(value[:1], len(value), value[-17:]) for _, _, value, _ in told] == [
        ("9", 1019, "(5001 characters)"),
        ("长", 1019, "(3000 characters)"),
    ]
