"""What every answer carries, and what liveness, readiness and the document say."""

from fastapi.testclient import TestClient

from tests.api.bank import Bank


def test_a_request_id_comes_back_and_a_strange_one_is_replaced(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": "core-loans-000184"}).headers["x-request-id"] == "core-loans-000184"
    assert len(client.get("/healthz", headers={"X-Request-Id": "a b\tc"}).headers["x-request-id"]) == 32


def test_every_answer_forbids_script_framing_and_sniffing(client: TestClient) -> None:
    for path in ("/healthz", "/v1/ontology", "/v1/nothing", "/"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script-src" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"


def test_an_unchanged_read_costs_a_header(client: TestClient) -> None:
    first = client.get("/v1/ontology")
    again = client.get("/v1/ontology", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_liveness_and_readiness_need_no_key(client: TestClient, bank: Bank) -> None:
    assert client.get("/healthz", headers={"X-API-Key": ""}).json() == {"status": "ok"}
    ready = client.get("/readyz", headers={"X-API-Key": ""}).json()
    seq = bank.platform.ledger.latest_seq
    assert ready == {"status": "ready", "ledger_seq": seq, "engine": "ladybug", "through_seq": seq}


def test_the_ontology_is_told_with_units_and_choices(client: TestClient, bank: Bank) -> None:
    told = client.get("/v1/ontology").json()
    assert told["hash"] == bank.platform.ledger.ontology.hash
    size = next(p for p in told["entities"]["Firm"]["properties"] if p["name"] == "size")
    assert size["values"] == ["large", "medium", "small", "micro"]


def test_the_document_is_openapi_3_1_and_promises_problems_everywhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert all("application/problem+json" in operation["responses"]["default"]["content"] for operation in operations)
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_nothing_in_the_process_has_loaded_torch(bank: Bank) -> None:
    import subprocess
    import sys

    check = "import sys, api.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", check], check=False).returncode == 0
