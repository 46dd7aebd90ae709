"""The ranked network and the paths between two firms, as a loan system is answered."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.wire import path_examples
from tests.api.bank import BAIYUN, CHENGHU, CODES, QIUSHI, TINGSONG, WANG, Bank
from tests.api.conftest import without_nulls

PATHS = f"/v1/firms/{CODES[CHENGHU]}/paths"


def test_the_network_ranked_by_risk_puts_the_guaranteed_firm_by_its_part_of_net_assets(client: TestClient, bank: Bank) -> None:
    """8 million guaranteed, of 30 million of net assets; the buyer Chenghu bears nothing of its supplier."""
    told = client.get(f"/v1/firms/{CODES[CHENGHU]}/network?toward=firm").json()
    reach = {node["id"]: node["reach"] for node in told["nodes"]}
    assert reach[bank.ids[TINGSONG]] == pytest.approx(8 / 30)
    assert reach[bank.ids[QIUSHI]] == 0.0
    assert reach[bank.ids[BAIYUN]] == pytest.approx(0.4)
    assert all(edge["row"]["file"] == "world.csv" for edge in told["edges"])


def test_towards_the_bank_a_network_says_what_is_at_risk(client: TestClient, bank: Bank) -> None:
    told = client.get(f"/v1/firms/{CODES[TINGSONG]}/network?toward=bank&as_of=2026-03-31").json()
    at_risk = {node["id"]: node["at_risk_fen"] for node in told["nodes"]}
    assert at_risk[bank.ids[CHENGHU]] == round(1_500_000_000 * 8 / 30)
    assert told["nodes"][0]["id"] == bank.ids[TINGSONG] and at_risk[bank.ids[TINGSONG]] == 800_000_000


def test_paths_name_share_reason_and_row_of_each_step(client: TestClient, bank: Bank) -> None:
    told = client.get(f"{PATHS}?to={CODES[TINGSONG]}").json()
    (way,) = told["arriving"]["paths"]
    assert way["nodes"] == [bank.ids[TINGSONG], bank.ids[CHENGHU]] and way["share"] == pytest.approx(8 / 30)
    (step,) = way["steps"]
    assert (step["type"], step["assumed"], step["why"]["zh"]) == ("GUARANTEES", False, "被担保人违约由担保人代偿")
    assert step["edges"][0]["amount_fen"] == 800_000_000 and step["edges"][0]["row"]["line"]
    assert told["spreading"]["paths"] == [] and len(told["shortest"]) == 1 and told["arriving"]["complete"]


def test_what_changed_since_a_day_is_told_with_rows(client: TestClient, bank: Bank) -> None:
    """The guarantee begins on 2025-06-01."""
    told = client.get(f"{PATHS}?to={CODES[TINGSONG]}&since=2025-05-01").json()
    arriving, spreading = told["changes"]
    assert [way["nodes"] for way in arriving["new"]] == [[bank.ids[TINGSONG], bank.ids[CHENGHU]]]
    assert not arriving["gone"] and not spreading["new"]
    network = client.get(f"/v1/firms/{CODES[CHENGHU]}/network?since=2025-05-01").json()["changes"]
    assert [node["name"] for node in network["joined"]] == [TINGSONG]
    assert [edge["type"] for edge in network["new"]] == ["GUARANTEES"] and network["new"][0]["row"]["file"] == "world.csv"
    assert not network["left"] and not network["ended"] and not network["changed"]


def without_batch(answer: Any) -> str:
    return re.sub(r"'batch': '[^']*'", "", repr(answer))


@pytest.mark.parametrize(
    ("path", "asked", "example"),
    [
        ("/v1/firms/{firm_id}/paths", f"{PATHS}?to={CODES[TINGSONG]}&as_of=2026-03-31", path_examples.PATHS),
        ("/v1/firms/{firm_id}", f"/v1/firms/{CODES[CHENGHU]}?parts=owners,limits&as_of=2026-03-31", path_examples.PARTS),
    ],
)
def test_the_examples_of_the_document_are_what_is_answered(
    client: TestClient, path: str, asked: str, example: dict[str, Any]
) -> None:
    operation = client.get("/openapi.json").json()["paths"][path]["get"]
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"]["known"]["value"]
    assert shown == without_nulls(example["known"]["value"])  # the document leaves out what is null
    assert without_batch(client.get(asked).json()) == without_batch(example["known"]["value"])


def test_persons_on_a_network_and_a_path_are_masked(client: TestClient) -> None:
    for answer in (client.get(f"{PATHS}?to={CODES[BAIYUN]}"), client.get(f"/v1/firms/{CODES[CHENGHU]}/network?toward=firm")):
        assert answer.status_code == 200 and WANG not in answer.text and "p:" not in answer.text


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        (f"{PATHS}", 422, "to"),
        (f"{PATHS}?to=nobody", 422, "to"),
        (f"{PATHS}?to={CODES[CHENGHU]}", 422, "to"),
        (f"{PATHS}?to=Firm-{'0' * 32}", 404, "to"),
        (f"/v1/firms/Firm-{'0' * 32}/paths?to={CODES[CHENGHU]}", 404, "firm"),
        (f"{PATHS}?to={CODES[TINGSONG]}&types=MARRIES", 422, "types"),
        (f"{PATHS}?to={CODES[TINGSONG]}&as_of=2026-04-01", 422, "as_of"),
        (f"{PATHS}?to={CODES[TINGSONG]}&since=2026-04-01", 422, "since"),
        (f"{PATHS}?to={CODES[TINGSONG]}&as_of=2025-06-30&since=2025-07-01", 422, "since"),
        (f"{PATHS}?to={CODES[TINGSONG]}&as_of=2020-01-01", 404, "firm"),
        (f"{PATHS}?to={CODES[TINGSONG]}&k=0", 422, "k"),
    ],
)
def test_what_cannot_be_answered_names_the_field(client: TestClient, asked: str, status: int, field: str) -> None:
    refused = client.get(asked)
    assert (refused.status_code, refused.json().get("field")) == (status, field)
