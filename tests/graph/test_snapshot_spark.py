"""Spark, over the ledger's own files, answers as DuckDB does: every table, every feature, every check."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from graph.checks import check_book
from graph.errors import InputError
from graph.ledger import Ledger
from graph.ledger.upkeep import optimize
from graph.snapshot import Snapshot
from graph.snapshot.spark import SparkEngine, SparkOptions, start_spark
from models.features.build import FeatureTable, build_features
from tests.worlds.build import World
from yujing.bank.plan import BankPlan
from yujing.bank.write import write_bank

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'yujing[spark]'")

from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17 or later on the PATH"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

DAY = date(2026, 3, 31)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    conf = {"spark.sql.shuffle.partitions": "1", "spark.sql.session.timeZone": "America/New_York"}
    conf |= {"spark.sql.codegen.wholeStage": "false", "spark.sql.adaptive.enabled": "false"}  # a few rows: compiling costs more
    conf |= {"spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}  # for the same reason
    session = start_spark(SparkOptions("local[1]", conf))
    yield session
    session.stop()


def history(world: World) -> None:
    """Back and forth, a close, a retraction, a late correction, a happening, and two records that turn out to be one firm."""
    code = "91330100MA0000001X"
    world.firm("A", known="2025-01-01", uscc=code).firm("B", known="2025-01-01").firm(
        "C", known="2025-01-01", established_on="2001-02-03"
    )
    for day, amount in (("2025-02-01", 5), ("2025-03-01", 7), ("2025-04-01", 5)):
        world.relation("GUARANTEES", "A", "B", valid_from="2025-02-01", known=day, amount_fen=amount)
    world.relation("GUARANTEES", "B", "C", valid_from="2025-02-01", known="2025-02-01", amount_fen=8).close(
        "2025-03-15", known="2025-03-10"
    )
    world.relation("GUARANTEES", "C", "A", valid_from="2025-02-01", known="2025-02-01", amount_fen=9).retract(known="2025-03-20")
    world.relation("INVOICES", "A", "C", valid_from="2025-01-10", known="2025-02-10", net_fen=3, gross_fen=4, number="1")
    world.commit()
    world.firm("D", known="2025-03-05", uscc=code, listed=True)
    world.relation("GUARANTEES", "D", "C", valid_from="2025-03-01", known="2025-03-05", amount_fen=11)
    world.relation("GUARANTEES", "A", "B", valid_from="2025-04-10", known="2025-05-01", amount_fen=6).commit()


def in_order(rows: pa.Table) -> list[dict[str, object]]:
    return sorted(rows.to_pylist(), key=lambda row: tuple(str(value) for value in row.values()))


def test_spark_and_duckdb_see_the_same_past(spark: SparkSession, tmp_path: Path) -> None:
    world = World(tmp_path)
    history(world)
    engine = SparkEngine(world.ledger, spark)
    for day in (date(2025, 3, 31), date(2025, 6, 1)):
        here, there = Snapshot(world.ledger, day), Snapshot(world.ledger, day, engine=engine)
        for name in ("Firm", "GUARANTEES", "INVOICES"):
            assert here.read(name).num_rows
            assert in_order(there.read(name)) == in_order(here.read(name))
        assert in_order(there.read_history("GUARANTEES")) == in_order(here.read_history("GUARANTEES"))
        wanted = [world.id("A"), world.id("B")]
        assert in_order(there.about("GUARANTEES", "dst", wanted)) == in_order(here.about("GUARANTEES", "dst", wanted))
    earlier = Snapshot(world.ledger, date(2025, 6, 1), 1)
    assert in_order(Snapshot(world.ledger, date(2025, 6, 1), 1, engine).read("Firm")) == in_order(earlier.read("Firm"))


def test_spark_sees_what_is_committed_or_rewritten_after_it_began(spark: SparkSession, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.firm("A").commit()
    engine = SparkEngine(world.ledger, spark)
    assert Snapshot(world.ledger, DAY, engine=engine).read("Firm").num_rows == 1
    world.firm("B").commit()
    assert Snapshot(world.ledger, DAY, engine=engine).read("Firm").num_rows == 2
    optimize(world.ledger)
    assert Snapshot(world.ledger, DAY, engine=engine).read("Firm").num_rows == 2


def test_a_cluster_may_see_the_ledger_under_another_name(spark: SparkSession, tmp_path: Path) -> None:
    world = World(tmp_path / "here")
    world.firm("A").commit()
    shutil.copytree(world.ledger.root, tmp_path / "there")
    engine = SparkEngine(world.ledger, spark, f"file://{tmp_path}/there/")
    for file in (world.ledger.root / "Firm").glob("*.parquet"):
        os.truncate(file, 0)
    assert Snapshot(world.ledger, DAY, engine=engine).read("Firm").num_rows == 1


def test_entity_types_have_no_history_on_spark_either(spark: SparkSession, tmp_path: Path) -> None:
    engine = SparkEngine(Ledger.open(tmp_path / "ledger"), spark)
    with pytest.raises(InputError, match="entity type"):
        Snapshot(engine._ledger, DAY, engine=engine).history("Firm")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    """The invented bank, the least of it: every type that it tells is there."""
    root = tmp_path_factory.mktemp("spark")
    write_bank(root / "bank", BankPlan(firms=60, seed=7, months=18))
    command = [sys.executable, "-m", "yujing", "ingest", str(root / "bank" / "manifest.yaml"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "YUJING_HOME": str(root)}, check=False)
    assert done.returncode in (0, 3), done.stderr
    return Ledger.open(root / "ledger", memory_limit="1GB")


@pytest.fixture(scope="module")
def engine(book: Ledger, spark: SparkSession) -> SparkEngine:
    return SparkEngine(book, spark)


def test_every_table_of_the_invented_bank_is_row_for_row_the_same(book: Ledger, engine: SparkEngine) -> None:
    here, there = Snapshot(book, DAY), Snapshot(book, DAY, engine=engine)
    told = [name for name in book.ontology.types if book.files(name).paths]
    for name in (*told, next(name for name in book.ontology.types if name not in told)):
        mine = here.read(name)
        assert in_order(there.read(name)) == in_order(mine), name
        assert bool(mine.num_rows) == (name in told)
    assert len(told) > 35
    for name in ("BORROWS", "LoanNoteState", "INVOICES"):
        assert in_order(there.read_history(name)) == in_order(here.read_history(name)), name


def test_every_feature_of_every_firm_is_the_same(book: Ledger, engine: SparkEngine) -> None:
    here, there = build_features(Snapshot(book, DAY)), build_features(Snapshot(book, DAY, engine=engine))
    assert (there.version, there.names) == (here.version, here.names)
    assert there.firms == here.firms
    for column, name in enumerate(here.names):
        np.testing.assert_allclose(there.values[:, column], here.values[:, column], rtol=1e-9, atol=0, err_msg=name)
    told = np.isfinite(here.values).any(axis=0)
    assert told.sum() > 100  # most features are told of somebody
    assert in_order(there.standing) == in_order(here.standing)
    _same_exposures(there, here)


def _same_exposures(there: FeatureTable, here: FeatureTable) -> None:
    assert there.exposures.column_names == here.exposures.column_names
    floats = ("amount_fen", "share", "weight", "age_days")
    exact = [name for name in here.exposures.column_names if name not in floats]
    order = [(name, "ascending") for name in ("firm", "channel", "other")]
    mine, other = here.exposures.sort_by(order), there.exposures.sort_by(order)
    assert other.select(exact).to_pylist() == mine.select(exact).to_pylist()
    for name in floats:
        np.testing.assert_allclose(
            other[name].to_numpy().astype(float), mine[name].to_numpy().astype(float), rtol=1e-9, atol=0, err_msg=name
        )
    assert {name: rows.to_pylist() for name, rows in there.others.items()} == {n: r.to_pylist() for n, r in here.others.items()}


def test_the_checks_of_the_whole_book_find_the_same(book: Ledger, engine: SparkEngine) -> None:
    here, there = check_book(Snapshot(book, DAY)), check_book(Snapshot(book, DAY, engine=engine))
    assert here.found
    assert there.found == here.found
    assert (there.ok, there.engine) == (here.ok, "spark")
