"""What the bank's own loan notes say: overdue, class, balances, maturity, restructuring."""

from alerts.facts.kinds import Rows, Topic, Unit, choice, day, flag, number

TIERS = ("normal", "special_mention", "substandard", "doubtful", "loss")
_OVERDUE = (Rows("note", "days_past_due", "open AND days_past_due > 0", "days_past_due DESC"),)
_BALANCES = (Rows("note", "balance_fen", "open", "balance_fen DESC"),)
_RESTRUCTURED = (Rows("note", "five_tier", "restructured AND open", "tier"),)


def _classed(tier: str) -> tuple[Rows, ...]:
    return (Rows("note", "days_past_due", f"open AND five_tier = '{tier}' AND days_past_due > 0", "days_past_due DESC"),)


LOANS = Topic(
    "loans",
    """
    SELECT party,
        max(days_past_due) FILTER (open)::DOUBLE AS days_past_due_max,
        max(days_past_due) FILTER (open AND five_tier = 'normal')::DOUBLE AS days_past_due_classed_normal,
        max(days_past_due) FILTER (open AND five_tier = 'special_mention')::DOUBLE AS days_past_due_classed_special_mention,
        max(days_past_due) FILTER (open AND five_tier = 'substandard')::DOUBLE AS days_past_due_classed_substandard,
        max(days_past_due) FILTER (open AND five_tier = 'doubtful')::DOUBLE AS days_past_due_classed_doubtful,
        arg_max(five_tier, tier) FILTER (open) AS five_tier_worst,
        coalesce(sum(balance_fen) FILTER (open AND loan), 0) / 100.0 AS loans_cny,
        coalesce(sum(greatest(balance_fen - coalesce(margin_fen, 0), 0)) FILTER (open), 0) / 100.0 AS exposure_cny,
        coalesce(sum(balance_fen) FILTER (open), 0) / 100.0 AS balance_cny,
        coalesce(sum(balance_fen) FILTER (open AND days_past_due > 0), 0) / 100.0 AS overdue_cny,
        coalesce(sum(balance_fen) FILTER (open AND days_past_due > 90), 0) / 100.0 AS overdue_90_cny,
        coalesce(sum(balance_fen) FILTER (open AND tier >= 3), 0) / 100.0 AS npl_cny,
        coalesce(sum(balance_fen) FILTER (open AND tier >= 3), 0)
            / nullif(sum(balance_fen) FILTER (open), 0)::DOUBLE AS npl_share_here,
        min(matures_on - $as_of) FILTER (open AND matures_on >= $as_of)::DOUBLE AS days_to_next_maturity,
        min($as_of - restructured_from) FILTER (open AND restructured)::DOUBLE AS days_since_restructuring,
        coalesce(bool_or(tier = 1) FILTER (open AND restructured), false) AS restructured_classed_normal,
        coalesce(count(*) FILTER (open AND renewed), 0)::DOUBLE AS renewed_notes,
        NOT coalesce(bool_or(days_past_due > 90 OR tier >= 3) FILTER (open), false) AS performing
    FROM note GROUP BY party
    """,
    (
        number("days_past_due_max", Unit.DAYS, "最长逾期天数", "longest days past due", "LoanNoteState", absent="0", rows=_OVERDUE),
        *(
            number(
                f"days_past_due_classed_{tier}",
                Unit.DAYS,
                f"分类为“{zh}”的借据最长逾期天数",
                f"longest days past due among notes classed {tier.replace('_', '-')}",
                "LoanNoteState",
                absent="0",
                rows=_classed(tier),
            )
            for tier, zh in (("normal", "正常"), ("special_mention", "关注"), ("substandard", "次级"), ("doubtful", "可疑"))
        ),
        choice(
            "five_tier_worst",
            TIERS,
            "最差五级分类",
            "worst five-tier class",
            "LoanNoteState",
            rows=(Rows("note", "five_tier", "open", "tier DESC"),),
        ),
        number("loans_cny", Unit.CNY, "贷款余额", "loan balance", "LoanNoteState", absent="0", rows=_BALANCES),
        number(
            "exposure_cny", Unit.CNY, "风险暴露(扣除保证金)", "exposure net of margin", "LoanNoteState", absent="0", rows=_BALANCES
        ),
        number("balance_cny", Unit.CNY, "债权余额", "balance of claims", "LoanNoteState", absent="0", rows=_BALANCES),
        number("overdue_cny", Unit.CNY, "逾期借据余额", "balance of overdue notes", "LoanNoteState", absent="0", rows=_OVERDUE),
        number(
            "overdue_90_cny",
            Unit.CNY,
            "逾期90天以上借据余额",
            "balance over 90 days past due",
            "LoanNoteState",
            absent="0",
            rows=_OVERDUE,
        ),
        number(
            "npl_cny",
            Unit.CNY,
            "不良余额",
            "non-performing balance",
            "LoanNoteState",
            absent="0",
            rows=(Rows("note", "five_tier", "open AND tier >= 3", "tier DESC"),),
        ),
        number(
            "npl_share_here",
            Unit.SHARE,
            "不良占本行债权比例",
            "non-performing share of claims at this bank",
            "LoanNoteState",
            absent="",
            rows=(Rows("note", "five_tier", "open AND tier >= 3", "tier DESC"),),
        ),
        number(
            "days_to_next_maturity",
            Unit.DAYS,
            "距最近到期日天数",
            "days to the next maturity",
            "LoanNote",
            absent="",
            rows=(Rows("note", "matures_on", "open", "matures_on"),),
        ),
        number(
            "days_since_restructuring",
            Unit.DAYS,
            "重组后天数",
            "days since restructuring",
            "LoanNoteState",
            absent="",
            rows=_RESTRUCTURED,
        ),
        flag(
            "restructured_classed_normal",
            "重组贷款仍列为正常",
            "a restructured loan is classed normal",
            "LoanNoteState",
            "false",
            rows=_RESTRUCTURED,
        ),
        number(
            "renewed_notes",
            Unit.COUNT,
            "续贷借据数",
            "renewed loan notes",
            "LoanNoteState",
            absent="0",
            rows=(Rows("note", "renewed", "open AND renewed"),),
        ),
        flag(
            "performing",
            "在本行尚未不良(逾期不超过90天且无次级及以下)",
            "still performing here (at most 90 days past due, nothing classed substandard or worse)",
            "LoanNoteState",
            "true",
            rows=(Rows("note", "five_tier", "open AND (days_past_due > 90 OR tier >= 3)", "tier DESC"),),
        ),
    ),
)

DUES = Topic(
    "dues",
    """
    SELECT party,
        coalesce(sum(left_fen) FILTER (due_on <= $as_of + 30), 0) / 100.0 AS due_30_cny,
        coalesce(sum(left_fen) FILTER (due_on <= $as_of + 90), 0) / 100.0 AS due_90_cny
    FROM due WHERE due_on >= $as_of GROUP BY party
    """,
    (
        number(
            "due_30_cny",
            Unit.CNY,
            "30天内到期应还",
            "due within 30 days",
            "LoanNote",
            absent="0",
            rows=(Rows("due", "due_on", "left_fen > 0 AND days_ahead BETWEEN 0 AND 30", "left_fen DESC, due_on"),),
        ),
        number(
            "due_90_cny",
            Unit.CNY,
            "90天内到期应还",
            "due within 90 days",
            "LoanNote",
            absent="0",
            rows=(Rows("due", "due_on", "left_fen > 0 AND days_ahead BETWEEN 0 AND 90", "left_fen DESC, due_on"),),
        ),
    ),
)

CONTRACTS = Topic(
    "contracts",
    """
    SELECT party, max(signed_on) AS last_contract_signed_on FROM contract GROUP BY party
    """,
    (
        day(
            "last_contract_signed_on",
            "最近合同签订日",
            "day the latest contract was signed",
            "Contract",
            (Rows("contract", "signed_on", "true", "signed_on DESC"),),
        ),
    ),
)

COLLATERAL = Topic(
    "collateral",
    """
    SELECT party,
        coalesce(sum(value_fen), 0) / 100.0 AS collateral_cny,
        coalesce(count(*) FILTER (seized), 0)::DOUBLE AS collateral_seized,
        max($as_of - valued_on)::DOUBLE AS collateral_valuation_age_days
    FROM security GROUP BY party
    """,
    (
        number(
            "collateral_cny",
            Unit.CNY,
            "押品评估价值",
            "value of collateral",
            "SECURED_BY",
            absent="0",
            rows=(Rows("security", "value_fen"),),
        ),
        number(
            "collateral_seized",
            Unit.COUNT,
            "被查封押品数",
            "seized pieces of collateral",
            "SECURED_BY",
            absent="0",
            rows=(Rows("security", "seized", "seized"),),
        ),
        number(
            "collateral_valuation_age_days",
            Unit.DAYS,
            "押品评估距今天数",
            "age of the oldest valuation",
            "SECURED_BY",
            absent="",
            rows=(Rows("security", "valued_on", "true", "valued_on"),),
        ),
    ),
)
