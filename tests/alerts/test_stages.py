"""The three stages decide as a careful officer would, say why, and say what they could not see."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alerts.facts.evidence import rows_behind
from alerts.journal import Journal, upgrade
from alerts.requests import Capacity, Declared, DrawdownRequest, Party, Payee, PreLoanRequest, read_request
from alerts.rules import load_packs
from alerts.said import Advice, Grade, Stage
from alerts.stages import Desk, drawdown, pre_loan, scan
from alerts.stages.scan import alert_id
from alerts.stages.walk import HUB, related
from graph.errors import InputError, NotFoundError, UnavailableError
from graph.store import Hop
from graph.stores.ladybug import LadybugStore
from graph.stores.ladybug_build import build_ladybug
from tests.alerts.rule_cases import drawdown_request, pre_loan_request
from tests.alerts.towns import AS_OF, DAY, Town, fen

CODE = "91310000MA1FL1AB15"


def build(t: Town) -> None:
    t.capital(1e9, 8e8)
    t.firm("好", uscc=CODE, branch="北分").loan("好", balance=1e6).contract("好", "好合同", yuan=5e6)
    t.firm("老", branch="北分").contract("老", "老合同", signed_on="2024-06-30")
    t.firm("坏", branch="南分").loan("坏", past_due=100, tier="substandard").case("坏", "defaulter_listing")
    t.firm("轻", branch="南分").loan("轻", past_due=5, tier="special_mention")
    t.firm("同名甲", name="同名").firm("同名乙", name="同名")
    t.person("妻").person("夫").relation("KIN_OF", "妻", "夫", degree=1)
    t.firm("家").relation("HOLDS_SHARES", "妻", "好", equity_share=0.4).relation("SERVES_AS", "夫", "家", role="manager")
    t.entity("Account", "家账户", number="6222-1").relation("OWNS_ACCOUNT", "家", "家账户")
    t.entity("Account", "妻账户", number="6222-2").relation("OWNS_ACCOUNT", "妻", "妻账户")
    t.entity("Contact", "代办地址", contact_type="address").firm("远")
    for name in ("好", "远", *(f"户{i}" for i in range(HUB))):
        if name.startswith("户"):
            t.firm(name)
        t.relation("SHARES_CONTACT", name, "代办地址")
    t.firm("母").firm("子").loan("子", balance=1e8).relation("CONTROLS", "母", "子")
    t.firm("客1").firm("客2").firm("客3").loan("客1", balance=10).loan("客2", balance=10).loan("客3", balance=10)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    made = Town(tmp_path_factory.mktemp("stages"))
    build(made)
    made.commit()
    return made


@pytest.fixture(scope="module")
def desk(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    scores = {"客1": 0.30, "客2": 0.20, "客3": 0.01, "坏": 0.99, "好": 0.05}
    opened = Desk.open(town.snapshot(DAY), town.scored(tmp_path_factory.mktemp("s"), scores), capacity=Capacity(alerts_a_month=2))
    yield opened
    opened.close()


def test_a_sound_client_is_approved_and_the_limits_after_the_loan_are_shown(desk: Desk) -> None:
    decision = pre_loan(desk, pre_loan_request("好", amount_fen=fen(9e6)))
    assert decision.advice is Advice.APPROVE
    assert decision.branch == "北分"
    single = decision.limits[0]
    assert (single.before, single.after, single.allowed, single.headroom_cny) == (0.001, 0.01, 0.10, 99_000_000)
    assert decision.evidence.score is not None
    assert decision.evidence.score.own + decision.evidence.score.contagion == pytest.approx(decision.evidence.score.log_odds)


def test_a_listed_defaulter_is_declined_with_the_row_that_says_so(desk: Desk) -> None:
    decision = pre_loan(desk, pre_loan_request("坏"))
    assert decision.advice is Advice.DECLINE
    assert {hit.rule for hit in decision.reasons} >= {"applicant-listed", "applicant-overdue"}
    assert {row.type for row in decision.evidence.rows} >= {"JudicialEvent", "LoanNoteState"}


def test_what_could_not_be_seen_names_the_rules_that_needed_it(desk: Desk) -> None:
    decision = pre_loan(desk, pre_loan_request("好"))
    unseen = {item.fact: item for item in decision.unseen}
    assert unseen["inquiries_6m"].rules == ("many-inquiries",)
    assert "征信报告" in unseen["inquiries_6m"].says.zh
    assert unseen["inquiries_6m"].says.en == "approval inquiries in six months: no credit bureau report in the bank's data"


def test_where_two_feeds_are_compared_only_the_one_that_is_missing_is_named(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("报").loan("报").statement("报", "2024-12-31", revenue=100).firm("月").months("月", "2024-01", [1.0] * 18).commit()
    opened = Desk.open(t.snapshot(DAY))
    says = {item.fact: item.says.zh for item in pre_loan(opened, pre_loan_request("报")).unseen}
    assert "月度经营指标" in says["revenue_turnover_gap"]
    assert "财务报表" not in says["revenue_turnover_gap"]
    opened.close()


def test_an_applicant_the_bank_does_not_know_is_referred_on_what_it_declares(desk: Desk) -> None:
    told = Declared(net_assets_fen=fen(1e6), controllers=(Party(name="母"),))
    decision = pre_loan(desk, pre_loan_request("", applicant=Party(name="新来"), declared=told, amount_fen=fen(7e7)))
    rules = {hit.rule for hit in decision.reasons}
    assert (decision.advice, decision.firm.id) == (Advice.DECLINE, "")
    assert rules == {"applicant-unknown", "loan-group-over-limit"}  # with its controller's group: 170 of 800 million
    assert decision.limits[2].after == pytest.approx(0.2125)
    alone = pre_loan(desk, pre_loan_request("", applicant=Party(name="新来"), amount_fen=fen(7e7)))
    assert (alone.advice, [hit.rule for hit in alone.reasons]) == (Advice.REFER, ["applicant-unknown"])
    assert "defaulter_listed" in {item.fact for item in alone.unseen}


def test_a_firm_is_found_by_its_code(desk: Desk) -> None:
    assert pre_loan(desk, pre_loan_request("", applicant=Party(uscc=CODE))).firm.name == "好"


@pytest.mark.parametrize(
    ("party", "error", "field"),
    [
        (Party(), InputError, "applicant"),
        (Party(uscc="91310000MA1FL1AB16"), InputError, "applicant.uscc"),
        (Party(id="Firm-none"), NotFoundError, "applicant.id"),
        (Party(name="同名"), InputError, "applicant.name"),
    ],
)
def test_an_applicant_that_cannot_be_told_is_refused_by_field(
    desk: Desk, party: Party, error: type[InputError], field: str
) -> None:
    with pytest.raises(error) as refused:
        pre_loan(desk, pre_loan_request("", applicant=party))
    assert refused.value.field == field


@pytest.mark.parametrize("currency", ["USD", "XXX"])
def test_an_amount_without_a_rate_is_referred_and_held_never_waved_through(desk: Desk, currency: str) -> None:
    asked = pre_loan(desk, pre_loan_request("好", currency=currency, guarantors=(Party(name="家"),)))
    paid = drawdown(desk, drawdown_request("好", currency=currency, payee=Payee(firm=Party(name="远")), entrusted=True))
    assert (asked.advice, asked.limits[0].after) == (Advice.REFER, None)
    assert paid.advice is Advice.HOLD
    says = {item.fact: item.says.en for decision in (asked, paid) for item in decision.unseen}
    assert says["amount_cny"] == f"amount asked or paid: no rate of the day for {currency}"
    assert says["exposure_after_over_tier1"].endswith(f"no rate of the day for {currency}")
    assert "named_guarantor_guarantees_over_net_assets" not in asked.inputs


def test_without_the_banks_capital_no_limit_is_judged_and_nothing_approved(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("甲").loan("甲").firm("乙").case("乙", "defaulter_listing").commit()
    opened = Desk.open(t.snapshot(DAY))
    decision = pre_loan(opened, pre_loan_request("甲"))
    assert (decision.advice, decision.reasons) == (Advice.REFER, ())
    says = {item.fact: item.says.zh for item in decision.unseen}
    assert "没有当日资本数据" in says["loans_after_over_net_capital"]
    opened.close()


def test_without_a_single_court_list_nothing_is_approved_or_released(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.capital(1e9, 8e8).firm("甲").loan("甲").contract("甲", "甲合同").firm("供应商", name="供应商").commit()
    opened = Desk.open(t.snapshot(DAY))
    assert pre_loan(opened, pre_loan_request("甲")).advice is Advice.REFER
    assert drawdown(opened, drawdown_request("甲")).advice is Advice.HOLD
    opened.close()


def test_collateral_that_is_not_known_is_said(desk: Desk) -> None:
    decision = pre_loan(desk, pre_loan_request("好", collateral=("房-7",)))
    assert any("房-7" in item.says.zh for item in decision.unseen)


def test_a_decision_may_not_look_ahead(desk: Desk) -> None:
    with pytest.raises(InputError, match="look ahead") as refused:
        pre_loan(desk, pre_loan_request("好", on=date(2025, 6, 29)))
    assert refused.value.field == "on"
    with pytest.raises(InputError, match="look ahead"):
        drawdown(desk, drawdown_request("好", on=date(2025, 6, 29)))


def test_many_threads_at_one_desk_decide_as_one_would(desk: Desk) -> None:
    applicants: list[PreLoanRequest | DrawdownRequest] = [pre_loan_request(name) for name in ("好", "坏", "子")]
    asked = [*applicants, drawdown_request("好", entrusted=True)] * 5

    def decide(request: PreLoanRequest | DrawdownRequest) -> tuple[str, Advice, int]:
        made = pre_loan(desk, request) if isinstance(request, PreLoanRequest) else drawdown(desk, request)
        return made.firm.name, made.advice, len(made.evidence.rows)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(decide, asked)) == [decide(request) for request in asked[:4]] * 5


def test_the_same_decision_id_is_kept(desk: Desk) -> None:
    assert pre_loan(desk, pre_loan_request("好"), "D-mine").id == "D-mine"
    assert pre_loan(desk, pre_loan_request("好")).id != pre_loan(desk, pre_loan_request("好")).id


def test_a_payment_to_a_firm_of_the_owners_husband_is_held_with_the_path(desk: Desk, town: Town) -> None:
    decision = drawdown(desk, drawdown_request("好", payee=Payee(account="6222-1"), entrusted=True))
    assert (decision.advice, [hit.rule for hit in decision.reasons]) == (Advice.HOLD, ["payee-related"])
    assert [edge.type for edge in decision.evidence.paths[0].edges] == ["HOLDS_SHARES", "KIN_OF", "SERVES_AS"]
    assert decision.related[0].firm.id == town.id("家")


def test_the_embedded_graph_store_finds_the_same_path_as_the_snapshot(desk: Desk, town: Town, tmp_path: Path) -> None:
    build_ladybug(town.ledger, tmp_path)
    store = LadybugStore(tmp_path)
    one, other = town.id("好"), town.id("家")
    assert related(store, one, other, AS_OF) == related(desk.graph, one, other, AS_OF)
    asked = drawdown_request("好", payee=Payee(account="6222-1"), entrusted=True)
    by_store, by_snapshot = drawdown(replace(desk, graph=store), asked, "D"), drawdown(desk, asked, "D")
    assert replace(by_store, created_at=by_snapshot.created_at) == by_snapshot
    store.close()


def test_a_payment_to_the_owner_herself_is_held(desk: Desk) -> None:
    decision = drawdown(desk, drawdown_request("好", payee=Payee(account="6222-2")))
    assert (decision.advice, decision.inputs["payee_related"]) == (Advice.HOLD, True)


def test_an_address_that_half_the_town_shares_relates_nobody(desk: Desk, town: Town) -> None:
    assert related(desk.graph, town.id("好"), town.id("远"), AS_OF).path is None
    decision = drawdown(desk, drawdown_request("好", payee=Payee(firm=Party(name="远"))))
    assert decision.advice is Advice.RELEASE
    assert town.id("代办地址") in decision.unseen[-1].says.en  # the hub that was not walked through is said


def test_a_contract_signed_before_the_measures_is_spared_their_threshold(desk: Desk) -> None:
    decision = drawdown(desk, drawdown_request("老", amount_fen=fen(2e7), payee=Payee(firm=Party(name="远"))))
    assert (decision.advice, decision.spared) == (Advice.RELEASE, ("entrusted-payment-due",))


def test_a_payment_beyond_the_contract_is_blocked(desk: Desk) -> None:
    decision = drawdown(desk, drawdown_request("好", amount_fen=fen(6e6), payee=Payee(firm=Party(name="远"))))
    assert (decision.advice, [hit.rule for hit in decision.reasons]) == (Advice.BLOCK, ["over-headroom"])


def test_a_line_that_ended_is_unusable_and_one_never_heard_of_holds(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("供应商", name="供应商").firm("丙").case("丙", "defaulter_listing")
    for name in ("甲", "乙"):
        t.firm(name).contract(name, f"{name}合同", credit_line=f"{name}额度")
    told: dict[str, Any] = {"valid_from": "2024-01-01", "valid_to": "2025-01-01"}
    t.entity("CreditLine", "甲额度", number="甲额度", limit_fen=fen(1e9), status="active", expires_on="2025-01-01", **told)
    t.relation("BORROWS", "甲", "甲额度", **told)
    t.commit()
    opened = Desk.open(t.snapshot(DAY))
    ended, unknown = drawdown(opened, drawdown_request("甲")), drawdown(opened, drawdown_request("乙"))
    assert (ended.advice, [hit.rule for hit in ended.reasons]) == (Advice.BLOCK, ["line-unusable"])
    assert (unknown.advice, unknown.reasons) == (Advice.HOLD, ())
    assert "乙额度" in {item.fact: item.says.zh for item in unknown.unseen}["line_usable"]
    opened.close()


def test_a_note_that_is_paid_out_has_no_more_to_draw_than_its_contract(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("供应商", name="供应商").firm("甲").case("供应商", "lawsuit", 1).contract("甲", "甲合同", yuan=1e6)
    t.loan("甲", "已放", balance=1e6, contract="甲合同").loan("甲", "已还", balance=0, contract="甲合同").commit()
    opened = Desk.open(t.snapshot(DAY))
    by_contract = drawdown(opened, drawdown_request("甲"))
    by_note = drawdown(opened, drawdown_request("甲", contract="", loan_note="已放"))
    assert by_note.advice is by_contract.advice is Advice.BLOCK
    assert by_note.inputs["contract_headroom_cny"] == by_contract.inputs["contract_headroom_cny"] == 0
    repaid = drawdown(opened, drawdown_request("甲", contract="", loan_note="已还"))
    assert "the loan note is repaid or written off" in {hit.sentence.en.rstrip(".") for hit in repaid.reasons}
    opened.close()


def test_a_note_that_was_not_drawn_yet_may_be_paid_out(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("供应商", name="供应商").firm("甲").case("供应商", "lawsuit", 1).contract("甲", "甲合同", yuan=1e6)
    t.loan("甲", "待放", balance=1e6, contract="甲合同", drawn_on="2025-07-01").commit()
    opened = Desk.open(t.snapshot(DAY))
    decision = drawdown(opened, drawdown_request("甲", contract="", loan_note="待放", on=date(2025, 7, 1)))
    assert (decision.advice, decision.inputs["contract_headroom_cny"]) == (Advice.RELEASE, 1e6)
    opened.close()


def test_the_rows_of_a_maturity_gap_are_the_dues_that_make_it(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("甲").loan("甲", balance=1000)
    dues = [(f"2025-0{month}-20", 0, 1) for month in range(1, 7)] + [("2025-07-10", 400, 1), ("2025-07-20", 600, 1)]
    for day, principal, interest in dues:
        told: dict[str, Any] = {"principal_fen": fen(principal), "interest_fen": fen(interest)}
        t.fact("RepaymentDue", "借据甲", occurrence=day, valid_from="2025-01-01", due_on=day, **told)
    base = t.base()
    rows = rows_behind(base, [(t.id("甲"), "due_30_cny")])[t.id("甲"), "due_30_cny"]
    assert [row.value for row in rows] == ["2025-07-20", "2025-07-10"]
    base.close()


def test_a_guarantor_named_twice_counts_once(desk: Desk) -> None:
    twice = pre_loan(desk, pre_loan_request("好", guarantors=(Party(name="坏"), Party(name="坏"))))
    assert (len(twice.related), twice.inputs["named_guarantors_listed"]) == (1, 1)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"applicant": Party(uscc=CODE, name="坏")}, "applicant.name"),
        ({"guarantors": (Party(uscc=CODE, name="坏"),)}, "guarantors[0].name"),
        ({"guarantors": (Party(name="坏"), Party(uscc=CODE))}, "guarantors[1]"),
    ],
)
def test_an_application_that_names_two_firms_as_one_or_its_own_guarantor_is_refused(
    desk: Desk, told: dict[str, object], field: str
) -> None:
    with pytest.raises(InputError) as refused:
        pre_loan(desk, pre_loan_request("好", **told))
    assert refused.value.field == field


class Silent:
    """A graph store that does not answer."""

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        raise UnavailableError("The graph store does not answer.")


def test_a_graph_that_does_not_answer_holds_and_never_releases(desk: Desk) -> None:
    decision = drawdown(replace(desk, graph=Silent()), drawdown_request("好", payee=Payee(firm=Party(name="远"))))
    assert decision.advice is Advice.HOLD
    assert decision.unseen[-1].fact == "payee_related"
    assert "未应答" in decision.unseen[-1].says.zh


@pytest.mark.parametrize(
    ("told", "error", "field"),
    [
        ({"contract": "无此合同"}, NotFoundError, "contract"),
        ({"contract": "", "loan_note": "无此借据"}, NotFoundError, "loan_note"),
        ({"contract": ""}, InputError, "contract"),
        ({"payee": Payee()}, InputError, "payee"),
        ({"payee": Payee(account="6222-1", firm=Party(name="远"))}, InputError, "payee.firm"),
        ({"payee": Payee(account="6222-2", firm=Party(name="家"))}, InputError, "payee.firm"),
        ({"borrower": Party(name="坏")}, InputError, "borrower"),
        ({"loan_note": "借据坏"}, InputError, "contract"),
    ],
)
def test_a_drawdown_that_cannot_be_told_is_refused_by_field(
    desk: Desk, told: dict[str, object], error: type[InputError], field: str
) -> None:
    with pytest.raises(error) as refused:
        drawdown(desk, drawdown_request("好", **told))
    assert refused.value.field == field


def test_the_scan_raises_one_alert_a_firm_and_cause_worst_first(desk: Desk, town: Town) -> None:
    result = scan(desk)
    told = [(alert.grade, alert.firm.name, alert.cause) for alert in result.alerts]
    assert told.count((Grade.RED, "坏", "overdue")) == 1
    assert [grade.rank for grade, _, _ in told] == sorted((grade.rank for grade, _, _ in told), reverse=True)
    assert len({(name, cause) for _, name, cause in told}) == len(told)
    assert all(alert.id == alert_id(Stage.POST_LOAN, alert.firm.id, alert.cause) for alert in result.alerts)
    assert {alert.branch for alert in result.alerts if alert.firm.name == "坏"} == {"南分"}
    assert "好" not in {name for _, name, _ in told}
    assert result.score_run == "run-1"


def test_early_warning_speaks_of_clients_that_still_perform(desk: Desk) -> None:
    told = {alert.cause for alert in scan(desk).alerts if alert.firm.name == "坏"}
    assert told == {"overdue"}  # it is a listed defaulter too, and the riskiest by score
    rules = {rule.id for rule in desk.packs.of(Stage.POST_LOAN) if rule.speaks_of == "performing"}
    assert {"listed-after", "inflow-down", "circle-member-overdue"} <= rules
    assert not {"class-above-days", "overdue-over-90", "loans-over-limit"} & rules


def test_alerts_stand_by_grade_then_who_still_performs_then_exposure(tmp_path: Path) -> None:
    t = Town(tmp_path)
    t.firm("大坏").loan("大坏", balance=9e6, past_due=100, tier="substandard")
    for name, balance in (("小", 1e5), ("大", 2e6)):
        t.firm(name).loan(name, balance=balance).case(name, "defaulter_listing")
    t.firm("黄").loan("黄", balance=5e6, past_due=3, tier="special_mention").commit()
    opened = Desk.open(t.snapshot(DAY))
    assert [alert.firm.name for alert in scan(opened).alerts] == ["大", "小", "大坏", "黄"]
    opened.close()


def test_the_score_threshold_leaves_as_many_as_officers_can_look_at_and_no_firm_that_is_late_already(desk: Desk) -> None:
    result = scan(desk)
    scored = [(alert.firm.name, alert.grade) for alert in result.alerts if alert.cause == "score"]
    assert scored == [("客1", Grade.ORANGE), ("客2", Grade.YELLOW)]  # 坏 has the highest score, and is overdue
    assert result.score_threshold == 0.20
    (first,) = (alert for alert in result.alerts if alert.firm.name == "客1")
    assert first.evidence.score
    assert first.evidence.score.top_relations[0].rel == "r1"
    assert "30.0%" in first.sentence.zh


def test_the_scan_says_once_which_feeds_nobody_loaded(desk: Desk) -> None:
    assert {"inflow_change_yoy", "tax_arrears_cny"} <= {item.fact for item in scan(desk).unseen}


def test_the_same_day_scanned_again_changes_nothing_in_the_journal(desk: Desk, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade(url)
    journal = Journal(url)
    first, second = journal.record_scan(scan(desk), "scan"), journal.record_scan(scan(desk), "scan")
    assert (first.new, second.new, second.updated) == (second.unchanged, 0, 0)
    assert journal.verify_audit().whole
    journal.record_decision(pre_loan(desk, pre_loan_request("坏"), "D-1"), "loan-system")
    assert journal.decision("D-1").advice is Advice.DECLINE
    journal.close()


def test_a_later_day_updates_the_alert_and_keeps_when_it_was_first_raised(town: Town, desk: Desk, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade(url)
    journal = Journal(url)
    journal.record_scan(scan(desk), "scan")
    town.fact("LoanNoteState", "借据轻", valid_from="2025-07-31", known="2025-07-31", days_past_due=36, five_tier="special_mention")
    town.commit()
    later = Desk.open(town.snapshot("2025-07-31"))
    journal.record_scan(scan(later), "scan")
    later.close()
    record = journal.alert(alert_id(Stage.POST_LOAN, town.id("轻"), "overdue"))
    assert (record.alert.grade, record.first_as_of, record.alert.as_of) == (Grade.ORANGE, AS_OF, date(2025, 7, 31))
    journal.close()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"applicant": {"name": "好"}, "amount_fen": -1, "on": "2025-06-30"}', "amount_fen"),
        ('{"applicant": {"name": "好"}, "amount_fen": 1.5, "on": "2025-06-30"}', "amount_fen"),
        ('{"applicant": {"name": "好"}, "amount_fen": 1, "on": "30.06.2025"}', "on"),
        ('{"applicant": {"nme": "好"}, "amount_fen": 1, "on": "2025-06-30"}', "applicant.nme"),
        ('{"applicant": {"name": "好"}, "amount_fen": 1, "on": "2025-06-30", "product": "x"}', "product"),
        ("not json", "body"),
    ],
)
def test_a_request_file_that_is_wrong_is_refused_by_file_and_field(tmp_path: Path, body: str, field: str) -> None:
    (tmp_path / "body.json").write_text(body, "utf-8")
    with pytest.raises(InputError) as refused:
        read_request(PreLoanRequest, tmp_path / "body.json")
    assert "body.json" in str(refused.value)
    assert field in str(refused.value)


def test_the_page_of_rules_shows_requests_that_can_be_asked(tmp_path: Path) -> None:
    bodies = [part.split("```")[0] for part in Path("docs/rules.md").read_text("utf-8").split("```json")[1:]]
    for kind, body in zip((PreLoanRequest, DrawdownRequest), bodies, strict=True):
        (tmp_path / "body.json").write_text(body, "utf-8")
        assert read_request(kind, tmp_path / "body.json").on == date(2026, 1, 31)


SPARING = """
pack: sparing
title: {zh: 老合同, en: Older contracts}
sources:
  measures: {issuer: 监管, document: 贷款办法, year: 2024, in_force_from: 2024-07-01, spares_earlier_contracts: true}
rules:
  - id: signed-at-all
    stage: post_loan
    grade: yellow
    when: last_contract_signed_on > '2000-01-01'
    says: {zh: "签于{last_contract_signed_on}", en: "signed on {last_contract_signed_on}"}
    do: {zh: 核实, en: Check}
    source: measures
    status: to-confirm
"""


def test_the_scan_spares_a_client_whose_contracts_are_all_older_than_the_rule(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(SPARING, "utf-8")
    own = replace(desk, packs=load_packs([tmp_path / "own.yaml"]), capacity=Capacity(0))
    assert [(alert.firm.name, alert.sentence.zh) for alert in scan(own).alerts] == [("好", "签于2025-01-10")]


def test_in_a_ledger_without_loans_whoever_is_scored_high_is_raised(tmp_path: Path) -> None:
    made = Town(tmp_path)
    made.firm("供").firm("购").relation("INVOICES", "供", "购", valid_from="2025-01-01", gross_fen=100)
    made.commit()
    desk = Desk.open(made.snapshot(DAY), made.scored(tmp_path, {"供": 0.4, "购": 0.01}))
    (alert,) = scan(desk).alerts
    assert (alert.firm.name, alert.cause, alert.hits[0].rule) == ("供", "score", "score-over-threshold")
    desk.close()
