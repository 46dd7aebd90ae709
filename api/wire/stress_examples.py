"""Examples of stress requests. A test sends each of them; names are invented, codes are not issued."""

from fastapi.openapi.models import Example

STRESS: dict[str, Example] = {
    "name": {
        "summary": "One borrower fails: who falls next, and by which edge",
        "value": {
            "as_of": "2026-03-31",
            "scenario": {"name": "澄湖违约", "shocks": [{"firms": ["91000000MA0000001R"]}]},
        },
    },
    "macro": {
        "summary": "Weak growth and dear money, clients of a branch losing a fifth of their equity, against the baseline",
        "value": {
            "as_of": "2026-03-31",
            "scenario": {
                "name": "增长放缓",
                "shocks": [{"branch": "B01", "equity_loss": 0.2}],
                "macro": [{"gdp": -2, "rate_bp": 50, "property": -0.1}, {"gdp": -3, "rate_bp": 100}, {"gdp": -2}, {"gdp": -1}],
            },
            "against": {},
        },
    },
}
