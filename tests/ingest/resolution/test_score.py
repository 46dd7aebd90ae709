"""Which firms may be one, and by which reasons."""

from pathlib import Path

import polars as pl
import pytest

from ingest.resolution.records import firm_records
from ingest.resolution.score import Pair, Scoring, score_pairs
from tests.ingest.resolution.town import NAMES, code, reach, town
from tests.worlds.build import World

QUICK = Scoring(random_pairs=50_000.0)
DAY = "2026-03-31"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return town(tmp_path)


def pairs_of(world: World, scoring: Scoring = QUICK) -> list[Pair]:
    world.commit()
    return score_pairs(firm_records(world.snapshot(DAY)), scoring)


def ends(pairs: list[Pair]) -> set[frozenset[str]]:
    return {frozenset((pair.left, pair.right)) for pair in pairs}


def test_a_town_of_strangers_has_no_proposals(world: World) -> None:
    assert pairs_of(world) == []


def test_a_name_typed_otherwise_at_the_same_address_is_proposed(world: World) -> None:
    world.firm("P1", name="瑾泰貿易（澄岭）有限責任公司")
    reach(world, "P1", "澄岭市望澜街0号", "address")
    (pair,) = pairs_of(world)
    assert ends([pair]) == {frozenset((world.id("F0"), world.id("P1")))}
    reasons = {reason.feature: reason for reason in pair.reasons}
    assert reasons["names"].level_en == "same trade name and trade"
    assert reasons["addresses"].level_en == "same address"


def test_the_waterfall_adds_up_to_the_log_odds(world: World) -> None:
    world.firm("P1", name="澄岭瑾泰贸易", registered_capital_fen=300_000_000)
    reach(world, "P1", "澄岭市望澜街0号", "address")
    (pair,) = pairs_of(world)
    assert pair.bits == pytest.approx(pair.prior_bits + sum(reason.bits for reason in pair.reasons), abs=1e-6)
    assert pair.probability == pytest.approx(1 / (1 + 2**-pair.bits), rel=1e-9)


def test_two_valid_different_codes_are_never_proposed_however_alike(world: World) -> None:
    world.firm("P1", name=NAMES[0], uscc=code(900), registered_capital_fen=300_000_000, established_on="2000-01-10")
    reach(world, "P1", "澄岭市望澜街0号", "address")
    assert pairs_of(world) == []


def test_a_code_with_two_characters_mistyped_is_a_reason(world: World) -> None:
    typed = code(0)[:9] + "NA" + code(0)[11:]
    world.firm("P1", name="澄岭瑾泰贸易有限公司", uscc=typed)
    (pair,) = pairs_of(world)
    assert "codes" in {reason.feature for reason in pair.reasons if reason.bits > 5}


def test_a_branch_office_is_not_its_head_office(world: World) -> None:
    world.firm("P1", name="澄岭瑾泰贸易有限公司第一分公司")
    reach(world, "P1", "澄岭市望澜街0号", "address")
    assert pairs_of(world) == []


def test_a_common_trade_name_weighs_less_than_a_rare_one(world: World) -> None:
    for number in range(12):
        world.firm(f"N{number}", name=f"澄岭鼎峻{'甲乙丙丁戊己庚辛壬癸子丑'[number]}工程有限公司", uscc=code(500 + number))
        world.firm(f"M{number}", name=f"汀原鼎峻建设{'甲乙丙丁戊己庚辛壬癸子丑'[number]}有限公司", uscc=code(600 + number))
    world.firm("C1", name="澄岭瑾泰贸易有限公司", registered_capital_fen=300_000_000)
    world.firm("C2", name="鼎峻", registered_capital_fen=9_900).firm(
        "C3", name="鼎峻", uscc=code(700), registered_capital_fen=9_900
    )
    for number in range(20):
        world.firm(f"K{number}", name="鼎峻", uscc=code(800 + number), registered_capital_fen=number)
    found = {frozenset((p.left, p.right)): p for p in pairs_of(world, Scoring(threshold=0.01, random_pairs=50_000.0))}
    rare = found[frozenset((world.id("F0"), world.id("C1")))]
    common = found[frozenset((world.id("C2"), world.id("C3")))]
    bits = [next(r.bits for r in pair.reasons if r.feature == "names") for pair in (rare, common)]
    assert bits[0] > bits[1]


def test_an_address_of_a_crowd_is_no_reason(world: World) -> None:
    for number in range(10):
        reach(world, f"F{number}", "孵化器1号", "address")
    world.firm("P1", name="樾城璁毓光电有限公司")
    reach(world, "P1", "孵化器1号", "address")
    assert pairs_of(world, Scoring(threshold=0.01, random_pairs=50_000.0)) == []


def test_only_what_was_known_that_day_counts(world: World) -> None:
    world.firm("P1", name="澄岭瑾泰贸易", known="2026-01-01")
    world.entity("Contact", "澄岭市望澜街0号", contact_type="address", value="澄岭市望澜街0号")
    world.relation("SHARES_CONTACT", "P1", "澄岭市望澜街0号", known="2026-05-01")
    world.commit()
    before, after = (score_pairs(firm_records(world.snapshot(day)), QUICK) for day in (DAY, "2026-06-01"))
    assert "addresses" not in {reason.feature for pair in before for reason in pair.reasons if reason.bits > 0}
    assert "addresses" in {reason.feature for reason in after[0].reasons if reason.bits > 0}


def test_the_order_of_firms_changes_nothing(world: World) -> None:
    world.firm("P1", name="瑾泰贸易").firm("P2", name="汀原筠恺物流")
    reach(world, "P1", "澄岭市望澜街0号", "address")
    world.commit()
    records = firm_records(world.snapshot(DAY))
    every = QUICK.__class__(random_pairs=1e9)
    one, other = (score_pairs(frame, every) for frame in (records, records.sample(fraction=1, shuffle=True, seed=3)))
    assert ends(one) == ends(other)
    assert [pair.bits for pair in one] == pytest.approx([pair.bits for pair in other])


@pytest.mark.parametrize("firms", [0, 1])
def test_an_empty_book_has_no_pairs(tmp_path: Path, firms: int) -> None:
    world = World(tmp_path)
    for number in range(firms):
        world.firm(f"F{number}", name="甲")
    records = firm_records(world.snapshot(DAY)) if not firms else firm_records(_committed(world).snapshot(DAY))
    assert score_pairs(records, QUICK) == []


def test_firms_without_a_name_are_compared_by_the_rest(world: World) -> None:
    world.firm("P1", name=None, registered_capital_fen=300_000_000, established_on="2000-01-10")
    reach(world, "P1", "澄岭市望澜街0号", "address")
    assert world.id("P1") in {end for pair in pairs_of(world) for end in (pair.left, pair.right)}


def _committed(world: World) -> World:
    world.commit()
    return world


def test_records_are_one_row_a_firm_with_lists_of_what_it_shares(world: World) -> None:
    world.person("p").relation("SERVES_AS", "p", "F0", role="director").relation("HOLDS_SHARES", "p", "F0", equity_share=0.1)
    world.commit()
    row = firm_records(world.snapshot(DAY)).filter(pl.col("id") == world.id("F0")).row(0, named=True)
    assert row["people"] == [world.id("p")]
    assert row["addresses"] == [world.id("澄岭市望澜街0号")]
    assert row["code_valid"]
