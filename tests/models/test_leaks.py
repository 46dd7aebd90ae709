"""No look-ahead: what the bank did not know on the day changes not one feature; and the guard that says so catches a leak."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.kinds import all_kinds
from graph.snapshot import Snapshot
from models.features import build_features
from tests.worlds.build import World

DAY = "2025-06-30"
Build = Callable[[Snapshot], NDArray[np.float64]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """甲 guarantees 乙; both borrow. 丙 supplies 乙, 丁 holds all of 甲; a drawdown of 甲 went to 丙."""
    world = World(tmp_path)
    for name in ("甲", "乙"):
        note = f"借据{name}"
        world.firm(name, size="small", established_on="2012-05-01")
        world.entity("LoanNote", note, product="working_capital", drawn_on="2024-09-01", matures_on="2025-09-01", annual_rate=0.045)
        world.relation("BORROWS", name, note)
        world.fact("LoanNoteState", note, valid_from="2025-05-31", known="2025-06-01", balance_fen=10**9, days_past_due=0)
        world.fact("FinancialStatement", name, valid_from="2024-12-31", known="2025-03-01", **statement(6))
    world.relation("GUARANTEES", "甲", "乙", valid_from="2024-09-01", known="2024-09-02", amount_fen=5 * 10**8)
    world.firm("丙").person("丁").entity("Account", "甲户").entity("Account", "丙户").entity("ClientGroup", "集团")
    world.relation("OWNS_ACCOUNT", "甲", "甲户").relation("OWNS_ACCOUNT", "丙", "丙户")
    world.relation("SUPPLIES", "丙", "乙", known="2025-01-02", annual_fen=10**8)
    world.relation("HOLDS_SHARES", "丁", "甲", known="2025-01-02", equity_share=1.0)
    paid: dict[str, Any] = {"amount_fen": 10**7, "purpose": "货款"}
    world.relation("DISBURSES", "借据甲", "甲户", valid_from="2025-06-01", known="2025-06-01", amount_fen=10**7)
    world.relation("TRANSFERS", "甲户", "丙户", valid_from="2025-06-02", known="2025-06-02", **paid)
    world.commit()
    return world


def statement(tenths: int) -> dict[str, Any]:
    """Of 2024, with liabilities of so many tenths of assets."""
    return {"period_end": "2024-12-31", "total_assets_fen": 10**10, "total_liabilities_fen": 10**9 * tenths}


def learn_later(world: World) -> None:
    """Rows of the future, late corrections of the past, and facts true before the day that became known after it."""
    later, note = "2025-07-01", {"balance_fen": 10**9}
    world.fact("LoanNoteState", "借据乙", valid_from="2025-07-31", known="2025-08-01", days_past_due=95, **note)
    world.fact("LoanNoteState", "借据乙", valid_from="2025-05-31", known=later, days_past_due=60, five_tier="substandard", **note)
    world.fact("FinancialStatement", "乙", valid_from="2024-12-31", known=later, **statement(9))
    enforced: dict[str, Any] = {"event_type": "enforcement", "role": "defendant", "filed_on": "2025-04-01"}
    world.fact("JudicialEvent", "乙", valid_from="2025-04-01", known=later, **enforced)
    reported: dict[str, Any] = {"reported_on": "2025-05-01", "other_banks_overdue_fen": 10**8}
    world.fact("BureauReport", "乙", valid_from="2025-05-01", known=later, **reported)
    world.fact("DefaultEvent", "乙", valid_from="2025-06-15", known=later, cause="days_past_due_90")
    world.relation("SUPPLIES", "甲", "乙", valid_from="2024-01-01", known=later, annual_fen=10**9)
    world.relation("GUARANTEES", "甲", "乙", valid_from="2024-09-01", known=later, amount_fen=9 * 10**8)
    world.firm("甲", size="large", valid_from="2024-01-01", known=later)
    # a circle closes, a controller and a group appear, money comes back: all before the day, all learnt after it
    world.relation("GUARANTEES", "乙", "甲", valid_from="2024-09-01", known=later, amount_fen=10**8)
    world.relation("HOLDS_SHARES", "丁", "乙", valid_from="2024-09-01", known=later, equity_share=1.0)
    world.relation("MEMBER_OF", "丙", "集团", valid_from="2024-09-01", known=later)
    world.relation("MEMBER_OF", "乙", "集团", valid_from="2024-09-01", known=later)
    world.relation("TRANSFERS", "丙户", "甲户", valid_from="2025-06-03", known=later, amount_fen=10**7)
    world.relation("TRANSFERS", "甲户", "丙户", valid_from="2025-08-03", known="2025-08-03", amount_fen=10**8)
    world.relation("GUARANTEES", "丙", "甲", valid_from="2025-07-15", known="2025-07-15", amount_fen=10**8)
    world.commit()


def assert_blind_to_the_future(build: Build, world: World) -> None:
    """The guard: features of the day before and after the bank learnt more must be equal, bit for bit."""
    before = build(world.snapshot(DAY))
    learn_later(world)
    after = build(world.snapshot(DAY))
    np.testing.assert_array_equal(before, after)


def declared(snapshot: Snapshot) -> NDArray[np.float64]:
    return build_features(snapshot).values


def with_a_leak(snapshot: Snapshot) -> NDArray[np.float64]:
    """The declared features and one that reads the ledger past the snapshot: the most days past due ever recorded."""
    states = snapshot.ledger.table("LoanNoteState").to_pyarrow()
    worst = max(states["days_past_due"].to_pylist())
    values = build_features(snapshot).values
    return np.column_stack([values, np.full(len(values), float(worst))])


def test_what_became_known_after_the_day_changes_not_one_feature(world: World) -> None:
    assert_blind_to_the_future(declared, world)


def test_the_guard_catches_a_feature_that_reads_past_the_snapshot(world: World) -> None:
    with pytest.raises(AssertionError):
        assert_blind_to_the_future(with_a_leak, world)


def test_the_same_rows_do_change_the_features_of_a_later_day(world: World) -> None:
    """Else the guard would hold of features that read nothing at all."""
    learn_later(world)
    then, now = build_features(world.snapshot(DAY)), build_features(world.snapshot("2025-07-02"))
    pairs = zip(then.names, then.values.T, now.values.T, strict=True)
    changed = {name for name, before, after in pairs if not np.array_equal(before, after, equal_nan=True)}
    assert {"leverage", "days_past_due", "enforced", "elsewhere_overdue", "size_code", "fresh_cases"} <= changed
    assert {"GUARANTEES.out.overdue", "SUPPLIES.out.others", "GUARANTEES.in.concentration"} <= changed
    assert {"circle.others", "control.siblings", "control.trouble", "group.others", "flow.round_trip"} <= changed
    assert {"TRANSFERS.out.second", "GUARANTEES.in.behind.GUARANTEES.out"} & changed


def test_knowledge_that_was_computed_for_a_later_day_is_not_looked_at(world: World) -> None:
    """The book of a later day lies beside the ledger: features of the earlier day are what they were."""
    before = build_features(world.snapshot(DAY)).values
    learn_later(world)
    compute_book(KnowledgeBook.beside(world.ledger), world.snapshot("2025-09-30"), all_kinds())
    np.testing.assert_array_equal(before, build_features(world.snapshot(DAY)).values)


def test_an_earlier_state_of_the_ledger_gives_the_features_of_then(world: World) -> None:
    before = build_features(world.snapshot("2025-09-30"))
    learn_later(world)
    again = build_features(world.snapshot("2025-09-30", before.ledger_seq))
    np.testing.assert_array_equal(before.values, again.values)
