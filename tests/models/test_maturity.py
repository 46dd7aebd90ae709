"""Which of five ends a loan note takes: a drawn book of notes that fall due on one day, each ending in its own way."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph.errors import InputError
from models.features import build_features, note_features
from models.maturity.endings import OPEN, UNTOLD, read_endings
from models.maturity.measures import measure_ends
from models.maturity.models import EndRows, EndsLogistic, EndsTrees, VectorScaling, fit_ends_logistic, fit_ends_trees
from models.maturity.notes import DueNotes, due_notes
from models.targets import target_named
from tests.worlds.build import World

DAY, DUE = "2025-01-31", "2025-02-20"
STATES = ("2024-12-31", "2025-01-31", "2025-02-28", "2025-03-31")


def note(world: World, firm: str, *told: dict[str, Any], due: str = DUE) -> None:
    """A firm's note that falls due: its state at each month end, a balance of 100 unless told."""
    world.firm(firm, known="2024-01-01")
    world.entity(
        "LoanNote",
        f"N{firm}",
        number=f"N{firm}",
        product="working_capital",
        drawn_on="2024-02-20",
        matures_on=due,
        known="2024-02-20",
    )
    world.relation("BORROWS", firm, f"N{firm}", known="2024-02-20")
    for day, state in zip(STATES, told, strict=False):
        world.fact("LoanNoteState", f"N{firm}", valid_from=day, known=day, **{"balance_fen": 100, "days_past_due": 0, **state})


def paid(world: World, firm: str, on: str) -> None:
    row: dict[str, Any] = {"due_on": DUE, "principal_fen": 100, "interest_fen": 1, "paid_fen": 101, "paid_on": on}
    world.fact("RepaymentDue", f"N{firm}", occurrence="12", valid_from=on, known=on, **row)


def again(world: World, firm: str, form: str, on: str = DUE) -> None:
    """A new note that replaces the one that fell due."""
    world.entity(
        "LoanNote",
        f"M{firm}",
        number=f"M{firm}",
        loan_form=form,
        replaces=f"N{firm}",
        product="working_capital",
        drawn_on=on,
        known=on,
    )
    world.relation("BORROWS", firm, f"M{firm}", known=on)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    gone: dict[str, Any] = {"balance_fen": 0}
    for firm in ("repaid", "renewed", "renewed while watched", "new for old", "late", "a week late"):
        watched: dict[str, Any] = {"five_tier": "special_mention"} if "watched" in firm else {"five_tier": "normal"}
        note(world, firm, watched, watched, gone)
    paid(world, "late", "2025-02-28")
    paid(world, "a week late", "2025-02-27")
    again(world, "renewed", "renewal")
    again(world, "renewed while watched", "renewal")
    again(world, "new for old", "new_for_old")
    note(world, "overdue", {}, {}, {"days_past_due": 8})
    note(world, "extended", {}, {}, {"extended": True})
    world.entity(
        "LoanNote",
        "Nextended",
        number="Nextended",
        product="working_capital",
        drawn_on="2024-02-20",
        matures_on="2025-08-20",
        known="2025-02-10",
    )
    note(world, "silent", {}, {})
    note(world, "in default", {"days_past_due": 95}, {"days_past_due": 126})
    note(world, "due later", {}, {}, due="2025-06-20")
    world.commit()
    return world


def notes_of(world: World, day: str = DAY, horizon: int = 30) -> DueNotes:
    snapshot = world.snapshot(day)
    return due_notes(snapshot, build_features(snapshot), target_named(world.ledger.ontology, "near_maturity"), horizon)


def ends(world: World, until: str) -> dict[str, str]:
    notes = notes_of(world)
    found = read_endings(world.snapshot(until), target_named(world.ledger.ontology, "near_maturity"), [notes])
    names = {code: end.name for code, end in enumerate(found.target.ends)} | {OPEN: "open", UNTOLD: "untold"}
    firms = {world.id(key): key for key in world.keys}
    return {firms[firm]: names[int(code)] for firm, code in zip(notes.firms.to_pylist(), found.ends[0], strict=True)}


def test_each_of_the_five_ends_is_told_from_the_rows_that_say_so(world: World) -> None:
    assert ends(world, "2025-03-31") == {
        "repaid": "repaid",
        "renewed": "renewed",
        "renewed while watched": "new_for_old",  # a renewal of a note that is not normal is none that the rules allow
        "new for old": "new_for_old",
        "late": "overdue",
        "a week late": "repaid",
        "overdue": "overdue",
        "extended": "extended",
        "silent": "untold",
    }


def test_a_note_that_is_not_settled_yet_is_open_and_never_good(world: World) -> None:
    assert set(ends(world, "2025-03-22").values()) == {"open"}


def test_a_new_loan_drawn_just_before_the_old_one_was_repaid_repaid_it(tmp_path: Path) -> None:
    """Nobody says in what form the new note was lent; it was paid out to the borrower three days before it repaid."""
    world = World(tmp_path)
    for firm, drawn in (("rolled", "2025-02-17"), ("after", "2025-02-22")):
        note(world, firm, {}, {}, {"balance_fen": 0})
        paid(world, firm, DUE)
        world.entity("LoanNote", f"M{firm}", product="working_capital", drawn_on=drawn, known=drawn).relation(
            "BORROWS", firm, f"M{firm}", known=drawn
        )
        world.entity("Account", f"A{firm}", known="2024-01-01").relation("OWNS_ACCOUNT", firm, f"A{firm}", known="2024-01-01")
        world.relation("DISBURSES", f"M{firm}", f"A{firm}", valid_from=drawn, known=drawn, amount_fen=90)
    world.commit()
    assert ends(world, "2025-03-31") == {"rolled": "new_for_old", "after": "repaid"}


def test_only_notes_of_performing_firms_that_fall_due_then_are_asked_about(world: World) -> None:
    notes = notes_of(world)
    firms = {world.id(key) for key in ("in default", "due later")}
    assert not firms & set(notes.firms.to_pylist())
    told = dict(zip(notes.names, notes.values[notes.firms.to_pylist().index(world.id("repaid"))], strict=True))
    assert told["note.days_left"] == 20
    assert told["note.term_days"] == 366
    assert told["note.balance_share"] == 1
    assert len(notes_of(world, "2024-12-31", 60)) == 9
    assert len(notes_of(world, horizon=90)) == 0


def test_what_became_known_after_the_day_changes_no_feature_of_a_note(world: World) -> None:
    before = notes_of(world)
    world.entity("LoanNote", "Nrepaid", number="Nrepaid", annual_rate=0.09, known="2025-02-01")
    world.fact("LoanNoteState", "Nrepaid", valid_from=DAY, known="2025-02-03", balance_fen=70, days_past_due=20, extended=True)
    again(world, "repaid", "renewal", "2025-02-01")
    world.commit()
    after = notes_of(world)
    assert before.notes == after.notes
    np.testing.assert_array_equal(before.values, after.values)
    assert set(before.names) >= {feature.name for feature in note_features()}


@pytest.fixture(scope="module")
def rows() -> Iterator[tuple[EndRows, EndRows]]:
    """Three ends of five, told by one column; the second says nothing, the third is missing throughout."""
    draw = np.random.default_rng(0)
    out = []
    for count in (900, 500):
        truth = draw.integers(0, 3, count)
        values = np.column_stack([truth + draw.normal(0, 0.5, count), np.ones(count), np.full(count, np.nan)])
        out.append(EndRows(values, np.array([0, 2, 4])[truth], 5))
    yield out[0], out[1]


@pytest.mark.parametrize("kind", ["trees", "logistic"])
def test_probabilities_of_ends_add_up_are_calibrated_and_survive_saving(
    kind: str, rows: tuple[EndRows, EndRows], tmp_path: Path
) -> None:
    train, validation = rows
    model: EndsTrees | EndsLogistic
    model = fit_ends_trees(train, validation, 0) if kind == "trees" else fit_ends_logistic(train, validation, np.arange(3), 0)
    scaling = VectorScaling.fit(model.log_probability(validation.values), validation.ends)
    told = scaling.probability(model.log_probability(validation.values))
    np.testing.assert_allclose(told.sum(axis=1), 1, atol=1e-12)
    assert told[:, [1, 3]].max() < 0.01  # ends that training never saw
    measured = measure_ends(validation.ends, told, ("overdue", "b", "c", "d", "e"))
    assert measured["auc"] > 0.85
    assert measured["ece"] < 0.05
    assert measured["log_loss"] < 0.75 < np.log(3)
    model.save(tmp_path)
    again = (EndsTrees if kind == "trees" else EndsLogistic).load(tmp_path)
    np.testing.assert_allclose(again.log_probability(validation.values), model.log_probability(validation.values), atol=1e-12)


def test_a_history_too_short_for_three_sets_of_notes_says_so(world: World, tmp_path: Path) -> None:
    from models.maturity.training import train_ends
    from models.registry import Registry
    from models.splits import Plan
    from models.training import Request

    request = Request(as_of=date(2025, 3, 31), plan=Plan(horizon_days=30), target="near_maturity")
    with pytest.raises(InputError, match="too short"):
        train_ends(world.ledger, Registry(tmp_path / "models"), request, print)
