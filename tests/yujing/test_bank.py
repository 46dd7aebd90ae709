"""The invented bank: how its firms fail, and that what it writes says so honestly."""

import json
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from stdnum.cn import ric, uscc
from stdnum.exceptions import InvalidComponent

from graph.errors import InputError
from yujing.bank.activity import festival
from yujing.bank.cases import describe_cases
from yujing.bank.casting import write_script
from yujing.bank.distress import DEFAULT_LAG, simulate_distress
from yujing.bank.firms import GUARANTEE_COMPANY
from yujing.bank.guarantees import SHAPES
from yujing.bank.names import KNOWN_TRADE_NAMES, PLACES
from yujing.bank.plan import BankPlan
from yujing.bank.truth import true_defaults, true_hits
from yujing.bank.world import World, invent_world
from yujing.bank.write import write_bank


@cache
def world(firms: int = 1000, seed: int = 7) -> World:
    return invent_world(BankPlan(firms=firms, seed=seed))


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_writes_the_same_bytes_and_another_seed_another_bank(tmp_path: Path) -> None:
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    for folder, seed in ((first, 5), (again, 5), (other, 6)):
        write_bank(folder, BankPlan(firms=80, seed=seed))
    assert digests(first) == digests(again)
    same = {name for name, digest in digests(other).items() if digests(first)[name] == digest}
    assert same == {"manifest.yaml"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_three_to_five_borrowers_in_a_hundred_default_a_year_about_half_of_them_by_contagion(seed: int) -> None:
    causes = true_defaults(world(1000, seed))["cause"]
    a_year = len(causes) / int(world(1000, seed).society.firms.borrower.sum()) / 3
    assert 0.03 <= a_year <= 0.05
    assert 0.35 <= (causes != "own").sum() / len(causes) <= 0.65
    assert set(causes.unique()) == {"own", "guarantee", "trade", "ownership", "controller"}


def test_without_hits_exactly_the_defaults_by_contagion_do_not_happen() -> None:
    bank = world()
    silent = replace(bank.society.channels, weight=np.zeros(bank.society.channels.count))
    script = write_script(bank.plan, bank.society.firms, bank.society.cast)
    alone = simulate_distress(bank.plan, bank.society.firms, silent, script)
    stands_alone = dict(zip(bank.society.firms.code, alone.failed == bank.plan.months, strict=True))
    for default in true_defaults(bank).iter_rows(named=True):
        assert stands_alone[default["uscc"]] == (default["cause"] != "own")


def test_no_firm_is_its_own_cause_and_no_cause_comes_after_its_effect() -> None:
    caused = true_defaults(world()).filter(true_defaults(world())["cause"] != "own")
    assert (caused["uscc"] != caused["from_uscc"]).all()
    assert (caused["from_month"] < caused["failed_month"]).all()
    assert (caused["failed_month"] < caused["default_day"]).all()
    hits = true_hits(world())
    months = (hits["month"].dt.year() - hits["sent_month"].dt.year()) * 12 + (
        hits["month"].dt.month() - hits["sent_month"].dt.month()
    )
    assert set(months.unique()) <= {1, 2, 3, 4, 5, 6}


def test_a_guarantee_hits_only_while_it_is_in_force_and_in_proportion_to_what_is_called() -> None:
    bank = world()
    channels, firms, guarantees = bank.society.channels, bank.society.firms, bank.society.guarantees
    over = {number: k for k, number in enumerate(guarantees.number)}
    sent = bank.distress.hits.month - channels.delay[bank.distress.hits.edge]
    for edge, month in zip(bank.distress.hits.edge, sent, strict=True):
        if channels.kind[edge] == 0:
            guarantee = over[channels.relation[edge]]
            assert guarantees.start[guarantee] <= month < guarantees.end[guarantee]
            assert bank.distress.failed[guarantees.borrower[guarantee]] == month
    single = np.flatnonzero(
        (channels.kind == 0) & (guarantees.shape[[over.get(r, 0) for r in channels.relation]] != SHAPES.index("joint"))
    )
    call = np.array([guarantees.amount_fen[over[channels.relation[edge]]] for edge in single])
    part = np.minimum(1.5, call / firms.net_assets_fen[channels.target[single]])
    scatter = np.log(channels.weight[single] / (2.5 * part))
    assert abs(float(scatter.mean())) < 0.1
    assert float(scatter.std()) == pytest.approx(0.4, abs=0.06)


def test_distress_shows_in_account_inflow_and_inquiries_before_the_first_missed_payment() -> None:
    bank = world()
    failed, inflow = bank.distress.failed, bank.reports.indicators.inflow_fen
    late = np.flatnonzero((failed >= 16) & (failed < bank.plan.months) & (bank.distress.own_failed < bank.plan.months))
    standing = failed == bank.plan.months

    def change(month: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.asarray(inflow[:, month - 3 : month].sum(axis=1) / inflow[:, month - 15 : month - 12].sum(axis=1))

    against_others = [change(failed[f])[f] / np.median(change(failed[f])[standing]) for f in late]
    assert np.median(against_others) < 0.9
    bureau = bank.reports.bureau
    row = {int(f): k for k, f in enumerate(bureau.firm)}
    before = np.mean([bureau.inquiries[row[int(f)], failed[f] - 1] for f in late if int(f) in row])
    assert before > 1.5 * bureau.inquiries.mean()


def test_a_default_is_ninety_one_days_after_the_first_missed_due_day() -> None:
    bank = world()
    notes, states = bank.book.notes, bank.book.states
    at_default = states.month == (bank.distress.failed + DEFAULT_LAG)[notes.firm[states.note]]
    worst = np.zeros(bank.society.firms.count, dtype=np.int64)
    np.maximum.at(worst, notes.firm[states.note[at_default]], states.days_past_due[at_default])
    defaulted = {code: k for k, code in enumerate(bank.society.firms.code)}
    firms = [defaulted[code] for code in true_defaults(bank)["uscc"]]
    assert (worst[firms] > 90).all()
    others = np.setdiff1d(np.arange(bank.society.firms.count), firms)
    assert worst[others].max() <= 90


def test_what_falls_due_on_a_note_sums_to_its_principal() -> None:
    bank = world()
    notes, dues = bank.book.notes, bank.book.dues
    due = np.zeros(notes.count, dtype=np.int64)
    np.add.at(due, dues.note, dues.principal_fen)
    whole = (notes.start >= 0) & (notes.product != 1) & (notes.end <= bank.plan.months + 11)
    assert whole.sum() > 500
    assert (due[whole] == notes.principal_fen[whole]).all()


def test_revenue_of_a_statement_runs_from_january_as_tax_turnover_does() -> None:
    bank = world()
    statements, turnover = bank.reports.statements, bank.reports.indicators.turnover_fen
    autumn = statements.period_end == np.datetime64("2025-09-30")
    year = turnover[statements.firm[autumn], 21:30].sum(axis=1)  # January to September 2025
    ratio = statements.figures["revenue_fen"][autumn] / year
    assert autumn.sum() > 300
    assert np.median(ratio) == pytest.approx(1.0, abs=0.02)
    assert np.quantile(ratio, 0.9) < 1.1


def test_spring_festival_takes_its_days_from_the_months_it_falls_in() -> None:
    factor = festival(BankPlan(months=24))  # April 2024 to March 2026; the new year of 2026 is on 17 February
    assert factor[22] == pytest.approx(1 - 0.55 * 19 / 28)  # quiet from 10 February
    assert factor[23] == pytest.approx(1 - 0.55 * 2 / 31)  # to 2 March
    assert factor[3] == 1.0


def test_codes_have_right_check_digits_and_a_region_that_does_not_exist() -> None:
    firms, persons = world().society.firms, world().society.persons
    assert len(set(firms.code)) == firms.count
    assert all(uscc.is_valid(code) and code[2:4] == "99" for code in firms.code)
    assert len(set(persons.id_number)) == persons.count
    for number in persons.id_number:
        assert ric.calc_check_digit(number) == number[-1]
        assert ric.get_birth_date(number).year >= 1958
        with pytest.raises(InvalidComponent):
            ric.get_birth_place(number)


def test_firm_names_are_distinct_in_invented_cities_and_hold_no_known_trade_name() -> None:
    for size in (1000, 4000):
        names = world(size, 7).society.firms.name if size == 1000 else invent_world(BankPlan(firms=size)).society.firms.name
        assert len(set(names)) == size
        assert all(str(name).startswith(PLACES) for name in names)
        assert not [name for name in names[GUARANTEE_COMPANY + 1 :] if any(known in name[2:6] for known in KNOWN_TRADE_NAMES)]


def test_shares_of_a_firm_never_sum_above_one() -> None:
    holdings = world().society.ownership.holdings
    held = np.zeros(world().society.firms.count)
    np.add.at(held, holdings.firm, holdings.share)
    assert held.max() <= 1 + 1e-9
    assert (holdings.share > 0).all()
    assert not (holdings.by_firm & (holdings.holder == holdings.firm)).any()


def test_a_folder_that_holds_something_else_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(InputError, match="holds no invented bank"):
        write_bank(tmp_path, BankPlan(firms=60))
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize(("size", "months"), [(59, 36), (60, 17)])
def test_a_bank_too_small_to_hold_its_cases_is_refused(size: int, months: int) -> None:
    with pytest.raises(InputError, match="needs"):
        BankPlan(firms=size, months=months)


@pytest.mark.parametrize(("firms", "seed", "months"), [(60, 1, 36), (60, 2, 18), (100, 4, 24), (150, 9, 48)])
def test_every_bank_however_small_has_its_cases(tmp_path: Path, firms: int, seed: int, months: int) -> None:
    write_bank(tmp_path / "bank", BankPlan(firms=firms, seed=seed, months=months))
    cases = json.loads((tmp_path / "bank" / "cases.json").read_text("utf-8"))
    assert [case["case"] for case in cases["cases"]] == [
        "guarantee-circle",
        "near-maturity",
        "defaulter-guarantor",
        "related-payee",
        "round-trip",
        "clean",
    ]
    leading = [case["firm"]["uscc"] for case in cases["cases"]]
    assert len(set(leading)) == len(leading)


@pytest.mark.parametrize(("firms", "seed"), [(300, 7), (300, 1), (200, 3), (60, 2), (400, 7), (1000, 5)])
def test_the_drawdown_of_the_round_trip_is_the_one_whose_money_comes_back(firms: int, seed: int) -> None:
    """At 300 firms the case once named a note that was paid to the borrower itself."""
    made = invent_world(BankPlan(firms=firms, seed=seed))
    (case,) = (each for each in describe_cases(made)["cases"] if each["case"] == "round-trip")
    cast, names, paid_out, transfers = made.society.cast, made.society.firms.name, made.book.disbursements, made.transfers
    (at,) = np.flatnonzero(made.book.notes.number[paid_out.note] == case["loan_note"])
    assert paid_out.entrusted[at] and names[paid_out.payee[at]] == case["payee"]["name"] == names[cast.round_trip_payee]
    drawn = np.datetime64(case["drawn_on"])
    week = (transfers.at > drawn) & (transfers.at < drawn + np.timedelta64(8, "D")) & (transfers.purpose == "往来款")
    back = week & (transfers.payer_name == case["payee"]["name"])
    assert transfers.amount_fen[back].sum() >= 0.6 * paid_out.amount_fen[at]
    assert drawn + np.timedelta64(4, "D") <= np.datetime64(made.plan.today)
