"""A pack that is wrong is refused by file, rule and field; the figures of a document are the document's."""

from datetime import date
from pathlib import Path

import pytest

from alerts.facts.catalogue import CATALOGUE
from alerts.rules import load_packs, shipped_packs
from alerts.rules.evaluate import applicable
from alerts.rules.page import PAGE, SCHEMA, pack_schema, rules_page
from alerts.said import RuleStatus, Stage
from graph.errors import InputError

GOOD = """
pack: own
title: {zh: 自有规则, en: Own rules}
sources:
  classification:
    {issuer: 监管, document: 商业银行金融资产风险分类办法, year: 2023, in_force_from: 2023-07-01}
  related:
    {issuer: 监管, document: 银行保险机构关联交易管理办法, year: 2022, in_force_from: 2022-03-01}
  measures:
    {issuer: 监管, document: 流动资金贷款管理办法, year: 2024, in_force_from: 2024-07-01,
     in_force_to: 2030-01-01, spares_earlier_contracts: true}
rules:
  - id: too-many-lenders
    stage: post_loan
    grade: yellow
    when: lenders > 5
    says: {zh: "授信机构{lenders}家", en: "{lenders} lenders"}
    do: {zh: 核实, en: Check}
    status: house
"""


def packs(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_banks_own_pack_is_read(tmp_path: Path) -> None:
    (rule,) = load_packs([packs(tmp_path, GOOD)]).rules
    assert (rule.id, rule.cause, rule.condition.facts) == ("too-many-lenders", "too-many-lenders", ("lenders",))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("grade: yellow", "grade: purple", "grade"),
        ("grade: yellow", "grade: yellow\n    colour: red", "colour"),
        ("when: lenders > 5", "when: lender > 5", "lender"),
        ("when: lenders > 5", "when: lenders > 5; DROP TABLE x", "when"),
        ("    do: {zh: 核实, en: Check}\n", "", "do"),
        ('en: "{lenders} lenders"', "en: many lenders", "says"),
        ('en: "{lenders} lenders"', 'en: "{lenders:>9} lenders"', "says.en"),
        ('en: "{lenders} lenders"', 'en: "{lenders lenders"', "says.en"),
        ('en: "{lenders} lenders"', 'en: "{lenders.__class__} lenders"', "says.en"),
        ("status: house", "status: confirmed", "status"),
        ("status: house", "source: nowhere\n    status: confirmed", "source"),
        ("stage: post_loan", "stage: drawdwon", "stage"),
        ("stage: post_loan", "stage: pre_loan\n    speaks_of: performing", "speaks_of"),
        ('en: "{lenders} lenders"', 'en: "{lenders:lender} lenders"', "says.en"),
        ('en: "{lenders} lenders"', 'en: "[{lenders} lenders"', "says.en"),
    ],
)
def test_a_wrong_pack_is_refused_by_file_rule_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as refused:
        load_packs([packs(tmp_path, GOOD.replace(old, new))])
    message = str(refused.value)
    assert "own.yaml" in message
    assert "too-many-lenders" in message
    assert field in message


@pytest.mark.parametrize("text", ["", "[1, 2]", "pack: [", "rules:\n  - 7\n", "pack: own\n", "\tx"])
def test_what_is_no_pack_is_a_named_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"own\.yaml"):
        load_packs([packs(tmp_path, text)])


def test_a_pack_that_cannot_be_read_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes("pack: 自有".encode("gb18030"))
    for path in (tmp_path / "own.yaml", tmp_path / "absent.yaml"):
        with pytest.raises(InputError):
            load_packs([path])


def test_two_rules_of_one_id_are_refused(tmp_path: Path) -> None:
    twice = GOOD + GOOD[GOOD.index("  - id:") :]
    with pytest.raises(InputError, match="taken"):
        load_packs([packs(tmp_path, twice)])


@pytest.mark.parametrize(
    ("source", "when", "zh"),
    [
        ("classification", "days_past_due_max > 180", "次级"),
        ("classification", "days_since_restructuring < 183", "重组观察"),
        ("classification", "npl_share_here > 0.20", "不良"),
        ("classification", "restructured_classed_normal AND days_since_restructuring < 365", "观察六个月"),
        ("related", "loans_over_net_capital > 0.25", "关联方"),
        ("related", "loans_over_net_capital > 0.10", "关联方25%"),
    ],
)
def test_figures_that_circulate_wrongly_are_refused_and_the_right_one_is_said(
    tmp_path: Path, source: str, when: str, zh: str
) -> None:
    text = GOOD.replace("when: lenders > 5", f"when: {when}").replace("status: house", f"source: {source}\n    status: confirmed")
    text = text.replace('{zh: "授信机构{lenders}家", en: "{lenders} lenders"}', f"{{zh: {zh}, en: as told}}")
    with pytest.raises(InputError) as refused:
        load_packs([packs(tmp_path, text)])
    assert refused.value.fix


def test_a_house_rule_may_set_any_threshold(tmp_path: Path) -> None:
    text = GOOD.replace("when: lenders > 5", "when: days_past_due_max > 180")
    assert load_packs([packs(tmp_path, text)]).rules


def test_a_rule_holds_from_its_first_day_until_the_day_before_its_last(tmp_path: Path) -> None:
    text = GOOD.replace("status: house", "source: measures\n    status: confirmed")
    rules = load_packs([packs(tmp_path, text)]).rules
    held = [day for day in (date(2024, 6, 30), date(2024, 7, 1), date(2029, 12, 31), date(2030, 1, 1)) if applicable(rules, day)[0]]
    assert held == [date(2024, 7, 1), date(2029, 12, 31)]


def test_a_contract_signed_before_a_rule_that_spares_it_keeps_the_old_one(tmp_path: Path) -> None:
    text = GOOD.replace("status: house", "source: measures\n    status: confirmed")
    rules = load_packs([packs(tmp_path, text)]).rules
    assert applicable(rules, date(2025, 1, 1), date(2024, 6, 30)) == ((), rules)
    assert applicable(rules, date(2025, 1, 1), date(2024, 7, 1)) == (rules, ())
    assert applicable(rules, date(2025, 1, 1), None) == (rules, ())


def test_what_is_to_be_confirmed_is_marked_so_and_what_is_confirmed_cites_its_document() -> None:
    for rule in shipped_packs().rules:
        assert (rule.citation.document.startswith("内部")) == (rule.status is RuleStatus.HOUSE)
    to_confirm = {rule.id for rule in shipped_packs().rules if rule.status is RuleStatus.TO_CONFIRM}
    assert to_confirm == {"bad-debt-elsewhere", "entrusted-payment-due"}


def test_the_page_of_rules_and_the_schema_for_editors_are_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == rules_page(), "run python -m alerts.rules.page"
    assert SCHEMA.read_text("utf-8") == pack_schema(), "run python -m alerts.rules.page"


def test_every_fact_is_told_in_both_languages_and_has_rows_or_a_source() -> None:
    for fact in CATALOGUE.values():
        assert fact.zh
        assert fact.en
        assert fact.feeds or fact.of or fact.stages != tuple(Stage)
        assert all(source in CATALOGUE for source in fact.of)
