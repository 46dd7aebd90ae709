"""For each shipped rule a firm on which it fires and one, just short of it, on which it does not: all in one world.

The bank has net capital of 1,000 million and tier 1 of 800 million yuan; the day is 2025-06-30.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from alerts.requests import DrawdownRequest, Party, Payee, PreLoanRequest
from tests.alerts.towns import AS_OF, Town, fen

Build = Callable[[Town, str], object]
Ask = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """How the firm of each side comes to be, what it is at birth, and what is asked about it."""

    fires: Build
    quiet: Build
    born: tuple[dict[str, Any], dict[str, Any]] = field(default_factory=lambda: ({}, {}))
    ask_fires: Ask = lambda _: {}
    ask_quiet: Ask = lambda _: {}


def nothing(_town: Town, _firm: str) -> None:
    """The firm as it is born."""


def _loan(**told: Any) -> Build:
    return lambda t, f: t.loan(f, **told)


def _two_loans(bad: float, good: float) -> Build:
    return lambda t, f: t.loan(f, f"{f}坏", balance=bad, tier="substandard").loan(f, f"{f}好", balance=good)


def _bureau(balance: float = 0, **told: Any) -> Build:
    return lambda t, f: (t.loan(f, balance=balance) if balance else t).bureau(f, **told)


def _elsewhere(over_90: float) -> Build:
    """100 owed here, 300 elsewhere, of which `over_90` is more than 90 days late."""
    return _bureau(100, other_banks_balance_fen=fen(300), other_banks_overdue_fen=0, other_banks_overdue_90_fen=fen(over_90))


def _daughter(share: float, mine: float, hers: float, **told: Any) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}子").relation("HOLDS_SHARES", f, f"{f}子", equity_share=share)
        t.loan(f"{f}子", balance=hers, **told)
        if mine:
            t.loan(f, balance=mine)

    return build


def _guarantor(past_due: int = 0, listed: str = "", **born: Any) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}保", **born).loan(f"{f}保", past_due=past_due, tier="special_mention").loan(f).guarantee(f"{f}保", f)
        if listed:
            t.case(f"{f}保", "defaulter_listing", stage=listed)

    return build


def _circle(closed: bool) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}圈").loan(f"{f}圈", past_due=5, tier="special_mention").loan(f).guarantee(f, f"{f}圈")
        if closed:
            t.guarantee(f"{f}圈", f)

    return build


def _given(yuan: float) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}客").loan(f"{f}客", past_due=5, tier="special_mention").guarantee(f, f"{f}客", yuan)
        t.statement(f, "2024-12-31", net_assets=100)

    return build


def _controller(relation: str, **told: Any) -> Build:
    def build(t: Town, f: str) -> None:
        t.person(f"{f}人", dishonest=True).relation(relation, f"{f}人", f, **told)
        t.loan(f)

    return build


def _two_guarantors(both: bool) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}保", status="revoked").firm(f"{f}保二", status="bankrupt" if both else "active").loan(f)
        t.guarantee(f"{f}保", f).guarantee(f"{f}保二", f)

    return build


def _case(event_type: str, yuan: float | None = None, balance: float = 100, **told: Any) -> Build:
    return lambda t, f: t.loan(f, balance=balance).statement(f, "2024-12-31", net_assets=1000).case(f, event_type, yuan, **told)


def _arrears(yuan: float) -> Build:
    def build(t: Town, f: str) -> None:
        t.loan(f).fact("AdministrativeEvent", f, valid_from="2025-03-01", event_type="tax_arrears", amount_fen=fen(yuan))

    return build


def _months(what: str, last: list[float]) -> Build:
    """100 each month of 2024 and of 2025 until June, but for the last ones."""
    return lambda t, f: t.loan(f).months(f, "2024-01", [*[100.0] * (18 - len(last)), *last], what)


def _revenue(now: float) -> Build:
    return lambda t, f: t.loan(f).statement(f, "2023-12-31", revenue=100).statement(f, "2024-12-31", revenue=now)


def _cash(earlier: float, later: float, profit: float = -1) -> Build:
    def build(t: Town, f: str) -> None:
        t.loan(f)
        for day, flow in (("2024-06-30", earlier), ("2024-12-31", later)):
            t.statement(f, day, operating_cash_flow=flow, net_profit=profit, interest_expense=1)

    return build


def _revenue_and_cash(now: float) -> Build:
    """Cash flow is negative in both statements of 2024, profit is not."""

    def build(t: Town, f: str) -> None:
        t.loan(f).statement(f, "2023-12-31", revenue=100)
        t.statement(f, "2024-06-30", operating_cash_flow=-1, net_profit=1, interest_expense=1)
        t.statement(f, "2024-12-31", operating_cash_flow=-1, net_profit=1, interest_expense=1, revenue=now)

    return build


def _matures_while_inflow_falls(last: float) -> Build:
    return lambda t, f: (
        t.loan(f, balance=1000, matures_on="2025-07-30")
        .statement(f, "2024-12-31", cash=999)
        .months(f, "2024-01", [*[1000.0] * 15, last, last, last])
    )


def _matures(on: str, cash: float) -> Build:
    """1,000 due; 300 of inflow expected, for July to September 2024 brought 100 each."""
    return lambda t, f: (
        t.loan(f, balance=1000, matures_on=on).statement(f, "2024-12-31", cash=cash).months(f, "2024-01", [100.0] * 18)
    )


POST_LOAN: dict[str, Case] = {
    "overdue-1-30": Case(_loan(past_due=1), _loan(past_due=31)),
    "overdue-31-90": Case(_loan(past_due=31), _loan(past_due=30)),
    "overdue-over-90": Case(_loan(past_due=180), _loan(past_due=90)),
    "overdue-over-180": Case(_loan(past_due=181, tier="doubtful"), _loan(past_due=400, tier="loss")),
    "class-above-days": Case(_loan(past_due=91, tier="special_mention"), _loan(past_due=90, tier="special_mention")),
    "npl-share-here": Case(_two_loans(11, 89), _two_loans(10, 90)),
    "overdue-90-across-banks": Case(_elsewhere(81), _elsewhere(80)),
    "overdue-90-across-banks-near": Case(_elsewhere(41), _elsewhere(40)),
    "overdue-elsewhere": Case(_bureau(100, other_banks_overdue_fen=1), _bureau(100, other_banks_overdue_fen=0)),
    "bad-debt-elsewhere": Case(
        _bureau(100, worst_class_elsewhere="substandard"), _bureau(100, worst_class_elsewhere="special_mention")
    ),
    "restructured-observed": Case(_loan(restructured=True, since="2024-07-01"), _loan(restructured=True, since="2024-06-30")),
    "group-member-npl": Case(_daughter(0.51, 89, 11, tier="doubtful"), _daughter(0.51, 90, 10, tier="doubtful")),
    "loans-over-limit": Case(_loan(balance=1e8 + 1), _loan(balance=1e8)),
    "exposure-over-limit": Case(
        _loan(balance=1.2e8 + 1, product="acceptance"), _loan(balance=1.3e8, product="acceptance", margin_fen=fen(1e7))
    ),
    "group-over-limit": Case(_daughter(0.6, 9e7, 8e7), _daughter(0.6, 8e7, 8e7)),
    "exposure-near-limit": Case(_loan(balance=8e7), _loan(balance=7.99e7)),
    "guarantor-overdue": Case(_guarantor(past_due=1), _guarantor(past_due=0)),
    "guarantors-all-lost": Case(_two_guarantors(True), _two_guarantors(False)),
    "guarantor-lost": Case(_guarantor(listed="enforcing"), _guarantor(listed="closed")),
    "circle-member-overdue": Case(_circle(True), _circle(False)),
    "guarantees-over-net-assets": Case(_given(101), _given(100)),
    "controller-listed-after": Case(_controller("HOLDS_SHARES", equity_share=0.6), _controller("HOLDS_SHARES", equity_share=0.5)),
    "listed-after": Case(_case("defaulter_listing"), _case("defaulter_listing", stage="settled")),
    "enforcement-open": Case(_case("enforcement", 1_000_001), _case("enforcement", 5_000_000, role="plaintiff")),
    "claims-heavy": Case(_case("lawsuit", 301), _case("lawsuit", 300)),
    "seizure-heavy": Case(_case("seizure", 51), _case("seizure", 50)),
    "shares-frozen": Case(
        _case("share_freeze", 51),
        _case("share_freeze", 50),
        ({"registered_capital_fen": fen(100)}, {"registered_capital_fen": fen(100)}),
    ),
    "tax-arrears": Case(_arrears(100_001), _arrears(100_000)),
    "inflow-down": Case(_months("inflow_fen", [70, 70, 70]), _months("inflow_fen", [70, 70, 71])),
    "electricity-down": Case(_months("electricity_kwh", [70, 70]), _months("electricity_kwh", [70, 71])),
    "headcount-down": Case(_months("headcount", [80]), _months("headcount", [81])),
    "tax-zero": Case(_months("tax_paid_fen", [0, 0, 0]), _months("tax_paid_fen", [0, 0, 1])),
    "revenue-down": Case(_revenue(80), _revenue(81)),
    "cash-weak": Case(_cash(-1, -1), _cash(-1, -1, profit=1)),
    "revenue-and-cash": Case(_revenue_and_cash(80), _revenue_and_cash(81)),
    "maturity-inflow-down": Case(_matures_while_inflow_falls(800), _matures_while_inflow_falls(801)),
    "maturity-gap": Case(_matures("2025-09-28", 699), _matures("2025-09-28", 700)),
    "maturity-gap-30": Case(_matures("2025-07-30", 699), _matures("2025-07-31", 699)),
}


def _asks(**told: Any) -> Ask:
    return lambda _: told


def _amount(yuan: float, **told: Any) -> Ask:
    return _asks(amount_fen=fen(yuan), **told)


def _named(suffix: str) -> Ask:
    return lambda f: {"guarantors": (Party(name=f"{f}{suffix}"),)}


def _surety(past_due: int = 0, net_assets: float | None = None, **born: Any) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}保", **born)
        if past_due:
            t.loan(f"{f}保", past_due=past_due, tier="special_mention")
        if net_assets is not None:
            t.statement(f"{f}保", "2024-12-31", net_assets=net_assets)

    return build


def _chain(towards_surety: bool) -> Build:
    """The applicant guarantees 中, 中 guarantees the named guarantor; or all the other way round."""

    def build(t: Town, f: str) -> None:
        t.firm(f"{f}中").firm(f"{f}保")
        for one, other in ((f, f"{f}中"), (f"{f}中", f"{f}保")):
            t.guarantee(*((one, other) if towards_surety else (other, one)))

    return build


def _pledged(balance: float) -> Build:
    def build(t: Town, f: str) -> None:
        t.firm(f"{f}先").loan(f"{f}先", balance=balance).entity("Collateral", f"{f}房", number=f"{f}房", value_fen=fen(1e6))
        t.relation("SECURED_BY", f"借据{f}先", f"{f}房", amount_fen=fen(1e6))

    return build


def _turnover(monthly: float) -> Build:
    return lambda t, f: t.statement(f, "2024-12-31", revenue=1200).months(f, "2024-01", [monthly] * 12, "turnover_fen")


_COLLATERAL: Ask = lambda f: {"collateral": (f"{f}房",)}  # noqa: E731

PRE_LOAN: dict[str, Case] = {
    "loan-over-limit": Case(nothing, nothing, ask_fires=_amount(1e8 + 1), ask_quiet=_amount(1e8)),
    "loan-exposure-over-limit": Case(
        nothing, nothing, ask_fires=_amount(1.2e8 + 1, product="acceptance"), ask_quiet=_amount(1.2e8, product="acceptance")
    ),
    "loan-group-over-limit": Case(
        _daughter(0.6, 0, 1e8), _daughter(0.6, 0, 1e8), ask_fires=_amount(6e7 + 1), ask_quiet=_amount(6e7)
    ),
    "loan-near-limit": Case(nothing, nothing, ask_fires=_amount(8e7), ask_quiet=_amount(7.9e7)),
    "joint-credit-due": Case(
        _bureau(lenders=3, other_banks_balance_fen=fen(4.95e9)),
        _bureau(lenders=3, other_banks_balance_fen=fen(4.95e9)),
        ask_fires=_amount(5e7),
        ask_quiet=_amount(4.9e7),
    ),
    "named-guarantor-lost": Case(
        _surety(status="revoked"), _surety(status="active"), ask_fires=_named("保"), ask_quiet=_named("保")
    ),
    "named-guarantor-overdue": Case(_surety(past_due=1), _surety(), ask_fires=_named("保"), ask_quiet=_named("保")),
    "named-guarantor-overextended": Case(
        _surety(net_assets=999_999), _surety(net_assets=1_000_000), ask_fires=_named("保"), ask_quiet=_named("保")
    ),
    "guarantor-closes-circle": Case(_chain(True), _chain(False), ask_fires=_named("保"), ask_quiet=_named("保")),
    "named-guarantor-unknown": Case(_surety(), _surety(), ask_fires=_named("无"), ask_quiet=_named("保")),
    "group-troubled": Case(_daughter(0.6, 0, 100, tier="loss"), _daughter(0.6, 0, 100)),
    "controller-listed": Case(_controller("SERVES_AS", role="legal_representative"), _controller("SERVES_AS", role="supervisor")),
    "applicant-listed": Case(nothing, nothing, ({"status": "bankrupt"}, {"status": "active"})),
    "figures-disagree": Case(_turnover(79), _turnover(80)),
    "many-inquiries": Case(_bureau(inquiries_6m=7), _bureau(inquiries_6m=6)),
    "many-new-lenders": Case(_bureau(new_lenders_12m=3), _bureau(new_lenders_12m=2)),
    "applicant-overdue": Case(_bureau(other_banks_overdue_fen=1), _bureau(other_banks_overdue_fen=0)),
    "collateral-used": Case(_pledged(100), _pledged(0), ask_fires=_COLLATERAL, ask_quiet=_COLLATERAL),
    "score-high": Case(nothing, nothing),
    "applicant-unknown": Case(nothing, nothing, ask_fires=lambda f: {"applicant": Party(name=f"{f}不存在")}),
}

SCORES = {"score-high": (0.10, 0.09)}


def _paid_before(on: str, yuan: float, entrusted: bool = False) -> Build:
    def build(t: Town, f: str) -> None:
        t.loan(f, balance=yuan).firm(f"{f}收")
        t.relation("DISBURSES", f"借据{f}", f"{f}收", valid_from=on, amount_fen=fen(yuan), entrusted=entrusted)

    return build


def _payee(build: Build = nothing, **born: Any) -> Build:
    return lambda t, f: build(t.firm(f"{f}收", **born), f)


def _shared_phone(t: Town, f: str) -> None:
    t.entity("Contact", f"{f}电话", contact_type="phone").relation("SHARES_CONTACT", f, f"{f}电话")
    t.relation("SHARES_CONTACT", f"{f}收", f"{f}电话")


def _small_holding(t: Town, f: str) -> None:
    t.relation("HOLDS_SHARES", f"{f}收", f, equity_share=0.049)


def _matured(on: str) -> Build:
    return lambda t, f: t.contract(f, f"{f}合同2", matures_on=on)


def _line(status: str, limit: float = 1e9) -> Build:
    def build(t: Town, f: str) -> None:
        t.entity("CreditLine", f"{f}额度", number=f"{f}额度", limit_fen=fen(limit), status=status, expires_on="2026-01-01")
        t.relation("BORROWS", f, f"{f}额度").contract(f, f"{f}合同2", credit_line=f"{f}额度")

    return build


def _control_since(day: str) -> Build:
    return lambda t, f: t.person(f"{f}人").relation("CONTROLS", f"{f}人", f, valid_from=day)


def _pays(yuan: float = 1e6, entrusted: bool = False, to: str = "收") -> Ask:
    return lambda f: {"payee": Payee(firm=Party(name=f"{f}{to}")), "amount_fen": fen(yuan), "entrusted": entrusted}


def _to_payee(fires: Build, quiet: Build) -> Case:
    return Case(fires, quiet, ask_fires=_pays(), ask_quiet=_pays())


DRAWDOWN: dict[str, Case] = {
    "entrusted-payment-due": Case(nothing, nothing, ask_fires=_amount(1e7), ask_quiet=_amount(1e7, entrusted=True)),
    "entrusted-to-self": Case(nothing, nothing, ask_fires=_pays(entrusted=True, to=""), ask_quiet=_pays(to="")),
    "split-payment": Case(
        _paid_before("2025-06-26", 6e6), _paid_before("2025-06-25", 6e6), ask_fires=_pays(4e6), ask_quiet=_pays(4e6)
    ),
    "payee-related": _to_payee(_payee(_shared_phone), _payee(_small_holding)),
    "payee-sector": _to_payee(_payee(industry="K7010"), _payee(industry="C1711")),
    "payee-unknown": Case(_payee(), _payee(), ask_fires=_pays(to="无"), ask_quiet=_pays()),
    "over-headroom": Case(nothing, nothing, ask_fires=_amount(1e9 + 1), ask_quiet=_amount(1e9, entrusted=True)),
    "line-unusable": Case(
        _line("frozen"),
        _line("active"),
        ask_fires=lambda f: {"contract": f"{f}合同2"},
        ask_quiet=lambda f: {"contract": f"{f}合同2"},
    ),
    "over-line": Case(
        _line("active", limit=1e6 - 1),
        _line("active", limit=1e6),
        ask_fires=lambda f: {"contract": f"{f}合同2"},
        ask_quiet=lambda f: {"contract": f"{f}合同2"},
    ),
    "loan-ended": Case(
        _matured("2025-06-29"),
        _matured("2025-06-30"),
        ask_fires=lambda f: {"contract": f"{f}合同2"},
        ask_quiet=lambda f: {"contract": f"{f}合同2"},
    ),
    "borrower-listed": Case(_case("defaulter_listing"), _case("defaulter_listing", closed_on="2025-06-30")),
    "overdue-since-approval": Case(_loan(past_due=10), _loan(past_due=200, tier="substandard")),
    "seized-since-approval": Case(_case("seizure", 1, filed_on="2025-02-01"), _case("seizure", 1, filed_on="2024-12-01")),
    "guarantor-overdue-since-approval": Case(_guarantor(past_due=10), _guarantor(past_due=200)),
    "control-changed-since-approval": Case(_control_since("2025-03-01"), _control_since("2024-03-01")),
}


def build_all(t: Town) -> None:
    """Every case's two firms, `RULE响` and `RULE静`, and a supplier whom drawdowns pay."""
    t.capital(1e9, 8e8).firm("供应商", name="供应商", industry="C1711")
    for cases in (POST_LOAN, PRE_LOAN, DRAWDOWN):
        for rule, case in cases.items():
            for build, born, firm in ((case.fires, case.born[0], f"{rule}响"), (case.quiet, case.born[1], f"{rule}静")):
                t.firm(firm, **born)
                if cases is DRAWDOWN:
                    t.contract(firm, f"{firm}合同")
                build(t, firm)


def pre_loan_request(firm: str, **told: Any) -> PreLoanRequest:
    """An application of one million yuan, but for what is told."""
    return PreLoanRequest(**{"applicant": Party(name=firm), "amount_fen": fen(1e6), "on": AS_OF, **told})


def drawdown_request(firm: str, **told: Any) -> DrawdownRequest:
    """A self-payment of one million yuan to the supplier, but for what is told."""
    return DrawdownRequest(
        **{"contract": f"{firm}合同", "amount_fen": fen(1e6), "on": AS_OF, "payee": Payee(firm=Party(name="供应商")), **told}
    )
