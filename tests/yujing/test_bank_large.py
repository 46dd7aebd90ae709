"""A large invented bank: written society by society, tied together, in memory that does not grow with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml
from stdnum.cn import uscc

from graph.errors import InputError
from ingest.manifest import read_manifest
from yujing.bank.between import TIES_BETWEEN
from yujing.bank.distress import simulate_distress
from yujing.bank.names import KNOWN_TRADE_NAMES
from yujing.bank.plan import BankPlan
from yujing.bank.truth import true_defaults
from yujing.bank.world import World, rehearse
from yujing.bank.write import BankReport, invent_societies, write_bank

PLAN = BankPlan(firms=400, seed=7, months=24)
SOCIETIES = 4


@pytest.fixture(scope="module", autouse=True)
def small_societies() -> Iterator[None]:
    """Societies of a hundred firms, so that a large bank is soon written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("yujing.bank.plan.SOCIETY_FIRMS", 100)
        yield


@dataclass(frozen=True)
class Written:
    folder: Path
    report: BankReport

    def rows(self, pattern: str) -> pl.DataFrame:
        """All parts of a text file, one behind the other."""
        separator = "\t" if ".tsv" in pattern else ","
        parts = sorted(self.folder.glob(pattern))
        return pl.concat(pl.read_csv(part, separator=separator, infer_schema=False) for part in parts)

    def planted(self, expect: str) -> set[tuple[str, int]]:
        told = json.loads((self.folder / "truth/planted_errors.json").read_text("utf-8"))["planted"]
        return {(each["file"], line) for each in told if each["expect"] == expect for line in each["lines"]}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("large") / "bank"
    return Written(folder, write_bank(folder, PLAN))


@pytest.fixture(scope="module")
def worlds() -> list[World]:
    return list(invent_societies(PLAN))


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_options_write_the_same_bytes(bank: Written, tmp_path: Path) -> None:
    write_bank(tmp_path / "again", PLAN)
    assert digests(tmp_path / "again") == digests(bank.folder)


def test_a_run_that_was_killed_is_begun_anew_and_ends_in_the_same_bytes(bank: Written, tmp_path: Path) -> None:
    folder = tmp_path / "bank"
    script = (
        "import sys, time; from pathlib import Path; import yujing.bank.plan as plan; plan.SOCIETY_FIRMS = 100\n"
        "from yujing.bank.write import write_bank\n"
        "def halt(done, total):\n    if done == 2: Path(sys.argv[2]).touch(); time.sleep(600)\n"
        f"write_bank(Path(sys.argv[1]), plan.BankPlan(firms={PLAN.firms}, months={PLAN.months}), (), halt)\n"
    )
    reached = tmp_path / "reached"
    with subprocess.Popen([sys.executable, "-c", script, str(folder), str(reached)]) as run:
        while not reached.exists() and run.poll() is None:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    assert (folder / "credit/借据-0001.csv").exists()
    assert not (folder / "manifest.yaml").exists()  # nobody loads half a bank
    write_bank(folder, PLAN)
    assert digests(folder) == digests(bank.folder)


def test_numbers_codes_and_names_are_given_once_in_the_whole_bank(bank: Written) -> None:
    for pattern, column in (
        ("credit/借据-*.csv", "借据号"),
        ("credit/合同-*.csv", "合同号"),
        ("credit/保证合同-*.csv", "保证合同号"),
        ("core/accounts-*.tsv.gz", "acct_no"),
        ("core/transfers-*.tsv.gz", "txn_id"),
        ("outside/发票-*.csv.gz", "发票号码"),
    ):
        told = bank.rows(pattern)
        again = [name for name in ("到期日", "录入时间") if name in told.columns]  # a note that was extended is told again
        told = told.unique([name for name in told.columns if name not in again])  # planted copies are equal rows
        assert told[column].is_unique().all(), column


def test_no_two_societies_share_a_firm_a_person_or_a_name(worlds: list[World]) -> None:
    def all_of(values: list[np.ndarray[Any, Any]]) -> list[str]:
        return [str(value) for part in values for value in part if value != ""]

    here = [slice(world.plan.firms) for world in worlds]
    firms, persons = [world.society.firms for world in worlds], [world.society.persons for world in worlds]
    for values in (
        all_of([each.name[own] for each, own in zip(firms, here, strict=True)]),
        all_of([each.code[own] for each, own in zip(firms, here, strict=True)]),
        all_of([each.customer[own] for each, own in zip(firms, here, strict=True)]),
        all_of([each.id_number for each in persons]),
        all_of([each.customer for each in persons]),
    ):
        assert len(values) == len(set(values))
    codes = all_of([each.code for each in firms])
    assert all(uscc.is_valid(code) for code in codes)
    names = all_of([each.name[2 : world.plan.firms] for each, world in zip(firms, worlds, strict=True)])
    assert not [name for name in names if {name[2:4], name[3:5]} & KNOWN_TRADE_NAMES]


def test_each_society_is_tied_to_earlier_ones_over_the_declared_share_of_trades_guarantees_and_holdings(
    worlds: list[World],
) -> None:
    home = {code: k for k, world in enumerate(worlds) for code in world.society.firms.code[: world.plan.firms]}
    for k, world in enumerate(worlds[1:], 1):
        society, own = world.society, world.plan.firms
        guests = society.firms.code[own:]
        assert {home[code] for code in guests} <= set(range(k))
        supplies, guarantees, holdings = society.supplies, society.guarantees, society.ownership.holdings
        abroad = (supplies.seller >= own) | (supplies.buyer >= own)
        assert abroad.mean() == pytest.approx(TIES_BETWEEN, abs=0.01)
        by_firm = ~guarantees.by_person
        assert 0 < (guarantees.borrower[by_firm] >= own).mean() <= 1.5 * TIES_BETWEEN
        assert (holdings.by_firm & (holdings.holder >= own)).sum() == round(TIES_BETWEEN * len(holdings.firm))
        assert not society.firms.borrower[own:].any()  # nobody is lent to twice


def test_hits_run_from_earlier_societies_and_a_guest_fails_when_it_really_did(worlds: list[World]) -> None:
    really = {
        code: int(month)
        for world in worlds
        for code, month in zip(world.society.firms.code[: world.plan.firms], world.distress.failed, strict=False)
    }
    for world in worlds[1:]:
        own = world.plan.firms
        assert (world.society.channels.target < own).all()
        assert [really[code] for code in world.society.firms.code[own:]] == world.distress.failed[own:].tolist()


def test_without_hits_exactly_the_defaults_by_contagion_do_not_happen_in_any_society(worlds: list[World]) -> None:
    for world in worlds:
        silent = replace(world.society.channels, weight=np.zeros(world.society.channels.count))
        alone = simulate_distress(world.plan, world.society.firms, silent, rehearse(world.plan, world.society))
        stands = dict(zip(world.society.firms.code, alone.failed == world.plan.months, strict=True))
        for default in true_defaults(world).iter_rows(named=True):
            assert stands[default["uscc"]] == (default["cause"] != "own")


def test_the_default_rates_hold_in_a_large_bank_and_some_contagion_crosses_societies() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("yujing.bank.plan.SOCIETY_FIRMS", 1000)
        many = list(invent_societies(BankPlan(firms=4000, seed=3)))
    causes = pl.concat(true_defaults(world) for world in many)
    borrowers = sum(int(world.society.firms.borrower.sum()) for world in many)
    assert 0.038 <= causes.height / borrowers / 3 <= 0.044
    assert 0.4 <= (causes["cause"] != "own").mean() <= 0.6  # type: ignore[operator]
    home = {code: k for k, world in enumerate(many) for code in world.society.firms.code[: world.plan.firms]}
    crossed = [
        row for row in causes.filter(pl.col("cause") != "own").iter_rows(named=True) if home[row["from_uscc"]] != home[row["uscc"]]
    ]
    assert crossed
    assert all(home[row["from_uscc"]] < home[row["uscc"]] and row["from_month"] < row["failed_month"] for row in crossed)


def test_one_manifest_loads_all_parts_and_what_was_planted_in_them_is_found(bank: Written, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "yujing", "ingest", str(bank.folder / "manifest.yaml"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "YUJING_HOME": str(tmp_path)}, check=False)
    assert done.returncode == 3, done.stderr
    result = json.loads(done.stdout)
    rows = result["rows"]
    assert rows["read"] == bank.report.total_rows == rows["accepted"] + rows["duplicate"] + rows["quarantined"]
    found = pl.read_parquet(Path(result["quarantine"]) / "quarantine.parquet").with_columns(pl.col("sheet").fill_null(""))
    caught = {(f"{q['file']}#{q['sheet']}" if q["sheet"] else q["file"], q["line"]) for q in found.iter_rows(named=True)}
    spoilt = bank.planted("quarantined")
    conflicts = found.filter(pl.col("reason") == "conflict").height
    assert spoilt <= caught
    assert len(caught - spoilt) <= conflicts
    assert rows["duplicate"] >= len(bank.planted("duplicate"))


def test_parts_end_at_their_size_and_planted_lines_are_told_by_part(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("yujing.bank.parts.ROWS_A_PART", 4000)
        write_bank(tmp_path / "bank", PLAN)
    parts = sorted((tmp_path / "bank/credit").glob("还款明细-*.csv"))
    assert len(parts) > 1
    told = json.loads((tmp_path / "bank/truth/planted_errors.json").read_text("utf-8"))["planted"]
    for part in parts:
        frame = pl.read_csv(part, infer_schema=False)
        assert 0 < frame.height <= 4000
        lines = [line for p in told if p["file"] == f"credit/{part.name}" and p["kind"] == "text_in_number" for line in p["lines"]]
        assert lines
        assert set(frame[[line - 2 for line in lines]]["还款金额"]) == {"待核实"}


def test_a_part_of_the_bank_is_as_it_is_in_the_whole(bank: Written, tmp_path: Path) -> None:
    write_bank(tmp_path / "some", PLAN, only=("registry", "credit"))
    some, whole = digests(tmp_path / "some"), digests(bank.folder)
    there = {name.split("/")[0] for name in some if "/" in name}
    assert there == {"registry", "credit", "truth"}
    assert all(some[name] == whole[name] for name in some if name.startswith(("registry/", "credit/")))
    assert {file.path.split("/")[0] for file in read_manifest(tmp_path / "some/manifest.yaml")[0].files} == {"registry", "credit"}


def test_a_system_that_the_bank_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no system 'crm'"):
        write_bank(tmp_path / "bank", PLAN, only=("crm",))
    assert not (tmp_path / "bank").exists()


@pytest.mark.parametrize(("months", "years"), [(18, ["2024", "2025", "2026"]), (48, ["2022", "2023", "2024", "2025", "2026"])])
def test_the_manifest_names_the_years_that_were_written(tmp_path: Path, months: int, years: list[str]) -> None:
    write_bank(tmp_path / "bank", BankPlan(firms=80, months=months))
    files = yaml.safe_load((tmp_path / "bank/manifest.yaml").read_text("utf-8"))["files"]
    assert [file["sheet"] for file in files if "月度经营指标" in file["path"]] == years


def peak_kib(firms: int, folder: Path) -> int:
    """The most memory that writing so many firms took, in KiB, in a process of its own."""
    script = (
        "import resource, sys; from pathlib import Path; from yujing.bank.plan import BankPlan\n"
        "from yujing.bank.write import write_bank\n"
        f"write_bank(Path(sys.argv[1]), BankPlan(firms={firms}, months=18))\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_thirty_thousand_firms_take_hardly_more_memory_than_ten_thousand(tmp_path: Path) -> None:
    ten, thirty = (peak_kib(firms, tmp_path / str(firms)) for firms in (10_000, 30_000))
    assert thirty < 1.25 * ten
