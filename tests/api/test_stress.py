"""Stress over HTTP: the documented examples are answered, bad input is a problem document."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.wire.stress_examples import STRESS
from tests.api.bank import CHENGHU, CODES, TINGSONG, Bank
from tests.api.conftest import open_client
from tests.api.test_problems import assert_problem
from tests.models.test_scores import rows

ASKED: dict[str, Any] = {name: example["value"] for name, example in STRESS.items()}


@pytest.mark.parametrize("name", STRESS)
def test_the_examples_of_the_document_are_answered(client: TestClient, name: str) -> None:
    shown = client.get("/openapi.json").json()["paths"]["/v1/stress"]["post"]["requestBody"]["content"]["application/json"]
    assert shown["examples"][name]["value"] == ASKED[name]
    answer = client.post("/v1/stress", json=ASKED[name])
    assert answer.status_code == 200, answer.text
    assert answer.json()["stress"]["scenario"]["name"] == ASKED[name]["scenario"]["name"]


def test_one_firm_that_fails_is_told_with_what_the_bank_loses(client: TestClient, bank: Bank) -> None:
    """15 million owed, no collateral, nobody guarantees it: 20% come out of its property."""
    answer = client.post("/v1/stress", json=ASKED["name"]).json()["stress"]
    (fall,) = answer["falls"]
    assert (fall["firm"], fall["name"], fall["reason"]) == (bank.ids[CHENGHU], CHENGHU, "named")
    assert (fall["credit_fen"], fall["bank_loss_fen"]) == (1_500_000_000, 1_200_000_000)
    assert answer["drawing"] is None and "未推算" in answer["limits"]["said"]["zh"]


def test_the_neighbourhood_of_a_firm_says_the_same(client: TestClient) -> None:
    ask = ASKED["name"]
    whole, near = (client.post("/v1/stress", json=each).json()["stress"] for each in (ask, ask | {"around": CODES[CHENGHU]}))
    assert near["scope"].startswith("Firm-") and near["firms"] <= whole["firms"]
    assert near["falls"] == whole["falls"]


def test_draws_come_of_the_days_scores_and_repeat(fresh_bank: Bank) -> None:
    from tests.api.bank import TODAY

    fresh_bank.platform.scores.append(rows("champion", [fresh_bank.ids[CHENGHU]], TODAY, own=-1.0, log_odds=-0.75))
    ask: dict[str, Any] = {"scenario": {}, "runs": 100, "seed": 7}
    with open_client(fresh_bank) as client:
        first, again = (client.post("/v1/stress", json=ask, headers={"Idempotency-Key": key}) for key in ("a", "b"))
        assert first.status_code == 200 and first.content == again.content
        assert first.json()["stress"]["drawing"]["score_run"] == "champion"
        assert 0 < first.json()["stress"]["likely"][0]["alone"] < 1
        assert client.post("/v1/stress", json=ask, headers={"Idempotency-Key": "a"}).content == first.content


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "scenario"),
        ({"scenario": {"shocks": [{"firms": ["nobody"]}]}}, 422, "firm"),
        ({"scenario": {"shocks": [{"firms": [f"Firm-{'0' * 32}"]}]}}, 404, "firm"),
        ({"scenario": {"shocks": [{"firms": [CODES[TINGSONG]]}]}}, 422, "firms"),
        ({"scenario": {"shocks": [{"industry": "K"}]}}, 422, "industry"),
        ({"scenario": {"shocks": [{"group": "Group-x"}]}}, 422, "group"),
        ({"scenario": {"shocks": [{"industry": "K", "branch": "B01"}]}}, 422, "scenario.shocks.0"),
        ({"scenario": {"shocks": [{"branch": "B01", "equity_loss": 2}]}}, 422, "scenario.shocks.0.equity_loss"),
        ({"scenario": {"macro": [{"gdp": "NaN"}]}}, 422, "scenario.macro.0.gdp"),
        ({"scenario": {"macros": []}}, 422, "scenario.macros"),
        ({"scenario": {}, "runs": 10**6}, 422, "runs"),
        ({"scenario": {}, "runs": 5}, 422, "runs"),
        ({"scenario": {}, "seed": -1}, 422, "seed"),
        ({"scenario": {}, "as_of": "2026-04-01"}, 422, "as_of"),
        ({"scenario": {}, "as_of": "2001-01-01"}, 422, "as_of"),
        ({"scenario": {}, "around": f"Firm-{'0' * 32}"}, 404, "firm"),
    ],
)
def test_a_question_that_cannot_be_answered_is_a_problem_with_its_field(
    client: TestClient, body: dict[str, Any], status: int, field: str
) -> None:
    assert_problem(client.post("/v1/stress", json=body), status, "not-found" if status == 404 else "invalid-input", field)
