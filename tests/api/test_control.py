"""Who controls a firm, and its beneficial owners, as a loan system is answered."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.wire import control_examples
from tests.api.bank import CHENGHU, CODES, TINGSONG, WANG, Bank


def without_batch(answer: Any) -> str:
    return re.sub(r"'batch': '[^']*'", "", repr(answer))


@pytest.mark.parametrize(
    ("path", "example"),
    [("controllers", control_examples.CONTROLLERS), ("beneficial-owners", control_examples.BENEFICIAL_OWNERS)],
)
def test_the_examples_of_the_document_are_what_is_answered(client: TestClient, path: str, example: dict[str, Any]) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/firms/{firm_id}/" + path]["get"]
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"]["known"]["value"]
    assert shown == example["known"]["value"]
    answer = client.get(f"/v1/firms/{CODES[CHENGHU]}/{path}?as_of=2026-03-31")
    assert without_batch(answer.json()) == without_batch(shown)


def test_a_chain_names_the_row_of_each_link_and_masks_persons(client: TestClient) -> None:
    answer = client.get(f"/v1/firms/{CODES[CHENGHU]}/controllers")
    (controller,) = answer.json()["controllers"]
    ((link,),) = controller["chains"][0]["steps"]
    assert link["row"]["file"] == "world.csv" and link["row"]["line"]
    assert controller["party"]["name"] == "王**" and WANG not in answer.text and "p:" not in answer.text


def test_a_firm_of_which_no_holder_is_known_is_not_determinable_and_says_what_is_missing(client: TestClient, bank: Bank) -> None:
    answer = client.get(f"/v1/firms/{CODES[TINGSONG]}/beneficial-owners").json()
    assert (answer["status"], answer["owners"]) == ("not_determinable", [])
    assert [(gap["party"]["id"], gap["weight"]) for gap in answer["missing"]] == [(bank.ids[TINGSONG], 1.0)]


@pytest.mark.parametrize("path", ["controllers", "beneficial-owners"])
@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ("nobody/{}", 422, "firm"),
        ("Firm-" + "0" * 32 + "/{}", 404, "firm"),
        (CODES[CHENGHU] + "/{}?as_of=2026-04-01", 422, "as_of"),
        (CODES[CHENGHU] + "/{}?as_of=tomorrow", 422, "as_of"),
        (CODES[CHENGHU] + "/{}?day=2026-03-31", 422, "day"),
    ],
)
def test_what_cannot_be_answered_names_the_field(client: TestClient, path: str, asked: str, status: int, field: str) -> None:
    refused = client.get("/v1/firms/" + asked.format(path))
    assert (refused.status_code, refused.json()["field"]) == (status, field)
