"""Bad input never ends in a server error: each refusal is a problem document that names the field and the fix."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api import problems
from api.roles import Role
from graph import errors
from tests.api.bank import CHENGHU, TODAY, Bank
from tests.api.conftest import open_client

APPLICATION: dict[str, Any] = {"applicant": {"name": CHENGHU}, "amount_fen": 800_000_000, "on": TODAY.isoformat()}


def assert_problem(response: Response, status: int, slug: str, field: str | None = None) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["type"] == f"urn:yujing:problem:{slug}"
    assert problem["status"] == status
    assert problem["request_id"] == response.headers["x-request-id"]
    assert problem.get("field") == field
    return problem


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_fen": -1}, "amount_fen"),
        ({"amount_fen": 0}, "amount_fen"),
        ({"amount_fen": 10**19}, "amount_fen"),
        ({"amount_fen": 1.5}, "amount_fen"),
        ({"amount_fen": "100"}, "amount_fen"),
        ({"amount_fen": True}, "amount_fen"),
        ({"amount_fen": None}, "amount_fen"),
        ({"on": "2026-13-01"}, "on"),
        ({"on": "2026-02-30"}, "on"),
        ({"on": "31.3.2026"}, "on"),
        ({"on": 0}, "on"),
        ({"on": "2026-03-31T00:00:00"}, "on"),
        ({"on": "2026-04-01"}, "on"),
        ({"term_months": 0}, "term_months"),
        ({"product": "lottery"}, "product"),
        ({"currency": "yuan"}, "currency"),
        ({"applicant": "甲"}, "applicant"),
        ({"applicant": {"name": "x" * 10_000}}, "applicant.name"),
        ({"applicant": {"nmae": CHENGHU}}, "applicant.nmae"),
        ({"amount": 5}, "amount"),
        ({"guarantors": [{"name": CHENGHU}] * 51}, "guarantors"),
        ({"collateral": [7]}, "collateral.0"),
        ({"purpose": "a\u0000b"}, "purpose"),
    ],
)
def test_a_bad_field_of_an_application_is_named(client: TestClient, change: dict[str, Any], field: str) -> None:
    problem = assert_problem(client.post("/v1/decisions/pre-loan", json=APPLICATION | change), 422, "invalid-input", field)
    assert problem["fix"]


def test_a_missing_field_is_named_with_its_fix(client: TestClient) -> None:
    body = {name: value for name, value in APPLICATION.items() if name != "amount_fen"}
    problem = assert_problem(client.post("/v1/decisions/pre-loan", json=body), 422, "invalid-input", "amount_fen")
    assert problem["fix"] == "Add it."
    assert problem["errors"] == [{"in": "body", "field": "amount_fen", "message": "Field required.", "fix": "Add it."}]


def test_a_value_is_never_echoed(client: TestClient) -> None:
    secret = "330106199001011234"
    refused = client.post("/v1/decisions/pre-loan", json=APPLICATION | {"amount_fen": secret, "on": secret, secret: 1})
    assert secret not in json.dumps([refused.json()["detail"], [each["message"] for each in refused.json()["errors"]]])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1, 2",
        b'{"amount_fen": }',
        b"\xff\xfe\x00",
        b'{"amount_fen": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b'"\\ud800"',
        b"null",
        b"[]",
        b"NaN",
        b'{"amount_fen": NaN}',
        b'{"amount_fen": Infinity}',
        b'{"applicant": {"name": "\\ud800"}, "amount_fen": 1, "on": "2026-03-31"}',
    ],
    ids=lambda body: repr(body[:24]),
)
@pytest.mark.parametrize("keyed", [True, False])
def test_a_body_that_is_no_application_is_refused(client: TestClient, body: bytes, keyed: bool) -> None:
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": f"bad-{hash(body)}"} if keyed else {})
    refused = client.post("/v1/decisions/pre-loan", content=body, headers=headers)
    assert refused.status_code in {400, 422}, refused.text
    assert refused.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "slug", "field"),
    [
        ("/v1/nothing", 404, "not-found", None),
        ("/v1/alerts/nothing", 404, "not-found", "id"),
        ("/v1/decisions/nothing", 404, "not-found", "id"),
        ("/v1/scans/nothing", 404, "not-found", "id"),
        ("/v1/firms/Firm-00000000000000000000000000000000", 404, "not-found", "firm"),
        ("/v1/firms/91000000MA0000009X", 404, "not-found", "firm"),
        ("/v1/firms/nobody", 422, "invalid-input", "firm"),
        ("/v1/firms/Firm-00000000000000000000000000000000/network", 404, "not-found", "firm"),
        ("/v1/firms", 422, "invalid-input", "q"),
        ("/v1/firms?q=", 422, "invalid-input", "q"),
        ("/v1/firms?q=a&limit=0", 422, "invalid-input", "limit"),
        ("/v1/firms?q=a&limit=9999", 422, "invalid-input", "limit"),
        ("/v1/firms?q=a&page=2", 422, "invalid-input", "page"),
        ("/v1/alerts?grade=pink", 422, "invalid-input", "grade"),
        ("/v1/alerts?stage=never", 422, "invalid-input", "stage"),
        ("/v1/alerts?cursor=!!!", 422, "invalid-input", "cursor"),
        ("/v1/alerts?as_of=2026-04-01", 422, "invalid-input", "as_of"),
        ("/v1/alerts?as_of=1899-12-31", 422, "invalid-input", "as_of"),
        ("/v1/alerts?as_of=yesterday", 422, "invalid-input", "as_of"),
        ("/v1/alerts?as_of=", 422, "invalid-input", "as_of"),
        ("/v1/alerts?firm=x", 422, "invalid-input", "firm"),
        ("/v1/alerts?limit=201", 422, "invalid-input", "limit"),
        ("/v1/alerts?colour=red", 422, "invalid-input", "colour"),
    ],
)
def test_a_read_that_cannot_be_answered_says_why(client: TestClient, path: str, status: int, slug: str, field: str | None) -> None:
    assert_problem(client.get(path), status, slug, field)


def test_a_method_that_a_route_does_not_have_is_405_and_says_which_it_has(client: TestClient) -> None:
    refused = client.delete("/v1/alerts")
    assert_problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "GET"


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", ""])
def test_a_body_of_another_type_is_415(client: TestClient, media_type: str) -> None:
    refused = client.post("/v1/decisions/pre-loan", content=b"{}", headers={"Content-Type": media_type})
    assert_problem(refused, 415, "media-type", "Content-Type")


@pytest.mark.parametrize("path", ["/v1/decisions/pre-loan", "/v1/decisions/drawdown", "/v1/scans"])
def test_a_form_is_415_wherever_json_is_read_and_told_what_to_send(client: TestClient, path: str) -> None:
    problem = assert_problem(client.post(path, data={"a": "1"}), 415, "media-type", "Content-Type")
    assert "application/json" in problem["fix"]


def test_a_method_that_a_route_does_not_have_is_405_before_any_body_is_asked_for(client: TestClient) -> None:
    refused = client.post("/v1/alerts")
    assert_problem(refused, 405, "method-not-allowed")
    assert set(refused.headers["allow"].split(", ")) >= {"GET"}


@pytest.mark.parametrize("stage", ["pre-loan", "drawdown"])
def test_a_stage_is_asked_and_not_read(client: TestClient, stage: str) -> None:
    refused = client.get(f"/v1/decisions/{stage}")
    assert_problem(refused, 405, "method-not-allowed")
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize("path", ["/healthz", "/v1/alerts", "/v1/firms?q=a", "/v1/ontology"])
def test_a_head_is_a_read_without_its_body(client: TestClient, path: str) -> None:
    head, read = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == read.headers["content-length"]


@pytest.mark.parametrize(
    "path", ["/v1/alerts?grade=red&grade=red", "/v1/alerts?cursor=a&grade=red&grade=", "/v1/alerts?grade&grade"]
)
def test_a_parameter_given_twice_is_named(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), 422, "invalid-input", "grade")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"applicant": "甲"}, "A JSON object is needed here."),
        ({"guarantors": 7}, "A list is needed here."),
        ({"on": "2300-01-01"}, "The day must be 2200-01-01 or earlier."),
        ({"on": "1900-01-01"}, "The day must be 1990-01-01 or later."),
        ({"amount_fen": "1"}, "A whole number is needed here."),
        ({"guarantors": [{"name": CHENGHU}] * 51}, "A list of at most 50 is needed here."),
    ],
)
def test_a_refusal_speaks_of_json_and_not_of_what_reads_it(client: TestClient, change: dict[str, Any], says: str) -> None:
    problem = client.post("/v1/decisions/pre-loan", json=APPLICATION | change).json()
    assert problem["errors"][0]["message"] == says


def test_the_fix_of_a_bad_cursor_names_the_field_that_pages_have(client: TestClient) -> None:
    assert "`next`" in client.get("/v1/alerts?cursor=!!!").json()["fix"]


def test_ten_megabytes_are_refused_by_their_header_alone(client: TestClient) -> None:
    refused = client.post("/v1/decisions/pre-loan", content=b"x" * 10_000_000, headers={"Content-Type": "application/json"})
    assert_problem(refused, 413, "too-large")


def test_ten_megabytes_that_do_not_say_so_are_refused_while_they_come(client: TestClient) -> None:
    chunks = (b" " * 100_000 for _ in range(100))
    refused = client.post("/v1/decisions/pre-loan", content=chunks, headers={"Content-Type": "application/json"})
    assert_problem(refused, 413, "too-large")


def test_a_defect_is_a_problem_too_and_says_nothing_of_the_data(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("王建国 330106199001011234")

    client = open_client(bank)
    monkeypatch.setattr("api.routes.firms.find_firm", fail)
    refused = client.get("/v1/firms/x")
    assert_problem(refused, 500, "defect")
    assert "王" not in refused.text
    assert refused.headers["content-security-policy"]


def test_every_domain_error_has_its_row_in_the_one_table() -> None:
    domain = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.YujingError)]
    assert {problems.kind_of(kind("…")).slug for kind in domain} == {
        *("invalid-input", "not-found", "not-computed", "conflict", "unavailable"),
    }


def test_a_store_that_does_not_answer_is_503_and_asks_to_come_again(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise errors.UnavailableError("The graph does not answer.", "Start it.")

    monkeypatch.setattr("api.routes.firms.find_firm", fail)
    refused = open_client(bank).get("/v1/firms/x")
    assert_problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"] == "1"


def test_validation_runs_only_for_who_may_ask(bank: Bank) -> None:
    assert open_client(bank, role=None).post("/v1/decisions/pre-loan", json={}).status_code == 401
    assert open_client(bank, Role.MODELER).post("/v1/decisions/pre-loan", json={}).status_code == 403
