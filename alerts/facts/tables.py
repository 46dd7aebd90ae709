"""Base tables: what the topics read, one row a thing, from the snapshot's own tables. Money is CNY only.

They read `snapshot_<Type>`, the snapshot's table of that type. Every table has `party` (the entity the row is about), and
`row_type`, `row_id`, file, sheet, line, batch: where the row came from. Amounts in another currency are left out, and counted
in `foreign_amount`, for a rate on the day is not part of the ledger.
"""

from dataclasses import dataclass

READ = (
    *(
        "Firm",
        "Person",
        "Account",
        "LoanNote",
        "LoanNoteState",
        "RepaymentDue",
        "Contract",
        "CreditLine",
        "Collateral",
        "CapitalFigure",
    ),
    *("BORROWS", "SECURED_BY", "GUARANTEES", "HOLDS_SHARES", "CONTROLS", "MEMBER_OF", "SERVES_AS", "OWNS_ACCOUNT"),
    *("KIN_OF", "ACTS_WITH", "SHARES_CONTACT", "BRANCH_OF", "DISBURSES"),
    *("BureauReport", "JudicialEvent", "AdministrativeEvent", "MonthlyIndicator", "FinancialStatement"),
)
"""Ontology types that are read from the snapshot once, when the desk opens."""

TIES = ("HOLDS_SHARES", "CONTROLS", "SERVES_AS", "KIN_OF", "ACTS_WITH", "SHARES_CONTACT", "BRANCH_OF", "MEMBER_OF")
"""Relation types over which a payee may be related to a borrower."""

MONTHLY = ("tax_paid_fen", "electricity_kwh", "headcount", "inflow_fen", "turnover_fen")
STATEMENT = (
    *("cash_fen", "total_assets_fen", "total_liabilities_fen", "net_assets_fen"),
    *("revenue_fen", "net_profit_fen", "interest_expense_fen", "operating_cash_flow_fen"),
)

TIER_SQL = "list_position(['normal', 'special_mention', 'substandard', 'doubtful', 'loss'], five_tier)"


@dataclass(frozen=True)
class BaseTable:
    """A base table: its name, how it is made, and by which column it is cut to a few parties."""

    name: str
    select: str
    keys: tuple[str, ...] = ("party",)


def _from(alias: str, row_type: str) -> str:
    columns = ", ".join(f'{alias}."{name}" AS "{name}"' for name in ("file", "sheet", "line", "batch"))
    return f"'{row_type}' AS row_type, {alias}.id AS row_id, {columns}"


_SHARE = "coalesce(voting_share, equity_share)"


def _latest(key: str, order: str) -> str:
    return f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {order}, recorded_at DESC, batch_seq DESC, line DESC) = 1"


def _rank(order: str) -> str:
    """A row's place among all that a firm's rows tell: of two about one property and period the later stands."""
    return f"row_number() OVER (PARTITION BY subject ORDER BY {order}, recorded_at, batch_seq, line, id) AS told"


def _newest(properties: tuple[str, ...]) -> str:
    """Each property as last told; a feed that does not know it takes nothing away from one that does."""
    return ", ".join(f"arg_max({name}, told) AS {name}" for name in properties)


BASE_TABLES: tuple[BaseTable, ...] = (
    BaseTable(
        "firm",
        f"""
        SELECT id AS party, name, uscc, status, industry, registered_capital_fen, established_on, branch, officer, stub,
            {_from("f", "Firm")} FROM snapshot_Firm f
        """,
    ),
    BaseTable(
        "person", f"""SELECT id AS party, coalesce(dishonest, false) AS dishonest, {_from("p", "Person")} FROM snapshot_Person p"""
    ),
    BaseTable(
        "contract",
        f"""
        SELECT b.src AS party, c.id AS contract, c.number, c.signed_on, c.matures_on, c.amount_fen, c.currency, c.credit_line,
            {_from("c", "Contract")}
        FROM snapshot_Contract c JOIN (SELECT DISTINCT src, dst FROM snapshot_BORROWS WHERE dst_type = 'Contract') b ON b.dst = c.id
        """,
    ),
    BaseTable(
        "credit_line",
        f"""
        SELECT b.src AS party, c.id AS credit_line, c.number, c.limit_fen, c.currency, c.approved_on,
            c.expires_on, c.status,
            {_from("c", "CreditLine")}
        FROM snapshot_CreditLine c
        JOIN (SELECT DISTINCT src, dst FROM snapshot_BORROWS WHERE dst_type = 'CreditLine') b ON b.dst = c.id
        """,
    ),
    BaseTable(
        "line_ended",
        f"""
        SELECT b.src AS party, b.dst AS credit_line, b.valid_to AS ended_on, {_from("b", "BORROWS")} FROM history_BORROWS b
        WHERE b.dst_type = 'CreditLine' AND b.dst NOT IN (SELECT id FROM snapshot_CreditLine)
        """,
    ),
    BaseTable(
        "note",
        f"""
        WITH direct AS (SELECT DISTINCT src AS party, dst AS note FROM snapshot_BORROWS WHERE dst_type = 'LoanNote'),
        borrower AS (
            SELECT party, note FROM direct UNION
            SELECT c.party, n.id FROM snapshot_LoanNote n JOIN contract c ON c.number = n.contract
            WHERE n.id NOT IN (SELECT note FROM direct)
        ), state AS (
            SELECT * FROM snapshot_LoanNoteState {_latest("subject", "valid_from DESC")}
        ), restructuring AS (
            SELECT subject, min(valid_from) AS restructured_from FROM snapshot_LoanNoteState WHERE restructured GROUP BY subject
        )
        SELECT b.party, n.id AS note, n.number, n.product, n.contract, n.drawn_on, n.matures_on, n.principal_fen, n.margin_fen,
            coalesce(s.balance_fen, n.principal_fen, 0) AS balance_fen, s.days_past_due, s.five_tier, {TIER_SQL} AS tier,
            coalesce(s.renewed, false) AS renewed, coalesce(s.restructured, false) AS restructured, r.restructured_from,
            coalesce(s.balance_fen, n.principal_fen, 0) > 0 AND NOT coalesce(s.written_off, false) AS open,
            coalesce(n.product, 'other') NOT IN ('acceptance', 'letter_of_credit', 'guarantee') AS loan,
            if(s.id IS NULL, 'LoanNote', 'LoanNoteState') AS row_type, coalesce(s.id, n.id) AS row_id,
            if(s.id IS NULL, n.file, s.file) AS file, if(s.id IS NULL, n.sheet, s.sheet) AS sheet,
            if(s.id IS NULL, n.line, s.line) AS line, if(s.id IS NULL, n.batch, s.batch) AS batch
        FROM borrower b JOIN snapshot_LoanNote n ON n.id = b.note
        LEFT JOIN state s ON s.subject = n.id LEFT JOIN restructuring r ON r.subject = n.id
        WHERE coalesce(s.currency, 'CNY') = 'CNY' AND coalesce(n.currency, 'CNY') = 'CNY'
        """,
    ),
    BaseTable(
        "due",
        f"""
        WITH planned AS (
            SELECT subject AS note, due_on,
                greatest(coalesce(principal_fen, 0) + coalesce(interest_fen, 0) - coalesce(paid_fen, 0), 0) AS left_fen,
                {_from("d", "RepaymentDue")}
            FROM snapshot_RepaymentDue d WHERE due_on IS NOT NULL AND paid_on IS NULL AND coalesce(currency, 'CNY') = 'CNY'
        )
        SELECT n.party, p.*, p.due_on - $as_of AS days_ahead FROM note n JOIN planned p USING (note) WHERE n.open
        UNION ALL
        SELECT party, note, matures_on, balance_fen, row_type, row_id, file, sheet, line, batch, matures_on - $as_of
        FROM note WHERE open AND matures_on IS NOT NULL AND note NOT IN (SELECT subject FROM snapshot_RepaymentDue)
        """,
    ),
    BaseTable(
        "security",
        f"""
        SELECT DISTINCT n.party, c.id AS collateral, c.number, c.value_fen, c.valued_on, coalesce(c.seized, false) AS seized,
            {_from("c", "Collateral")}
        FROM snapshot_SECURED_BY s JOIN snapshot_Collateral c ON c.id = s.dst
        JOIN (SELECT party, note AS of FROM note WHERE open UNION SELECT party, contract FROM contract) n ON n.of = s.src
        WHERE coalesce(c.currency, 'CNY') = 'CNY'
        """,
    ),
    BaseTable(
        "bureau",
        f"""
        SELECT subject AS party, reported_on, other_banks_balance_fen, other_banks_overdue_fen,
             other_banks_overdue_90_fen,
            worst_class_elsewhere, lenders, inquiries_6m, new_lenders_12m, {_from("b", "BureauReport")}
        FROM snapshot_BureauReport b WHERE coalesce(currency, 'CNY') = 'CNY' {_latest("subject", "reported_on DESC")}
        """,
    ),
    BaseTable(
        "judicial",
        f"""
        SELECT subject AS party, case_number, event_type, role, stage, amount_fen, filed_on, closed_on,
            (closed_on IS NULL OR closed_on > $as_of) AND coalesce(stage, '') NOT IN ('closed', 'settled') AS open,
            open AND coalesce(role, '') <> 'plaintiff' AS against, {_from("j", "JudicialEvent")}
        FROM snapshot_JudicialEvent j WHERE coalesce(currency, 'CNY') = 'CNY'
        {_latest("subject, event_type, role, coalesce(case_number, id)", "valid_from DESC")}
        """,
    ),
    BaseTable(
        "administrative",
        f"""
        SELECT subject AS party, event_type, amount_fen, filed_on,
            (closed_on IS NULL OR closed_on > $as_of) AS open,
            {_from("a", "AdministrativeEvent")}
        FROM snapshot_AdministrativeEvent a WHERE coalesce(currency, 'CNY') = 'CNY' {_latest("id", "valid_from DESC")}
        """,
    ),
    BaseTable(
        "monthly_told",
        f"""
        SELECT subject AS party, date_trunc('month', month)::DATE AS month, {", ".join(MONTHLY)},
            {_rank("valid_from")}, {_from("m", "MonthlyIndicator")}
        FROM snapshot_MonthlyIndicator m WHERE coalesce(currency, 'CNY') = 'CNY' AND month <= $as_of
        """,
    ),
    BaseTable("monthly", f"SELECT party, month, {_newest(MONTHLY)} FROM monthly_told GROUP BY party, month"),
    BaseTable(
        "statement_told",
        f"""
        SELECT subject AS party, period_end, {", ".join(STATEMENT)},
            {_rank("coalesce(audited, false), valid_from")}, {_from("s", "FinancialStatement")}
        FROM snapshot_FinancialStatement s WHERE coalesce(currency, 'CNY') = 'CNY'
        """,
    ),
    BaseTable(
        "statement",
        f"""
        SELECT * REPLACE (coalesce(net_assets_fen, total_assets_fen - total_liabilities_fen) AS net_assets_fen)
        FROM (SELECT party, period_end, {_newest(STATEMENT)} FROM statement_told GROUP BY party, period_end)
        """,
    ),
    BaseTable(
        "guarantee",
        f"""
        SELECT dst AS party, src AS guarantor, src AS other, amount_fen, liability, {_from("g", "GUARANTEES")}
        FROM snapshot_GUARANTEES g WHERE src <> dst AND coalesce(currency, 'CNY') = 'CNY'
        """,
        ("party", "guarantor"),
    ),
    BaseTable(
        "guarantee_link",  # whatever its amount and currency, a guarantee ties; a joint scheme's ties both ways
        f"""
        SELECT src AS party, dst AS other, {_from("g", "GUARANTEES")} FROM snapshot_GUARANTEES g WHERE src <> dst
        UNION ALL
        SELECT dst, src, {_from("g", "GUARANTEES")} FROM snapshot_GUARANTEES g WHERE src <> dst AND scheme = 'joint'
        """,
    ),
    BaseTable("given", "SELECT * EXCLUDE (party, other), guarantor AS party, party AS other FROM guarantee"),
    BaseTable(
        "controller",
        f"""
        SELECT dst AS party, src AS controller, src AS other, valid_from AS since, 'CONTROLS' AS basis, {_from("c", "CONTROLS")}
        FROM snapshot_CONTROLS c
        UNION ALL
        SELECT dst, src, src, valid_from, 'HOLDS_SHARES', {_from("h", "HOLDS_SHARES")}
        FROM snapshot_HOLDS_SHARES h WHERE coalesce(voting_share, equity_share) > 0.5
        UNION ALL
        SELECT dst, src, src, valid_from, 'SERVES_AS', {_from("s", "SERVES_AS")}
        FROM snapshot_SERVES_AS s WHERE role = 'legal_representative'
        """,
    ),
    BaseTable(
        "tied",  # what makes a client group; state ownership alone does not (Basel LEX10)
        f"""
        SELECT src AS party, dst AS other, 'MEMBER_OF' AS type, {_from("m", "MEMBER_OF")} FROM snapshot_MEMBER_OF m
        UNION ALL
        SELECT party, other, basis, row_type, row_id, file, sheet, line, batch FROM controller
        WHERE basis <> 'SERVES_AS' AND controller NOT IN (SELECT id FROM snapshot_Firm WHERE state_owned)
        """,
    ),
    BaseTable(
        "capital",
        f"""
        SELECT subject AS party, net_capital_fen, tier1_net_fen, {_from("c", "CapitalFigure")}
        FROM snapshot_CapitalFigure c {_latest("subject", "valid_from DESC")}
        """,
        (),
    ),
    BaseTable(
        "foreign_amount",
        """
        SELECT b.src AS party, count(DISTINCT n.id) AS items
        FROM snapshot_BORROWS b JOIN snapshot_LoanNote n ON n.id = b.dst LEFT JOIN snapshot_LoanNoteState s ON s.subject = n.id
        WHERE n.currency <> 'CNY' OR s.currency <> 'CNY' GROUP BY b.src
        """,
    ),
    BaseTable(
        "collateral_used",
        f"""
        SELECT c.id AS party, c.number, c.value_fen, coalesce(c.seized, false) AS seized,
            count(DISTINCT n.note) AS uses, {_from("c", "Collateral")}
        FROM snapshot_Collateral c
        LEFT JOIN snapshot_SECURED_BY s ON s.dst = c.id
        LEFT JOIN (SELECT note, note AS of FROM note WHERE open UNION SELECT n.note, c.contract
            FROM contract c JOIN note n ON n.contract = c.number WHERE n.open) n ON n.of = s.src
        GROUP BY ALL
        """,
    ),
    BaseTable(
        "account",
        f"""
        SELECT o.src AS party, a.id AS account, a.number, {_from("o", "OWNS_ACCOUNT")}
        FROM snapshot_OWNS_ACCOUNT o JOIN snapshot_Account a ON a.id = o.dst
        """,
    ),
    BaseTable(
        "disbursed",
        f"""
        SELECT n.party, d.src AS note, coalesce(a.party, d.dst) AS payee, d.amount_fen, d.valid_from AS paid_on,
            coalesce(d.entrusted, false) AS entrusted, {_from("d", "DISBURSES")}
        FROM snapshot_DISBURSES d JOIN note n ON n.note = d.src LEFT JOIN account a ON a.account = d.dst
        WHERE coalesce(d.currency, 'CNY') = 'CNY'
        """,
    ),
    BaseTable(
        "tie",
        " UNION ALL ".join(
            f"SELECT src AS party, dst AS other, '{name}' AS type, id AS rel, {share}::DOUBLE AS share, "
            f"valid_from, valid_to FROM snapshot_{name}"
            for name, share in ((name, _SHARE if name == "HOLDS_SHARES" else "NULL") for name in TIES)
        ),
    ),
    BaseTable("circle", "SELECT party, component AS circle, size FROM circle_components"),
    BaseTable(
        "block",
        """
        SELECT party, component AS block, count(*) OVER (PARTITION BY component) AS size
        FROM block_components WHERE party IN (SELECT party FROM firm)
        """,
    ),
    BaseTable("score", "SELECT firm AS party, * EXCLUDE (firm) FROM score_rows"),
)

OUTSIDE_FACTS = frozenset(("guarantee_link", "collateral_used", "account", "disbursed", "tie", "line_ended"))
"""Base tables that the stages read and no topic does."""
