"""Who is a positive, by which rule and row; who is no row; and what a bank may declare of its own."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from graph.errors import InputError, NotFoundError
from graph.ontology import core_ontology, extend_ontology
from graph.ontology.load import OntologyAdditions, read_additions
from models.features import build_features
from models.labels import label_target
from models.registry import Manifest
from models.targets import Outcomes, Why, in_state, read_spells, states_of, target_named, targets_of
from tests.worlds.build import World

DAY, LATER = "2025-01-31", "2025-12-31"


def borrower(world: World, name: str, *states: tuple[str, dict[str, Any]]) -> None:
    """A firm with one loan note of which each month end tells something; what is not told is in order."""
    world.firm(name, known="2024-01-01")
    world.entity("LoanNote", f"N{name}", known="2024-01-01", product="working_capital")
    world.relation("BORROWS", name, f"N{name}", known="2024-01-01")
    for day, told in states:
        world.fact("LoanNoteState", f"N{name}", valid_from=day, known=day, **{"balance_fen": 100, "days_past_due": 0, **told})


def outcomes(world: World, target: str = "default", horizon: int = 90, until: str = LATER) -> Outcomes:
    day = world.snapshot(DAY)
    spells = read_spells(world.snapshot(until), target_named(world.ledger.ontology, target))
    return label_target(day, build_features(day), spells, horizon)


def why(world: World, found: Outcomes) -> dict[str, str]:
    """By the names of the world."""
    firms = build_features(world.snapshot(DAY)).firms.to_pylist()
    told = dict(zip(firms, found.why, strict=True))
    return {key: str(told[world.id(key)]) for key in world.keys if world.id(key) in told}


def test_each_limb_of_default_counts_from_the_day_its_state_began(tmp_path: Path) -> None:
    world = World(tmp_path)
    limbs: dict[str, dict[str, Any]] = {
        "days_past_due_90": {"days_past_due": 90},
        "substandard": {"five_tier": "substandard"},
        "credit_impaired": {"credit_impaired": True},
        "distressed_restructuring": {"restructured": True},
        "written_off": {"written_off": True},
    }
    for name, told in limbs.items():
        borrower(world, name, (DAY, {}), ("2025-03-31", told))
    for name in ("advance", "a_fifth_overdue", "bankruptcy", "registered", "none"):
        borrower(world, name, (DAY, {"balance_fen": 300}))
    world.entity("LoanNote", "paid", known="2025-02-10", product="advance").relation(
        "BORROWS", "advance", "paid", known="2025-02-10"
    )
    world.fact("LoanNoteState", "paid", valid_from="2025-02-28", known="2025-02-28", balance_fen=5, days_past_due=0)
    told = {"other_banks_balance_fen": 700, "other_banks_overdue_90_fen": 201}  # of 1,000 in all a fifth and one
    world.fact("BureauReport", "a_fifth_overdue", valid_from="2025-03-05", known="2025-03-05", reported_on="2025-03-05", **told)
    told |= {"other_banks_overdue_90_fen": 200}
    world.fact("BureauReport", "none", valid_from="2025-03-05", known="2025-03-05", reported_on="2025-03-05", **told)
    world.firm("bankruptcy", status="bankrupt", valid_from="2025-03-01", known="2025-03-01")
    world.fact("DefaultEvent", "registered", valid_from="2025-03-02", known="2025-03-03", cause="other")
    world.commit()
    found = outcomes(world)
    limb = {row["firm"]: row["limb"] for row in found.events.to_pylist()}
    expected = [*limbs, "advance", "a_fifth_overdue", "bankruptcy", "registered"]
    assert limb == {world.id(name): name for name in expected}
    assert why(world, found)["none"] == Why.NONE
    declared = {each.name for each in target_named(world.ledger.ontology, "default").limbs}
    assert set(expected) == declared
    assert all(row["evidence"] for row in found.events.to_pylist())


def test_a_firm_is_cured_only_when_its_time_of_cure_is_over(tmp_path: Path) -> None:
    """Ninety days late until the end of June 2024: with 180 days of cure it performs again on 27 December."""
    world = World(tmp_path)
    borrower(world, "甲", ("2024-05-31", {"days_past_due": 90}), ("2024-06-30", {}))
    world.commit()
    target = target_named(world.ledger.ontology, "default")
    last = date(2024, 6, 30) + timedelta(days=179)
    assert in_state(world.snapshot(last.isoformat()), target).to_pylist() == [world.id("甲")]
    assert in_state(world.snapshot((last + timedelta(days=1)).isoformat()), target).to_pylist() == []


def test_what_was_learnt_later_of_the_day_itself_is_neither_good_nor_bad(tmp_path: Path) -> None:
    world = World(tmp_path)
    borrower(world, "late news", (DAY, {}))
    world.fact("DefaultEvent", "late news", valid_from="2025-01-20", known="2025-02-03", cause="other")
    borrower(world, "in default", (DAY, {"days_past_due": 95}), ("2025-02-28", {"days_past_due": 123}))
    borrower(world, "good", (DAY, {}))
    world.firm("owes nothing", known="2024-01-01").commit()
    found = outcomes(world)
    assert why(world, found) == {
        "late news": Why.ALREADY,
        "in default": Why.IN_STATE,
        "good": Why.NONE,
        "owes nothing": Why.NO_TARGET,
    }
    assert found.counts()["already"] == 1


def test_an_open_window_is_censored_even_for_a_firm_that_has_failed(tmp_path: Path) -> None:
    world = World(tmp_path)
    borrower(world, "failed", (DAY, {}), ("2025-02-28", {"days_past_due": 91}))
    borrower(world, "good so far", (DAY, {}))
    world.commit()
    found = outcomes(world, until="2025-03-31")
    assert set(why(world, found).values()) == {Why.OPEN}
    assert np.isnan(found.values).all()


def test_early_deterioration_counts_what_comes_before_default_and_default_itself(tmp_path: Path) -> None:
    world = World(tmp_path)
    borrower(world, "watched", (DAY, {}), ("2025-02-28", {"five_tier": "special_mention"}))
    borrower(world, "owes interest", (DAY, {}), ("2025-02-28", {"interest_arrears_fen": 3, "days_past_due": 8}))
    borrower(world, "a week late", (DAY, {}), ("2025-02-28", {"interest_arrears_fen": 3, "days_past_due": 7}))
    borrower(world, "extended", (DAY, {}), ("2025-02-28", {"extended": True}))
    borrower(world, "at once", (DAY, {}), ("2025-02-28", {"written_off": True}))
    borrower(world, "already watched", (DAY, {"five_tier": "special_mention"}), ("2025-02-28", {"days_past_due": 95}))
    borrower(world, "rolled over", (DAY, {}))
    world.entity("LoanNote", "new", known="2025-02-20", loan_form="new_for_old", drawn_on="2025-02-20", matures_on="2026-02-20")
    world.relation("BORROWS", "rolled over", "new", known="2025-02-20").commit()
    found = why(world, outcomes(world, "early"))
    events = {key for key, said in found.items() if said == Why.EVENT}
    assert events == {"watched", "owes interest", "extended", "at once", "rolled over"}
    assert found["a week late"] == Why.NONE
    assert found["already watched"] == Why.IN_STATE


def test_what_the_bank_did_about_a_firm_does_not_teach_that_the_alert_was_wrong(tmp_path: Path) -> None:
    world = World(tmp_path)
    for name in ("cut", "covered", "left alone", "new loan"):
        borrower(world, name, (DAY, {}))
        world.entity("CreditLine", f"L{name}", known="2024-01-01", limit_fen=1000, status="active")
        world.relation("BORROWS", name, f"L{name}", known="2024-01-01")
    world.entity("CreditLine", "Lcut", valid_from="2025-03-01", known="2025-03-01", limit_fen=400, status="active")
    world.entity("Collateral", "house", known="2025-03-01").entity("Collateral", "plant", known="2025-03-01")
    world.relation("SECURED_BY", "Ncovered", "house", valid_from="2025-03-01", known="2025-03-01")
    world.entity("LoanNote", "second", known="2025-03-01").relation("BORROWS", "new loan", "second", known="2025-03-01")
    world.relation("SECURED_BY", "second", "plant", known="2025-03-01").commit()
    found = outcomes(world)
    firms = build_features(world.snapshot(DAY)).firms.to_pylist()
    touched = {firm for firm, yes in zip(firms, found.intervened, strict=True) if yes}
    assert touched == {world.id("cut"), world.id("covered")}
    assert np.nansum(found.values) == 0
    assert np.isnan(found.without_interventions()).sum() == np.isnan(found.values).sum() + 2
    assert found.counts()["intervened"] == 2


OWN = """
targets:
  stopped:
    version: 1
    unit: firm
    zh: 停业
    en: stopped
    why: {zh: 停业, en: it stopped}
    horizons: [90]
    worse: [default]
    limbs:
      - name: suspended
        zh: 停业
        en: suspended
        source: house rule
        status: house
        sql: SELECT id AS firm, valid_from AS day, DATE '9999-12-31' AS until, id AS evidence FROM Firm WHERE status = 'suspended'
"""


def additions(text: str) -> OntologyAdditions:
    return OntologyAdditions.model_validate(yaml.safe_load(text))


def test_a_bank_declares_a_target_of_its_own_beside_its_types(tmp_path: Path) -> None:
    path = tmp_path / "ontology.yaml"
    path.write_text(OWN, "utf-8")
    world = World(tmp_path)
    hash_before = world.ledger.ontology.hash
    world.ledger.extend(read_additions(path))
    borrower(world, "甲", (DAY, {}))
    borrower(world, "乙", (DAY, {}))
    world.firm("甲", status="suspended", valid_from="2025-02-15", known="2025-02-15").commit()
    assert why(world, outcomes(world, "stopped")) == {"甲": Why.EVENT, "乙": Why.NONE}
    assert world.ledger.ontology.hash == hash_before  # no row means anything else
    limbs = [limb.name for limb in states_of(world.ledger.ontology, target_named(world.ledger.ontology, "stopped"))]
    assert limbs[0] == "suspended"
    assert "registered" in limbs


@pytest.mark.parametrize(
    ("changed", "into", "what"),
    [
        ("FROM Firm WHERE", "FROM read_csv('x.csv') WHERE", "no type"),
        ("FROM Firm WHERE", "FROM Nobody WHERE", "no type"),
        ("SELECT id", "DELETE FROM Firm; SELECT id", "not one SELECT"),
        ("worse: [default]", "worse: [nothing]", "no target of firms"),
        ("horizons: [90]", "horizons: [0]", "1 to"),
        ("status: house", "status: guessed", "status"),
        ("  stopped:", "  default:", "ships with"),
    ],
)
def test_a_declaration_that_is_not_right_is_refused_by_its_field(changed: str, into: str, what: str) -> None:
    ontology = extend_ontology(core_ontology(), additions(OWN.replace(changed, into)))
    with pytest.raises(InputError, match=what) as refused:
        targets_of(ontology)
    assert (refused.value.field or "").startswith("targets.")


def test_a_target_changes_only_with_its_version() -> None:
    first = extend_ontology(core_ontology(), additions(OWN))
    changed = OWN.replace("'suspended'", "'revoked'")
    with pytest.raises(InputError, match="already declared otherwise"):
        extend_ontology(first, additions(changed))
    second = extend_ontology(first, additions(changed.replace("version: 1", "version: 2")))
    one, two = (targets_of(each)["stopped"] for each in (first, second))
    assert (one.version, two.version) == (1, 2)
    assert one.digest != two.digest
    worded = extend_ontology(core_ontology(), additions(OWN.replace("zh: 停业", "zh: 歇业")))
    assert targets_of(worded)["stopped"].digest == one.digest


def test_a_checkpoint_of_another_definition_refuses_and_says_what_differs() -> None:
    ontology = core_ontology()
    target = target_named(ontology, "early")
    trained = Manifest(
        name="early-logistic",
        kind="logistic",
        horizon_days=90,
        feature_version="",
        features=(),
        ontology_hash="",
        ledger_seq=1,
        seed=0,
        days={},
        calibration={},
        metrics={},
        target="early",
        target_version=target.version,
        target_digest=target.digest,
    )
    assert trained.check_target(ontology) == target
    for other, what in (
        (replace(trained, target_version=7), "version 7; declared is version 1"),
        (replace(trained, target_digest="0" * 12), "without a new version"),
        (replace(trained, target="gone"), "not declared"),
    ):
        with pytest.raises(InputError, match=what) as refused:
            other.check_target(ontology)
        assert refused.value.field == "target"


def test_an_unknown_target_or_an_undeclared_horizon_names_those_there_are() -> None:
    with pytest.raises(NotFoundError) as refused:
        target_named(core_ontology(), "bad luck")
    assert "near_maturity" in refused.value.fix
    with pytest.raises(InputError) as days:
        target_named(core_ontology(), "near_maturity").check_horizon(45)
    assert "30, 60, 90" in days.value.fix
