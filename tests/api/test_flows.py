"""Where a firm's money went, as a loan system is answered: a bank of four firms with one drawdown that half came back."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.roles import Role
from api.wire import flows_examples
from graph.clock import start_of_day_us
from graph.stores import build_ladybug
from tests.api.bank import BAIYUN, CHENGHU, CODES, TINGSONG, WANG, Bank, build_bank
from tests.api.conftest import without_nulls
from tests.worlds.build import World


def at(day: str) -> int:
    return start_of_day_us(date.fromisoformat(day), "Asia/Shanghai") + 36_000_000_000


def pay(world: World, way: tuple[str, str], day: str, fen: int, purpose: str, occurrence: int = 0) -> None:  # noqa: PLR0917
    dated: dict[str, Any] = {"valid_from": day, "known": day, "at": at(day), "purpose": purpose}
    world.relation("TRANSFERS", *way, occurrence=occurrence, amount_fen=fen, **dated)


@pytest.fixture(scope="module")
def paying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Bank, World]]:
    home = tmp_path_factory.mktemp("paying")
    bank = build_bank(home)
    world = World(home)
    for firm in (CHENGHU, TINGSONG, BAIYUN):
        world.firm(firm, uscc=CODES[firm], size="medium", status="active", branch="B01", established_on="2012-05-20")
    world.entity(
        "LoanNote", "JJ-3001", number="JJ-3001", product="working_capital", principal_fen=500_000_000, matures_on="2026-12-31"
    )
    world.relation("BORROWS", CHENGHU, "JJ-3001")
    for account, owner in (("6201", CHENGHU), ("6202", TINGSONG), ("6203", BAIYUN), ("9901", "")):
        world.entity("Account", account, number=account)
        if owner:
            world.relation("OWNS_ACCOUNT", owner, account)
    day = "2026-03-02"
    drawn: dict[str, Any] = {"valid_from": day, "known": day, "at": at(day) - 36_000_000_000}
    world.relation("DISBURSES", "JJ-3001", "6202", amount_fen=500_000_000, entrusted=True, **drawn)
    pay(world, ("6202", "6201"), "2026-03-05", 250_000_000, "往来款")
    pay(world, ("6202", "9901"), "2026-03-06", 100_000_000, "购房款")
    pay(world, ("6202", "9901"), "2026-03-07", 80_000_000, "货款", 1)
    pay(world, ("6202", "6203"), "2026-03-08", 70_000_000, "货款")
    pay(world, ("6203", "6202"), "2026-03-09", -1_000, "冲正")
    world.commit()
    build_ladybug(world.ledger, home / "graph")
    with TestClient(create_app(bank.platform), headers={"X-API-Key": bank.keys[Role.OFFICER]}) as client:
        yield client, bank, world


def without_batch(answer: Any) -> str:
    return re.sub(r"'batch': '[^']*'", "", repr(answer))


def test_the_last_drawdown_is_traced_to_its_ends_with_the_rows_that_tell_it(paying: tuple[TestClient, Bank, World]) -> None:
    answer = paying[0].get(f"/v1/firms/{CODES[CHENGHU]}/flows").json()
    (flow,) = answer["flows"]
    assert (flow["round_trip"], flow["round_trip_days"], flow["out_of_sight"]) == (0.5, 3, 0.16)
    assert {each["end"]: each["amount_fen"] for each in flow["sums"]} == {
        "borrower": 250_000_000, "property": 100_000_000, "outside": 80_000_000, "third_party": 70_000_000,
    }  # fmt: skip
    assert sum(each["amount_fen"] for each in flow["ends"]) == flow["traced_fen"] == 500_000_000
    (house,) = (each for each in flow["ends"] if each["end"] == "property")
    assert (house["known_by"], house["word"]) == ("purpose", "购房款")
    assert all(each["row"]["file"] == "world.csv" and each["row"]["line"] for each in flow["payments"])


def test_the_example_of_the_document_is_what_is_answered(paying: tuple[TestClient, Bank, World]) -> None:
    client = paying[0]
    operation = client.get("/openapi.json").json()["paths"]["/v1/firms/{firm_id}/flows"]["get"]
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"]["round_trip"]["value"]
    assert shown == without_nulls(flows_examples.FLOWS["round_trip"]["value"])
    answer = client.get(f"/v1/firms/{CODES[CHENGHU]}/flows?from=JJ-3001&days=4&as_of=2026-03-31").json()
    assert without_batch(without_nulls(answer)) == without_batch(shown)


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        ("from=JJ-3001&days=3", {"borrower": 250_000_000, "third_party": 250_000_000}),
        ("from=JJ-3001&amount=300000000", {"borrower": 250_000_000, "property": 50_000_000}),
        ("from=2026-03-05", {"unspent": 250_000_000}),
        ("from=2026-03-02&hops=0", {"third_party": 500_000_000}),
    ],
)
def test_a_note_or_a_day_a_part_and_bounds_may_be_named(
    paying: tuple[TestClient, Bank, World], asked: str, ends: dict[str, int]
) -> None:
    (flow,) = paying[0].get(f"/v1/firms/{CODES[CHENGHU]}/flows?{asked}").json()["flows"]
    assert {each["end"]: each["amount_fen"] for each in flow["sums"]} == ends


def test_backward_a_payment_by_its_id_names_the_loan_that_it_was_made_of(paying: tuple[TestClient, Bank, World]) -> None:
    client, _, world = paying
    forward = client.get(f"/v1/firms/{CODES[CHENGHU]}/flows").json()["flows"][0]
    (rel,) = (each["id"] for each in forward["payments"] if each["dst"]["name"] == "6203")
    (flow,) = client.get(f"/v1/firms/{CODES[TINGSONG]}/flows?from={rel}&direction=backward&method=pro_rata").json()["flows"]
    assert [(each["end"], each["amount_fen"]) for each in flow["sums"]] == [("loan", 70_000_000)]
    assert flow["payments"][-1]["src"]["id"] == world.id("JJ-3001")


def test_on_an_earlier_day_only_what_was_known_then_is_traced(paying: tuple[TestClient, Bank, World]) -> None:
    (flow,) = paying[0].get(f"/v1/firms/{CODES[CHENGHU]}/flows?as_of=2026-03-05").json()["flows"]
    assert {each["end"] for each in flow["sums"]} == {"borrower", "third_party"}


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ("from=JJ-9", 404, "from"),
        ("from=2026-03-30", 404, "from"),
        ("from=2026-04-30", 422, "from"),
        ("from=2026-02-31", 422, "from"),
        ("from=" + "0" * 32, 404, "from"),
        ("amount=0", 422, "amount"),
        ("amount=500000001", 422, "amount"),
        ("days=-1", 422, "days"),
        ("method=lifo", 422, "method"),
        ("direction=up", 422, "direction"),
        ("as_of=2026-03-01", 404, "firm"),
        ("depth=3", 422, "depth"),
    ],
)
def test_what_cannot_be_answered_names_the_field(
    paying: tuple[TestClient, Bank, World], asked: str, status: int, field: str
) -> None:
    refused = paying[0].get(f"/v1/firms/{CODES[CHENGHU]}/flows?{asked}")
    assert (refused.status_code, refused.json()["field"]) == (status, field)


def test_the_shapes_around_a_firm_and_what_is_asked_wrongly(paying: tuple[TestClient, Bank, World]) -> None:
    client = paying[0]
    shown = client.get(f"/v1/firms/{CODES[TINGSONG]}/flow-shapes?parties=3").json()
    assert [(each["kind"], each["others"], each["amount_fen"]) for each in shown["shapes"]] == [("scatter", 3, 500_000_000)]
    assert client.get(f"/v1/firms/{CODES[TINGSONG]}/flow-shapes?share=0").json()["field"] == "share"
    assert client.get("/v1/firms/nobody/flow-shapes").status_code == 422
    for path in ("flow-shapes", "flows"):
        unknown = client.get("/v1/firms/Firm-" + "0" * 32 + f"/{path}")
        assert (unknown.status_code, unknown.json()["field"]) == (404, "firm") and "Nothing is known" in unknown.json()["detail"]
        assert client.get(f"/v1/firms/{CODES[TINGSONG]}/{path}?as_of=1950-01-01").status_code == 404


def test_names_of_persons_stay_masked(paying: tuple[TestClient, Bank, World]) -> None:
    text = paying[0].get(f"/v1/firms/{CODES[CHENGHU]}/flows").text
    assert WANG not in text and "p:" not in text
