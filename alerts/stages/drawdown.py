"""At drawdown and payment: release, hold or block, from the payee, the contract, and what changed since approval."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from alerts.facts.evidence import distinct_rows, rows_behind, score_splits
from alerts.facts.trails import paths_behind
from alerts.requests import DrawdownRequest, Payee
from alerts.said import Advice, Decision, Edge, Evidence, FigureValue, FirmRef, Grade, Path, RelatedParty, Sentence, Stage, Unseen
from alerts.stages.desk import Desk
from alerts.stages.judge import explained, judge, no_rate, worst
from alerts.stages.parties import FactRow, find_firm, one_row, ref
from alerts.stages.pre_loan import check_day
from alerts.stages.walk import related
from graph.errors import InputError, NotFoundError, UnavailableError

_SPLIT_DAYS = 5
_SINCE = (
    "overdue_since_approval",
    "guarantors_overdue_since_approval",
    "seized_since_approval_cny",
    "control_changed_since_approval",
)
_VITAL = frozenset(("amount_cny", "contract_headroom_cny", "defaulter_listed", "overdue_since_approval"))
_OF_LINE = frozenset(("line_headroom_cny", "line_usable"))
_SECTORS = (
    ("70", "property"),
    ("67", "securities"),
    ("6633", "private_lending"),
    ("6635", "private_lending"),
    ("6637", "private_lending"),
)
"""GB/T 4754-2017: 70 real estate, 67 capital markets, 6633 pawnbroking, 6635 small loans, 6637 peer-to-peer lending."""

_ROWS_OF = {
    "overdue_since_approval": "days_past_due_max",
    "seized_since_approval_cny": "seizure_open_cny",
    "control_changed_since_approval": "control_changed_on",
    "guarantors_overdue_since_approval": "guarantors_overdue",
}
"""Whose rows stand behind what only a request has."""


def drawdown(desk: Desk, request: DrawdownRequest, decision_id: str = "") -> Decision:
    """An advice on the request, with reasons and evidence. InputError or NotFoundError name the field that cannot be used.

    `decision_id` makes a repeated call the same decision (an API passes one derived from its idempotency key); empty: a new id.
    A graph that does not answer in time holds the payment: it never releases it.
    """
    check_day(desk, request.on)
    loan = _loan(desk, request)
    borrower = one_row(desk.base, loan.borrower)
    payee = _payee(desk, request.payee)
    tie = _tie(desk, loan.borrower, payee)
    figures: FactRow = {
        **borrower,
        **_payment(desk, request, loan, payee),
        **_headroom(desk, loan, request.on),
        **_since(desk, loan),
        **tie.figures,
    }
    told = judge(desk, Stage.DRAWDOWN, figures, request.on, loan.signed_on)
    return Decision(
        id=decision_id or f"D-{uuid4().hex}",
        stage=Stage.DRAWDOWN,
        advice=_advice(worst(told.hits), seen=tie.answered and not told.blind & loan.vital),
        firm=ref(borrower),
        request=asdict(request),
        reasons=told.hits,
        evidence=_evidence(desk, loan.borrower, {name for h in told.hits for name in h.inputs}, tie),
        unseen=(*explained(told.unseen, _why(loan, request)), *tie.unseen),
        inputs=told.inputs,
        as_of=desk.as_of,
        ledger_seq=desk.ledger_seq,
        created_at=datetime.now(UTC),
        related=(RelatedParty("payee", payee.firm),) if payee.id else (),
        spared=told.spared,
        branch=borrower["branch"] or "",
    )


@dataclass(frozen=True)
class _Loan:
    borrower: str
    note: str
    contract: str
    signed_on: date | None
    amount_fen: int | None
    line: str
    line_approved_on: date | None
    line_limit_fen: int | None
    line_expires_on: date | None
    line_status: str
    line_known: bool
    line_ended: bool
    matures_on: date | None
    note_matures_on: date | None = None
    note_open: bool | None = None
    note_disbursed: bool = False
    note_drawn_on: date | None = None

    @property
    def vital(self) -> frozenset[str]:
        """Without one of these nothing is released. A contract under no credit line has no line to look at."""
        return _VITAL | _OF_LINE if self.line else _VITAL

    def paid_out(self, as_of: date) -> bool:
        """Whether the named note was drawn already: what is left of its contract is then without it."""
        return self.note_disbursed or (self.note_drawn_on is not None and self.note_drawn_on <= as_of)

    @property
    def approved_on(self) -> date | None:
        """From which day on a change is new: the credit line's approval, else the contract's signing."""
        return self.line_approved_on or self.signed_on


@dataclass(frozen=True)
class _PayeeFound:
    id: str
    firm: FirmRef
    industry: str


@dataclass(frozen=True)
class _Tie:
    figures: Mapping[str, FigureValue]
    path: tuple[Edge, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    answered: bool = True


def _advice(grade: Grade | None, *, seen: bool) -> Advice:
    """Nothing is released while the payee's ties, the amount or what is left to draw was not seen."""
    if grade is Grade.RED:
        return Advice.BLOCK
    return Advice.HOLD if grade is Grade.ORANGE or not seen else Advice.RELEASE


def _why(loan: _Loan, request: DrawdownRequest) -> dict[str, Sentence]:
    """Why the amount, or what is left to draw, could not be judged."""
    why: dict[str, Sentence] = {}
    if request.currency != "CNY":
        why |= dict.fromkeys(("amount_cny", "self_paid_5d_cny"), no_rate(request.currency))
    if loan.amount_fen is None:
        why["contract_headroom_cny"] = Sentence("没有合同的人民币金额", "the contract's amount in yuan is not known")
    if loan.line_limit_fen is None:
        no_line = Sentence("合同未列授信额度", "the contract names no credit line")
        unknown = Sentence(f"没有授信{loan.line}的有效记录", f"no record of credit line {loan.line} in force")
        why |= dict.fromkeys(("line_headroom_cny", "line_usable"), unknown if loan.line else no_line)
    if loan.approved_on is None:
        why |= dict.fromkeys(_SINCE, Sentence("没有审批或签订日期", "the day of approval or signing is not known"))
    return why


def _loan(desk: Desk, request: DrawdownRequest) -> _Loan:
    """Contract and borrower behind the note or contract that the request names."""
    if not request.loan_note and not request.contract:
        raise InputError("The request names no loan note and no contract.", "Give loan_note or contract.", "contract")
    note = _one(desk, _NOTE, request.loan_note, "loan_note")
    named = request.contract or (note[2] if note else "") or ""
    found = _one(desk, _CONTRACT, named, "contract" if request.contract else "")
    if note and found and note[0] != found[0]:
        raise InputError("Loan note and contract are of different borrowers.", "Name either alone.", "contract")
    if note and found and note[2] and note[2] != found[1]:
        raise InputError(f"The loan note is of contract '{note[2]}'.", "Name either alone.", "contract")
    borrower = (note or found or ("",))[0]
    if request.borrower.label:
        told = find_firm(desk.base, request.borrower, "borrower")
        if told is None or told["firm"] != borrower:
            raise InputError(
                f"'{request.borrower.label}' is not the borrower of this loan.", "Check the contract number.", "borrower"
            )
    contract = found[1:] if found else (named, None, None, "", None, None, None, "", False, False, None)
    return _Loan(borrower, note[1] if note else "", *contract, *(note[3:] if note else ()))


_NOTE = """
    SELECT party, note, contract, matures_on, open, note IN (SELECT note FROM disbursed) AS disbursed, drawn_on
    FROM note WHERE note = $asked OR number = $asked
"""


_CONTRACT = """
    SELECT c.party, c.number, c.signed_on, CASE WHEN coalesce(c.currency, 'CNY') = 'CNY' THEN c.amount_fen END,
        coalesce(c.credit_line, ''),
        l.approved_on, CASE WHEN coalesce(l.currency, 'CNY') = 'CNY' THEN l.limit_fen END, l.expires_on, coalesce(l.status, ''),
        l.party IS NOT NULL, c.party IN (SELECT party FROM line_ended), c.matures_on
    FROM contract c LEFT JOIN credit_line l ON l.number = c.credit_line AND l.party = c.party
    WHERE c.contract = $asked OR c.number = $asked
"""


def _one(desk: Desk, sql: str, asked: str, field: str) -> tuple[Any, ...] | None:
    if not asked:
        return None
    with desk.base.cursor() as cursor:
        found = cursor.execute(sql, {"asked": asked}).fetchone()
    if found is None and field:
        raise NotFoundError(f"'{asked}' is not known on {desk.as_of}.", "Give its number or entity id.", field)
    return found


def _payee(desk: Desk, payee: Payee) -> _PayeeFound:
    """Who is paid. Somebody unknown has an empty id: a rule says so, and the payment is not refused for it here."""
    if not payee.account and not payee.firm.label:
        raise InputError("The request names no payee.", "Give payee.account or payee.firm.", "payee")
    row = find_firm(desk.base, payee.firm, "payee.firm") if payee.firm.label else None
    owners = _owners(desk, payee.account)
    if owners and payee.firm.label and (row is None or row["firm"] not in owners):
        message = f"Account '{payee.account}' is not of '{payee.firm.label}'."
        raise InputError(message, "Give the account or the firm that is paid.", "payee.firm")
    if owners and row is None:
        owner = owners[0]
        return _found(desk, owner) if owner.startswith("Firm-") else _PayeeFound(owner, FirmRef(owner, "", ""), "")
    return _found(desk, row["firm"]) if row else _PayeeFound("", FirmRef("", payee.firm.name, payee.firm.uscc), "")


def _owners(desk: Desk, account: str) -> list[str]:
    """Who owns an account; nobody where the bank does not know it."""
    sql = "SELECT DISTINCT party FROM account WHERE $asked <> '' AND (account = $asked OR number = $asked) ORDER BY party"
    with desk.base.cursor() as cursor:
        return [owner for (owner,) in cursor.execute(sql, {"asked": account}).fetchall()]


def _found(desk: Desk, firm: str) -> _PayeeFound:
    with desk.base.cursor() as cursor:
        name, uscc, industry = cursor.execute("SELECT name, uscc, industry FROM firm WHERE party = $f", {"f": firm}).fetchall()[0]
    return _PayeeFound(firm, FirmRef(firm, name or "", uscc or ""), industry or "")


def _payment(desk: Desk, request: DrawdownRequest, loan: _Loan, payee: _PayeeFound) -> FactRow:
    amount = request.amount_fen / 100 if request.currency == "CNY" else None
    paid = _self_paid(desk, loan, payee.id, request.on) if payee.id else None
    return {
        "amount_cny": amount,
        "entrusted": request.entrusted,
        "payee_known": bool(payee.id),
        "payee_sector": _sector(payee.industry),
        "self_paid_5d_cny": paid + (0 if request.entrusted else amount) if paid is not None and amount is not None else None,
    }


def _sector(industry: str) -> str | None:
    digits = industry.lstrip("ABCDEFGHIJKLMNOPQRST")
    return next((sector for code, sector in _SECTORS if digits.startswith(code)), "other") if digits else None


def _self_paid(desk: Desk, loan: _Loan, payee: str, on: date) -> float:
    """What the borrower's notes paid by itself in the days before to the payee, its controllers and what they control, in yuan."""
    sql = """
        WITH hands AS (
            SELECT $payee AS party UNION SELECT controller FROM controller WHERE party = $payee
            UNION SELECT o.party FROM controller c JOIN controller o USING (controller) WHERE c.party = $payee
        )
        SELECT coalesce(sum(amount_fen), 0) / 100.0 FROM disbursed
        WHERE party = $borrower AND NOT entrusted AND note <> $note AND payee IN (FROM hands)
            AND paid_on BETWEEN $on::DATE - $days::INTEGER + 1 AND $on::DATE
    """
    asks = {"payee": payee, "borrower": loan.borrower, "note": loan.note, "on": on, "days": _SPLIT_DAYS}
    with desk.base.cursor() as cursor:
        return float(cursor.execute(sql, asks).fetchall()[0][0])


def _headroom(desk: Desk, loan: _Loan, on: date) -> FactRow:
    """What is left of contract and line. A named note counts once it was paid out, so that note and contract answer alike."""
    sql = """
        SELECT coalesce(sum(principal_fen) FILTER (contract = $contract), 0),
            coalesce(sum(balance_fen) FILTER (open AND contract IN (SELECT number FROM contract WHERE credit_line = $line)), 0)
        FROM note WHERE party = $borrower AND (note <> $note OR $counted)
    """
    asks = {
        "contract": loan.contract,
        "line": loan.line,
        "borrower": loan.borrower,
        "note": loan.note,
        "counted": loan.paid_out(desk.as_of),
    }
    with desk.base.cursor() as cursor:
        drawn, owed = cursor.execute(sql, asks).fetchall()[0]
    return {
        "contract_headroom_cny": max(loan.amount_fen - drawn, 0) / 100 if loan.amount_fen is not None else None,
        "line_headroom_cny": max(loan.line_limit_fen - owed, 0) / 100 if loan.line_limit_fen is not None else None,
        "line_usable": _usable(loan, on),
        "loan_matured": any(day is not None and day < on for day in (loan.matures_on, loan.note_matures_on)),
        "note_repaid": loan.note_open is False,
    }


def _usable(loan: _Loan, on: date) -> bool | None:
    """None where no line is named, or the bank never heard of it. A line that ended has left the day's data: that it was, the
    borrower's history tells.
    """
    if not loan.line_known:
        return False if loan.line and loan.line_ended else None
    return loan.line_status not in {"frozen", "expired"} and (loan.line_expires_on is None or loan.line_expires_on > on)


def _since(desk: Desk, loan: _Loan) -> FactRow:
    """What changed since approval: nothing can be said without its day."""
    if loan.approved_on is None:
        return {}
    sql = """
        SELECT
            (SELECT count(*) > 0 FROM note
                WHERE party = $firm AND open AND days_past_due > 0 AND $as_of - days_past_due::INTEGER >= $since),
            (SELECT count(DISTINCT g.guarantor)::DOUBLE FROM guarantee g JOIN note n ON n.party = g.guarantor
                WHERE g.party = $firm AND n.open AND n.days_past_due > 0 AND $as_of - n.days_past_due::INTEGER >= $since),
            (SELECT coalesce(sum(amount_fen), 0) / 100.0 FROM judicial
                WHERE party = $firm AND against AND event_type IN ('seizure', 'enforcement') AND filed_on > $since),
            (SELECT count(*) > 0 FROM controller WHERE party = $firm AND since > $since)
    """
    asks = {"firm": loan.borrower, "as_of": desk.as_of, "since": loan.approved_on}
    with desk.base.cursor() as cursor:
        overdue, guarantors, seized, control = cursor.execute(sql, asks).fetchall()[0]
    courts = desk.base.feeds["JudicialEvent"] > 0
    return {
        "overdue_since_approval": overdue,
        "guarantors_overdue_since_approval": guarantors,
        "seized_since_approval_cny": seized if courts else None,
        "control_changed_since_approval": control,
    }


def _tie(desk: Desk, borrower: str, payee: _PayeeFound) -> _Tie:
    if not payee.id:
        return _Tie({"payee_related": None, "payee_is_borrower": None, "payee_hops": None})
    try:
        found = related(desk.graph, borrower, payee.id, desk.as_of)
    except UnavailableError as problem:
        says = Sentence(
            "图数据库未应答，收款人关联未查，按规定暂停", "the graph did not answer; the payee's ties are unknown: held"
        )
        return _Tie({"payee_is_borrower": payee.id == borrower}, (), (Unseen("payee_related", says, (problem.message,)),), False)
    figures: dict[str, FigureValue] = {
        "payee_related": found.path is not None,
        "payee_is_borrower": payee.id == borrower,
        "payee_hops": None if found.path is None else float(len(found.path)),
    }
    return _Tie(figures, found.path or (), _not_walked(found.hubs) if found.path is None else ())


def _not_walked(hubs: Sequence[str]) -> tuple[Unseen, ...]:
    """A hub that cut the search is said, never silent."""
    if not hubs:
        return ()
    zh, en = "个节点关联过多，未经其查找", "parties with too many relations were not walked through"
    return (
        Unseen("payee_related", Sentence(f"{len(hubs)}{zh}：{', '.join(hubs[:5])}", f"{len(hubs)} {en}: {', '.join(hubs[:5])}")),
    )


def _evidence(desk: Desk, borrower: str, facts: set[str], tie: _Tie) -> Evidence:
    wanted = [(borrower, _ROWS_OF.get(name, name)) for name in sorted(facts)]
    led = [end for found in paths_behind(desk.base, wanted).values() for end in found]
    wanted += [(end.to, end.alarms) for end in led]
    paths = [end.path for end in led]
    if tie.path and "payee_related" in facts:
        paths.insert(0, Path(Sentence("借款人与收款人的关联", "how borrower and payee are related"), tie.path))
    rows = distinct_rows(row for found in rows_behind(desk.base, wanted).values() for row in found)
    return Evidence(tuple(paths), rows, score_splits(desk.base, [borrower]).get(borrower))
