"""Every check, on one bad row beside good ones; cleaning keeps the original; personal values show as tokens only."""

from hashlib import sha256
from typing import Any

import openpyxl
import polars as pl
import pytest

from tests.ingest.world import Inbox, counts, loans

# check digits are right; the codes are not issued
USCC, WRONG_USCC = "91310000MA1K2ABC45", "91310000MA1K2ABC40"


def test_the_sample_code_is_valid_by_the_standard() -> None:
    import stdnum.cn.uscc

    assert stdnum.cn.uscc.is_valid(USCC)
    assert not stdnum.cn.uscc.is_valid(WRONG_USCC)


FIRM: dict[str, Any] = {"entity": "Firm", "key": "代码", "properties": {"uscc": "代码", "name": "名称"}}
HOLDING: dict[str, Any] = {
    "relation": "HOLDS_SHARES",
    "src": {"type": "Firm", "key": "股东"},
    "dst": {"type": "Firm", "key": "企业"},
    "key": ["股东", "企业"],
    "valid_from": "起",
    "valid_to": "止",
    "currency": "币种",
    "properties": {"equity_share": "比例", "paid_in_fen": "实缴"},
}
_HEAD = "股东,企业,起,止,币种,比例,实缴\n"
_GOOD = "甲,乙,2024-01-01,2025-01-01,CNY,0.3,12.34\n"


@pytest.mark.parametrize(
    ("bad", "column", "value", "reason"),
    [
        (",乙,2024-01-01,,CNY,0.3,1", "股东", "", "missing_value"),
        ("丙,乙,2024年,,CNY,0.3,1", "起", "2024年", "not_a_date"),
        ("丙,乙,1024-01-01,,CNY,0.3,1", "起", "1024-01-01", "date_range"),
        ("丙,乙,2024-01-01,2023-01-01,CNY,0.3,1", "止", "2023-01-01", "date_order"),
        ("丙,乙,2024-01-01,,XYZ,0.3,1", "币种", "XYZ", "unknown_currency"),
        ("丙,乙,2024-01-01,,CNY,30,1", "比例", "30", "share_range"),
        ("丙,乙,2024-01-01,,CNY,三成,1", "比例", "三成", "not_a_number"),
        ("丙,乙,2024-01-01,,CNY,0.3,1.005", "实缴", "1.005", "not_whole"),
        ("丙,乙,2024-01-01,,CNY,0.3,1e17", "实缴", "1e17", "amount_size"),
        ("丙,乙,2024-01-01,,CNY,0.3", "", "丙,乙,2024-01-01,,CNY,0.3", "field_count"),
        ('丙,乙,2024-01-01,,CNY,0.3,1"', "", '丙,乙,2024-01-01,,CNY,0.3,1"', "stray_quote"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_place_and_the_rest_goes_on(
    inbox: Inbox, bad: str, column: str, value: str, reason: str
) -> None:
    inbox.put("rows.csv", _HEAD + _GOOD + bad + "\n")
    result = inbox.load(loans([HOLDING]))
    assert counts(result) == (2, 1, 0, 1)
    assert inbox.quarantined(result) == [(3, column, value, reason)]
    assert inbox.rows("HOLDS_SHARES", "paid_in_fen", "currency") == [(1234, "CNY")]
    assert result.reasons == {reason: 1}


def test_what_cannot_join_a_thing_to_itself_is_set_aside_and_shares_that_a_firm_holds_of_itself_are_not(inbox: Inbox) -> None:
    supplies = {
        "relation": "SUPPLIES",
        "src": {"type": "Firm", "key": "股东"},
        "dst": {"type": "Firm", "key": "企业"},
        "key": ["股东", "企业"],
        "valid_from": "起",
    }
    inbox.put("rows.csv", _HEAD + "丙,丙,2024-01-01,,CNY,0.3,1\n")
    result = inbox.load(loans([HOLDING]))
    assert not result.reasons and len(inbox.rows("HOLDS_SHARES", "paid_in_fen")) == 1
    inbox.put("pairs.csv", "股东,企业,起\n丙,丙,2024-01-01\n")
    assert inbox.quarantined(inbox.load(loans([supplies], name="other", file="pairs.csv"))) == [(2, "企业", "丙", "self_loop")]


def test_a_wrong_check_digit_refuses_the_row_or_only_warns_as_declared(inbox: Inbox) -> None:
    inbox.put("rows.csv", f"代码,名称\n{USCC},青禾\n{WRONG_USCC},素木\n")
    assert inbox.quarantined(inbox.load(loans([FIRM]))) == [(3, "代码", WRONG_USCC, "check_digit")]
    lenient = {**FIRM, "properties": {**FIRM["properties"], "uscc": {"column": "代码", "check": False}}}
    result = inbox.load(loans([lenient], name="other"))
    assert counts(result) == (2, 2, 0, 0)
    assert result.quarantine is not None
    warned = pl.read_parquet(result.quarantine / "warnings.parquet")
    assert warned.select("line", "reason").rows() == [(3, "check_digit")]


def test_a_key_of_the_source_uscc_must_be_a_valid_code(inbox: Inbox) -> None:
    inbox.put("rows.csv", f"代码,名称\n{WRONG_USCC},素木\n")
    keyed = {"entity": "Firm", "source": "uscc", "key": "代码", "properties": {"name": "名称"}}
    assert inbox.quarantined(inbox.load(loans([keyed]))) == [(2, "代码", WRONG_USCC, "check_digit")]


def test_values_and_cases_that_the_manifest_does_not_list_are_refused(inbox: Inbox) -> None:
    inbox.put("rows.csv", "代码,规模,状态\n1,大型,在营\n2,巨型,在营\n3,大型,注销\n")
    size = {"column": "规模", "values": {"大型": "large", "小型": "small"}}
    status = {"cases": [{"when": {"column": "状态", "equals": "在营"}, "then": "active"}]}
    result = inbox.load(loans([{"entity": "Firm", "key": "代码", "properties": {"size": size, "status": status}}]))
    assert inbox.quarantined(result) == [(3, "规模", "巨型", "unknown_value"), (4, "状态", "注销", "unknown_value")]
    assert inbox.rows("Firm", "size", "status") == [("large", "active")]


def test_a_required_property_may_not_be_empty(inbox: Inbox) -> None:
    inbox.put("rows.csv", "企业,期末\n1,2024-12-31\n2,\n")
    statement = {
        "fact": "FinancialStatement",
        "subject": {"type": "Firm", "key": "企业"},
        "key": "企业",
        "valid_from": "期末",
        "properties": {"period_end": "期末"},
    }
    result = inbox.load(loans([statement]))
    assert inbox.quarantined(result) == [(3, "期末", "", "missing_value")]


def test_shares_that_sum_above_one_warn_with_the_rows_that_say_so(inbox: Inbox) -> None:
    inbox.put("rows.csv", _HEAD + "甲,乙,2024-01-01,,CNY,0.7,1\n丙,乙,2024-01-01,,CNY,0.4,1\n甲,丁,2024-01-01,,CNY,1,1\n")
    result = inbox.load(loans([HOLDING]))
    assert counts(result) == (3, 3, 0, 0)
    assert result.warnings[0] == "1 firms whose shares sum to more than 1."
    assert "sum to 1.1000 (rows.csv:2, rows.csv:3)" in result.warnings[1]


def test_what_was_tidied_is_kept_as_it_stood(inbox: Inbox) -> None:
    inbox.put("rows.csv", _HEAD + '　甲,乙,2024-01-01,,CNY,０.3,"1,234.56"\n')
    result = inbox.load(loans([HOLDING]))
    assert inbox.rows("HOLDS_SHARES", "equity_share", "paid_in_fen") == [(0.3, 123456)]
    assert result.quarantine is not None
    kept = pl.read_parquet(result.quarantine / "originals.parquet")
    assert kept.select("line", "column", "original", "read").rows() == [
        (2, "实缴", "1,234.56", "123456"),
        (2, "比例", "０.3", "0.3"),
        (2, "股东", "　甲", "甲"),
    ]
    assert result.tidied == 3


def test_personal_values_are_tokens_in_the_ledger_in_keys_and_in_the_quarantine(inbox: Inbox) -> None:
    person = {
        "entity": "Person",
        "source": "ecif",
        "key": "证件号",
        "personal": "id_number",
        "properties": {"name": "姓名", "id_number": "证件号", "dishonest": "失信"},
    }
    inbox.put("rows.csv", "证件号,姓名,失信\n110101199003070000,林 素,否\n110101199003070001,周青,也许\n110101199003070002,周青\n")
    result = inbox.load(loans([person]))
    assert counts(result) == (3, 1, 0, 2)
    [(key, name, number)] = inbox.rows("Person", "key", "name", "id_number")
    assert key == number
    assert inbox.vault.reveal([key, name]) == {key: "110101199003070000", name: "林 素"}
    written = b"".join(path.read_bytes() for path in inbox.home.rglob("*") if path.is_file() and "personal" not in str(path))
    for secret in ("110101199003070000", "110101199003070001", "110101199003070002", "周青", "林 素"):
        assert secret.encode() not in written


def test_no_id_is_a_hash_that_whoever_guesses_a_personal_key_could_compute(inbox: Inbox) -> None:
    numbers = ("110101199003070000", "11010119900307001X")
    person = {"type": "Person", "source": "id_number", "personal": "id_number"}
    kin = {
        "relation": "KIN_OF",
        "key": ["证件号", "亲属证件号"],
        "src": {**person, "key": "证件号"},
        "dst": {**person, "key": "亲属证件号"},
        "properties": {"kinship": "关系"},
    }
    told = {
        "fact": "JudicialEvent",
        "identify_by": ["证件号", "案号"],
        "subject": {**person, "key": "证件号"},
        "valid_from": {"constant": "2024-01-01"},
        "properties": {"event_type": {"constant": "lawsuit"}, "case_number": "案号", "filed_on": {"constant": "2024-01-01"}},
    }
    inbox.put("rows.csv", f"证件号,亲属证件号,关系,案号\n{numbers[0]},{numbers[1]},spouse,A1\n")
    assert counts(inbox.load(loans([kin, told]))) == (1, 1, 0, 0)
    tokens = [inbox.vault.token(number, "id_number") for number in numbers]
    expected = [
        _hash("KIN_OF", "core", "Person", "Person", *tokens),
        _hash("JudicialEvent", "core", "Person", tokens[0], "A1"),
        *(_hash("Person", "id_number", token) for token in tokens),
    ]
    ids = [id for name in ("KIN_OF", "JudicialEvent", "Person") for (id,) in inbox.rows(name, "id")]
    assert sorted(ids) == sorted(expected)
    guessed = [
        _hash("KIN_OF", "core", "Person", "Person", *numbers),
        _hash("JudicialEvent", "core", "Person", numbers[0], "A1"),
        *(_hash("Person", "id_number", number) for number in numbers),
    ]
    assert not set(ids) & set(guessed)
    inbox.put("rows.csv", f"证件号,亲属证件号,关系,案号\n{numbers[0]},{numbers[1].lower()},spouse,A1\n")
    assert counts(inbox.load()) == (1, 0, 1, 0)


def _hash(*parts: str) -> str:
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def test_the_workbook_of_the_quarantine_holds_no_formula(inbox: Inbox) -> None:
    inbox.put("rows.csv", _HEAD + _GOOD + '丙,乙,2024-01-01,,CNY,0.3,"=HYPERLINK(""http://x"")"\n')
    result = inbox.load(loans([HOLDING]))
    assert result.quarantine is not None
    sheet = openpyxl.load_workbook(result.quarantine / "quarantine.xlsx").active
    assert sheet is not None
    cell = sheet.cell(2, 5)
    assert (cell.data_type, str(cell.value)[:2]) == ("s", "'=")
    assert sheet.cell(2, 7).value == "应为数字，却是文字。A number was expected."


def test_the_summary_on_disk_is_what_json_prints(inbox: Inbox) -> None:
    inbox.put("rows.csv", _HEAD + _GOOD)
    result = inbox.load(loans([HOLDING]))
    assert inbox.summary(result) == result.to_json()
    assert {"batch", "rows", "types", "quarantine"} <= result.to_json().keys()
