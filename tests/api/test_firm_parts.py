"""The 360 and its parts: each alone the same as on the page, each honest about what was not computed."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from alerts.said import Grade
from api.portrait import PARTS
from api.portrait.headline import Standing, headline
from tests.api.bank import BAIYUN, CHENGHU, CODES, QIUSHI, TINGSONG, WANG, Bank

PAGE = f"/v1/firms/{CODES[CHENGHU]}"


def part(client: TestClient, name: str, firm: str = CHENGHU) -> dict[str, Any]:
    found: dict[str, Any]
    (found,) = client.get(f"/v1/firms/{CODES[firm]}?parts={name}").json()["parts"]
    return found


def figures(told: dict[str, Any]) -> dict[str, Any]:
    return {figure["name"]: figure["value"] for figure in told["figures"]}


def test_the_page_has_every_part_and_each_alone_is_the_same(client: TestClient) -> None:
    page = client.get(PAGE).json()
    assert [each["name"] for each in page["parts"]] == [kind.name for kind in PARTS]
    for each in page["parts"]:
        assert part(client, each["name"]) == each
    two = client.get(f"{PAGE}?parts=owners,exposure").json()
    assert [each["name"] for each in two["parts"]] == ["owners", "exposure"] and two["firm"]["name"] == CHENGHU


def test_the_sentence_says_exposure_class_maturity_control_and_what_can_arrive(client: TestClient) -> None:
    told = client.get(PAGE).json()["headline"]
    assert told["zh"] == (
        f"{CHENGHU}：余额1,500万元，分类正常，无逾期，90天内到期1,500万元，实际控制人王**，最大可传入风险来自王**（60%）。"
    )
    assert told["en"].startswith(f"{CHENGHU}: owes CNY 15 m, classed normal, not past due, CNY 15 m due within 90 days")


def test_exposure_owners_and_guarantees_with_their_rows(client: TestClient, bank: Bank) -> None:
    owed = figures(part(client, "exposure"))
    assert (owed["balance_fen"], owed["net_of_collateral_fen"], owed["collateral_fen"]) == (1_500_000_000, 1_500_000_000, None)
    owners = part(client, "owners")
    assert figures(owners)["known_equity"] == 1.0
    assert [item["party"]["name"] for item in owners["items"]] == ["王**", BAIYUN]
    guarantees = part(client, "guarantees")
    assert figures(guarantees) == {"given_fen": 800_000_000, "taken_fen": 0}
    assert guarantees["items"][0]["party"]["id"] == bank.ids[TINGSONG]
    for item in (*owners["items"], *guarantees["items"]):
        assert item["row"]["file"] == "world.csv" and item["row"]["line"]


def test_trade_says_how_concentrated_it_is_and_how_it_moved_over_a_year(client: TestClient) -> None:
    trade = part(client, "trade")
    told = figures(trade)
    assert (told["sellers"], told["largest_seller_share"], told["seller_concentration"]) == (1, 1.0, 1.0)
    assert told["buyers"] == 0 and told["buyers_annual_fen"] is None
    (item,) = trade["items"]
    assert item["party"]["name"] == QIUSHI and figures(item)["change_over_a_year"] == 0.0


def test_statements_are_series_with_a_row_a_point(client: TestClient) -> None:
    (net,) = part(client, "statements")["series"]
    assert net["name"] == "net_assets_fen"
    assert [(point["day"], point["value"]) for point in net["points"]] == [("2025-12-31", 3_000_000_000)]


@pytest.mark.parametrize("name", ["group", "connected", "circles", "limits", "flows"])
def test_what_was_not_computed_says_how_to_compute_it(client: TestClient, name: str) -> None:
    told = part(client, name)
    assert not told["computed"] and "yujing knowledge --as-of 2026-03-31" in told["says"][0]["en"]
    assert not told["items"]


def test_blind_spots_name_what_is_missing_and_how_old_the_rest_is(client: TestClient) -> None:
    told = part(client, "blind_spots")
    assert figures(told) == {"newest_period_end": "2025-12-31", "newest_month": None, "newest_reported_on": None}
    assert any("征信" in each["zh"] for each in told["says"])


def test_no_part_shows_a_person_s_name(client: TestClient) -> None:
    text = client.get(PAGE).text
    assert WANG not in text and '"p:' not in text and "王**" in text


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        (f"{PAGE}?parts=horoscope", 422, "parts"),
        (f"{PAGE}?parts=,", 422, "parts"),
        (f"{PAGE}?as_of=2026-04-01", 422, "as_of"),
        (f"{PAGE}?as_of=2020-01-01", 404, "firm"),
        (f"/v1/firms/Firm-{'0' * 32}?parts=owners", 404, "firm"),
    ],
)
def test_what_cannot_be_answered_names_the_field(client: TestClient, asked: str, status: int, field: str) -> None:
    refused = client.get(asked)
    assert (refused.status_code, refused.json()["field"]) == (status, field)


@pytest.mark.parametrize(
    ("standing", "zh", "en"),
    [
        (Standing("甲", None), "甲：在本行余额未知。", "甲: what it owes the bank is not known."),
        (
            Standing("甲", 0, worst_five_tier="loss", worst_days_past_due=9),
            "甲：在本行无余额。",
            "甲: owes the bank nothing.",
        ),
        (
            Standing(
                "甲",
                10_000_000_000,
                net_fen=4_000_000_000,
                due_90_days_fen=0,
                worst_five_tier="substandard",
                worst_days_past_due=95,
                controllers=("王**", "乙"),
                group_owed_fen=25_000_000_000,
                arriving=("丙", 0.125),
                grades=(Grade.YELLOW, Grade.RED),
            ),
            "甲：余额1亿元（扣除押品后4,000万元），分类次级，逾期95天，集团合计2.5亿元，实际控制人王**、乙，最大可传入风险来自丙（12.5%），"
            "2条预警，最高红色。",
            "甲: owes CNY 100 m (CNY 40 m net of collateral), classed substandard, 95 days past due, its group owes CNY 250 m, "
            "controlled by 王**, 乙, most exposed to 丙 (12.5%), 2 alerts, the worst red.",
        ),
    ],
)
def test_the_sentence_says_nothing_that_is_not_known(standing: Standing, zh: str, en: str) -> None:
    said = headline(standing)
    assert (said.zh, said.en) == (zh, en)
