"""Every shipped rule fires where it should and not a step before."""

from collections.abc import Iterator

import pytest

from alerts.rules import shipped_packs
from alerts.said import Decision, RuleHit, ScanResult, Stage
from alerts.stages import Desk, drawdown, pre_loan, scan
from tests.alerts.rule_cases import DRAWDOWN, POST_LOAN, PRE_LOAN, SCORES, Case, build_all, drawdown_request, pre_loan_request
from tests.alerts.towns import DAY, Town


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    made = Town(tmp_path_factory.mktemp("rules"))
    build_all(made)
    made.commit()
    return made


@pytest.fixture(scope="module")
def desk(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    scores = {f"{rule}{side}": p for rule, (fires, quiet) in SCORES.items() for side, p in (("响", fires), ("静", quiet))}
    opened = Desk.open(town.snapshot(DAY), town.scored(tmp_path_factory.mktemp("scores"), scores))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def scanned(desk: Desk) -> ScanResult:
    return scan(desk)


def test_every_shipped_rule_has_its_two_firms() -> None:
    for stage, cases in ((Stage.POST_LOAN, POST_LOAN), (Stage.PRE_LOAN, PRE_LOAN), (Stage.DRAWDOWN, DRAWDOWN)):
        assert {rule.id for rule in shipped_packs().of(stage)} == set(cases)


def test_an_alert_about_others_holds_the_path_to_them_and_their_own_row(scanned: ScanResult) -> None:
    (alert,) = (a for a in scanned.alerts if a.firm.name == "circle-member-overdue响" and a.cause == "guarantors")
    assert "担保圈成员逾期" in {path.says.zh for path in alert.evidence.paths}
    assert {edge.type for path in alert.evidence.paths for edge in path.edges} == {"GUARANTEES"}
    told = {(row.type, row.property, row.value) for row in alert.evidence.rows}
    assert ("LoanNoteState", "days_past_due", "5") in told


def _post_loan(scanned: ScanResult, firm: str) -> dict[str, RuleHit]:
    return {hit.rule: hit for alert in scanned.alerts if alert.firm.name == firm for hit in alert.hits}


@pytest.mark.parametrize("rule", POST_LOAN)
def test_a_post_loan_rule_fires_on_its_firm_and_not_on_the_one_just_short_of_it(scanned: ScanResult, rule: str) -> None:
    fired = _post_loan(scanned, f"{rule}响")
    assert rule in fired
    assert rule not in _post_loan(scanned, f"{rule}静")
    _reads_well(fired[rule])


@pytest.mark.parametrize("rule", PRE_LOAN)
def test_a_pre_loan_rule_fires_on_its_firm_and_not_on_the_one_just_short_of_it(desk: Desk, rule: str) -> None:
    case = PRE_LOAN[rule]
    fires = pre_loan(desk, pre_loan_request(f"{rule}响", **case.ask_fires(f"{rule}响")))
    quiet = pre_loan(desk, pre_loan_request(f"{rule}静", **case.ask_quiet(f"{rule}静")))
    _compare(rule, fires, quiet)


@pytest.mark.parametrize("rule", DRAWDOWN)
def test_a_drawdown_rule_fires_on_its_firm_and_not_on_the_one_just_short_of_it(desk: Desk, rule: str) -> None:
    case: Case = DRAWDOWN[rule]
    fires = drawdown(desk, drawdown_request(f"{rule}响", **case.ask_fires(f"{rule}响")))
    quiet = drawdown(desk, drawdown_request(f"{rule}静", **case.ask_quiet(f"{rule}静")))
    _compare(rule, fires, quiet)


def _compare(rule: str, fires: Decision, quiet: Decision) -> None:
    fired = {hit.rule: hit for hit in fires.reasons}
    assert rule in fired
    assert rule not in {hit.rule for hit in quiet.reasons}
    _reads_well(fired[rule])


def _reads_well(hit: RuleHit) -> None:
    """Both languages are there, every figure was put in, and the inputs that fired it stand beside."""
    for text in (hit.sentence.zh, hit.sentence.en, hit.advice.zh, hit.advice.en):
        assert text
        assert "{" not in text
    assert any("一" <= letter <= "鿿" for letter in hit.sentence.zh)
    assert not any("一" <= letter <= "鿿" for letter in hit.sentence.en)
    assert any(value is not None for value in hit.inputs.values())
