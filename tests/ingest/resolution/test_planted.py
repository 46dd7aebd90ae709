"""The invented bank's planted duplicates: how many are found, and how many that are none."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from shutil import which

import polars as pl
import pytest

from graph.identity import entity_id, record_id
from graph.ledger import Ledger
from graph.ledger.as_of import identity_as_of
from graph.ledger.matching import FOREVER_US
from graph.snapshot import Snapshot
from ingest.resolution.records import firm_records
from ingest.resolution.score import score_pairs
from yujing.bank.plan import BankPlan
from yujing.bank.write import write_bank

TODAY = date(2026, 3, 31)


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    root = tmp_path_factory.mktemp("planted")
    write_bank(root / "bank", BankPlan(firms=600, seed=11))
    command = [sys.executable, "-m", "yujing", "ingest", str(root / "bank" / "manifest.yaml"), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "YUJING_HOME": str(root / "home")}, check=False
    )
    assert done.returncode in (0, 3), done.stderr
    return root / "bank", Ledger.open(root / "home" / "ledger")


def true_pairs(folder: Path, ledger: Ledger) -> set[frozenset[str]]:
    moved = identity_as_of(ledger.identity(), FOREVER_US).to_pyarrow()
    home = dict(zip(moved["record"].to_pylist(), moved["entity"].to_pylist(), strict=True))
    told = pl.read_parquet(folder / "truth" / "duplicates.parquet").filter(~pl.col("code_told"))

    def entity(source: str, key: str) -> str:
        record = record_id("Firm", source, key)
        return str(home.get(record, entity_id("Firm", record)))

    return {
        frozenset((entity("platform", number), entity("uscc", code)))
        for number, code in told.select("platform_number", "uscc").iter_rows()
    }


def test_nine_in_ten_planted_duplicates_are_proposed_and_hardly_anything_else(bank: tuple[Path, Ledger]) -> None:
    folder, ledger = bank
    truth = true_pairs(folder, ledger)
    found = {frozenset((pair.left, pair.right)) for pair in score_pairs(firm_records(Snapshot(ledger, TODAY)))}
    assert len(truth) >= 20
    assert len(found & truth) / len(truth) >= 0.9
    assert len(found & truth) / len(found) >= 0.9


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.skipif(which("java") is None, reason="Spark needs Java 17 or later on the PATH")
def test_spark_proposes_the_same_pairs(bank: tuple[Path, Ledger], tmp_path: Path) -> None:
    """Weights hang on random pairs, which Spark draws without a seed: what is beyond doubt on one is proposed on the other."""
    pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'yujing[spark]'")
    home = bank[1].root.parent
    found = {}
    for engine in ("duckdb", "spark"):  # each in a process of its own: Spark takes its jars when its JVM starts
        command = [sys.executable, "-m", "yujing", "resolve", "propose", "--as-of", str(TODAY), "--engine", engine, "--json"]
        environment = {**os.environ, "YUJING_HOME": str(home), "YUJING_SPARK_MASTER": "local[1]"}
        environment["YUJING_SPARK_CONF"] = json.dumps({"spark.sql.shuffle.partitions": "1"})
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        found[engine] = {each["id"]: each["probability"] for each in json.loads(done.stdout)}
    for one, other in (("duckdb", "spark"), ("spark", "duckdb")):
        assert {pair for pair, probability in found[one].items() if probability > 0.99} <= set(found[other])
