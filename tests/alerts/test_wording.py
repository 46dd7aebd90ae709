"""A sentence tells what is true and leaves out what says nothing."""

import pytest

from alerts.rules.wording import fill
from alerts.said import FigureValue, Sentence

LISTED = Sentence(
    "借款人[defaulter_listed: 失信被执行|欠税{tax_arrears_cny}|登记状态为{status}]。",
    "The borrower is [defaulter_listed: a listed defaulter|{tax_arrears_cny} behind with taxes|in the registry as {status}].",
)


@pytest.mark.parametrize(
    ("figures", "zh", "en"),
    [
        ((True, 0.0, "active"), "借款人失信被执行。", "The borrower is a listed defaulter."),
        (
            (True, 50.0, "bankrupt"),
            "借款人失信被执行，欠税50.00元，登记状态为破产。",
            "The borrower is a listed defaulter, CNY 50.00 behind with taxes and in the registry as bankrupt.",
        ),
        (
            (False, 50.0, "revoked"),
            "借款人欠税50.00元，登记状态为吊销。",
            "The borrower is CNY 50.00 behind with taxes and in the registry as revoked.",
        ),
        ((None, 50.0, None), "借款人欠税50.00元。", "The borrower is CNY 50.00 behind with taxes."),
    ],
)
def test_only_what_says_something_is_told(figures: tuple[FigureValue, ...], zh: str, en: str) -> None:
    told = dict(zip(("defaulter_listed", "tax_arrears_cny", "status"), figures, strict=True))
    assert fill(LISTED, told) == Sentence(zh, en)


@pytest.mark.parametrize(
    ("count", "en"), [(1.0, "1 guarantor is overdue"), (2.0, "2 guarantors are overdue"), (0.0, "0 guarantors are overdue")]
)
def test_one_is_one_and_the_others_are_many(count: float, en: str) -> None:
    template = Sentence("{guarantors_overdue}名", "{guarantors_overdue} {guarantors_overdue:guarantor is/guarantors are} overdue")
    assert fill(template, {"guarantors_overdue": count}).en == en


def test_what_is_not_seen_reads_unknown_outside_a_list() -> None:
    assert fill(Sentence("{lenders}家", "{lenders} lenders"), {"lenders": None}) == Sentence("未知家", "unknown lenders")
