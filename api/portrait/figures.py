"""What the rows of a firm add up to: exposure, alerts, score, blind spots."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from alerts.journal import AlertFilter
from alerts.said import ScoreSplit, Sentence, TopRelation
from api.auth import Principal
from api.firms import Gathered, Told, gather, notes_of
from api.opened import OpenDay
from api.platform import Platform
from api.unscored import why_unscored
from api.wire.alerts import AlertSummary
from api.wire.firms import Exposure, Note
from graph.personal import Vault

TIERS = ("normal", "special_mention", "substandard", "doubtful", "loss")
_SOON = timedelta(days=90)
_ALERTS = 50


def exposure_of(gathered: Gathered, notes: tuple[Note, ...], as_of: date) -> Exposure:
    """Sums over CNY notes and lines, the worst class over all notes still owed; a sum of nothing known is null, never zero."""
    owed = [note for note in notes if note.balance_fen]
    open_notes = [note for note in owed if note.currency in {None, "CNY"}]
    known = any(note.balance_fen is not None for note in notes)
    soon = [note for note in open_notes if note.matures_on and as_of <= note.matures_on <= as_of + _SOON]
    overdue = [note for note in open_notes if note.days_past_due]
    tiers = [note.five_tier for note in owed if note.five_tier]
    lines = [line["limit_fen"] for line in gathered.of("CreditLine") if line["status"] != "expired"]
    return Exposure(
        limit_fen=_total(lines),
        balance_fen=_balance(open_notes) if known else None,
        overdue_fen=_balance(overdue) if known else None,
        due_90_days_fen=_balance(soon) if known else None,
        collateral_fen=_total(piece["value_fen"] for piece in gathered.of("Collateral")),
        worst_days_past_due=max((note.days_past_due for note in owed if note.days_past_due is not None), default=None),
        worst_five_tier=max(tiers, key=TIERS.index, default=None),
        notes=notes,
    )


def alerts_of(platform: Platform, principal: Principal, firm: str, as_of: date) -> tuple[AlertSummary, ...]:
    """Alerts about the firm of the newest scan by that day, the worst first, then the newest."""
    page = platform.journal.alerts(AlertFilter(firm=firm, branch=principal.branch, until=as_of, current=True), "", _ALERTS)
    return tuple(sorted(map(AlertSummary.of, page.items), key=lambda alert: -alert.grade.rank))


def latest_score(day: OpenDay, firm: str) -> ScoreSplit | None:
    """The newest score of a promoted model for the day or one before."""
    row = day.scores.newest(firm)
    return split_of(row) if row else None


def split_of(row: dict[str, Any]) -> ScoreSplit:
    """A row of the score table as alerts and pages show it."""
    relations = tuple(
        TopRelation(each["type"], each["way"], each["rel"], each["other"], each["contribution"])
        for each in row["top_relations"] or ()
    )
    plain = ("probability", "log_odds", "own", "contagion", "horizon_days", "as_of", "model", "model_version", "run_id")
    return ScoreSplit(top_relations=relations, **{name: row[name] for name in plain})


def blind_spots(gathered: Gathered, notes: tuple[Note, ...], unscored: Sentence | None, as_of: date) -> tuple[Sentence, ...]:
    """What an officer should know that this page cannot know."""
    checks: Iterable[tuple[bool, str, str]] = (
        (
            gathered.firm["stub"],
            "仅在他人数据中被提及，没有该企业自身的资料。",
            "Only named by others: no feed tells of the firm itself.",
        ),
        (
            _stale(gathered.of("FinancialStatement"), "period_end", as_of, 550),
            "没有18个月内的财务报表。",
            "No financial statement of the last 18 months.",
        ),
        (
            _stale(gathered.of("MonthlyIndicator"), "month", as_of, 100),
            "没有近三个月的经营指标(税、电、社保)。",
            "No monthly indicators (tax, electricity, headcount) of the last three months.",
        ),
        (
            _stale(gathered.of("BureauReport"), "reported_on", as_of, 365),
            "没有一年内的征信报告：他行负债未知。",
            "No bureau report of the last year: debt elsewhere is unknown.",
        ),
        (
            any(note.balance_fen is None for note in notes),
            "有借据没有状态数据，余额与逾期未知。",
            "A loan note has no state: its balance and arrears are unknown.",
        ),
        (
            any(note.currency not in {None, "CNY"} for note in notes),
            "有外币借据未折算计入合计。",
            "Loan notes in foreign currency are not in the sums.",
        ),
    )
    told = tuple(Sentence(zh, en) for unseen, zh, en in checks if unseen)
    return (unscored, *told) if unscored else told


def unscored_at(day: OpenDay, vault: Vault, firm: str) -> Sentence | None:
    """Why the firm has no score that day, None where it has one."""
    if latest_score(day, firm):
        return None
    gathered = gather(day.rows, vault, firm)
    return why_unscored(gathered, notes_of(gathered), day.snapshot.as_of)


def _stale(told: list[Told], column: str, as_of: date, days: int) -> bool:
    newest = max((row[column] or row["valid_from"] for row in told), default=None)
    return newest is None or newest < as_of - timedelta(days=days)


def _balance(notes: list[Note]) -> int:
    return sum(note.balance_fen or 0 for note in notes)


def _total(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
