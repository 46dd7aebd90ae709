"""Headers as words: what is the same however it is spelt, and what is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.ontology import core_ontology
from ingest.propose.lexicon import lexicon, unknown_terms
from ingest.propose.profile import profile_columns
from ingest.propose.words import likeness, read_header
from tests.ingest.propose.columns import column

TERMS = sorted(set(lexicon().every_term()))


@pytest.mark.parametrize(
    ("header", "term"),
    [
        ("客户号", "客户号"),
        ("客戶號", "客户号"),
        ("注册资本(万元)", "注册资本"),
        ("custno", "customer number"),
        ("CUST_NO", "customer number"),
        ("custNo", "customer number"),
        ("jiekuanren", "借款人"),
    ],
)
def test_one_thing_spelt_in_many_ways_is_one_thing(header: str, term: str) -> None:
    assert likeness(header, term) == 1


@pytest.mark.parametrize(
    ("header", "nearer", "farther"),
    [
        ("被保证人证件号码", "被保证人", "保证合同号"),
        ("抵押人客户号", "客户号", "押品编号"),
        ("KHH", "客户号", "合同号"),
        ("accoutType", "account type", "account number"),
        ("invtry", "inventory", "invoice number"),
        ("rgst_cap", "registered capital", "net capital"),
    ],
)
def test_a_header_is_nearer_to_what_it_means(header: str, nearer: str, farther: str) -> None:
    assert likeness(header, nearer) > likeness(header, farther)


def test_a_whole_word_is_no_abbreviation_of_another() -> None:
    """`court` has the letters of counterparty in order; it is a court all the same."""
    assert likeness("court", "counterparty id") < 0.5


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("金额(万元)", "万元"),
        ("金额（单位：元）", "元"),
        ("占比(%)", "%"),
        ("应还本金_分", "fen"),
        ("cap_wan", "万元"),
        ("金额", ""),
    ],
)
def test_a_unit_is_read_off_the_header(header: str, unit: str) -> None:
    assert read_header(header).unit == unit


@given(st.text(max_size=20), st.sampled_from(TERMS))
def test_likeness_is_between_nothing_and_the_very_term(header: str, term: str) -> None:
    assert 0 <= likeness(header, term) <= 1


@given(st.sampled_from(TERMS))
def test_every_term_is_itself(term: str) -> None:
    plain = read_header(term)
    assert likeness(term, term) == 1 or plain.unit


def test_the_lexicon_names_nothing_that_the_ontology_has_not() -> None:
    """Terms may be listed for properties that a bank's additions bring, never for a type that nobody has."""
    assert unknown_terms(core_ontology()) == []


def test_codes_are_known_by_their_check_digits_whatever_the_header_says() -> None:
    profile = column("x", ["91990101MA83CAWPP8", "91990108MABEE51FLW"])
    assert profile.uscc == 1
    assert column("x", ["91990101MA83CAWPP9"]).uscc == 0
    assert column("x", ["990529197009061602"]).identity == 1
    assert column("x", ["990529197009061603"]).identity == 0


@pytest.mark.parametrize(
    ("cells", "form"),
    [
        (["2024-01-31", "2024-02-29"], "2017-07-18"),
        (["20240131", "20240229"], "20170718"),
        (["2024年1月31日"], "2017年7月18日"),
        (["2024/1/31 9:05:00"], "2017/7/18 9:30:00"),
        (["202401", "202412"], "201707"),
    ],
)
def test_the_form_of_days_is_told(cells: list[str], form: str) -> None:
    assert [str(each) for each in column("x", cells).dates] == [form]


def test_a_region_code_is_no_month_and_an_amount_no_day() -> None:
    assert column("x", ["990101", "990108"]).dates == ()
    assert column("x", ["43210.50", "43211.75"]).dates == ()


def test_a_column_is_profiled_by_its_filled_cells_alone() -> None:
    import polars as pl

    profile = profile_columns(pl.DataFrame({"a": ["1", "", "2", ""]}))["a"]
    assert profile.filled == 0.5
    assert profile.unique == 1
    assert profile.numeric == 1
