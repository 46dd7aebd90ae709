"""What is out to a firm and who is near a limit, as a loan system is answered."""

import pytest
from fastapi.testclient import TestClient

from graph.knowledge.book import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.kinds import chosen
from graph.snapshot import Snapshot
from tests.api.bank import CHENGHU, CODES, TODAY, Bank
from tests.api.conftest import open_client
from tests.worlds.build import World


def test_a_firm_is_answered_by_component_with_the_row_of_each(client: TestClient) -> None:
    """15 million drawn and a line of 20 million under which no contract is told: 40% of it counts."""
    answer = client.get(f"/v1/firms/{CODES[CHENGHU]}/exposure").json()
    assert (answer["amounts"]["drawn_fen"], answer["amounts"]["exposure_fen"]) == (1_500_000_000, 2_300_000_000)
    assert {item["row"]["table"] for item in answer["items"]} == {"LoanNoteState", "CreditLine"}
    assert all(item["row"]["file"] == "world.csv" and item["row"]["line"] for item in answer["items"])
    assert answer["guaranteed_fen"] == 800_000_000


def test_without_capital_and_without_the_book_the_answer_says_so(client: TestClient) -> None:
    answer = client.get(f"/v1/firms/{CODES[CHENGHU]}/exposure").json()
    assert "没有当日资本数据" in answer["capital"]["reason"]["zh"] and answer["binds"] is None
    assert {change["before"]["level"] for change in answer["limits"]} == {"no_capital_figure"}
    assert any("关联客户" in said["zh"] for said in answer["unseen"])


@pytest.fixture
def capitalised(fresh_bank: Bank) -> Bank:
    """The bank has 200 million of net capital, 160 million of net tier 1, and has computed its book."""
    world = World(fresh_bank.home, feed="capital")
    world.firm("本行").fact(
        "CapitalFigure", "本行", net_capital_fen=20_000_000_000, tier1_net_fen=16_000_000_000, known="2026-01-20"
    )
    world.commit()
    ledger = fresh_bank.platform.ledger
    compute_book(KnowledgeBook.beside(ledger), Snapshot(ledger, TODAY), chosen([]))
    return fresh_bank


def test_a_new_loan_is_told_before_and_after_and_what_binds(capitalised: Bank) -> None:
    """23 million of 24 million that net tier 1 allows: 5 million more are 4 million too many."""
    with open_client(capitalised) as client:
        answer = client.get(f"/v1/firms/{CODES[CHENGHU]}/exposure?add_fen=500000000&product=working_capital").json()
    changes = {change["after"]["rule"]: change for change in answer["limits"]}
    assert changes["client-exposure"]["before"]["level"] == "near"
    assert changes["client-exposure"]["after"]["headroom_fen"] == -400_000_000
    assert answer["binds"] == "client-exposure"
    assert changes["client-loans"]["after"]["share"] == 0.1 and changes["client-loans"]["after"]["level"] == "near"


def test_the_ranking_goes_page_by_page(capitalised: Bank) -> None:
    with open_client(capitalised) as client:
        whole = client.get("/v1/exposures?above=0.05").json()
        assert [item["use"] for item in whole["items"]] == sorted((item["use"] for item in whole["items"]), reverse=True)
        assert whole["items"][0]["subject"] == capitalised.ids[CHENGHU]
        paged, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/v1/exposures?above=0.05&limit=1&cursor={cursor}").json()
            paged += page["items"]
            cursor = page["next"]
        assert paged == whole["items"] and len(paged) > 1
        assert client.get("/v1/exposures?above=1").json()["items"] == []


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ("firms/nobody/exposure", 422, "firm"),
        (f"firms/Firm-{'0' * 32}/exposure", 404, "firm"),
        (f"firms/{CODES[CHENGHU]}/exposure?as_of=2026-04-01", 422, "as_of"),
        (f"firms/{CODES[CHENGHU]}/exposure?add_fen=-1", 422, "add_fen"),
        (f"firms/{CODES[CHENGHU]}/exposure?product=bond", 422, "product"),
        (f"firms/{CODES[CHENGHU]}/exposure?add=5", 422, "add"),
        ("exposures", 404, "as_of"),
        ("exposures?above=0", 422, "above"),
    ],
)
def test_what_cannot_be_answered_names_the_field(client: TestClient, asked: str, status: int, field: str) -> None:
    refused = client.get(f"/v1/{asked}")
    assert (refused.status_code, refused.json()["field"]) == (status, field)


def test_a_limit_that_is_not_declared_is_refused(capitalised: Bank) -> None:
    with open_client(capitalised) as client:
        refused = client.get("/v1/exposures?rule=nothing")
    assert (refused.status_code, refused.json()["field"]) == (422, "rule")
