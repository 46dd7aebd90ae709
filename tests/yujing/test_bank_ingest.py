"""The invented bank goes through ingest: what was planted is found, the rest is taken, one firm is one firm."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graph.snapshot import Snapshot
from yujing.bank.plan import BankPlan
from yujing.bank.write import BankReport, write_bank
from yujing.settings import Settings
from yujing.wiring import open_ledger

FIRMS = 200


@dataclass(frozen=True)
class Loaded:
    folder: Path
    written: BankReport
    exit_code: int
    result: dict[str, Any]
    snapshot: Snapshot


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A bank of 200 firms, loaded by the command as a bank would."""
    root = tmp_path_factory.mktemp("loaded")
    written = write_bank(root / "bank", BankPlan(firms=FIRMS, seed=7))
    command = [sys.executable, "-m", "yujing", "ingest", str(root / "bank" / "manifest.yaml"), "--json"]
    environment = {**os.environ, "YUJING_HOME": str(root / "home")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode in (0, 3), done.stderr
    ledger = open_ledger(Settings(home=root / "home"))
    return Loaded(root / "bank", written, done.returncode, json.loads(done.stdout), Snapshot(ledger, date(2026, 3, 31)))


def planted(loaded: Loaded, expect: str) -> set[tuple[str, str, int]]:
    told = json.loads((loaded.folder / "truth" / "planted_errors.json").read_text("utf-8"))["planted"]
    places = ((each["file"].partition("#"), line) for each in told if each["expect"] == expect for line in each["lines"])
    return {(file, sheet, line) for (file, _, sheet), line in places}


def test_it_loads_with_quarantine_and_every_row_is_accounted_for(loaded: Loaded) -> None:
    rows = loaded.result["rows"]
    assert loaded.exit_code == 3
    assert rows["read"] == loaded.written.total_rows
    assert rows["read"] == rows["accepted"] + rows["duplicate"] + rows["quarantined"]


def test_every_row_that_was_spoilt_is_in_quarantine_and_hardly_another(loaded: Loaded) -> None:
    quarantine = pl.read_parquet(Path(loaded.result["quarantine"]) / "quarantine.parquet")
    caught = set(zip(quarantine["file"], quarantine["sheet"].fill_null(""), quarantine["line"], strict=True))
    spoilt = planted(loaded, "quarantined")
    assert spoilt <= caught
    first_of_conflicts = {
        (q["file"], q["sheet"] or "", q["line"]) for q in quarantine.iter_rows(named=True) if q["reason"] == "conflict"
    }
    assert caught - spoilt <= first_of_conflicts


def test_exact_copies_are_duplicates(loaded: Loaded) -> None:
    assert loaded.result["rows"]["duplicate"] >= len(planted(loaded, "duplicate"))


def test_customer_number_and_credit_code_are_one_firm(loaded: Loaded) -> None:
    firms = pl.DataFrame(loaded.snapshot.read("Firm"))
    named = firms.filter(pl.col("name").is_not_null())
    assert named["uscc"].drop_nulls().is_unique().all()
    spoilt = {(file, line) for file, sheet, line in planted(loaded, "quarantined") if "企业信息" in sheet or "对公客户" in file}
    told = pl.read_csv(loaded.folder / "platform" / "供应链平台企业.csv", encoding="gb18030", infer_schema=False)
    alone = told["统一社会信用代码"].null_count()  # until an officer joins them, firms of their own
    most = FIRMS + 1 + alone  # and the bank itself; each of the city's firms has two records
    assert most - len(spoilt) <= named.height <= most
    stubs = firms.filter(pl.col("stub"))
    assert stubs.height <= len(planted(loaded, "quarantined")) + len(planted(loaded, "accepted"))


def test_a_borrower_known_by_number_and_a_guarantor_known_by_code_meet_in_one_firm(loaded: Loaded) -> None:
    borrows, guarantees = (pl.DataFrame(loaded.snapshot.read(name)) for name in ("BORROWS", "GUARANTEES"))
    guaranteed = guarantees.filter(pl.col("dst_type") == "Firm")["dst"].unique()
    both = guaranteed.is_in(borrows["src"].unique().implode()).mean()
    assert isinstance(both, float)
    assert both > 0.97


def test_a_due_is_planned_once_and_paid_once(loaded: Loaded) -> None:
    dues = pl.DataFrame(loaded.snapshot.read("RepaymentDue"))
    assert dues["id"].is_unique().all()
    overdue = dues.filter((pl.col("due_on") <= date(2026, 3, 31)) & pl.col("paid_on").is_null())
    assert 0 < overdue.height < 0.05 * dues.height


def test_of_a_lawsuit_that_ended_the_last_word_is_that_it_did(loaded: Loaded) -> None:
    events = pl.DataFrame(loaded.snapshot.read("JudicialEvent")).filter(pl.col("event_type") == "lawsuit")
    assert events["case_number"].is_unique().all()
    closed = events.filter(pl.col("closed_on").is_not_null())
    assert closed.height > 0
    assert set(closed["stage"]) == {"closed"}


def test_the_snapshot_of_an_earlier_day_knows_nothing_later(loaded: Loaded) -> None:
    earlier = Snapshot(open_ledger(Settings(home=loaded.folder.parent / "home")), date(2024, 6, 30))
    statements = pl.DataFrame(earlier.read("FinancialStatement"))
    assert statements["period_end"].max() == date(2024, 3, 31)
    assert 0 < statements.height < pl.DataFrame(loaded.snapshot.read("FinancialStatement")).height
