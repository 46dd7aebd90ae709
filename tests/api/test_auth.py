"""Who may ask what: every route, every role, and what a missing or revoked key gets."""

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from api.roles import GRANTS, Permission, Role
from tests.api.bank import CHENGHU, TODAY, Bank
from tests.api.conftest import open_client

FIRM = "/v1/firms/Firm-00000000000000000000000000000000"
ROUTES: list[tuple[str, str, Permission | None]] = [
    ("POST", "/v1/decisions/pre-loan", Permission.DECIDE),
    ("POST", "/v1/decisions/drawdown", Permission.DECIDE),
    ("GET", "/v1/decisions/x", Permission.DECIDE),
    ("POST", "/v1/scans", Permission.SCAN),
    ("GET", "/v1/scans/x", Permission.SCAN),
    ("GET", "/v1/alerts", Permission.READ_ALERTS),
    ("GET", "/v1/alerts/x", Permission.READ_ALERTS),
    ("GET", "/v1/firms?q=x", Permission.READ_GRAPH),
    ("GET", FIRM, Permission.READ_GRAPH),
    ("GET", f"{FIRM}/network", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/controllers", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/beneficial-owners", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/guarantee-circles", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/exposure", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/flow-shapes", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/flows", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/group", Permission.READ_GRAPH),
    ("GET", f"{FIRM}/paths?to=x", Permission.READ_GRAPH),
    ("GET", "/v1/exposures", Permission.READ_GRAPH),
    ("POST", "/v1/stress", Permission.READ_GRAPH),
    ("GET", "/v1/groups", Permission.READ_GRAPH),
    ("GET", "/v1/groups/proposals", Permission.READ_GRAPH),
    ("GET", "/v1/groups/x", Permission.READ_GRAPH),
    ("POST", "/v1/groups/proposals/x/decisions", Permission.RESOLVE),
    ("GET", "/v1/guarantee-circles", Permission.READ_GRAPH),
    ("GET", "/v1/guarantee-circles/x", Permission.READ_GRAPH),
    ("GET", "/v1/resolution/proposals", Permission.READ_GRAPH),
    ("GET", "/v1/resolution/proposals/x", Permission.READ_GRAPH),
    ("POST", "/v1/resolution/proposals/x/decisions", Permission.RESOLVE),
    ("GET", "/v1/ontology", None),
]


def send(client: TestClient, method: str, path: str) -> int:
    answer: Response = client.request(method, path, json={"?": 1} if method == "POST" else None)
    return answer.status_code


@pytest.mark.parametrize(("method", "path", "permission"), ROUTES)
def test_every_route_asks_for_its_permission(bank: Bank, method: str, path: str, permission: Permission | None) -> None:
    assert send(open_client(bank, role=None), method, path) == 401
    for role in Role:
        allowed = permission is None or permission in GRANTS[role]
        assert (send(open_client(bank, role), method, path) == 403) is not allowed


def test_the_table_of_routes_above_is_complete(client: TestClient) -> None:
    documented = {(method.upper(), path) for path, item in client.get("/openapi.json").json()["paths"].items() for method in item}
    assert len(documented) == len(ROUTES) + 2, "and /healthz and /readyz, which need no key"


def test_a_key_is_good_as_a_header_and_as_a_bearer_token(bank: Bank) -> None:
    client, key = open_client(bank, role=None), bank.keys[Role.OFFICER]
    assert client.get("/v1/ontology", headers={"X-API-Key": key}).status_code == 200
    assert client.get("/v1/ontology", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"X-API-Key": "guess"}, {"X-API-Key": ""}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic eDp5"}]
)
def test_any_other_secret_is_401_and_says_how_to_come(bank: Bank, headers: dict[str, str]) -> None:
    refused = open_client(bank, role=None).get("/v1/ontology", headers=headers)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="yujing"'
    assert "yujing keys create" in refused.json()["fix"]


def test_a_revoked_key_is_refused_from_the_next_call_on(bank: Bank) -> None:
    journal = bank.platform.journal
    key, secret = journal.create_key("leaver", Role.OFFICER)
    client = open_client(bank, role=None)
    assert client.get("/v1/ontology", headers={"X-API-Key": secret}).status_code == 200
    journal.revoke_key(key.id)
    assert client.get("/v1/ontology", headers={"X-API-Key": secret}).status_code == 401


def test_a_key_bound_to_a_branch_sees_its_own_decisions_and_alerts_alone(fresh_bank: Bank) -> None:
    journal = fresh_bank.platform.journal
    lead = open_client(fresh_bank)
    made = lead.post("/v1/decisions/pre-loan", json={"applicant": {"name": CHENGHU}, "amount_fen": 100, "on": TODAY.isoformat()})
    lead.post("/v1/scans", json={})
    for branch, seen in (("B01", 200), ("B99", 404)):
        _, secret = journal.create_key(f"officer of {branch}", Role.OFFICER, branch)
        officer = open_client(fresh_bank, role=None)
        officer.headers["X-API-Key"] = secret
        assert officer.get(f"/v1/decisions/{made.json()['id']}").status_code == seen
        alerts = lead.get("/v1/alerts").json()["items"]
        assert alerts
        assert {officer.get(f"/v1/alerts/{alert['id']}").status_code for alert in alerts} == {seen}
        assert len(officer.get("/v1/alerts").json()["items"]) == (len(alerts) if seen == 200 else 0)
