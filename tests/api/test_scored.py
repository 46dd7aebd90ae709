"""The score that a page shows is the firm's own newest one, of a promoted model, up to the page's day."""

from datetime import date
from pathlib import Path

import pytest

from api.scored import DayScores
from models.scores import ScoreBook
from tests.models.test_scores import rows

MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 30)


@pytest.fixture
def book(tmp_path: Path) -> ScoreBook:
    """Two firms in March, only the first of them in April, and a model on trial in April."""
    book = ScoreBook(tmp_path / "scores")
    book.append(rows("march", ["Firm-a", "Firm-b"], MARCH))
    book.append(rows("april", ["Firm-a"], APRIL))
    book.append(rows("trial", ["Firm-a", "Firm-b"], APRIL, shadow=True))
    return book


@pytest.mark.parametrize(
    ("firm", "day", "run"),
    [("Firm-a", APRIL, "april"), ("Firm-b", APRIL, "march"), ("Firm-a", MARCH, "march"), ("Firm-c", APRIL, None)],
)
def test_the_newest_score_of_a_firm_by_that_day(book: ScoreBook, firm: str, day: date, run: str | None) -> None:
    told = DayScores(book, day).newest(firm)
    assert (told and told["run_id"]) == run


def test_a_bank_without_scores_has_none(tmp_path: Path) -> None:
    assert DayScores(ScoreBook(tmp_path / "scores"), APRIL).newest("Firm-a") is None
