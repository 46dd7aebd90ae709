"""Why a firm has no score: a model speaks of performing firms only, as `models/features` draws that line."""

from datetime import date, timedelta

from alerts.said import Sentence
from api.firms import Gathered
from api.wire.firms import Note

IN_DEFAULT = Sentence("已违约，不评分。", "In default, not scored.")
NOT_OWN = Sentence("银行没有该企业自身的资料，不评分。", "The bank has no data of the firm itself: not scored.")
NOT_YET = Sentence("尚无评分。", "No score yet.")

_FAILING_DAYS = 90
_FAILING_TIERS = frozenset({"substandard", "doubtful", "loss"})
_FAILING_FLAGS = ("written_off", "restructured", "credit_impaired")
_CURED_AFTER = timedelta(days=365)


def why_unscored(gathered: Gathered, notes: tuple[Note, ...], as_of: date) -> Sentence:
    """In default, known only from others, or simply not scored yet."""
    if in_default(gathered, notes, as_of):
        return IN_DEFAULT
    return NOT_OWN if gathered.firm["stub"] else NOT_YET


def in_default(gathered: Gathered, notes: tuple[Note, ...], as_of: date) -> bool:
    """90 days past due, substandard or worse, impaired, restructured, written off, bankrupt, or a default event within a year.

    What needs the past (cure) or other banks' rows is not looked up for one page: see models/targets/targets.yaml.
    """
    return (
        any((note.days_past_due or 0) >= _FAILING_DAYS or note.five_tier in _FAILING_TIERS for note in notes)
        or any(state[flag] for state in gathered.of("LoanNoteState") for flag in _FAILING_FLAGS)
        or any(e["valid_from"] > as_of - _CURED_AFTER or e["cause"] == "bankruptcy" for e in gathered.of("DefaultEvent"))
        or gathered.firm["status"] == "bankrupt"
    )
