"""What a firm owes: a note that was repaid says nothing of today."""

from datetime import date

from api.firms import Gathered, notes_of
from api.portrait import exposure_of

TODAY = date(2026, 3, 31)


def gathered(*notes: tuple[str, int | None, int, str]) -> Gathered:
    """A firm with loan notes: number, balance, days past due, class."""
    base = {"valid_from": TODAY, "recorded_at": TODAY, "file": "notes.csv", "sheet": "", "line": 1, "batch": "B-1"}
    told = {"product": None, "currency": "CNY", "principal_fen": 100, "drawn_on": None, "matures_on": None}
    states = [
        base | {"id": f"S-{number}", "subject": number, "balance_fen": balance, "days_past_due": days, "five_tier": tier}
        for number, balance, days, tier in notes
    ]
    rows = {"LoanNote": [base | told | {"id": number, "number": number} for number, *_ in notes], "LoanNoteState": states}
    return Gathered({"id": "Firm-a"}, rows, {})


def test_a_repaid_note_makes_no_firm_overdue() -> None:
    firm = gathered(("JJ-old", 0, 400, "loss"), ("JJ-new", 500, 3, "normal"))
    exposure = exposure_of(firm, notes_of(firm), TODAY)
    assert (exposure.worst_days_past_due, exposure.worst_five_tier) == (3, "normal")


def test_open_notes_come_first_then_the_unknown_then_the_repaid() -> None:
    firm = gathered(
        ("JJ-repaid", 0, 400, "loss"), ("JJ-unknown", None, 9, "normal"), ("JJ-a", 5, 0, "normal"), ("JJ-b", 5, 8, "normal")
    )
    assert [note.number for note in notes_of(firm)] == ["JJ-b", "JJ-a", "JJ-unknown", "JJ-repaid"]
