"""The same key and the same body give the same answer, byte for byte, however often and however concurrently asked."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import create_engine, text

from alerts.requests import PreLoanRequest
from alerts.said import Decision
from alerts.stages import Desk, pre_loan
from api.platform import Limits
from api.roles import Role
from tests.api.bank import CHENGHU, TODAY, Bank, build_bank
from tests.api.conftest import open_client

APPLICATION: dict[str, Any] = {"applicant": {"name": CHENGHU}, "amount_fen": 100_000_000, "on": TODAY.isoformat()}


def apply(client: TestClient, key: str, body: dict[str, Any] = APPLICATION) -> Response:
    answer: Response = client.post("/v1/decisions/pre-loan", json=body, headers={"Idempotency-Key": key})
    return answer


def decisions(bank: Bank) -> int:
    database = create_engine(f"sqlite:///{bank.home / 'journal.db'}")
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM decisions")).scalar_one())


def test_a_repeated_call_gets_the_first_answer(client: TestClient) -> None:
    first, again = apply(client, "repeat-1"), apply(client, "repeat-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


def test_order_of_fields_and_spaces_between_them_do_not_matter(client: TestClient) -> None:
    first = apply(client, "repeat-2")
    again = apply(client, "repeat-2", dict(reversed(APPLICATION.items())))
    assert again.content == first.content


def test_another_body_under_the_same_key_is_refused(client: TestClient) -> None:
    apply(client, "repeat-3")
    refused = apply(client, "repeat-3", APPLICATION | {"amount_fen": 200_000_000})
    assert refused.status_code == 422
    assert refused.json()["type"] == "urn:yujing:problem:idempotency-key-reused"
    assert refused.json()["field"] == "Idempotency-Key"


def test_another_route_under_the_same_key_is_refused(client: TestClient) -> None:
    apply(client, "repeat-4")
    assert client.post("/v1/scans", json={}, headers={"Idempotency-Key": "repeat-4"}).status_code == 422


def test_two_callers_may_choose_the_same_key(bank: Bank) -> None:
    one, other = open_client(bank), open_client(bank, Role.OFFICER)
    assert apply(one, "same").json()["id"] != apply(other, "same").json()["id"]


def test_without_a_key_each_call_is_a_decision_of_its_own(client: TestClient) -> None:
    ids = {client.post("/v1/decisions/pre-loan", json=APPLICATION).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_refused_call_leaves_its_key_free(client: TestClient) -> None:
    assert apply(client, "repeat-5", APPLICATION | {"on": "2026-04-01"}).status_code == 422
    assert apply(client, "repeat-5").status_code == 201


def test_a_call_that_fails_inside_leaves_its_key_free(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("api.routes.decisions.pre_loan", fail)
        assert apply(client, "repeat-6").status_code == 500
    assert apply(client, "repeat-6").status_code == 201


def test_fifty_at_once_make_one_decision(fresh_bank: Bank) -> None:
    with open_client(fresh_bank) as client, ThreadPoolExecutor(50) as callers:
        answers = list(callers.map(lambda _: apply(client, "storm"), range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert decisions(fresh_bank) == 1


def test_a_call_whose_first_one_takes_too_long_is_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bank = build_bank(tmp_path, limits=Limits(in_flight_seconds=0.05))
    entered, leave = Event(), Event()

    def slow(desk: Desk, asked: PreLoanRequest, decision_id: str) -> Decision:
        entered.set()
        leave.wait(30)
        return pre_loan(desk, asked, decision_id)

    monkeypatch.setattr("api.routes.decisions.pre_loan", slow)
    with open_client(bank) as client, ThreadPoolExecutor(1) as caller:
        first = caller.submit(apply, client, "slow")
        assert entered.wait(30)
        refused = apply(client, "slow")
        leave.set()
        assert first.result().status_code == 201
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:yujing:problem:in-flight"
        assert refused.headers["retry-after"] == "1"
        assert apply(client, "slow").content == first.result().content


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "键"])
def test_a_key_that_is_no_plain_token_is_refused(client: TestClient, key: str) -> None:
    refused = client.post("/v1/decisions/pre-loan", json=APPLICATION, headers={"Idempotency-Key": key.encode()})
    assert refused.status_code == 422
    assert refused.json()["field"] == "Idempotency-Key"
