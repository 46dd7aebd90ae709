"""Groups and proposals over HTTP: who belongs together and why, and an officer's word that counts at once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from api.roles import Role
from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.control.kind import CONTROL
from graph.knowledge.groups.kind import GROUPS
from graph.stores import build_ladybug
from tests.api.bank import CHENGHU, CODES, QIUSHI, TODAY, Bank
from tests.api.conftest import open_client
from tests.api.test_problems import assert_problem
from tests.worlds.build import World

PROPOSALS = "/v1/groups/proposals"


@pytest.fixture
def officer(fresh_bank: Bank) -> Iterator[TestClient]:
    """The tiny bank with a group of two, to which a buyer of one in it depends."""
    world = World(fresh_bank.home, feed="more")
    world.firm("云山控股").firm("云山电子").firm("岚川器件").entity("LoanNote", "N", number="N")
    world.relation("HOLDS_SHARES", "云山控股", "云山电子", equity_share=0.8)
    world.relation("SUPPLIES", "岚川器件", "云山电子", sales_share=0.9).relation("BORROWS", "岚川器件", "N")
    world.fact("LoanNoteState", "N", balance_fen=700).commit()
    compute_book(KnowledgeBook.beside(world.ledger), world.snapshot(TODAY.isoformat()), (CONTROL, GROUPS))
    build_ladybug(world.ledger, fresh_bank.home / "graph")
    with open_client(fresh_bank, Role.OFFICER) as client:
        yield client


def the_group(client: TestClient) -> str:
    items = client.get("/v1/groups").raise_for_status().json()["items"]
    return str(next(each["id"] for each in items if each["name"] == "云山控股"))


def the_proposal(client: TestClient) -> dict[str, object]:
    items = client.get(PROPOSALS).raise_for_status().json()["items"]
    found: dict[str, object] = next(each for each in items if each["dependent"]["name"] == "岚川器件")
    return found


def test_a_firm_says_its_group_with_the_row_of_each_reason(officer: TestClient) -> None:
    group = officer.get(f"/v1/groups/{the_group(officer)}").raise_for_status().json()
    told = officer.get(f"/v1/firms/{group['lead']['id']}/group").raise_for_status().json()
    assert {each["name"] for each in told["members"]} == {"云山控股", "云山电子"} and told["complete"]
    assert {each["limb"] for each in told["reasons"]} == {1}
    assert all(row["file"] == "world.csv" and row["line"] for each in told["reasons"] for row in each["rows"])
    assert all(each["rows"] for each in told["reasons"])
    assert told["reasons"][0]["said"]["zh"]


def test_exposure_stands_with_and_without_what_is_pending_and_a_word_counts_at_once(officer: TestClient) -> None:
    path = f"/v1/groups/{the_group(officer)}"

    def owed() -> tuple[int, int]:
        shown = officer.get(path).json()
        return shown["connected_exposure_fen"], shown["connected_exposure_with_pending_fen"]

    assert owed() == (0, 700)
    body, headers = {"verdict": "confirm", "why": "销售占比九成"}, {"Idempotency-Key": "one"}
    where = f"{PROPOSALS}/{the_proposal(officer)['id']}/decisions"
    first, again = (officer.post(where, json=body, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()["status"], first.content) == (201, "confirmed", again.content)
    assert owed() == (700, 700)
    assert first.json()["pending_recompute"] and first.json()["first_proposed"] == TODAY.isoformat()
    assert_problem(officer.post(where, json={"verdict": "reject", "why": "x"}), 409, "conflict", "verdict")
    assert officer.post(where, json={"verdict": "undo", "why": "误判"}).json()["status"] == "pending"
    assert not the_proposal(officer)["pending_recompute"]
    officer.post(where, json={"verdict": "reject", "why": "可另售"}).raise_for_status()
    assert owed() == (0, 0)


def test_a_word_stands_in_the_audit_and_a_loan_system_may_not_say_it(officer: TestClient, fresh_bank: Bank) -> None:
    before = fresh_bank.platform.journal.verify_audit().entries
    where = f"{PROPOSALS}/{the_proposal(officer)['id']}/decisions"
    with open_client(fresh_bank, Role.INTEGRATOR) as system:
        assert_problem(system.post(where, json={"verdict": "reject", "why": "x"}), 403, "forbidden", None)
    officer.post(where, json={"verdict": "reject", "why": "可另售"}).raise_for_status()
    after = fresh_bank.platform.journal.verify_audit()
    assert (after.entries, after.whole) == (before + 1, True)


def test_a_proposal_names_its_rows_and_pages_follow_each_other(officer: TestClient, fresh_bank: Bank) -> None:
    every = officer.get(PROPOSALS).json()["items"]
    assert {each["dependent"]["id"] for each in every} >= {fresh_bank.ids[QIUSHI]}
    assert all(each["rows"] and each["due"] for each in every)
    assert {each["due"] for each in every} == {str(TODAY + timedelta(days=30))}  # whenever the evidence was known
    required = [bool(each["required"]) for each in every]
    assert required == sorted(required, reverse=True)
    page = officer.get(PROPOSALS, params={"limit": 1}).json()
    rest = officer.get(PROPOSALS, params={"cursor": page["next"]}).json()
    assert page["items"] + rest["items"] == every


def test_what_cannot_be_answered_is_a_problem(officer: TestClient) -> None:
    assert_problem(officer.get("/v1/groups/Group-none"), 404, "not-found", "id")
    assert_problem(officer.get("/v1/groups", params={"cursor": "zzz"}), 422, "invalid-input", "cursor")
    assert_problem(officer.get("/v1/groups", params={"as_of": "2025-12-31"}), 404, "not-computed", "as_of")
    assert_problem(officer.get(PROPOSALS, params={"as_of": "2025-12-31"}), 404, "not-computed", "as_of")
    assert_problem(officer.get("/v1/groups", params={"cursor": "W05hTl0"}), 422, "invalid-input", "cursor")  # [NaN]
    assert_problem(officer.get(f"/v1/firms/{CODES[CHENGHU]}/group?day=x"), 422, "invalid-input", "day")
    where = f"{PROPOSALS}/nothing/decisions"
    assert_problem(officer.post(where, json={"verdict": "confirm", "why": "x"}), 404, "not-found", "id")
    assert_problem(officer.post(where, json={"verdict": "maybe", "why": "x"}), 422, "invalid-input", "verdict")
