"""Before the loan: approve, refer or decline, with reasons, limits after the loan, and what could not be seen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from uuid import uuid4

from alerts.facts.evidence import distinct_rows, rows_behind, score_splits
from alerts.facts.trails import paths_behind
from alerts.requests import Declared, Party, PreLoanRequest
from alerts.said import (
    Advice,
    Decision,
    Edge,
    Evidence,
    FirmRef,
    Grade,
    Limit,
    Path,
    RelatedParty,
    RuleHit,
    Sentence,
    Stage,
    Unseen,
)
from alerts.stages.desk import Desk
from alerts.stages.judge import because, explained, judge, no_rate, worst
from alerts.stages.parties import FactRow, find_firm, ref
from graph.errors import InputError

_AFTER = {
    "loans_after_over_net_capital": "net_capital_cny",
    "exposure_after_over_tier1": "tier1_cny",
    "group_exposure_after_over_tier1": "tier1_cny",
}
"""Each limit's share after the loan and the capital it is a share of."""

_VITAL = frozenset(("amount_cny", "days_past_due_max", "defaulter_listed", *_AFTER))
"""Known of every firm once the bank's own books and the court lists are loaded. Without one of them nothing is approved;
an absent bureau report, statement or score is an ordinary blind spot.
"""

_LOANS = frozenset(("working_capital", "fixed_asset", "advance", "other"))
_GUARANTOR_FACTS = ("days_past_due_max", "defaulter_listed", "status", "guarantees_given_cny", "net_assets_cny", "probability")
_CIRCLE_HOPS = 6
_GIVEN_BY = "SELECT guarantor, party, row_id FROM guarantee WHERE guarantor IN (SELECT unnest($front::VARCHAR[])) ORDER BY row_id"


def pre_loan(desk: Desk, request: PreLoanRequest, decision_id: str = "") -> Decision:
    """An advice on the request, with reasons and evidence. InputError or NotFoundError name the field that cannot be used.

    `decision_id` makes a repeated call the same decision (an API passes one derived from its idempotency key); empty: a new id.
    """
    check_day(desk, request.on)
    applicant = find_firm(desk.base, request.applicant, "applicant")
    guarantors = _guarantors(desk, request, applicant)
    collateral = _collateral(desk, request.collateral)
    circle = _circle_paths(desk, applicant, [g for g in guarantors if g.row])
    figures = dict(applicant or _declared(desk, request.declared))
    figures |= _asked(request, applicant is not None) | _after(figures, request)
    figures |= _guarantor_figures(guarantors, figures["amount_cny"], len(circle)) | collateral.figures
    told = judge(desk, Stage.PRE_LOAN, figures, request.on)
    return Decision(
        id=decision_id or f"D-{uuid4().hex}",
        stage=Stage.PRE_LOAN,
        advice=_advice(worst(told.hits), blind=bool(told.blind & _VITAL or figures.get("foreign_items"))),
        firm=ref(applicant) if applicant else FirmRef("", request.applicant.name, request.applicant.uscc),
        request=asdict(request),
        reasons=told.hits,
        evidence=_evidence(desk, applicant, guarantors, told.hits, circle),
        unseen=(*explained(told.unseen, _why(figures, request)), *collateral.missing, *_foreign(figures)),
        inputs=told.inputs,
        as_of=desk.as_of,
        ledger_seq=desk.ledger_seq,
        created_at=datetime.now(UTC),
        limits=_limits(figures),
        related=tuple(g.said for g in guarantors),
        spared=told.spared,
        branch=figures.get("branch") or "",
    )


def check_day(desk: Desk, on: date) -> None:
    """InputError where the desk has seen more than the decision's day could know."""
    if desk.as_of > on:
        raise InputError(
            f"The decision is of {on}, the data of {desk.as_of}.", "A decision may not look ahead: open that day.", "on"
        )


@dataclass(frozen=True)
class _Guarantor:
    said: RelatedParty
    row: FactRow | None


@dataclass(frozen=True)
class _Collateral:
    figures: FactRow
    missing: tuple[Unseen, ...]


def _advice(grade: Grade | None, *, blind: bool) -> Advice:
    """Nothing is approved while a limit or a list that could have refused it was not seen."""
    if grade is Grade.RED:
        return Advice.DECLINE
    return Advice.REFER if grade is Grade.ORANGE or blind else Advice.APPROVE


def _amount(request: PreLoanRequest) -> float | None:
    """In yuan; None in another currency, for there is no rate."""
    return request.amount_fen / 100 if request.currency == "CNY" else None


def _asked(request: PreLoanRequest, known: bool) -> FactRow:
    return {"amount_cny": _amount(request), "product": request.product, "term_months": float(request.term_months), "known": known}


def _after(figures: FactRow, request: PreLoanRequest) -> FactRow:
    """Loans and exposure once the loan is paid out, over the bank's capital."""
    amount = _amount(request)
    loan = amount if request.product in _LOANS else 0.0
    return {
        "loans_after_over_net_capital": _share(figures.get("loans_cny"), loan, figures.get("net_capital_cny")),
        "exposure_after_over_tier1": _share(figures.get("exposure_cny"), amount, figures.get("tier1_cny")),
        "group_exposure_after_over_tier1": _share(figures.get("group_exposure_cny"), amount, figures.get("tier1_cny")),
    }


def _share(before: float | None, more: float | None, base: float | None) -> float | None:
    return round((before + more) / base, 9) if before is not None and more is not None and base else None


def _declared(desk: Desk, told: Declared) -> FactRow:
    """What is certain of a firm the bank does not know (it owes nothing here), and what it declares."""
    with desk.base.cursor() as cursor:
        found = cursor.execute("SELECT net_capital_fen / 100.0, tier1_net_fen / 100.0 FROM capital").fetchall()
    capital = found[0] if len(found) == 1 else (None, None)
    controllers = [find_firm(desk.base, party, f"declared.controllers[{i}]") for i, party in enumerate(told.controllers)]
    known = [row for row in controllers if row]
    return {
        **dict.fromkeys(("loans_cny", "exposure_cny", "balance_cny", "overdue_cny", "overdue_90_cny", "days_past_due_max"), 0.0),
        "group_exposure_cny": max((row["group_exposure_cny"] or 0.0 for row in known), default=0.0),
        "group_members_npl": max(((row["group_members_npl"] or 0.0) + (row["npl_cny"] > 0) for row in known), default=0.0),
        "group_size": max(((row["group_size"] or 1.0) + 1 for row in known), default=1.0),
        "controllers_listed": float(sum(bool(row["defaulter_listed"]) for row in known)) if known else None,
        "net_assets_cny": told.net_assets_fen / 100 if told.net_assets_fen is not None else None,
        "revenue_cny": told.revenue_fen / 100 if told.revenue_fen is not None else None,
        "other_banks_balance_cny": told.other_banks_balance_fen / 100 if told.other_banks_balance_fen is not None else None,
        "net_capital_cny": capital[0],
        "tier1_cny": capital[1],
    }


def _guarantors(desk: Desk, request: PreLoanRequest, applicant: FactRow | None) -> list[_Guarantor]:
    """Each guarantor once. InputError for an applicant that guarantees for itself."""
    own = ref(applicant) if applicant else FirmRef("", request.applicant.name, request.applicant.uscc)
    once: dict[str, _Guarantor] = {}
    for i, party in enumerate(request.guarantors):
        found = _guarantor(desk, party, f"guarantors[{i}]")
        if _key(found.said.firm) == _key(own):
            raise InputError("The applicant cannot guarantee its own loan.", "Name another guarantor.", f"guarantors[{i}]")
        once.setdefault(_key(found.said.firm), found)
    return list(once.values())


def _key(firm: FirmRef) -> str:
    return firm.id or firm.uscc or firm.name


def _guarantor(desk: Desk, party: Party, field: str) -> _Guarantor:
    row = find_firm(desk.base, party, field)
    who = ref(row) if row else FirmRef("", party.name, party.uscc)
    facts = {name: row[name] for name in _GUARANTOR_FACTS} if row else {}
    return _Guarantor(RelatedParty("guarantor", who, facts), row)


def _guarantor_figures(guarantors: Sequence[_Guarantor], amount: float | None, in_circle: int) -> FactRow:
    rows = [g.row for g in guarantors if g.row]
    lost = [r for r in rows if r["defaulter_listed"] or r["licence_revoked"] or r["status"] in ("revoked", "cancelled", "bankrupt")]
    worth = [(r["guarantees_given_cny"], r["net_assets_cny"]) for r in rows]
    ratios = [
        round(((given or 0.0) + amount) / assets, 9) for given, assets in worth if assets and assets > 0 and amount is not None
    ]
    return {
        "named_guarantors_unknown": float(len(guarantors) - len(rows)),
        "named_guarantors_listed": float(len(lost)),
        "named_guarantors_overdue": float(sum((r["days_past_due_max"] or 0) > 0 for r in rows)),
        "named_guarantor_guarantees_over_net_assets": max(ratios) if ratios else (None if guarantors else 0.0),
        "guarantors_in_circle": float(in_circle),
    }


def _circle_paths(desk: Desk, applicant: FactRow | None, guarantors: Sequence[_Guarantor]) -> list[Path]:
    """For each guarantor that the applicant already guarantees, directly or through others: the chain that the new one closes."""
    if not applicant or not guarantors:
        return []
    wanted = {g.said.firm.id for g in guarantors}
    came: dict[str, tuple[Edge, ...]] = {applicant["firm"]: ()}
    front = [applicant["firm"]]
    with desk.base.cursor() as cursor:
        for _ in range(_CIRCLE_HOPS):
            found = cursor.execute(_GIVEN_BY, {"front": front}).fetchall()
            front = []
            for guarantor, debtor, rel in found:
                if debtor not in came:
                    came[debtor] = (*came[guarantor], Edge("GUARANTEES", rel, guarantor, debtor))
                    front.append(debtor)
    says = Sentence("申请人已为拟保证人担保，新保证将成圈", "the applicant guarantees the named guarantor: a circle would close")
    return [Path(says, came[party]) for party in sorted(wanted & came.keys()) if came[party]]


def _collateral(desk: Desk, named: Sequence[str]) -> _Collateral:
    sql = """
        WITH named AS (SELECT unnest($n::VARCHAR[]))
        SELECT party, number, value_fen, seized, uses FROM collateral_used WHERE party IN (FROM named) OR number IN (FROM named)
    """
    with desk.base.cursor() as cursor:
        found = cursor.execute(sql, {"n": list(named)}).fetchall() if named else []
    seen = {name for party, number, *_ in found for name in (party, number)}
    missing = tuple(
        Unseen("offered_collateral_cny", Sentence(f"押品{name}：本行没有资料", f"collateral {name}: not known to the bank"))
        for name in named
        if name not in seen
    )
    figures: FactRow = {
        "offered_collateral_cny": sum(value or 0 for _, _, value, _, _ in found) / 100,
        "offered_collateral_used": float(sum(uses > 0 for *_, uses in found)),
        "offered_collateral_seized": float(sum(bool(seized) for _, _, _, seized, _ in found)),
    }
    return _Collateral(figures, missing)


_LIMITS = (
    (
        "loans_cny",
        "net_capital_cny",
        "loans_after_over_net_capital",
        0.10,
        "单一客户贷款占资本净额",
        "loans to one client over net capital",
    ),
    (
        "exposure_cny",
        "tier1_cny",
        "exposure_after_over_tier1",
        0.15,
        "单一客户风险暴露占一级资本净额",
        "exposure to one client over net tier 1",
    ),
    (
        "group_exposure_cny",
        "tier1_cny",
        "group_exposure_after_over_tier1",
        0.20,
        "关联客户风险暴露占一级资本净额",
        "exposure to connected clients over net tier 1",
    ),
)
"""商业银行大额风险暴露管理办法 (2018): held, of which capital, after the loan, at most."""


def _limits(figures: FactRow) -> tuple[Limit, ...]:
    return tuple(
        _limit(figures, (held, capital, after), allowed, Sentence(zh, en)) for held, capital, after, allowed, zh, en in _LIMITS
    )


def _limit(figures: FactRow, names: tuple[str, str, str], allowed: float, says: Sentence) -> Limit:
    held, capital, after = (figures.get(name) for name in names)
    before = held / capital if held is not None and capital else None
    headroom = allowed * capital - held if held is not None and capital else None
    return Limit(names[2], says, before, after, allowed, headroom)


def _evidence(
    desk: Desk, applicant: FactRow | None, guarantors: Sequence[_Guarantor], hits: Sequence[RuleHit], circle: Sequence[Path]
) -> Evidence:
    facts = sorted({name for h in hits for name in h.inputs})
    firm = applicant["firm"] if applicant else ""
    wanted = [(firm, name) for name in facts]
    led = [end for found in paths_behind(desk.base, wanted).values() for end in found]
    wanted += [(end.to, end.alarms) for end in led]
    if any(name.startswith("named_guarantor") for name in facts):
        wanted += [(g.row["firm"], name) for g in guarantors if g.row for name in _GUARANTOR_FACTS]
    rows = distinct_rows(row for found in rows_behind(desk.base, wanted).values() for row in found)
    return Evidence((*(end.path for end in led), *circle), rows, score_splits(desk.base, [firm]).get(firm))


def _why(figures: FactRow, request: PreLoanRequest) -> dict[str, Sentence]:
    """Why an amount or a limit could not be judged."""
    if request.currency != "CNY":
        return dict.fromkeys(("amount_cny", "named_guarantor_guarantees_over_net_assets", *_AFTER), no_rate(request.currency))
    no_capital = Sentence("没有当日资本数据", "no capital figures of the bank for the day")
    no_loans = Sentence("没有借据数据", "no loan notes in the bank's data")
    return {after: no_loans if figures.get(capital) else no_capital for after, capital in _AFTER.items()}


def _foreign(figures: FactRow) -> tuple[Unseen, ...]:
    if not figures.get("foreign_items"):
        return ()
    left_out = Sentence("外币借据未计入，没有当日汇率", "notes in foreign currency are left out, no rate of the day")
    return (Unseen("exposure_cny", because("exposure_cny", left_out)),)
