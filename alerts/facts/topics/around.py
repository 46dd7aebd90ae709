"""What stands around a firm: guarantors, its guarantee circle, its group, its controllers, and the bank's capital."""

from alerts.facts.kinds import Rows, Topic, Unit, day, flag, number

_GIVEN = (Rows("guarantee", "amount_fen", "true", "amount_fen DESC"),)

GUARANTEES_GIVEN = Topic(
    "guarantees_given",
    """
    SELECT guarantor AS party, coalesce(sum(amount_fen), 0) / 100.0 AS guarantees_given_cny, count(*)::DOUBLE AS guarantees_given,
        count(DISTINCT party) FILTER (party IN (SELECT party FROM note WHERE open AND days_past_due > 0))::DOUBLE
            AS guaranteed_overdue
    FROM guarantee GROUP BY guarantor
    """,
    (
        number(
            "guarantees_given_cny",
            Unit.CNY,
            "对外担保金额",
            "guarantees given",
            "GUARANTEES",
            absent="0",
            rows=(Rows("given", "amount_fen"),),
        ),
        number(
            "guarantees_given",
            Unit.COUNT,
            "对外担保笔数",
            "number of guarantees given",
            "GUARANTEES",
            absent="0",
            rows=(Rows("given", "amount_fen"),),
        ),
        number(
            "guaranteed_overdue",
            Unit.COUNT,
            "被其担保且逾期的户数",
            "firms it guarantees that are overdue here",
            "GUARANTEES",
            absent="0",
            rows=(Rows("given", "amount_fen"),),
        ),
    ),
)

GUARANTORS = Topic(
    "guarantors",
    """
    SELECT g.party,
        count(DISTINCT g.guarantor)::DOUBLE AS guarantors,
        count(DISTINCT g.guarantor) FILTER (l.days_past_due_max > 0)::DOUBLE AS guarantors_overdue,
        count(DISTINCT g.guarantor) FILTER (l.npl_cny > 0)::DOUBLE AS guarantors_npl,
        count(DISTINCT g.guarantor) FILTER (c.defaulter_listed OR p.dishonest)::DOUBLE AS guarantors_listed,
        count(DISTINCT g.guarantor) FILTER (r.status IN ('revoked', 'cancelled', 'bankrupt'))::DOUBLE AS guarantors_gone,
        count(DISTINCT g.guarantor) FILTER (
            c.defaulter_listed OR p.dishonest OR r.status IN ('revoked', 'cancelled', 'bankrupt'))::DOUBLE AS guarantors_lost
    FROM guarantee g
    LEFT JOIN loans l ON l.party = g.guarantor
    LEFT JOIN court c ON c.party = g.guarantor
    LEFT JOIN person p ON p.party = g.guarantor
    LEFT JOIN registry r ON r.party = g.guarantor
    GROUP BY g.party
    """,
    (
        number("guarantors", Unit.COUNT, "保证人数", "guarantors", "GUARANTEES", absent="0", rows=_GIVEN),
        number(
            "guarantors_overdue",
            Unit.COUNT,
            "逾期的保证人数",
            "guarantors overdue at this bank",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
        number(
            "guarantors_npl",
            Unit.COUNT,
            "不良的保证人数",
            "guarantors non-performing at this bank",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
        number(
            "guarantors_listed",
            Unit.COUNT,
            "列为失信被执行人的保证人数",
            "guarantors listed as defaulters",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
        number(
            "guarantors_gone",
            Unit.COUNT,
            "已吊销、注销或破产的保证人数",
            "guarantors revoked, cancelled or bankrupt",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
        number(
            "guarantors_lost",
            Unit.COUNT,
            "失信、吊销、注销或破产的保证人数",
            "guarantors listed as defaulters, revoked, cancelled or bankrupt",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
    ),
)

CIRCLE = Topic(
    "guarantee_circle",
    """
    WITH members AS (
        SELECT c.circle, c.party, c.size, coalesce(l.days_past_due_max > 0, false) AS overdue, coalesce(l.npl_cny > 0, false) AS npl
        FROM circle c LEFT JOIN loans l USING (party)
    ), total AS (SELECT circle, count(*) FILTER (overdue) AS overdue, count(*) FILTER (npl) AS npl FROM members GROUP BY circle)
    SELECT m.party, m.size::DOUBLE AS guarantee_circle_size,
        (t.overdue - m.overdue::INTEGER)::DOUBLE AS circle_members_overdue, (t.npl - m.npl::INTEGER)::DOUBLE AS circle_members_npl
    FROM members m JOIN total t USING (circle)
    """,
    (
        number(
            "guarantee_circle_size",
            Unit.COUNT,
            "所在担保圈成员数",
            "members of its guarantee circle",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
        number(
            "circle_members_overdue",
            Unit.COUNT,
            "担保圈内逾期成员数",
            "other circle members overdue",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
        number(
            "circle_members_npl",
            Unit.COUNT,
            "担保圈内不良成员数",
            "other circle members non-performing",
            "GUARANTEES",
            absent="0",
            rows=_GIVEN,
        ),
    ),
)

_MEMBER = (Rows("tied", "type"),)

GROUP = Topic(
    "client_group",
    """
    WITH members AS (
        SELECT b.block, b.party, b.size, coalesce(l.days_past_due_max > 0, false) AS overdue, coalesce(l.npl_cny > 0, false) AS npl,
            coalesce(l.exposure_cny, 0) AS exposure_cny, coalesce(l.npl_cny, 0) AS npl_cny
        FROM block b LEFT JOIN loans l USING (party)
    ), owed AS (
        SELECT DISTINCT b.block, n.note, greatest(n.balance_fen - coalesce(n.margin_fen, 0), 0) AS exposure_fen
        FROM block b JOIN note n USING (party) WHERE n.open
    ), exposed AS (
        SELECT block, sum(exposure_fen) / 100.0 AS exposure FROM owed GROUP BY block
    ), total AS (
        SELECT block, count(*) FILTER (overdue) AS overdue, count(*) FILTER (npl) AS npl,
            sum(npl_cny) AS npl_cny, first(party ORDER BY exposure_cny DESC, party) AS lead
        FROM members GROUP BY block
    )
    SELECT m.party, m.size::DOUBLE AS group_size, coalesce(e.exposure, 0) AS group_exposure_cny, t.lead = m.party AS group_lead,
        (t.overdue - m.overdue::INTEGER)::DOUBLE AS group_members_overdue, (t.npl - m.npl::INTEGER)::DOUBLE AS group_members_npl,
        round(least((t.npl_cny - m.npl_cny) / nullif(e.exposure, 0), 1), 9) AS group_npl_share
    FROM members m JOIN total t USING (block) LEFT JOIN exposed e USING (block)
    """,
    (
        number("group_size", Unit.COUNT, "集团客户成员数", "members of its client group", "HOLDS_SHARES", absent="1", rows=_MEMBER),
        number(
            "group_exposure_cny",
            Unit.CNY,
            "集团客户风险暴露",
            "exposure to its client group",
            "LoanNoteState",
            absent="exposure_cny",
            rows=_MEMBER,
        ),
        flag("group_lead", "集团内风险暴露最大", "has the largest exposure of its group", "HOLDS_SHARES", "true", rows=_MEMBER),
        number(
            "group_members_npl",
            Unit.COUNT,
            "集团内不良成员数",
            "other group members non-performing",
            "LoanNoteState",
            absent="0",
            rows=_MEMBER,
        ),
        number(
            "group_npl_share",
            Unit.SHARE,
            "集团其他成员不良占集团风险暴露",
            "other group members' non-performing share of the group's exposure",
            "LoanNoteState",
            absent="0",
            rows=_MEMBER,
        ),
        number(
            "group_members_overdue",
            Unit.COUNT,
            "集团内逾期成员数",
            "other group members overdue",
            "LoanNoteState",
            absent="0",
            rows=_MEMBER,
        ),
    ),
)

CONTROL = Topic(
    "control",
    """
    SELECT k.party,
        count(DISTINCT k.controller)::DOUBLE AS controllers,
        count(DISTINCT k.controller) FILTER (c.defaulter_listed OR p.dishonest)::DOUBLE AS controllers_listed,
        max(k.since) FILTER (k.since > DATE '1900-01-01') AS control_changed_on
    FROM controller k
    LEFT JOIN court c ON c.party = k.controller
    LEFT JOIN person p ON p.party = k.controller
    GROUP BY k.party
    """,
    (
        number(
            "controllers",
            Unit.COUNT,
            "控制人数",
            "controllers on file",
            "HOLDS_SHARES",
            absent="",
            rows=(Rows("controller", "basis"),),
        ),
        number(
            "controllers_listed",
            Unit.COUNT,
            "列为失信被执行人的控制人数",
            "controllers listed as defaulters",
            "HOLDS_SHARES",
            absent="",
            rows=(Rows("controller", "basis"),),
        ),
        day(
            "control_changed_on",
            "控制关系最近变更日",
            "day control last changed",
            "HOLDS_SHARES",
            (Rows("controller", "since", "true", "since DESC"),),
        ),
    ),
)

CAPITAL = Topic(
    "capital_figures",
    """
    SELECT f.party, c.net_capital_fen / 100.0 AS net_capital_cny, c.tier1_net_fen / 100.0 AS tier1_cny
    FROM firm f, (
        SELECT any_value(net_capital_fen) AS net_capital_fen, any_value(tier1_net_fen) AS tier1_net_fen
        FROM capital HAVING count(*) = 1
    ) c
    """,
    (
        number("net_capital_cny", Unit.CNY, "本行资本净额", "the bank's net capital", "CapitalFigure"),
        number("tier1_cny", Unit.CNY, "本行一级资本净额", "the bank's net tier 1 capital", "CapitalFigure"),
    ),
)
