"""Proposals over HTTP: an officer reads why two firms may be one, decides, and every later answer follows."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from api.roles import Role
from ingest.resolution.score import Scoring
from tests.api.bank import CHENGHU, CODES, TODAY, Bank
from tests.api.conftest import open_client
from tests.api.test_problems import assert_problem
from tests.worlds.build import World

PATH = "/v1/resolution/proposals"


@pytest.fixture
def officer(fresh_bank: Bank) -> Iterator[TestClient]:
    """The tiny bank with one firm told of twice, and proposals made."""
    world = World(fresh_bank.home, feed="platform")
    name = "杭州澄湖精密機械有限責任公司"
    world.entity("Firm", "SCP1", source="platform", name=name, known="2026-02-01", established_on="2012-05-20")
    world.commit()
    fresh_bank.platform.resolution.propose(world.snapshot(TODAY.isoformat()), Scoring(threshold=0.01))
    with open_client(fresh_bank, Role.OFFICER) as client:
        yield client


def first(client: TestClient, status: str = "open") -> dict[str, object]:
    items = client.get(PATH, params={"status": status}).raise_for_status().json()["items"]
    found: dict[str, object] = next(each for each in items if each["keep"]["uscc"] == CODES[CHENGHU])
    return found


def test_a_proposal_says_why_and_its_bits_add_up(officer: TestClient) -> None:
    found = officer.get(f"{PATH}/{first(officer)['id']}").raise_for_status().json()
    assert found["join"]["name"] == "杭州澄湖精密機械有限責任公司"
    assert found["bits"] == pytest.approx(found["prior_bits"] + sum(reason["bits"] for reason in found["reasons"]), abs=1e-6)
    assert {"zh", "en", "level_zh", "left", "right"} <= set(found["reasons"][0])


def test_a_merge_is_seen_by_every_later_answer_and_taken_back(officer: TestClient) -> None:
    found = first(officer)
    join = found["join"]["id"]  # type: ignore[index]
    headers = {"Idempotency-Key": "merge-1"}
    body = {"verdict": "merge", "why": "营业执照核对一致"}
    merged = officer.post(f"{PATH}/{found['id']}/decisions", json=body, headers=headers)
    again = officer.post(f"{PATH}/{found['id']}/decisions", json=body, headers=headers)
    assert (merged.status_code, merged.json()["status"]) == (201, "merged")
    assert again.content == merged.content
    assert first(officer, "merged")["why"] == "营业执照核对一致"
    assert officer.get(f"/v1/firms/{join}").json()["identity"]["id"] == found["keep"]["id"]  # type: ignore[index]
    undone = officer.post(f"{PATH}/{found['id']}/decisions", json={"verdict": "undo", "why": "误并"})
    assert undone.json()["status"] == "open"
    assert officer.get(f"/v1/firms/{join}").json()["identity"]["id"] == join


def test_the_decision_stands_in_the_audit(officer: TestClient, fresh_bank: Bank) -> None:
    before = fresh_bank.platform.journal.verify_audit().entries
    officer.post(f"{PATH}/{first(officer)['id']}/decisions", json={"verdict": "reject", "why": "两家企业"}).raise_for_status()
    after = fresh_bank.platform.journal.verify_audit()
    assert (after.entries, after.whole) == (before + 1, True)


def test_pages_follow_each_other(officer: TestClient) -> None:
    every = officer.get(PATH, params={"status": "all"}).json()["items"]
    page = officer.get(PATH, params={"status": "all", "limit": 1}).json()
    rest = officer.get(PATH, params={"status": "all", "cursor": page["next"]}).json() if page["next"] else {"items": []}
    assert [each["id"] for each in page["items"] + rest["items"]] == [each["id"] for each in every]


@pytest.mark.parametrize(
    ("body", "status", "slug", "field"),
    [
        ({"verdict": "merge"}, 422, "invalid-input", "why"),
        ({"verdict": "maybe", "why": "x"}, 422, "invalid-input", "verdict"),
        ({"verdict": "undo", "why": "x"}, 409, "conflict", "verdict"),
        ({"verdict": "merge", "why": " "}, 422, "invalid-input", "why"),
        ({"verdict": "merge", "why": "x", "by": "y"}, 422, "invalid-input", "by"),
    ],
)
def test_a_word_that_cannot_be_used_is_a_problem(
    officer: TestClient, body: dict[str, str], status: int, slug: str, field: str
) -> None:
    assert_problem(officer.post(f"{PATH}/{first(officer)['id']}/decisions", json=body), status, slug, field)


def test_an_unknown_proposal_and_a_cursor_of_no_page(officer: TestClient) -> None:
    assert_problem(officer.get(f"{PATH}/nothing"), 404, "not-found", "id")
    assert_problem(officer.get(PATH, params={"cursor": "zzz"}), 422, "invalid-input", "cursor")


def test_a_loan_system_reads_but_does_not_decide(fresh_bank: Bank, officer: TestClient) -> None:
    found = first(officer)
    with open_client(fresh_bank, Role.INTEGRATOR) as client:
        refused = client.post(f"{PATH}/{found['id']}/decisions", json={"verdict": "merge", "why": "x"})
    assert_problem(refused, 403, "forbidden", None)
