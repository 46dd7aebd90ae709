"""Features of a drawn world, worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from graph.ontology.load import read_additions
from models.features import Family, FeatureTable, build_features
from tests.worlds.build import World


def value(features: FeatureTable, firm: str, name: str) -> float:
    return float(features.values[features.firms.to_pylist().index(firm), features.names.index(name)])


def owing(world: World, firm: str, late: int, balance: int = 10**8) -> None:
    world.entity("LoanNote", f"N{firm}", product="working_capital", matures_on="2025-08-01")
    world.relation("BORROWS", firm, f"N{firm}")
    world.fact("LoanNoteState", f"N{firm}", valid_from="2025-05-31", balance_fen=balance, days_past_due=late)


def test_trouble_is_carried_over_by_the_amount_of_each_guarantee(tmp_path: Path) -> None:
    """甲 guarantees 乙 (3, 45 days late) and 丙 (1, on time): 3/4 of its guarantees are half way to ninety days."""
    world = World(tmp_path).firm("甲").firm("乙").firm("丙").firm("丁")
    owing(world, "乙", 45)
    owing(world, "丙", 0)
    world.relation("GUARANTEES", "甲", "乙", amount_fen=3 * 10**8).relation("GUARANTEES", "甲", "丙", amount_fen=10**8)
    world.fact("FinancialStatement", "甲", valid_from="2024-12-31", period_end="2024-12-31", net_assets_fen=2 * 10**8)
    world.commit()
    features = build_features(world.snapshot("2025-06-30"))
    assert value(features, world.id("甲"), "GUARANTEES.out.overdue") == pytest.approx(0.75 * 0.5)
    assert value(features, world.id("甲"), "GUARANTEES.out.over_net_assets") == pytest.approx(2.0)
    assert value(features, world.id("甲"), "GUARANTEES.out.top_share") == pytest.approx(0.75)
    assert value(features, world.id("甲"), "GUARANTEES.out.others") == pytest.approx(np.log(3))
    assert value(features, world.id("乙"), "days_past_due") == 45
    assert value(features, world.id("乙"), "due_90_share") == 1
    assert np.isnan(value(features, world.id("丁"), "GUARANTEES.out.overdue"))


def test_what_is_not_known_is_missing_and_not_a_bound(tmp_path: Path) -> None:
    world = World(tmp_path).firm("甲").firm("乙")
    world.fact(
        "FinancialStatement", "甲", valid_from="2024-12-31", period_end="2024-12-31", total_assets_fen=100, total_liabilities_fen=60
    )
    world.commit()
    features = build_features(world.snapshot("2025-06-30"))
    assert value(features, world.id("甲"), "leverage") == pytest.approx(0.6)
    missing = ("current_ratio", "margin", "interest_cover", "turnover_change", "cover", "inquiries", "industry_overdue")
    assert all(np.isnan(value(features, world.id("甲"), name)) for name in missing)
    assert value(features, world.id("甲"), "sued") == 0  # no event is on record: that is known


def test_a_payment_between_accounts_ties_their_owners_and_one_person_ties_two_firms(tmp_path: Path) -> None:
    world = World(tmp_path).firm("甲").firm("乙").firm("丙").person("p").person("q")
    world.entity("Account", "a1").entity("Account", "b1")
    world.relation("OWNS_ACCOUNT", "甲", "a1").relation("OWNS_ACCOUNT", "乙", "b1")
    world.relation("TRANSFERS", "a1", "b1", valid_from="2025-05-01", known="2025-05-01", amount_fen=500)
    world.relation("HOLDS_SHARES", "p", "甲", equity_share=0.6).relation("HOLDS_SHARES", "q", "丙", equity_share=0.5)
    world.relation("KIN_OF", "p", "q", degree=1)
    world.commit()
    edges = {(e["firm"], e["other"], e["channel"]) for e in build_features(world.snapshot("2025-06-30")).exposures.to_pylist()}
    one, two, three = world.id("甲"), world.id("乙"), world.id("丙")
    assert {
        (one, two, "TRANSFERS.out"),
        (two, one, "TRANSFERS.in"),
        (one, three, "VIA_Person"),
        (three, one, "VIA_Person"),
    } <= edges
    assert (one, world.id("p"), "HOLDS_SHARES.in") in edges


def test_what_a_bank_adds_to_its_ontology_becomes_a_feature_without_code(tmp_path: Path) -> None:
    yaml = tmp_path / "ontology.yaml"
    yaml.write_text(
        "entities:\n  Firm:\n    properties:\n      esg_score: {kind: number, zh: ESG评分}\n"
        "      tier: {kind: choice, values: [gold, grey], zh: 客户分层}\n"
        "relations:\n  LEASES_TO:\n    ends: [[Firm, Firm]]\n    amount: rent_fen\n    properties: {rent_fen: money}\n",
        "utf-8",
    )
    world = World(tmp_path)
    plain = build_features(world.firm("甲", known="2024-01-01").snapshot("2025-06-30"))
    world.ledger.extend(read_additions(yaml))
    world.firm("乙", esg_score=7.5, tier="grey").firm("丙")
    owing(world, "丙", 90)
    world.relation("LEASES_TO", "乙", "丙", rent_fen=100).commit()
    features = build_features(world.snapshot("2025-06-30"))
    firm = world.id("乙")
    assert value(features, firm, "Firm.esg_score") == 7.5
    assert value(features, firm, "Firm.tier=grey") == 1
    assert value(features, firm, "Firm.tier=gold") == 0
    assert value(features, firm, "LEASES_TO.out.overdue") == 1
    assert features.version != plain.version


def test_every_feature_says_why_it_matters_in_both_languages_and_stands_once(tmp_path: Path) -> None:
    features = build_features(World(tmp_path).snapshot("2025-06-30"))
    assert all(f.zh and f.en and f.unit and f.window for f in features.features)
    assert len(set(features.names)) == len(features.names)
    assert {f.family for f in features.features} == {*Family} - {Family.NOTE}  # a loan note's stand in a table of their own


def test_feeds_that_each_tell_one_figure_take_nothing_from_each_other(tmp_path: Path) -> None:
    world = World(tmp_path).firm("甲")
    for number in range(1, 7):
        month = f"2025-{number:02d}-01"
        late = number > 3
        world.fact(
            "MonthlyIndicator", "甲", occurrence=f"{month}税", valid_from=month, month=month, tax_paid_fen=90 if late else 100
        )
        world.fact(
            "MonthlyIndicator", "甲", occurrence=f"{month}电", valid_from=month, month=month, electricity_kwh=4 if late else 5
        )
    told = {"valid_from": "2024-12-31", "period_end": "2024-12-31"}
    world.fact("FinancialStatement", "甲", occurrence="审", total_assets_fen=200, revenue_fen=90, audited=True, **told)
    world.fact("FinancialStatement", "甲", occurrence="报", total_liabilities_fen=50, revenue_fen=70, **told)
    world.commit()
    features = build_features(world.snapshot("2025-06-30"))
    assert value(features, world.id("甲"), "tax_trend") == pytest.approx(-0.1)
    assert value(features, world.id("甲"), "power_trend") == pytest.approx(-0.2)
    assert value(features, world.id("甲"), "leverage") == pytest.approx(0.25)
