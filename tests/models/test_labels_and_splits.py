"""Who defaulted, who did not, whose time is not up; and sets whose windows do not touch."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import InputError
from models.features import build_features
from models.labels import label, read_defaults
from models.splits import Plan, out_of_time
from tests.worlds.build import World


def borrower(world: World, name: str, *states: tuple[str, int]) -> None:
    """A firm with one loan note and its days past due by month end."""
    world.firm(name, known="2024-01-01")
    world.entity("LoanNote", f"N{name}", known="2024-01-01")
    world.relation("BORROWS", name, f"N{name}", known="2024-01-01")
    for day, late in states:
        world.fact("LoanNoteState", f"N{name}", valid_from=day, known=day, balance_fen=100, days_past_due=late)


def labels(world: World, day: str, horizon: int, until: str) -> dict[str, float]:
    features = build_features(world.snapshot(day))
    found = label(features, read_defaults(world.snapshot(until)), horizon)
    return dict(zip(features.firms.to_pylist(), found.tolist(), strict=True))


def test_default_within_the_window_counts_and_after_it_does_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    borrower(world, "in time", ("2025-01-31", 0), ("2025-04-30", 95))
    borrower(world, "cured since", ("2025-01-31", 0), ("2025-03-31", 90), ("2025-04-30", 0))
    borrower(world, "too late", ("2025-01-31", 0), ("2025-07-31", 120))
    borrower(world, "good", ("2025-01-31", 0), ("2025-08-31", 30))
    borrower(world, "in default already", ("2025-01-31", 120), ("2025-08-31", 150))
    world.firm("owes nothing", known="2024-01-01")
    world.commit()
    found = labels(world, "2025-01-31", 90, "2025-08-31")
    assert found[world.id("in time")] == 1
    assert found[world.id("cured since")] == 1
    assert found[world.id("too late")] == 0
    assert found[world.id("good")] == 0
    assert np.isnan(found[world.id("in default already")])
    assert np.isnan(found[world.id("owes nothing")])


def test_a_firm_whose_window_is_still_open_is_neither_good_nor_bad(tmp_path: Path) -> None:
    world = World(tmp_path)
    borrower(world, "failed early", ("2025-01-31", 0), ("2025-03-31", 95))
    borrower(world, "good so far", ("2025-01-31", 0), ("2025-03-31", 0))
    world.commit()
    assert all(np.isnan(x) for x in labels(world, "2025-01-31", 90, "2025-03-31").values())


def test_a_default_event_counts_even_where_no_state_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    borrower(world, "bankrupt", ("2025-01-31", 0))
    world.fact("DefaultEvent", "bankrupt", valid_from="2025-02-10", known="2025-02-11", cause="bankruptcy")
    world.commit()
    assert labels(world, "2025-01-31", 90, "2025-08-31") == {world.id("bankrupt"): 1.0}


@given(st.integers(30, 365), st.integers(1, 8), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_label_windows_of_two_sets_never_overlap(horizon: int, train: int, validation: int, test: int, step: int) -> None:
    last = date(2026, 3, 31)
    split = out_of_time(date(2015, 1, 1), last, Plan(horizon, train, validation, test, step))
    window = timedelta(days=horizon)
    assert split.train[-1] + window <= split.validation[0]
    assert split.validation[-1] + window <= split.test[0]
    assert split.test[-1] + window <= last
    assert (len(split.train), len(split.validation), len(split.test)) == (train, validation, test)
    assert all((day + timedelta(days=1)).day == 1 for day in split.days)


def test_a_history_that_is_too_short_says_how_much_is_needed() -> None:
    with pytest.raises(InputError, match="too short") as refused:
        out_of_time(date(2025, 1, 1), date(2025, 12, 31), Plan(180))
    assert refused.value.field == "horizon"
    assert "days are needed" in refused.value.fix
