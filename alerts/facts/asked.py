"""Facts that only a request has: what is asked for, who guarantees, who is paid, what changed since approval."""

from alerts.facts.kinds import Fact, FactKind, Unit
from alerts.said import Stage

_BEFORE = (Stage.PRE_LOAN,)
_DRAWN = (Stage.DRAWDOWN,)
_BOTH = (Stage.PRE_LOAN, Stage.DRAWDOWN)

PRODUCTS = ("working_capital", "fixed_asset", "acceptance", "letter_of_credit", "guarantee", "advance", "other")
SECTORS = ("property", "securities", "private_lending", "other")


def _number(name: str, unit: Unit, zh: str, en: str, stages: tuple[Stage, ...]) -> Fact:
    return Fact(name, FactKind.NUMBER, unit, zh, en, stages=stages)


def _flag(name: str, zh: str, en: str, stages: tuple[Stage, ...]) -> Fact:
    return Fact(name, FactKind.FLAG, Unit.NONE, zh, en, stages=stages)


ASKED: tuple[Fact, ...] = (
    _number("amount_cny", Unit.CNY, "申请或支付金额", "amount asked or paid", _BOTH),
    Fact("product", FactKind.CHOICE, Unit.NONE, "产品", "product", values=PRODUCTS, stages=_BEFORE),
    _number("term_months", Unit.COUNT, "期限(月)", "term in months", _BEFORE),
    _flag("known", "本行已知客户", "known to the bank", _BEFORE),
    _number("loans_after_over_net_capital", Unit.SHARE, "放款后贷款占资本净额", "loans after the loan over net capital", _BEFORE),
    _number(
        "exposure_after_over_tier1", Unit.SHARE, "放款后风险暴露占一级资本净额", "exposure after the loan over net tier 1", _BEFORE
    ),
    _number(
        "group_exposure_after_over_tier1",
        Unit.SHARE,
        "放款后集团风险暴露占一级资本净额",
        "group exposure after the loan over net tier 1",
        _BEFORE,
    ),
    _number("named_guarantors_unknown", Unit.COUNT, "本行未知的拟保证人数", "named guarantors unknown to the bank", _BEFORE),
    _number(
        "named_guarantors_listed",
        Unit.COUNT,
        "失信、吊销或破产的拟保证人数",
        "named guarantors listed, revoked or bankrupt",
        _BEFORE,
    ),
    _number("named_guarantors_overdue", Unit.COUNT, "逾期的拟保证人数", "named guarantors overdue", _BEFORE),
    _number(
        "named_guarantor_guarantees_over_net_assets",
        Unit.RATIO,
        "拟保证人对外担保(含本笔)占净资产最高倍数",
        "a named guarantor's guarantees over net assets, this loan included, highest",
        _BEFORE,
    ),
    _number(
        "guarantors_in_circle",
        Unit.COUNT,
        "与申请人构成担保圈的拟保证人数",
        "named guarantors that close a guarantee circle with the applicant",
        _BEFORE,
    ),
    _number("offered_collateral_cny", Unit.CNY, "拟提供押品价值", "value of the collateral offered", _BEFORE),
    _number(
        "offered_collateral_used", Unit.COUNT, "已用于其他借款的押品数", "pieces of collateral already used elsewhere", _BEFORE
    ),
    _number(
        "offered_collateral_seized", Unit.COUNT, "已查封的拟提供押品数", "pieces of collateral offered that are seized", _BEFORE
    ),
    _flag("entrusted", "受托支付", "entrusted payment", _DRAWN),
    _flag("payee_known", "收款人可识别", "payee identified", _DRAWN),
    _flag("payee_is_borrower", "收款人即借款人", "payee is the borrower", _DRAWN),
    _flag("payee_related", "收款人与借款人关联", "payee related to the borrower", _DRAWN),
    _number("payee_hops", Unit.COUNT, "收款人与借款人关联路径长度", "relations between payee and borrower", _DRAWN),
    Fact("payee_sector", FactKind.CHOICE, Unit.NONE, "收款人行业", "payee's sector", values=SECTORS, stages=_DRAWN),
    _number(
        "self_paid_5d_cny",
        Unit.CNY,
        "五日内向同一收款人或其控制人自主支付合计(含本笔)",
        "self-payments to one payee or its controller in five days, this one included",
        _DRAWN,
    ),
    _number("contract_headroom_cny", Unit.CNY, "合同剩余可提款金额", "left to draw on the contract", _DRAWN),
    _number("line_headroom_cny", Unit.CNY, "授信剩余额度", "left on the credit line", _DRAWN),
    _flag("line_usable", "授信有效", "credit line in force", _DRAWN),
    _flag("loan_matured", "合同或借据已到期", "the contract or the loan note has matured", _DRAWN),
    _flag("note_repaid", "借据已结清或核销", "the loan note is repaid or written off", _DRAWN),
    _number("seized_since_approval_cny", Unit.CNY, "审批后新增查封冻结与执行金额", "seized or enforced since approval", _DRAWN),
    _flag("overdue_since_approval", "审批后新增逾期", "became overdue since approval", _DRAWN),
    _number("guarantors_overdue_since_approval", Unit.COUNT, "审批后逾期的保证人数", "guarantors overdue since approval", _DRAWN),
    _flag("control_changed_since_approval", "审批后控制关系变更", "control changed since approval", _DRAWN),
)
