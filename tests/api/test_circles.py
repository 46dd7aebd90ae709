"""Guarantee circles over HTTP and on the command line: ranked, one by its identity, one firm's, with rows and lineage."""

import json
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from graph.knowledge.circles.kind import CIRCLES_KIND
from graph.knowledge.compute import compute_book
from graph.snapshot import Snapshot
from graph.stores import build_ladybug
from tests.api.bank import Bank, build_bank, open_bank
from tests.api.conftest import open_client
from tests.worlds.build import World
from yujing.cli import build_app

RING, PAIR, CHAIN = "ABC", "DE", "FG"


@pytest.fixture(scope="module")
def ringed(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """The bank with a circle of three of whom a person is one, a pair, and a chain; computed for two days."""
    home = tmp_path_factory.mktemp("ringed")
    made = build_bank(home)
    world = World(home, feed="more")
    for firm in "ABDEFG":
        world.firm(firm, name=f"虚构{firm}公司")
    world.person("C", name=made.platform.vault.tokenise(pa.array(["李小明"]), "name")[0].as_py())
    for src, dst, amount in (("A", "B", 100), ("B", "C", 30), ("C", "A", 90), ("D", "E", 50), ("E", "D", 60), ("F", "G", 9)):
        world.relation("GUARANTEES", src, dst, amount_fen=amount, valid_from="2026-02-01")
    for firm, owed in {"A": 1000, "B": 500, "D": 4000}.items():
        world.entity("LoanNote", f"n{firm}", number=f"n{firm}", principal_fen=owed).relation("BORROWS", firm, f"n{firm}")
    world.fact("FinancialStatement", "A", valid_from="2026-01-01", period_end="2025-12-31", net_assets_fen=40)
    world.commit()
    build_ladybug(world.ledger, home / "graph")
    platform = open_bank(home)
    for day in (date(2026, 1, 31), date(2026, 3, 31)):
        compute_book(platform.knowledge, Snapshot(platform.ledger, day), (CIRCLES_KIND,))
    ids = {key: world.id(key) for key in world.keys}
    return Bank(home, platform, made.keys, ids)


@pytest.fixture(scope="module")
def asked(ringed: Bank) -> TestClient:
    return open_client(ringed)


def listed(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.get("/v1/guarantee-circles", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_circles_are_ranked_and_read_page_by_page(asked: TestClient) -> None:
    first = listed(asked, limit=1)
    (pair,) = first["items"]
    assert (first["total"], pair["kind"], pair["exposure_fen"], pair["cut_fen"], pair["cut_exact"]) == (2, "mutual", 4000, 50, True)
    (ring,) = listed(asked, limit=1, cursor=first["next"])["items"]
    assert (ring["members"], ring["exposure_fen"], ring["leader"]["name"]) == (3, 1500, "虚构A公司")
    assert listed(asked, as_of="2026-01-31")["items"] == []


def test_one_circle_names_its_weakest_link_its_cut_the_rows_and_what_became_of_it(asked: TestClient) -> None:
    ring = listed(asked)["items"][1]
    answer = asked.get(f"/v1/guarantee-circles/{ring['id']}")
    view = answer.json()
    assert (view["circle"]["weakest"]["name"], view["circle"]["loss_fen"]) == ("虚构A公司", 1000)
    assert [(call["guarantor"]["name"], call["net_assets_fen"]) for call in view["calls"]] == [("李**", None)]
    assert [call["exhausted"] for call in view["calls"]] == [None] and view["circle"]["endangered_fen"] == 0
    (cut,) = view["cut"]
    assert (cut["guarantor"]["name"], cut["borrower"]["name"], cut["consent"]) == ("虚构B公司", "李**", "other_lenders")
    assert all(each["row"]["file"] == "world.csv" and each["row"]["line"] for each in view["guarantees"])
    assert [each["statement"]["line"] is not None for each in view["members"] if each["net_assets_fen"]] == [True]
    assert [(each["on"], each["event"]) for each in view["lineage"]] == [("2026-03-31", "born")]
    assert "李小明" not in answer.text and "p:" not in answer.text


def test_a_firm_is_answered_from_the_book_and_on_other_days_from_the_graph(asked: TestClient, ringed: Bank) -> None:
    book = asked.get(f"/v1/firms/{ringed.ids['B']}/guarantee-circles").json()
    graph = asked.get(f"/v1/firms/{ringed.ids['B']}/guarantee-circles?as_of=2026-03-30").json()
    assert (book["source"], graph["source"]) == ("book", "graph")
    assert book["circle"]["circle"]["id"] and graph["circle"]["circle"]["id"] is None
    assert graph["circle"]["members"] == book["circle"]["members"] and graph["circle"]["cut"] == book["circle"]["cut"]
    assert graph["chain"] == book["chain"]
    none = asked.get(f"/v1/firms/{ringed.ids['G']}/guarantee-circles").json()
    assert none["circle"] is None and (none["chain"]["above"], none["chain"]["below"]) == (1, 0)


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("guarantee-circles?as_of=2026-02-14", 404, "as_of"),
        ("guarantee-circles?as_of=2026-04-01", 422, "as_of"),
        ("guarantee-circles?by=name", 422, "by"),
        ("guarantee-circles?cursor=x", 422, "cursor"),
        ("guarantee-circles/Circle-0", 404, "id"),
        ("firms/Firm-" + "0" * 32 + "/guarantee-circles", 404, "firm"),
        ("firms/Firm-" + "0" * 32 + "/guarantee-circles?as_of=1999-01-01", 404, "firm"),
        ("firms/nobody/guarantee-circles", 422, "firm"),
    ],
)
def test_what_cannot_be_answered_names_the_field(asked: TestClient, path: str, status: int, field: str) -> None:
    refused = asked.get(f"/v1/{path}")
    assert (refused.status_code, refused.json()["field"]) == (status, field)


def test_the_command_line_says_the_same(ringed: Bank, asked: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_HOME", str(ringed.home))
    monkeypatch.setenv("YUJING_TODAY", "2026-03-31")

    def run(*words: str) -> str:
        told = CliRunner().invoke(build_app(), ["circles", *words], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.output

    ring = listed(asked)["items"][1]["id"]
    day = ("--as-of", "2026-03-31")
    assert json.loads(run(*day, "--json")) == listed(asked, limit=20)
    assert "净资产未知，按零计" in run("show", ring, *day)
    assert json.loads(run("show", ring, *day, "--json")) == asked.get(f"/v1/guarantee-circles/{ring}").json()
    assert "虚构B公司 → 李**" in run("show", ring, *day) and "world.csv:" in run("show", ring, *day)
    assert ring in run(*day) and "薄弱环节" in run("firm", ringed.ids["B"], *day)
