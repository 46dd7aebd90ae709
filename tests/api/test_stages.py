"""The three stages over HTTP, on the tiny bank: what is said, on what evidence, and that it is still said tomorrow."""

from typing import Any

from fastapi.testclient import TestClient

from tests.api.bank import BAIYUN, CHENGHU, CODES, QIUSHI, TINGSONG, TODAY, WANG, Bank
from tests.api.conftest import open_client

ON = TODAY.isoformat()


def test_a_performing_firm_is_not_declined_and_an_overdue_one_is(client: TestClient) -> None:
    ask = {"amount_fen": 100_000_000, "on": ON}
    good = client.post("/v1/decisions/pre-loan", json=ask | {"applicant": {"uscc": CODES[CHENGHU]}}).json()
    bad = client.post("/v1/decisions/pre-loan", json=ask | {"applicant": {"uscc": CODES[TINGSONG]}}).json()
    assert good["advice"] != "decline"
    assert bad["advice"] == "decline"
    assert {row["file"] for row in bad["evidence"]["rows"]} == {"world.csv"}
    assert all(row["line"] and row["batch"] for row in bad["evidence"]["rows"])


def test_an_applicant_nobody_knows_is_answered_from_what_it_declares(client: TestClient) -> None:
    made = client.post("/v1/decisions/pre-loan", json={"applicant": {"name": "无名有限公司"}, "amount_fen": 1, "on": ON})
    assert made.status_code == 201
    assert made.json()["unseen"]


def test_money_paid_back_to_the_owner_is_not_released(client: TestClient) -> None:
    ask = {"loan_note": "JJ-1001", "amount_fen": 1_000_000, "on": ON, "payee": {"firm": {"name": BAIYUN}}}
    made = client.post("/v1/decisions/drawdown", json=ask)
    assert made.status_code == 201
    assert made.json()["advice"] in {"hold", "block"}


def test_a_decision_can_be_read_again_as_it_was_given(client: TestClient) -> None:
    made = client.post("/v1/decisions/pre-loan", json={"applicant": {"name": CHENGHU}, "amount_fen": 1, "on": ON})
    assert client.get(f"/v1/decisions/{made.json()['id']}").json() == made.json()


def test_a_scan_raises_alerts_and_a_second_one_changes_nothing(fresh_bank: Bank) -> None:
    with open_client(fresh_bank) as client:
        first = client.post("/v1/scans", json={"as_of": ON})
        assert first.status_code == 201
        assert (first.json()["status"], first.json()["new"]) == ("done", first.json()["red"] + first.json()["orange"])
        assert client.get(f"/v1/scans/{first.json()['id']}").json() == first.json()
        again = client.post("/v1/scans", json={"as_of": ON}).json()
        assert (again["new"], again["updated"], again["unchanged"]) == (0, 0, first.json()["new"])


def test_alerts_are_filtered_paged_and_traceable(fresh_bank: Bank) -> None:
    with open_client(fresh_bank) as client:
        client.post("/v1/scans", json={})
        everything = client.get("/v1/alerts").json()["items"]
        assert {item["firm"]["name"] for item in everything} >= {TINGSONG}
        assert all(item["grade"] == "red" for item in client.get("/v1/alerts?grade=red").json()["items"])
        tingsong = client.get(f"/v1/alerts?firm={CODES[TINGSONG]}").json()["items"]
        assert {item["firm"]["id"] for item in tingsong} == {fresh_bank.ids[TINGSONG]}
        assert client.get("/v1/alerts?as_of=2026-03-30").json()["items"] == [], "nothing had been raised the day before"
        assert paged(client) == [item["id"] for item in everything]
        alert = client.get(f"/v1/alerts/{tingsong[0]['id']}").json()["alert"]
        overdue = next(row for row in alert["evidence"]["rows"] if row["property"] == "days_past_due")
        assert (overdue["value"], overdue["file"]) == ("120", "world.csv")
        assert alert["hits"][0]["citation"]["document"]
        assert alert["sentence"]["zh"]


def paged(client: TestClient) -> list[str]:
    ids: list[str] = []
    cursor = ""
    while True:
        page = client.get("/v1/alerts", params={"limit": 1, "cursor": cursor}).json()
        ids += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return ids
        cursor = page["next"]


def test_firms_are_found_by_name_code_and_id(client: TestClient, bank: Bank) -> None:
    for text in (CHENGHU, CODES[CHENGHU], bank.ids[CHENGHU], "澄湖"):
        found = client.get("/v1/firms", params={"q": text}).json()["items"]
        assert [(hit["id"], hit["uscc"]) for hit in found] == [(bank.ids[CHENGHU], CODES[CHENGHU])]


def test_a_firm_is_shown_with_every_figure_beside_its_row(client: TestClient, bank: Bank) -> None:
    firm = client.get(f"/v1/firms/{CODES[CHENGHU]}").json()
    assert firm == client.get(f"/v1/firms/{bank.ids[CHENGHU]}").json()
    exposure = firm["exposure"]
    sums = {name: exposure[name] for name in ("balance_fen", "limit_fen", "due_90_days_fen", "overdue_fen")}
    assert sums == {"balance_fen": 15 * 10**8, "limit_fen": 20 * 10**8, "due_90_days_fen": 15 * 10**8, "overdue_fen": 0}
    assert [(owner["name"], owner["equity_share"]) for owner in firm["owners"]] == [("王**", 0.6), (BAIYUN, 0.4)]
    (given,) = firm["guarantees_given"]
    assert (given["other_name"], given["amount_fen"], given["liability"]) == (TINGSONG, 800_000_000, "joint_and_several")
    assert firm["guarantees_taken"] == []
    rows = [firm["identity"]["row"], given["row"], *(each["row"] for each in (*exposure["notes"], *firm["owners"]))]
    assert all(row["file"] == "world.csv" and row["line"] and row["batch"] for row in rows)
    assert sum(source["rows"] for source in firm["sources"]) >= len(rows)


def test_a_firm_that_only_others_name_says_what_cannot_be_seen(client: TestClient, bank: Bank) -> None:
    firm = client.get(f"/v1/firms/{bank.ids[QIUSHI]}").json()
    assert firm["identity"]["stub"] is True
    assert firm["exposure"]["balance_fen"] is None, "unknown is not zero"
    assert len(firm["blind_spots"]) == 5


def test_a_firm_is_shown_as_it_was_known_on_an_earlier_day(client: TestClient, bank: Bank) -> None:
    earlier = client.get(f"/v1/firms/{bank.ids[CHENGHU]}?as_of=2025-05-31").json()
    assert earlier["guarantees_given"] == [], "the guarantee begins the day after"
    assert earlier["exposure"]["balance_fen"] is None, "the first state of the note is of March 2026"


def test_the_network_names_every_relation_with_its_row(client: TestClient, bank: Bank) -> None:
    network = client.get(f"/v1/firms/{bank.ids[CHENGHU]}/network?depth=1").json()
    assert network["complete"] is True
    names = {node["name"]: node["distance"] for node in network["nodes"]}
    assert names == {CHENGHU: 0, TINGSONG: 1, BAIYUN: 1, QIUSHI: 1, "王**": 1}
    kinds = sorted(edge["type"] for edge in network["edges"])
    assert kinds == ["GUARANTEES", "HOLDS_SHARES", "HOLDS_SHARES", "SUPPLIES"]
    assert all(edge["row"]["file"] == "world.csv" for edge in network["edges"])


def test_the_network_can_be_narrowed_to_named_relations(client: TestClient, bank: Bank) -> None:
    path = f"/v1/firms/{bank.ids[CHENGHU]}/network"
    assert {edge["type"] for edge in client.get(f"{path}?types=GUARANTEES").json()["edges"]} == {"GUARANTEES"}
    refused = client.get(f"{path}?types=LIKES")
    assert (refused.status_code, refused.json()["field"]) == (422, "types")


def test_the_network_is_a_picture_where_one_is_asked_for(client: TestClient, bank: Bank) -> None:
    path = f"/v1/firms/{bank.ids[CHENGHU]}/network"
    by_header = client.get(path, headers={"Accept": "image/svg+xml"})
    by_format = client.get(f"{path}?format=svg")
    assert by_header.headers["content-type"] == by_format.headers["content-type"] == "image/svg+xml"
    assert by_header.text == by_format.text
    assert TINGSONG in by_format.text
    assert "style=" not in by_format.text


def test_no_answer_shows_a_person_or_a_token(client: TestClient, bank: Bank) -> None:
    client.post("/v1/scans", json={})
    path = f"/v1/firms/{bank.ids[CHENGHU]}"
    for asked in (path, f"{path}/network", f"{path}/network?format=svg", "/v1/alerts"):
        answer = client.get(asked)
        assert WANG not in answer.text
        assert '"p:' not in answer.text


def test_every_example_of_the_document_is_answered(client: TestClient) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    sent = 0
    for path, item in document["paths"].items():
        if "{" in path:
            continue  # of a thing by its id: its own tests send those
        content = item.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            assert client.post(path, json=example["value"]).status_code in (200, 201), example
            sent += 1
    assert sent >= 3
