"""Two steps over relations, what graph knowledge says, concentration and trend: worked out by hand, and by a plain loop."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.kinds import chosen
from models.features import Family, FeatureTable, build_features
from models.features.profile import population_stability, profile_of
from models.features.spec import ANY, Feature
from models.features.steps import two_steps
from tests.worlds.build import World


def value(features: FeatureTable, firm: str, name: str) -> float:
    return float(features.values[features.firms.to_pylist().index(firm), features.names.index(name)])


def owing(world: World, firm: str, late: int) -> None:
    world.entity("LoanNote", f"N{firm}").relation("BORROWS", firm, f"N{firm}")
    world.fact("LoanNoteState", f"N{firm}", valid_from="2025-05-31", balance_fen=10**8, days_past_due=late)


def test_what_stands_behind_a_neighbour_is_carried_without_the_way_back(tmp_path: Path) -> None:
    """甲 guarantees 乙, 乙 guarantees 丙 (45 days late: 0.5) and 丁 (on time) three to one; 甲 itself is 60 days late."""
    world = World(tmp_path)
    for firm, late in (("甲", 60), ("乙", 0), ("丙", 45), ("丁", 0)):
        world.firm(firm)
        owing(world, firm, late)
    world.relation("GUARANTEES", "甲", "乙", amount_fen=10**8)
    world.relation("GUARANTEES", "乙", "丙", amount_fen=3 * 10**8).relation("GUARANTEES", "乙", "丁", amount_fen=10**8)
    world.commit()
    features = build_features(world.snapshot("2025-06-30"))
    assert value(features, world.id("甲"), "GUARANTEES.out.behind.GUARANTEES.out") == pytest.approx(0.75 * 0.5)
    assert value(features, world.id("甲"), "GUARANTEES.out.second") == pytest.approx(0.75 * 0.5)  # the way back is 甲 alone
    assert value(features, world.id("丁"), "GUARANTEES.in.behind.GUARANTEES.out") == pytest.approx(0.5)
    assert value(features, world.id("丁"), "GUARANTEES.in.second") == pytest.approx((0.5 + 60 / 90) / 2)
    assert np.isnan(value(features, world.id("乙"), "GUARANTEES.out.second"))  # behind 丙 and 丁 stands nobody but 乙


def test_concentration_and_trend_of_what_a_firm_sells(tmp_path: Path) -> None:
    """Three parts to one buyer, one to another; a quarter of it in the last ninety days."""
    world = World(tmp_path).firm("甲").firm("乙").firm("丙")
    world.relation("INVOICES", "甲", "乙", valid_from="2024-12-01", known="2024-12-01", gross_fen=300, number="1")
    world.relation("INVOICES", "甲", "丙", valid_from="2025-06-01", known="2025-06-01", gross_fen=100, number="2").commit()
    features = build_features(world.snapshot("2025-06-30"))
    assert value(features, world.id("甲"), "INVOICES.out.concentration") == pytest.approx(0.75**2 + 0.25**2)
    assert value(features, world.id("甲"), "INVOICES.out.trend") == pytest.approx(0.25 * 365 / 90)
    assert "GUARANTEES.out.trend" not in features.names  # a state has no trend


def test_group_circle_and_controller_speak_of_the_others_only(tmp_path: Path) -> None:
    """One person owns 甲, 乙 and 丙; 甲 and 乙 guarantee each other. 甲 is 45 days late, 乙 90."""
    world = World(tmp_path).person("p")
    for firm, late in (("甲", 45), ("乙", 90), ("丙", 0)):
        world.firm(firm)
        owing(world, firm, late)
        world.relation("HOLDS_SHARES", "p", firm, equity_share=0.8)
    world.relation("GUARANTEES", "甲", "乙", amount_fen=10**8).relation("GUARANTEES", "乙", "甲", amount_fen=10**8)
    world.firm("丁").commit()
    features = build_features(world.snapshot("2025-06-30"))
    told = {name: value(features, world.id("甲"), name) for name in features.names if "." in name}
    assert told["control.siblings"] == pytest.approx(np.log(3))
    assert told["control.trouble"] == pytest.approx(0.5)
    assert told["control.worst"] == told["group.worst"] == told["circle.worst"] == 1
    assert told["circle.others"] == pytest.approx(np.log(2))
    assert told["circle.balance_log"] == pytest.approx(np.log(1 + 10**6))
    assert told["control.votes"] == pytest.approx(0.8)
    assert value(features, world.id("乙"), "circle.worst") == pytest.approx(0.5)
    assert value(features, world.id("丁"), "group.others") == 0
    assert np.isnan(value(features, world.id("丁"), "group.trouble"))


def test_derived_features_are_those_of_the_knowledge_book(tmp_path: Path) -> None:
    world = World(tmp_path).person("p").person("q")
    draw = np.random.default_rng(1)
    firms = [f"F{i}" for i in range(14)]
    for firm in firms:
        world.firm(firm)
    for number, (a, b) in enumerate(draw.integers(0, 14, (26, 2)).tolist()):
        if a != b:
            world.relation("GUARANTEES", firms[a], firms[b], occurrence=number, amount_fen=10**6)
    for holder, firm in [("p", firms[0]), ("p", firms[5]), ("q", firms[6]), (firms[0], firms[2]), (firms[6], firms[9])]:
        world.relation("HOLDS_SHARES", holder, firm, equity_share=0.7)
    world.commit()
    snapshot = world.snapshot("2025-06-30")
    features, book = build_features(snapshot), KnowledgeBook.beside(world.ledger)
    compute_book(book, snapshot, chosen(["circles", "groups"]))
    circles = book.read("guarantee_circle_members", snapshot.as_of).group_by("circle").aggregate([("member", "list")]).to_pylist()
    groups = book.read("group_members", snapshot.as_of).to_pylist()
    expected = {member: len(c["member_list"]) - 1 for c in circles for member in c["member_list"]}
    together = {row["firm"]: row["group"] for row in groups if row["certain"]}
    assert expected
    assert together
    for firm in map(world.id, firms):
        assert value(features, firm, "circle.others") == pytest.approx(np.log1p(expected.get(firm, 0)))
        others = sum(other != firm and group == together.get(firm) for other, group in together.items())
        assert value(features, firm, "group.others") == pytest.approx(np.log1p(others))


edges = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from("ab"), st.integers(1, 9)), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(edges, st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=6, max_size=6))
def test_two_steps_are_those_of_a_plain_loop_in_any_order(told: list[tuple[int, int, str, int]], trouble: list[float]) -> None:
    weights = {(i, j, c): float(w) for i, j, c, w in told if i != j}
    firms = pa.array([f"Firm-{i}" for i in range(6)])

    def table(rows: list[tuple[int, int, str]]) -> pa.Table:
        return pa.table(
            {
                "firm": pa.array([f"Firm-{i}" for i, _, _ in rows], pa.string()),
                "other": pa.array([f"Firm-{j}" for _, j, _ in rows], pa.string()),
                "channel": pa.array([c for _, _, c in rows], pa.string()),
                "weight": pa.array([weights[row] for row in rows], pa.float64()),
            }
        )

    asked = [Feature("x", Family.NEIGHBOUR, "", "", "", "", "", "", "a", "", then) for then in (ANY, "b")]
    found = two_steps(table(list(weights)), firms, np.array(trouble), asked)
    np.testing.assert_array_equal(found, two_steps(table(list(weights)[::-1]), firms, np.array(trouble), asked))

    def behind(i: int, j: int, c: str) -> float:
        others = [(w, trouble[k]) for (a, k, d), w in weights.items() if a == j and d == c and k != i]
        return sum(w * t for w, t in others) / sum(w for w, _ in others) if others else np.nan

    for i in range(6):
        for column, channels in enumerate(("ab", "b")):
            above = below = 0.0
            for (a, j, c), w in weights.items():
                ways = [y for y in (behind(i, j, d) for d in channels) if not np.isnan(y)]
                if a == i and c == "a" and ways:
                    above, below = above + w * float(np.mean(ways)), below + w
            assert found[i, column] == pytest.approx(above / below, abs=1e-8) if below else np.isnan(found[i, column])


def test_a_profile_names_what_is_constant_and_what_nobody_tells_and_how_far_a_feature_moved(tmp_path: Path) -> None:
    world = World(tmp_path)
    for i in range(40):
        world.firm(f"F{i}", state_owned=True, registered_capital_fen=10**8 * (i + 1))
        world.firm(f"F{i}", state_owned=True, registered_capital_fen=10**10 * (i + 1), valid_from="2025-06-15", known="2025-06-15")
    world.commit()
    now, before = build_features(world.snapshot("2025-06-30")), build_features(world.snapshot("2025-05-31"))
    found = {profile.name: profile for profile in profile_of(now, before)}
    assert found["state_owned"].constant
    assert found["state_owned"].psi == pytest.approx(0)
    assert found["leverage"].untold
    assert found["leverage"].mean is None
    assert found["leverage"].missing == 1
    assert (found["capital_log"].psi or 0) > 1
    assert found["capital_log"].told == found["capital_log"].firms == 40
    assert profile_of(now)[0].psi is None


def test_population_stability_counts_what_is_missing_as_a_bin_of_its_own() -> None:
    """Half of the values went missing: (0.5 - 0) against the least share there is."""
    before, now = np.arange(100.0), np.where(np.arange(100) % 2, np.nan, np.arange(100.0))
    assert population_stability(before, before) == pytest.approx(0)
    least, tenth = 1e-4, 0.1
    each = (tenth / 2 - tenth) * np.log(0.5)
    assert population_stability(before, now) == pytest.approx(10 * each + (0.5 - least) * np.log(0.5 / least), rel=1e-6)
