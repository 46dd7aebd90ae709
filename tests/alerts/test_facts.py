"""Facts worked out by hand on one small town, equal for the book and for one firm."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.facts import FactBase, book_facts, firm_facts
from alerts.facts.evidence import rows_behind
from alerts.facts.groups import blocks
from alerts.facts.trails import paths_behind
from graph.errors import NotFoundError
from graph.knowledge import KnowledgeBook
from graph.knowledge.circles.kind import CIRCLES_KIND
from graph.knowledge.compute import compute_book
from tests.alerts.towns import DAY, Town, fen


def build(t: Town) -> None:
    t.capital(1e9, 8e8)
    t.firm("借").loan("借", "甲1", balance=300, past_due=10, tier="special_mention").loan("借", "甲2", balance=100)
    t.loan("借", "甲3", balance=50, past_due=400, tier="loss", written_off=True)
    t.loan("借", "甲4", balance=0, past_due=5)
    t.bureau(
        "借", other_banks_balance_fen=fen(600), other_banks_overdue_fen=fen(100), other_banks_overdue_90_fen=fen(50), lenders=2
    )
    t.bureau("借", reported_on="2025-03-01", other_banks_balance_fen=fen(1), lenders=9)
    t.firm("外").loan("外", "外1", balance=100).loan("外", "外2", balance=900, currency="USD")
    t.firm("合").contract("合", "HT-9").entity(
        "LoanNote", "经合同", contract="HT-9", principal_fen=fen(70), matures_on="2025-07-10"
    )
    t.firm("计").loan("计", balance=500, matures_on="2025-08-01")
    for name, due, paid in (("一", "2025-07-15", 40), ("二", "2025-09-30", 0), ("三", "2025-06-01", 0)):
        t.fact(
            "RepaymentDue", "借据计", occurrence=name, due_on=due, principal_fen=fen(100), interest_fen=fen(10), paid_fen=fen(paid)
        )
    t.firm("环1").firm("环2").firm("环3").firm("环外")
    for one, other in (("环1", "环2"), ("环2", "环3"), ("环3", "环1"), ("环3", "环外"), ("环外", "环外")):
        t.guarantee(one, other, 10)
    t.loan("环2", past_due=4, tier="special_mention").loan("环1").loan("环3").loan("环外", past_due=8, tier="special_mention")
    t.firm("国资", state_owned=True).firm("国1").firm("国2").loan("国1", tier="loss").loan("国2")
    for child in ("国1", "国2"):
        t.relation("HOLDS_SHARES", "国资", child, equity_share=1.0)
    t.person("老板").firm("兄").firm("弟").loan("兄", balance=7, tier="loss").loan("弟", balance=5)
    t.relation("CONTROLS", "老板", "兄").relation("HOLDS_SHARES", "老板", "弟", equity_share=0.2, voting_share=0.9)
    t.firm("诉").case("诉", "lawsuit", 10).case("诉", "lawsuit", 20, stage="settled").case("诉", "lawsuit", 40, role="plaintiff")
    t.case("诉", "lawsuit", 80, closed_on="2025-06-30").case("诉", "enforcement", None).case(
        "诉", "lawsuit", 160, filed_on="2025-07-02"
    )
    t.firm("春").months("春", "2023-12", [100, 180, 20, *[100.0] * 10, 20, 180])
    t.firm("旧").months("旧", "2023-01", [100.0] * 14)
    t.firm("缺").months("缺", "2024-01", [100.0] * 3).months("缺", "2024-05", [10.0] * 14)
    t.firm("报").statement("报", "2023-12-31", revenue=100, total_assets=90, total_liabilities=30)
    t.statement("报", "2024-12-31", revenue=150, total_assets=100, total_liabilities=60, net_profit=-2, interest_expense=4)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    made = Town(tmp_path_factory.mktemp("facts"))
    build(made)
    made.commit()
    return made


@pytest.fixture(scope="module")
def base(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FactBase]:
    loaded = FactBase.load(town.snapshot(DAY), town.scored(tmp_path_factory.mktemp("scores"), {"借": 0.2, "合": 0.5}))
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def book(base: FactBase) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in book_facts(base).to_pylist()}


def test_the_book_and_one_firm_have_the_same_facts(base: FactBase, book: dict[str, dict[str, Any]]) -> None:
    for row in book.values():
        assert firm_facts(base, None, row["firm"]).to_pylist() == [row]


def test_a_firm_that_is_not_known_is_a_named_error(base: FactBase) -> None:
    with pytest.raises(NotFoundError):
        firm_facts(base, None, "Firm-none")


def test_written_off_and_repaid_notes_count_no_more(book: dict[str, dict[str, Any]]) -> None:
    row = book["借"]
    assert (row["days_past_due_max"], row["five_tier_worst"], row["balance_cny"]) == (10, "special_mention", 400)


def test_debt_across_banks_is_ours_and_the_newest_bureau_reports(book: dict[str, dict[str, Any]]) -> None:
    row = book["借"]
    assert (row["lenders"], row["bank_debt_cny"], row["bureau_report_age_days"]) == (2, 1000, 15)
    assert row["overdue_share_all_banks"] == pytest.approx(0.4)  # (300 + 100) / 1000
    assert row["overdue_90_share_all_banks"] == pytest.approx(0.05)  # 50 / 1000


def test_an_amount_in_another_currency_is_left_out_and_counted(book: dict[str, dict[str, Any]]) -> None:
    assert (book["外"]["balance_cny"], book["外"]["foreign_items"]) == (100, 1)


def test_a_note_reaches_its_borrower_through_the_contract_and_without_a_state_its_principal_counts(
    book: dict[str, dict[str, Any]],
) -> None:
    row = book["合"]
    assert (row["balance_cny"], row["days_to_next_maturity"], row["due_30_cny"]) == (70, 10, 70)
    assert row["last_contract_signed_on"].isoformat() == "2025-01-10"


def test_what_falls_due_is_the_schedule_less_what_was_paid(book: dict[str, dict[str, Any]]) -> None:
    assert (book["计"]["due_30_cny"], book["计"]["due_90_cny"]) == (70, 70)  # 110 - 40; 30 September is 92 days off


def test_a_guarantee_circle_is_whoever_reaches_each_other_and_no_self_guarantee(book: dict[str, dict[str, Any]]) -> None:
    assert {name: book[name]["guarantee_circle_size"] for name in ("环1", "环2", "环3", "环外")} == {
        "环1": 3,
        "环2": 3,
        "环3": 3,
        "环外": 0,
    }
    assert (book["环1"]["circle_members_overdue"], book["环2"]["circle_members_overdue"]) == (1, 0)
    assert (book["环3"]["guarantors_overdue"], book["环外"]["guarantors"]) == (1, 1)


def test_state_ownership_alone_connects_nobody_and_a_shared_controller_does(book: dict[str, dict[str, Any]]) -> None:
    assert (book["国2"]["group_members_npl"], book["国2"]["group_exposure_cny"]) == (0, 1_000_000)
    assert (book["弟"]["group_size"], book["弟"]["group_exposure_cny"], book["弟"]["group_members_npl"]) == (2, 12, 1)
    assert (book["兄"]["group_lead"], book["弟"]["group_lead"]) == (True, False)


def test_only_open_claims_against_the_firm_count(book: dict[str, dict[str, Any]]) -> None:
    row = book["诉"]
    assert (row["claims_defendant_open_cny"], row["enforcement_open_cny"], row["seizure_open_cny"]) == (10, 0, 0)


def test_spring_festival_is_no_collapse(town: Town) -> None:
    """The feast was in February 2024 and in January 2025: a month alone falls by 80%, the two together do not."""
    early = FactBase.load(town.snapshot("2025-03-05"))
    row = firm_facts(early, None, town.id("春")).to_pylist()[0]
    assert row["inflow_change_yoy"] == pytest.approx(0.0)
    early.close()


def test_a_change_needs_every_month_of_both_years_and_a_recent_one(book: dict[str, dict[str, Any]]) -> None:
    assert book["旧"]["inflow_change_yoy"] is None
    assert book["缺"]["inflow_change_yoy"] is None


def test_feeds_that_each_tell_one_indicator_take_nothing_from_each_other(tmp_path: Path) -> None:
    t = Town(tmp_path).firm("甲")
    for what, last in (("inflow_fen", 70.0), ("electricity_kwh", 80.0), ("tax_paid_fen", 90.0)):
        t.months("甲", "2024-01", [*[100.0] * 15, last, last, last], what)
    row = t.facts()
    changes = ("inflow_change_yoy", "electricity_change_yoy", "tax_change_yoy", "headcount_change_yoy")
    assert tuple(row[name] for name in changes) == (-0.3, -0.2, -0.1, None)


def test_a_statement_told_by_two_feeds_is_one_and_what_is_audited_stands(tmp_path: Path) -> None:
    t, told = Town(tmp_path).firm("甲"), {"valid_from": "2024-12-31", "period_end": "2024-12-31"}
    t.fact("FinancialStatement", "甲", occurrence="core", revenue_fen=fen(90), net_assets_fen=fen(50), audited=True, **told)
    t.fact("FinancialStatement", "甲", occurrence="tax", revenue_fen=fen(70), cash_fen=fen(5), **told)
    row = t.facts()
    assert (row["revenue_cny"], row["net_assets_cny"], row["cash_cny"]) == (90, 50, 5)


def test_statements_compare_with_the_same_period_a_year_before(book: dict[str, dict[str, Any]]) -> None:
    row = book["报"]
    assert (row["revenue_change_yoy"], row["net_assets_cny"], row["interest_cover"]) == (0.5, 40, 0.5)
    assert row["weak_cash_statements"] is None  # one of the two statements says nothing of cash flow


def test_what_no_feed_ever_told_is_unseen_and_what_a_feed_does_not_tell_is_none(book: dict[str, dict[str, Any]]) -> None:
    assert book["报"]["enforcement_open_cny"] == 0  # there is a court feed
    assert book["报"]["tax_arrears_cny"] is None  # there is none of the authorities
    assert book["报"]["inquiries_6m"] is None  # no bureau report of this firm


def test_a_score_is_split_into_what_is_the_firms_own_and_what_came_over_relations(book: dict[str, dict[str, Any]]) -> None:
    row = book["合"]
    assert row["contagion_log_odds"] + row["own_log_odds"] == pytest.approx(0.0)  # log-odds of one half
    assert row["probability_alone"] == pytest.approx(0.3775, abs=1e-4)  # 1 / (1 + e^0.5)
    assert row["contagion_share"] == pytest.approx(0.2449, abs=1e-4)


def test_each_figure_leads_to_its_rows_with_file_and_line(base: FactBase, town: Town) -> None:
    firm = town.id("借")
    rows = rows_behind(base, [(firm, "days_past_due_max"), (firm, "overdue_share_all_banks")])
    (row,) = rows[firm, "days_past_due_max"]
    assert (row.type, row.property, row.value, row.file) == ("LoanNoteState", "days_past_due", "10", "world.csv")
    assert row.line
    assert row.batch
    assert {r.type for r in rows[firm, "overdue_share_all_banks"]} == {"LoanNoteState", "BureauReport"}


def test_the_path_to_an_overdue_circle_member_follows_the_guarantees(base: FactBase, town: Town) -> None:
    firm = town.id("环3")
    (led,) = paths_behind(base, [(firm, "circle_members_overdue")])[firm, "circle_members_overdue"]
    assert (led.to, led.alarms) == (town.id("环2"), "days_past_due_max")
    ends = [(edge.src, edge.dst) for edge in led.path.edges]
    assert ends == [(town.id("环3"), town.id("环1")), (town.id("环1"), town.id("环2"))]


def test_the_path_to_a_group_member_goes_over_the_controller(base: FactBase, town: Town) -> None:
    firm = town.id("弟")
    (led,) = paths_behind(base, [(firm, "group_members_npl")])[firm, "group_members_npl"]
    assert [edge.type for edge in led.path.edges] == ["HOLDS_SHARES", "CONTROLS"]


def test_a_day_before_anything_was_known_has_no_firm(town: Town) -> None:
    empty = FactBase.load(town.snapshot("2024-12-31"))
    assert book_facts(empty).num_rows == 0
    empty.close()


def test_components_do_not_depend_on_the_order_of_relations() -> None:
    import pyarrow as pa

    src, dst = ["a", "b", "c", "d", "x"], ["b", "c", "a", "a", "y"]
    for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1]):
        ends = (pa.chunked_array([[side[i] for i in order]]) for side in (src, dst))
        found = blocks(*ends).to_pylist()
        parts = {frozenset(r["party"] for r in found if r["component"] == one["component"]) for one in found}
        assert parts == {frozenset("abcd"), frozenset("xy")}


def test_circles_of_the_facts_are_those_of_the_knowledge_book_for_the_book_and_for_one_firm(tmp_path: Path) -> None:
    """A joint scheme of which the source tells two pairs one way, a pair in dollars, and a chain that closes nothing."""
    town = Town(tmp_path)
    for key in ("联1", "联2", "联3", "互1", "互2", "链1", "链2"):
        town.firm(key)
    town.loan("联3", past_due=30, tier="special_mention")
    for guarantor, debtor in (("联1", "联2"), ("联2", "联3")):
        told: dict[str, Any] = {"amount_fen": fen(10), "scheme": "joint", "contract": "LB-1"}
        town.relation("GUARANTEES", guarantor, debtor, **told)
    town.relation("GUARANTEES", "互1", "互2", amount_fen=fen(10), currency="USD")
    town.guarantee("互2", "互1").guarantee("链1", "链2")
    base = town.base()
    book = KnowledgeBook.beside(town.ledger)
    compute_book(book, town.snapshot(DAY), (CIRCLES_KIND,))
    rows = book.read("guarantee_circle_members", base.as_of).to_pylist()
    sizes = Counter(row["circle"] for row in rows)
    of_firm = {row["member"]: float(sizes[row["circle"]]) for row in rows}
    facts = {row["firm"]: row for row in book_facts(base).to_pylist()}
    assert {firm: row["guarantee_circle_size"] for firm, row in facts.items() if row["guarantee_circle_size"]} == of_firm
    assert sorted(of_firm.values()) == [2, 2, 3, 3, 3]
    one = firm_facts(base, None, town.id("联1")).to_pylist()
    assert one == [facts[town.id("联1")]] and one[0]["circle_members_overdue"] == 1
    (led,) = paths_behind(base, [(town.id("联1"), "circle_members_overdue")])[town.id("联1"), "circle_members_overdue"]
    assert led.to == town.id("联3") and len(led.path.edges) == 2
    base.close()
