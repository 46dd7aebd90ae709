"""A stress run on a town worked out by hand, from the ledger to what an officer reads."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from graph.errors import InputError, NotFoundError, YujingError
from graph.knowledge import KnowledgeBook
from graph.knowledge.compute import compute_book
from graph.knowledge.kinds import chosen
from graph.stores import LadybugStore, build_ladybug
from models.contagion.reading import read_network
from models.contagion.settings import Conventions, conventions_beside, declared, parse
from models.scores import ScoreBook
from models.stress.compiled import compile_scenario
from models.stress.day import StressDay
from models.stress.draws import own_probabilities
from models.stress.files import write_comparison
from models.stress.run import Ask, compare, run_stress
from models.stress.scenario import Quarter, Scenario, Shock, macro_path, read_scenario
from models.stress.settings import sensitivities_beside
from tests.models.stress.town import DAY, MILLION, scored, town
from tests.worlds.build import World

ONLY = Ask(runs=0)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def day(world: World) -> StressDay:
    root = world.ledger.root.parent
    compute_book(KnowledgeBook.beside(world.ledger), world.snapshot(DAY), chosen([]))
    return StressDay.open(world.snapshot(DAY), scored(root, world))


def fails(world: World, *names: str) -> Scenario:
    return Scenario(name="违约", shocks=(Shock(firms=tuple(world.id(name) for name in names)),))


def test_the_network_is_what_the_tables_tell(world: World, day: StressDay) -> None:
    network = day.network
    assert network.size == 6
    at = {name: network.place(world.id(name)) for name in ("甲", "乙", "丙", "丁", "本行")}
    assert network.sheets.credit[at["甲"]] == 8 * MILLION and network.sheets.equity[at["乙"]] == 3 * MILLION
    assert np.isinf(network.sheets.equity[at["本行"]])
    assert network.sheets.performing[at["甲"]] and not network.sheets.performing[at["丁"]]
    claims = network.claims
    assert claims.amount.tolist() == [2 * MILLION], "two invoices of the last ninety days, neither the voided nor the old one"
    assert (claims.creditor[0], claims.debtor[0]) == (at["丙"], at["乙"])
    assert network.guarantees.guarantor.tolist() == [at["乙"]] and network.told["guarantees_by_persons"] == 1


def test_who_falls_in_which_round_by_which_edge(world: World, day: StressDay) -> None:
    answer = run_stress(day, fails(world, "甲"), ONLY)
    assert answer.central.by_round == (1, 1, 1)
    told = {fall.name: fall for fall in answer.falls}
    assert {name: (fall.round, fall.reason) for name, fall in told.items()} == {
        "甲": (0, "named"),
        "乙": (1, "call"),
        "丙": (2, "losses"),
    }
    (call,) = told["乙"].edges
    assert (call.kind, call.sender_name, call.asked_fen, call.lost_fen) == ("guarantee", "甲", 8 * MILLION, MILLION)
    (debt,) = told["丙"].edges
    assert (debt.kind, debt.sender_name, debt.lost_fen) == ("trade", "乙", round(1.2 * MILLION))
    assert call.row and debt.row
    assert (call.row.table, debt.row.table) == ("GUARANTEES", "INVOICES")
    assert call.row.file == debt.row.file == "world.csv" and call.row.line and debt.row.line


def test_the_bank_loses_what_guarantors_and_property_leave(world: World, day: StressDay) -> None:
    """甲: 8 less 1 paid less 20% of 8; 乙: 4 less 20% of 4."""
    answer = run_stress(day, fails(world, "甲"), ONLY)
    losses = {fall.name: fall.bank_loss_fen for fall in answer.falls}
    assert losses == {"甲": round(5.4 * MILLION), "乙": round(3.2 * MILLION), "丙": 0}
    assert answer.central.bank_loss_fen == sum(losses.values())
    for parts in (answer.branches, answer.industries, answer.regions):
        assert sum(part.expected_fen for part in parts) == answer.central.bank_loss_fen
    assert {part.value: part.expected_fen for part in answer.industries if part.expected_fen} == {"C": round(8.6 * MILLION)}


def test_capital_is_less_by_the_loss_and_limits_move(world: World, day: StressDay) -> None:
    """Net tier 1 is 80 million: 戊's 5 million are far within, so is the rest; capital goes from 100 to 91.4 million."""
    limits = run_stress(day, fails(world, "甲"), ONLY).limits
    assert limits.capital_before_fen == 100 * MILLION
    assert limits.capital_after_fen == round(91.4 * MILLION)
    assert sum(before for before, _ in limits.levels.values()) == sum(after for _, after in limits.levels.values())
    ruined = run_stress(day, Scenario(name="全部", shocks=(Shock(industry="C"), Shock(industry="F"))), ONLY).limits
    assert ruined.capital_after_fen is not None and ruined.capital_after_fen < limits.capital_after_fen


def test_the_neighbourhood_out_of_a_store_says_the_same_of_the_firm(world: World, day: StressDay) -> None:
    root = world.ledger.root.parent
    build_ladybug(world.ledger, root / "graph")
    store = LadybugStore(root / "graph")
    near = StressDay.open(world.snapshot(DAY), ScoreBook(root / "scores"), (store, world.id("甲")))
    assert near.network.size == 3
    book, part = (run_stress(each, fails(world, "甲"), ONLY) for each in (day, near))
    assert part.falls == book.falls
    with pytest.raises(NotFoundError):
        StressDay.open(world.snapshot(DAY), ScoreBook(root / "scores"), (store, f"Firm-{'0' * 32}"))
    store.close()


@pytest.mark.parametrize(
    ("shock", "hit"),
    [
        (Shock(industry="C"), {"甲", "乙"}),
        (Shock(region="9901"), {"甲", "丙"}),
        (Shock(branch="B1"), {"乙"}),
    ],
)
def test_a_selector_hits_whom_it_names_and_nobody_in_default(day: StressDay, shock: Shock, hit: set[str]) -> None:
    answer = run_stress(day, Scenario(name="x", shocks=(shock,)), ONLY)
    assert {fall.name for fall in answer.falls if fall.round == 0} == hit


def test_a_tenth_of_equity_fells_nobody_and_is_seen_by_debtrank_alone(day: StressDay) -> None:
    answer = run_stress(day, Scenario(name="x", shocks=(Shock(industry="C", equity_loss=0.1),)), ONLY)
    assert answer.central.fell == 0 and answer.central.bank_loss_fen == 0
    assert answer.central.distressed > 0


def test_a_macro_path_costs_revenue_interest_and_property(world: World, day: StressDay) -> None:
    """戊 (F: default figures but 0.18 for GDP): 4 points of GDP, 100 basis points for a year, a tenth off property prices.

    Revenue 36 million: 36 * 4 * 0.012 * 0.15 = 0.2592. Debt: the larger of 5 and 0.4 * 9: 0.05. Assets 18 * 0.05 * 0.1 = 0.09.
    """
    path = macro_path(-4, 100, -0.1)
    made = compile_scenario(Scenario(name="x", macro=path), day.network, day.sensitivities)
    at = day.network.place(world.id("戊"))
    assert made.lost[at] == pytest.approx((0.2592 + 0.05 + 0.09) * MILLION)
    assert made.log_odds[at] == pytest.approx(4 * 0.18 + 0.10 + 0.03)


def test_own_defaults_are_drawn_from_the_scores_own_part_moved_by_the_scenario(world: World, day: StressDay) -> None:
    made = compile_scenario(
        Scenario(name="x", shocks=(Shock(branch="B1", equity_loss=0, log_odds=1),)), day.network, day.sensitivities
    )
    chance = own_probabilities(day.scores.own, made)
    at = {name: day.network.place(world.id(name)) for name in ("甲", "乙", "丁")}
    assert chance[at["甲"]] == pytest.approx(expit(-3)) and chance[at["乙"]] == pytest.approx(expit(-2))
    assert chance[at["丁"]] == 0, "in default already"


def test_the_same_seed_draws_the_same_and_another_does_not(day: StressDay) -> None:
    one, same, other = (run_stress(day, Scenario(), Ask(runs=50, seed=seed)) for seed in (3, 3, 4))
    assert one.model_dump_json() == same.model_dump_json()
    assert one.drawing != other.drawing


def test_draws_meet_the_probability_and_their_losses_add_up(day: StressDay) -> None:
    """Four firms at 4.7% each; 3,000 runs: each alone within five standard errors."""
    answer = run_stress(day, Scenario(), Ask(runs=3_000, seed=1))
    assert answer.drawing and answer.drawing.scored == 4 and answer.drawing.unscored == 0
    for one in answer.likely:
        assert abs(one.alone - expit(-3)) < 5 * np.sqrt(0.047 * 0.953 / 3_000)
        assert one.fell >= one.alone
    expected = answer.drawing.expected_fen
    assert sum(one.expected_fen for one in answer.likely) == pytest.approx(expected, abs=10)
    assert sum(part.expected_fen for part in answer.branches) == pytest.approx(expected, abs=10)
    levels = [quantile.loss_fen for quantile in answer.drawing.quantiles]
    assert levels == sorted(levels) and answer.drawing.shortfall_99_fen >= levels[-2]
    assert answer.drawing.own_fen <= expected


def test_two_scenarios_meet_the_same_luck(world: World, day: StressDay) -> None:
    both = compare(day, (Scenario(), fails(world, "甲")), Ask(runs=200))
    assert both.first.drawing and both.second.drawing
    change = next(each for each in both.changes if each.what == "expected_fen")
    assert change.second > change.first == both.first.drawing.expected_fen
    assert set(both.only_second) == {world.id(name) for name in "甲乙丙"} and not both.only_first
    unmoved = compare(day, (Scenario(), Scenario(name="again")), Ask(runs=50))
    assert all(each.first == each.second for each in unmoved.changes)


def test_the_files_hold_what_was_said(world: World, day: StressDay, tmp_path: Path) -> None:
    both = compare(day, (Scenario(), fails(world, "甲")), Ask(runs=20))
    written = write_comparison(both, tmp_path)
    assert all(path.is_file() for path in written)
    whole = json.loads((tmp_path / "second" / "stress.json").read_text("utf-8"))
    assert whole["central"]["fell"] == 3
    lines = (tmp_path / "second" / "edges.csv").read_text("utf-8-sig").splitlines()
    assert len(lines) == 3 and "guarantee" in lines[1] + lines[2]


def test_a_scenario_file_says_the_same_as_its_shape(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("name: 下行\nshocks:\n  - {industry: C, equity_loss: 0.3}\nmacro:\n  - {gdp: -2, rate_bp: 50}\n", "utf-8")
    told = Scenario(name="下行", shocks=(Shock(industry="C", equity_loss=0.3),), macro=(Quarter(gdp=-2, rate_bp=50),))
    assert read_scenario(file) == told


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("shocks: [{industry: C, region: '33'}]", "shocks.0"),
        ("shocks: [{equity_loss: 0.5}]", "shocks.0"),
        ("shocks: [{industry: C, equity_loss: -0.5}]", "shocks.0.equity_loss"),
        ("shocks: [{industry: C, equity_loss: .nan}]", "shocks.0.equity_loss"),
        ("shocks: [{industry: C, equity_los: 1}]", "shocks.0.equity_los"),
        ("macro: [{gdp: -99}]", "macro.0.gdp"),
        ("macro: [{property: .inf}]", "macro.0.property"),
        ("- a", "s.yaml"),
        ("name: [", "s.yaml"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused_with_its_field(tmp_path: Path, text: str, field: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError) as refused:
        read_scenario(file)
    assert refused.value.field == field


def test_shocks_that_hit_nobody_are_refused(world: World, day: StressDay) -> None:
    for shock, error in (
        (Shock(industry="Z"), InputError),
        (Shock(branch="B"), InputError),
        (Shock(group="Group-none"), InputError),
        (Shock(firms=(f"Firm-{'0' * 32}",)), NotFoundError),
        (Shock(firms=(world.id("丁"),)), InputError),
    ):
        with pytest.raises(error):
            run_stress(day, Scenario(name="x", shocks=(shock,)), ONLY)


@pytest.mark.parametrize(("ask", "field"), [(Ask(runs=-1), "runs"), (Ask(runs=10**9), "runs"), (Ask(runs=1, seed=-1), "seed")])
def test_runs_and_seeds_that_cannot_be_are_refused(day: StressDay, ask: Ask, field: str) -> None:
    with pytest.raises(InputError) as refused:
        run_stress(day, Scenario(), ask)
    assert refused.value.field == field


def test_draws_without_any_score_and_a_day_before_any_data_are_refused(world: World, tmp_path: Path) -> None:
    nothing = ScoreBook(tmp_path / "scores")
    unscored = StressDay.open(world.snapshot(DAY), nothing)
    with pytest.raises(InputError, match="scored"):
        run_stress(unscored, Scenario(), Ask(runs=1))
    assert run_stress(unscored, Scenario(), ONLY).limits.levels
    with pytest.raises(InputError, match="knew no firm"):
        StressDay.open(world.snapshot("2020-01-01"), nothing)


def test_negative_amounts_and_claims_on_oneself_are_left_out_and_counted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.firm("甲").firm("乙").relation("GUARANTEES", "甲", "乙", amount_fen=-5).relation("GUARANTEES", "甲", "甲", amount_fen=5)
    world.relation("SUPPLIES", "乙", "乙", annual_fen=700).commit()
    network = read_network(world.snapshot(DAY), declared())
    assert (len(network.guarantees.cap), len(network.claims.amount)) == (0, 0)
    assert (network.told["negative_amounts"], network.told["owed_to_oneself"]) == (1, 2)


def test_a_foreign_amount_counts_by_its_rate_or_is_left_out_and_counted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.firm("甲").firm("乙").relation("GUARANTEES", "甲", "乙", amount_fen=500, currency="USD").commit()
    assert read_network(world.snapshot(DAY), declared()).told["without_rate"] == 1
    world.entity("Currency", "USD", code="USD").fact("ExchangeRate", "USD", cny_per_unit=7.0).commit()
    assert read_network(world.snapshot(DAY), declared()).guarantees.cap.tolist() == [3500.0]


def test_a_bank_that_knows_better_says_so_in_a_file_of_its_own(world: World, tmp_path: Path) -> None:
    moved = World(tmp_path)
    assert conventions_beside(moved.ledger) == declared()
    told = declared().model_dump(mode="json") | {"capacity": "equity"}
    (tmp_path / "contagion.yaml").write_text(json.dumps(told), "utf-8")
    assert conventions_beside(moved.ledger).losses.capacity == "equity"
    for name, read in (("contagion.yaml", conventions_beside), ("stress.yaml", sensitivities_beside)):
        (tmp_path / name).write_text("loss_trade: 3", "utf-8")
        with pytest.raises(YujingError, match=name):
            read(moved.ledger)


def test_every_convention_says_where_it_comes_from() -> None:
    for name, each in Conventions.model_validate(declared().model_dump()):
        if hasattr(each, "status"):
            assert each.status == "house" or each.source, name


def test_the_page_shows_a_scenario_that_reads() -> None:
    page = (Path(__file__).parents[3] / "docs" / "stress.md").read_text("utf-8")
    (text,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    shown = parse(Scenario, text, "docs/stress.md")
    assert len(shown.shocks) == 4 and shown.property_change == pytest.approx(-0.1) and shown.gdp_level == -1.25
