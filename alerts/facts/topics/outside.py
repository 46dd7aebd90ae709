"""What others say: the credit bureau, courts, authorities, the registry."""

from alerts.facts.kinds import Rows, Topic, Unit, choice, flag, number
from alerts.facts.topics.loans import TIERS

STATUSES = ("active", "suspended", "revoked", "cancelled", "bankrupt")

_BUREAU_NUMBERS = (
    ("other_banks_balance_cny", "other_banks_balance_fen", Unit.CNY, "他行余额", "balance at other banks"),
    ("other_banks_overdue_cny", "other_banks_overdue_fen", Unit.CNY, "他行逾期", "overdue at other banks"),
    (
        "other_banks_overdue_90_cny",
        "other_banks_overdue_90_fen",
        Unit.CNY,
        "他行逾期90天以上",
        "over 90 days past due at other banks",
    ),
    ("lenders", "lenders", Unit.COUNT, "授信机构数", "number of lenders"),
    ("inquiries_6m", "inquiries_6m", Unit.COUNT, "近六个月审批查询次数", "approval inquiries in six months"),
    ("new_lenders_12m", "new_lenders_12m", Unit.COUNT, "近一年新增授信机构", "new lenders in twelve months"),
)

BUREAU = Topic(
    "bureau_report",
    """
    SELECT party,
        other_banks_balance_fen / 100.0 AS other_banks_balance_cny,
        other_banks_overdue_fen / 100.0 AS other_banks_overdue_cny,
        other_banks_overdue_90_fen / 100.0 AS other_banks_overdue_90_cny,
        lenders::DOUBLE AS lenders,
        inquiries_6m::DOUBLE AS inquiries_6m,
        new_lenders_12m::DOUBLE AS new_lenders_12m,
        worst_class_elsewhere,
        ($as_of - reported_on)::DOUBLE AS bureau_report_age_days
    FROM bureau
    """,
    (
        *(
            number(name, unit, zh, en, "BureauReport", absent="", rows=(Rows("bureau", shown),))
            for name, shown, unit, zh, en in _BUREAU_NUMBERS
        ),
        choice(
            "worst_class_elsewhere",
            TIERS,
            "他行最差分类",
            "worst class at other banks",
            "BureauReport",
            rows=(Rows("bureau", "worst_class_elsewhere"),),
        ),
        number(
            "bureau_report_age_days",
            Unit.DAYS,
            "征信报告距今天数",
            "age of the bureau report",
            "BureauReport",
            absent="",
            rows=(Rows("bureau", "reported_on"),),
        ),
    ),
)


def _cases(event_type: str) -> tuple[Rows, ...]:
    return (Rows("judicial", "amount_fen", f"event_type = '{event_type}' AND against", "amount_fen DESC"),)


def _listed(event_type: str) -> tuple[Rows, ...]:
    return (Rows("judicial", "event_type", f"event_type = '{event_type}' AND open"),)


COURT = Topic(
    "court",
    """
    SELECT party,
        coalesce(sum(amount_fen) FILTER (event_type = 'enforcement' AND against), 0) / 100.0 AS enforcement_open_cny,
        coalesce(sum(amount_fen) FILTER (event_type = 'lawsuit' AND against), 0) / 100.0 AS claims_defendant_open_cny,
        coalesce(sum(amount_fen) FILTER (event_type = 'seizure' AND against), 0) / 100.0 AS seizure_open_cny,
        coalesce(sum(amount_fen) FILTER (event_type = 'share_freeze' AND open), 0) / 100.0 AS share_freeze_open_cny,
        coalesce(count(*) FILTER (event_type = 'share_freeze' AND open), 0)::DOUBLE AS share_freezes_open,
        coalesce(bool_or(event_type = 'defaulter_listing' AND open), false) AS defaulter_listed,
        coalesce(bool_or(event_type = 'consumption_limit' AND open), false) AS consumption_limited,
        coalesce(bool_or(event_type = 'bankruptcy_petition' AND open), false) AS bankruptcy_petitioned
    FROM judicial GROUP BY party
    """,
    (
        number(
            "enforcement_open_cny",
            Unit.CNY,
            "未结被执行金额",
            "open enforcement as debtor",
            "JudicialEvent",
            absent="0",
            rows=_cases("enforcement"),
        ),
        number(
            "claims_defendant_open_cny",
            Unit.CNY,
            "作为被告的未结诉讼标的",
            "open claims as defendant",
            "JudicialEvent",
            absent="0",
            rows=_cases("lawsuit"),
        ),
        number(
            "seizure_open_cny",
            Unit.CNY,
            "被查封冻结金额",
            "assets under seizure",
            "JudicialEvent",
            absent="0",
            rows=_cases("seizure"),
        ),
        number(
            "share_freeze_open_cny",
            Unit.CNY,
            "被冻结股权金额",
            "shares frozen, amount",
            "JudicialEvent",
            absent="0",
            rows=_cases("share_freeze"),
        ),
        number(
            "share_freezes_open",
            Unit.COUNT,
            "未解除股权冻结数",
            "open share freezes",
            "JudicialEvent",
            absent="0",
            rows=_listed("share_freeze"),
        ),
        flag(
            "defaulter_listed",
            "列为失信被执行人",
            "listed as defaulter by a court",
            "JudicialEvent",
            "false",
            rows=_listed("defaulter_listing"),
        ),
        flag(
            "consumption_limited",
            "被限制高消费",
            "under a consumption limit",
            "JudicialEvent",
            "false",
            rows=_listed("consumption_limit"),
        ),
        flag(
            "bankruptcy_petitioned",
            "被申请破产",
            "bankruptcy petition filed",
            "JudicialEvent",
            "false",
            rows=_listed("bankruptcy_petition"),
        ),
    ),
)

AUTHORITIES = Topic(
    "authorities",
    """
    SELECT party,
        coalesce(sum(amount_fen) FILTER (event_type = 'tax_arrears' AND open), 0) / 100.0 AS tax_arrears_cny,
        coalesce(bool_or(event_type = 'abnormal_listing' AND open), false) AS abnormal_listing,
        coalesce(bool_or(event_type = 'licence_revoked' AND open), false) AS licence_revoked
    FROM administrative GROUP BY party
    """,
    (
        number(
            "tax_arrears_cny",
            Unit.CNY,
            "欠税金额",
            "tax arrears",
            "AdministrativeEvent",
            absent="0",
            rows=(Rows("administrative", "amount_fen", "event_type = 'tax_arrears' AND open"),),
        ),
        flag(
            "abnormal_listing",
            "列入经营异常名录",
            "on the list of abnormal operation",
            "AdministrativeEvent",
            "false",
            rows=(Rows("administrative", "event_type", "event_type = 'abnormal_listing' AND open"),),
        ),
        flag(
            "licence_revoked",
            "被吊销许可或执照",
            "licence revoked",
            "AdministrativeEvent",
            "false",
            rows=(Rows("administrative", "event_type", "event_type = 'licence_revoked' AND open"),),
        ),
    ),
)

REGISTRY = Topic(
    "registry",
    """
    SELECT party, status, registered_capital_fen / 100.0 AS registered_capital_cny,
        ($as_of - established_on)::DOUBLE AS age_days FROM firm
    """,
    (
        choice("status", STATUSES, "登记状态", "registry status", "Firm", rows=(Rows("firm", "status"),)),
        number(
            "registered_capital_cny",
            Unit.CNY,
            "注册资本",
            "registered capital",
            "Firm",
            absent="",
            rows=(Rows("firm", "registered_capital_fen"),),
        ),
        number(
            "age_days", Unit.DAYS, "成立天数", "days since establishment", "Firm", absent="", rows=(Rows("firm", "established_on"),)
        ),
    ),
)
