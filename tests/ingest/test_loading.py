"""Loads over time: run again, corrected, closed, retracted, in conflict, with unknown ends. What each leaves in the ledger."""

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from graph.ids import record_id
from graph.snapshot import Snapshot
from ingest.readers import text
from tests.ingest.world import Inbox, counts, firms, loans, numbers

OPEN = date(9999, 12, 31)
_FIRMS = "客户号,名称,注册资本\n1,青禾贸易,100\n2,素木家具,200\n"

GUARANTEE: dict[str, Any] = {
    "relation": "GUARANTEES",
    "src": {"type": "Firm", "key": "保证人"},
    "dst": {"type": "Firm", "key": "被保证人"},
    "key": "合同号",
    "valid_from": "起始日",
    "valid_to": {"column": "到期日", "inclusive": True},
    "properties": {"amount_fen": {"column": "金额", "unit": "万元"}, "contract": "合同号"},
}
INVOICE: dict[str, Any] = {
    "relation": "INVOICES",
    "src": {"type": "Firm", "key": "销方"},
    "dst": {"type": "Firm", "key": "购方"},
    "identify_by": ["销方", "购方", "号码"],
    "valid_from": "日期",
    "properties": {"number": "号码", "net_fen": "金额", "state": {"column": "状态", "values": {"有效": "valid", "作废": "voided"}}},
}


def test_a_first_load_accepts_every_row_and_a_second_adds_nothing(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS)
    first = inbox.load(firms())
    second = inbox.load()
    assert counts(first) == (2, 2, 0, 0)
    assert counts(second) == (2, 0, 2, 0)
    assert (first.batch_seq, second.batch_seq, inbox.ledger.latest_seq) == (1, None, 1)
    assert inbox.rows("Firm", "key", "name", "registered_capital_fen", "file", "line") == [
        ("1", "青禾贸易", 100_000_000, "firms.csv", 2),
        ("2", "素木家具", 200_000_000, "firms.csv", 3),
    ]


def test_a_correction_and_its_return_are_three_versions(inbox: Inbox) -> None:
    for capital in ("100", "150", "100", "100"):
        inbox.put("firms.csv", f"客户号,名称,注册资本\n1,青禾贸易,{capital}\n")
        inbox.load(firms())
    assert [capital for _, capital in inbox.rows("Firm", "batch_seq", "registered_capital_fen")] == [
        100_000_000,
        150_000_000,
        100_000_000,
    ]


def test_only_the_row_that_changed_is_accepted_and_the_rest_are_duplicates(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS)
    inbox.load(firms())
    inbox.put("firms.csv", _FIRMS.replace("200", "250") + "3,云帆,1\n")
    assert counts(inbox.load(firms())) == (3, 2, 1, 0)


def test_an_equal_row_under_a_unique_key_is_a_duplicate(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS + "1,青禾贸易,100\n")
    assert counts(inbox.load(firms())) == (3, 2, 1, 0)


def test_rows_of_one_file_that_contradict_each_other_are_all_quarantined(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS + "1,青禾贸易,999\n")
    result = inbox.load(firms())
    assert counts(result) == (3, 1, 0, 2)
    assert [(line, reason) for line, _, _, reason in inbox.quarantined(result)] == [(2, "conflict"), (4, "conflict")]
    assert inbox.rows("Firm", "key") == [("2",)]


def test_equal_rows_that_are_identified_by_occurrence_are_kept_and_a_rerun_adds_none(inbox: Inbox) -> None:
    line = "甲,乙,001,2017-07-18,10.00,有效\n"
    inbox.put("rows.csv", "销方,购方,号码,日期,金额,状态\n" + line * 3 + "甲,乙,002,2017-07-18,1,有效\n")
    assert counts(inbox.load(loans([INVOICE]))) == (4, 4, 0, 0)
    assert counts(inbox.load()) == (4, 0, 4, 0)
    assert len({id for (id,) in inbox.rows("INVOICES", "id")}) == 4


def test_equal_rows_have_the_same_ids_however_the_file_is_cut_or_ordered(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    head = "销方,购方,号码,日期,金额,状态\n"
    lines = [f"甲,乙,001,2017-07-18,10.00,{state}\n" for state in ("有效", "作废", "有效", "有效", "作废")]
    inbox.put("rows.csv", head + "".join(lines))
    inbox.load(loans([INVOICE]))
    ids = inbox.rows("INVOICES", "id", "state")
    monkeypatch.setattr(text, "BLOCK", 40)
    for order in (lines, lines[::-1]):
        inbox.put("rows.csv", head + "".join(order))
        assert counts(inbox.load()) == (5, 0, 5, 0)
    assert inbox.rows("INVOICES", "id", "state") == ids


def test_ends_without_a_row_of_their_own_become_stubs_once(inbox: Inbox) -> None:
    inbox.put("rows.csv", "保证人,被保证人,合同号,起始日,到期日,金额\n甲,乙,G1,2024-01-01,2024-12-31,300\n")
    first, second = inbox.load(loans([GUARANTEE])), inbox.load()
    assert (first.stubs, second.stubs) == ({"Firm": 2}, {})
    assert inbox.rows("Firm", "key", "stub", "valid_from") == [("乙", True, date(1900, 1, 1)), ("甲", True, date(1900, 1, 1))]
    assert inbox.rows("GUARANTEES", "src", "amount_fen", "valid_to") == [
        (record_id("Firm", "core", "甲"), 300_000_000, date(2025, 1, 1))
    ]


def test_an_unknown_end_is_refused_where_the_manifest_says_so(inbox: Inbox) -> None:
    inbox.put("firms.csv", "客户号,名称,注册资本\n甲,青禾,1\n乙,素木,1\n")
    inbox.load(firms())
    inbox.put("rows.csv", "保证人,被保证人,合同号,起始日,到期日,金额\n甲,乙,G1,2024-01-01,,1\n甲,丙,G2,2024-01-01,,1\n")
    yields = [{**GUARANTEE, "src": {**GUARANTEE["src"], "source": "ecif"}, "dst": {**GUARANTEE["dst"], "source": "ecif"}}]
    result = inbox.load(loans(yields, on_unknown_end="refuse"))
    assert counts(result) == (2, 1, 0, 1)
    assert inbox.quarantined(result) == [(3, "被保证人", "丙", "unknown_end")]
    assert inbox.rows("Firm", "stub") == [(False,), (False,)]


def test_a_stub_becomes_a_firm_when_its_own_row_comes(inbox: Inbox) -> None:
    inbox.put("rows.csv", "保证人,被保证人,合同号,起始日,到期日,金额\n甲,乙,G1,2024-01-01,,1\n")
    inbox.load(loans([GUARANTEE]))
    inbox.put("rows.csv", "客户号,名称\n甲,青禾\n")
    inbox.load(loans([{"entity": "Firm", "key": "客户号", "properties": {"name": "名称"}}]))
    snapshot = Snapshot(inbox.ledger, date(2099, 1, 1)).read("Firm")
    told = zip(snapshot["key"].to_pylist(), snapshot["stub"].to_pylist(), snapshot["name"].to_pylist(), strict=True)
    assert sorted(told) == [("乙", True, None), ("甲", False, "青禾")]


def test_a_row_closes_or_retracts_what_an_earlier_one_said(inbox: Inbox) -> None:
    head = "保证人,被保证人,合同号,起始日,到期日,金额,动作\n"
    marked = {
        **GUARANTEE,
        "valid_to": "到期日",
        "close": {"column": "动作", "equals": "终止"},
        "retract": {"column": "动作", "equals": "撤销"},
    }
    inbox.put("rows.csv", head + "甲,乙,G1,2024-01-01,,1,\n甲,丙,G2,2024-01-01,,1,\n")
    inbox.load(loans([marked]))
    inbox.put("rows.csv", head + "甲,乙,G1,2024-01-01,2024-06-30,1,终止\n甲,丙,G2,2024-01-01,,1,撤销\n")
    assert counts(inbox.load()) == (2, 2, 0, 0)
    assert inbox.rows("GUARANTEES", "contract", "action", "valid_to") == [
        ("G1", "close", date(2024, 6, 30)),
        ("G1", "state", OPEN),
        ("G2", "retract", OPEN),
        ("G2", "state", OPEN),
    ]


def test_what_a_full_feed_no_longer_tells_has_ended_and_a_refused_row_was_told(inbox: Inbox) -> None:
    head = "股东,企业,比例,起始日\n"
    holding = {
        "relation": "HOLDS_SHARES",
        "src": {"type": "Firm", "key": "股东"},
        "dst": {"type": "Firm", "key": "企业"},
        "key": ["股东", "企业"],
        "valid_from": "起始日",
        "properties": {"equity_share": {"column": "比例", "unit": "%"}},
    }
    files = [{"path": "rows.csv", "feed": "full", "as_of": "2025-03-01", "yields": [holding]}]
    inbox.put("rows.csv", head + "甲,乙,30,2024-01-01\n丙,乙,60,2024-01-01\n丁,乙,10,2024-01-01\n")
    assert inbox.load(loans([], files=files)).closed == {}
    inbox.put("rows.csv", head + "甲,乙,30,2024-01-01\n丙,乙,600,2024-01-01\n")
    result = inbox.load()
    assert counts(result) == (2, 0, 1, 1)
    assert result.closed == {"HOLDS_SHARES": 1}
    closed = [row for row in inbox.rows("HOLDS_SHARES", "src", "action", "valid_to") if row[1] == "close"]
    assert closed == [(record_id("Firm", "core", "丁"), "close", date(2025, 3, 1))]
    inbox.put("rows.csv", head + "甲,乙,30,2024-01-01\n丙,乙,60,2024-01-01\n丙,乙,61,2024-01-01\n")
    result = inbox.load()
    assert (counts(result), result.closed) == ((3, 0, 1, 2), {})
    inbox.put("rows.csv", head + "甲,乙,30,2024-01-01,多\n")
    result = inbox.load()
    assert result.closed == {}
    assert any("Nothing was closed" in warning for warning in result.warnings)


def test_a_full_feed_without_a_row_closes_nothing_and_says_so_or_is_refused(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS)
    inbox.load(firms(options="feed: full"))
    inbox.put("firms.csv", "客户号,名称,注册资本\n")
    result = inbox.load()
    assert (result.closed, result.batch_seq) == ({}, None)
    assert any("full feed without a row" in warning for warning in result.warnings)
    with pytest.raises(InputError, match="0 rows, where 1 or more"):
        inbox.load(firms(options="feed: full\n    rows: {min: 1}"))


def test_a_row_with_one_bad_record_yields_none_of_its_records(inbox: Inbox) -> None:
    firm = {"entity": "Firm", "key": "企业", "properties": {"name": "名称"}}
    statement = {
        "fact": "MonthlyIndicator",
        "subject": {"type": "Firm", "key": "企业"},
        "key": ["企业", "月份"],
        "valid_from": "月份",
        "properties": {"month": "月份", "headcount": "人数"},
    }
    inbox.put("rows.csv", "企业,名称,月份,人数\n1,青禾,2024-01-01,12\n2,素木,2024-01-01,十二\n")
    result = inbox.load(loans([firm, statement]))
    assert counts(result) == (2, 1, 0, 1)
    assert {name: numbers(each) for name, each in result.types.items()} == {"Firm": (2, 1, 0, 1), "MonthlyIndicator": (2, 1, 0, 1)}
    assert inbox.rows("Firm", "key") == [("1",)]
    assert inbox.quarantined(result) == [(3, "人数", "十二", "not_a_number")]


def test_a_row_refused_for_a_conflict_leaves_the_equal_row_of_another_standing(inbox: Inbox) -> None:
    firm = {"entity": "Firm", "key": "企业", "properties": {"name": "名称"}}
    loan = {"entity": "LoanNote", "key": "借据", "properties": {"number": "借据", "annual_rate": "利率"}}
    inbox.put("rows.csv", "企业,名称,借据,利率\n1,青禾,L1,5\n1,青禾,L1,6\n1,青禾,L2,5\n")
    result = inbox.load(loans([firm, loan]))
    assert counts(result) == (3, 1, 0, 2)
    assert inbox.rows("Firm", "key", "line") == [("1", 4)]


def test_a_batch_with_too_many_bad_rows_is_refused_and_says_where_they_are(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS + "3,云帆,一百\n")
    with pytest.raises(InputError, match=r"1 of 3 rows are bad \(not_a_number 1\).*nothing was loaded") as refusal:
        inbox.load(firms().replace("max_bad_share: 1", "max_bad_share: 0.3"))
    assert "quarantine" in refusal.value.fix
    assert list((inbox.home / "quarantine").glob("*/quarantine.xlsx"))
    assert inbox.ledger.latest_seq == 0
    with pytest.raises(InputError, match="1 of 3 rows are bad"):
        inbox.load(dry_run=True)


def test_a_dry_run_counts_the_same_and_writes_nothing(inbox: Inbox) -> None:
    inbox.put("firms.csv", _FIRMS)
    inbox.put("own.yaml", "entities: {Firm: {properties: {rating: text}}}")
    manifest = firms(extra="ontology: own.yaml").replace("name: 名称", "rating: 名称")
    before = sorted(path for path in inbox.home.rglob("*"))
    tried = inbox.load(manifest, dry_run=True)
    assert sorted(path for path in inbox.home.rglob("*")) == before
    assert counts(tried) == counts(inbox.load()) == (2, 2, 0, 0)
    assert inbox.rows("Firm", "rating") == [("素木家具",), ("青禾贸易",)]


def test_history_is_known_from_the_day_its_source_says(inbox: Inbox) -> None:
    inbox.put("rows.csv", "销方,购方,号码,日期,金额,状态\n甲,乙,001,2017-07-18,10.00,有效\n丙,乙,002,2018-07-18,10.00,有效\n")
    inbox.load(loans([{**INVOICE, "recorded_at": "日期"}], backfill="assumed"))
    early = Snapshot(inbox.ledger, date(2017, 7, 18))
    assert early.read("INVOICES")["number"].to_pylist() == ["001"]
    assert sorted(early.read("Firm")["key"].to_pylist()) == ["乙", "甲"]
    assert Snapshot(inbox.ledger, date(2017, 7, 17)).read("INVOICES").num_rows == 0


def test_a_firm_that_history_names_before_its_own_row_was_told_is_a_stub_until_then(inbox: Inbox) -> None:
    seller = {"entity": "Firm", "key": "销方", "recorded_at": {"constant": "2018-01-01"}, "properties": {"name": "销方"}}
    inbox.put("rows.csv", "销方,购方,号码,日期,金额,状态\n甲,乙,001,2017-07-18,10.00,有效\n")
    assert inbox.load(loans([seller, {**INVOICE, "recorded_at": "日期"}], backfill="assumed")).stubs == {"Firm": 2}
    assert inbox.load().stubs == {}
    for day, expected in ((date(2017, 12, 31), [("乙", True), ("甲", True)]), (date(2018, 1, 1), [("乙", True), ("甲", False)])):
        told = Snapshot(inbox.ledger, day).read("Firm")
        assert sorted(zip(told["key"].to_pylist(), told["stub"].to_pylist(), strict=True)) == expected


names = st.sampled_from(["1", "2", "3"])
capitals = st.sampled_from(["100", "1,000", "abc", "", "１００"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(st.lists(st.tuples(names, capitals, st.booleans()), max_size=6))
def test_counts_always_add_up_and_a_rerun_accepts_nothing(inbox: Inbox, rows: list[tuple[str, str, bool]]) -> None:
    body = "".join(f'{key},n{key},"{capital}"{",x" if broken else ""}\n' for key, capital, broken in rows)
    inbox.put("firms.csv", f"客户号,名称,注册资本\n{body}")
    first, again = inbox.load(firms()), inbox.load()
    for result in (first, again):
        read, accepted, duplicate, quarantined = counts(result)
        assert read == len(rows) == accepted + duplicate + quarantined
    assert again.rows.accepted == 0
    assert again.rows.quarantined == first.rows.quarantined
