"""The same bank with Neo4j as its graph store and with PostgreSQL as its journal answers as it does with the embedded ones."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from alerts.journal import Journal, upgrade
from api.roles import Role
from graph.stores import Neo4jStore, Neo4jTarget, build_neo4j
from tests.alerts.postgres import postgres_url
from tests.api.bank import BAIYUN, CHENGHU, CODES, TINGSONG, TODAY, Bank, build_bank
from tests.api.conftest import open_client
from tests.stores.conftest import empty_neo4j, neo4j_server

__all__ = ["empty_neo4j", "neo4j_server"]
ON = TODAY.isoformat()
GIVEN_ANEW = {"id", "created_at", "decided_at", "started_at", "finished_at", "seconds", "updated_at", "scan", "instance", "at"}


@pytest.fixture
def on_neo4j(tmp_path: Path, empty_neo4j: Neo4jTarget) -> Iterator[Bank]:
    bank = build_bank(tmp_path / "neo4j")
    build_neo4j(bank.platform.ledger, empty_neo4j)
    bank.platform.store.close()
    store = Neo4jStore(empty_neo4j, bank.platform.ledger.ontology)
    yield _with(bank, store=store)
    store.close()


@pytest.fixture
def on_postgres(tmp_path: Path) -> Iterator[Bank]:
    bank = build_bank(tmp_path / "postgres")
    with postgres_url() as url:
        upgrade(url)
        journal = Journal(url)
        keys = {role: journal.create_key(f"test {role}", role)[1] for role in Role}
        yield Bank(bank.home, _with(bank, journal=journal).platform, keys, bank.ids)
        journal.close()


@pytest.mark.neo4j
def test_with_neo4j_the_stages_a_firm_and_its_network_are_the_same(fresh_bank: Bank, on_neo4j: Bank) -> None:
    assert _answers(on_neo4j) == _answers(fresh_bank)


@pytest.mark.postgres
def test_with_postgresql_the_stages_a_firm_its_network_and_the_alerts_are_the_same(fresh_bank: Bank, on_postgres: Bank) -> None:
    assert _answers(on_postgres) == _answers(fresh_bank)
    assert on_postgres.platform.journal.verify_audit().whole


def _with(bank: Bank, **changed: Any) -> Bank:
    return replace(bank, platform=replace(bank.platform, **changed))


def _answers(bank: Bank) -> dict[str, Any]:
    """What a caller is told, without what is given anew each time."""
    with open_client(bank) as client:
        ask = {"amount_fen": 100_000_000, "on": ON}
        applicant = {"applicant": {"uscc": CODES[CHENGHU]}}
        drawdown = {"loan_note": "JJ-1001", "amount_fen": 1_000_000, "on": ON, "payee": {"firm": {"name": BAIYUN}}}
        made = client.post("/v1/decisions/pre-loan", json=ask | applicant, headers={"Idempotency-Key": "k"})
        again = client.post("/v1/decisions/pre-loan", json=ask | applicant, headers={"Idempotency-Key": "k"})
        assert again.content == made.content
        assert client.get(f"/v1/decisions/{made.json()['id']}").json() == made.json()
        answers = {
            "good": made,
            "bad": client.post("/v1/decisions/pre-loan", json=ask | {"applicant": {"uscc": CODES[TINGSONG]}}),
            "drawdown": client.post("/v1/decisions/drawdown", json=drawdown),
            "scan": client.post("/v1/scans", json={"as_of": ON}),
            "firms": client.get("/v1/firms", params={"q": "澄湖"}),
            "firm": client.get(f"/v1/firms/{bank.ids[CHENGHU]}"),
            "network": client.get(f"/v1/firms/{bank.ids[CHENGHU]}/network?depth=3"),
            "earlier": client.get(f"/v1/firms/{bank.ids[CHENGHU]}/network?as_of=2025-05-31"),
            "alerts": client.get("/v1/alerts"),
        }
        assert _statuses(answers) == {201, 200}
        alerts = [item["id"] for item in answers["alerts"].json()["items"]]
        plain = {name: _stripped(answer.json()) for name, answer in answers.items()}
        return plain | {"alert ids": alerts, "picture": _picture(client, bank)}


def _statuses(answers: dict[str, Any]) -> set[int]:
    return {answer.status_code for answer in answers.values()}


def _picture(client: TestClient, bank: Bank) -> str:
    drawn: str = client.get(f"/v1/firms/{bank.ids[CHENGHU]}/network?format=svg").text
    return drawn


def _stripped(value: Any) -> Any:
    """Without the ids of decisions and batches, and without instants: they are of the run, not of the bank."""
    if isinstance(value, dict):
        return {k: _stripped(v) for k, v in value.items() if k not in GIVEN_ANEW | {"batch", "recorded_at"}}
    return [_stripped(each) for each in value] if isinstance(value, list) else value
