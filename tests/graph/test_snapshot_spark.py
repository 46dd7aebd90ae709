"""The snapshot's expressions on Spark, over the ledger's own files, answer as they do on DuckDB."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import which
from typing import Any

import ibis
import pytest

from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff
from graph.ledger.delta import TableFiles
from graph.ledger.schema import BATCH_SEQ, BATCHES, IDENTITY, schema_of
from graph.snapshot import Snapshot
from graph.snapshot.shape import shape
from tests.worlds.build import World

pytest.importorskip("pyspark", reason="pyspark is not installed: pip install 'yujing[spark]'")

import pyarrow as pa
from ibis.backends.pyspark.datatypes import PySparkSchema
from pyspark.sql import SparkSession

pytestmark = [
    pytest.mark.spark,
    pytest.mark.slow,
    pytest.mark.skipif(which("java") is None, reason="Spark needs Java 17 or later on the PATH"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    settings = {"spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "1", "spark.ui.enabled": "false"}
    settings |= {"spark.sql.codegen.wholeStage": "false", "spark.sql.adaptive.enabled": "false"}  # a few rows: compiling costs more
    builder = SparkSession.builder.master("local[1]").appName("yujing")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


class OnSpark:
    """A ledger's tables as Ibis tables of Spark: committed rows, `recorded_at` filled, as `Ledger.table` has them."""

    def __init__(self, spark: SparkSession, ledger: Ledger) -> None:
        self.backend, self.spark, self.ledger = ibis.pyspark.connect(spark), spark, ledger
        self.read("batches", BATCHES)

    def read(self, folder: str, schema: pa.Schema) -> ibis.Table:
        files = TableFiles(self.ledger.root / folder).current().paths
        columns = PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(schema))
        told = self.spark.read.schema(columns).parquet(*files) if files else self.spark.createDataFrame([], columns)
        told.createOrReplaceTempView(f"files_{folder}")
        return self.backend.table(f"files_{folder}")

    def table(self, folder: str, schema: pa.Schema) -> ibis.Table:
        told = self.read(folder, schema)
        commits = self.backend.table("files_batches").select("attempt", "batch_seq", "committed_at")
        joined = told.join(commits, "attempt").mutate(recorded_at=ibis.coalesce(told.recorded_at, commits.committed_at))
        return joined.select(*schema.append(BATCH_SEQ).names)

    def snapshot(self, name: str, snapshot: Snapshot) -> list[dict[str, Any]]:
        kind = snapshot.ontology.get(name)
        cutoff = Cutoff.end_of(snapshot.as_of, self.ledger.time_zone)
        expression = shape(kind, self.table(name, schema_of(kind)), self.table("identity", IDENTITY), cutoff)
        rows: list[dict[str, Any]] = expression.order_by("id").to_pyarrow().to_pylist()
        return rows


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


def test_spark_and_duckdb_see_the_same_past(spark: SparkSession, tmp_path: Path) -> None:
    world = World(tmp_path)
    history(world)
    on_spark = OnSpark(spark, world.ledger)
    for day in (date(2025, 3, 31), date(2025, 6, 1)):
        snapshot = Snapshot(world.ledger, day)
        for name in ("Firm", "GUARANTEES", "INVOICES"):
            on_duckdb = snapshot.table(name).order_by("id").to_pyarrow().to_pylist()
            assert on_duckdb
            assert on_spark.snapshot(name, snapshot) == on_duckdb
