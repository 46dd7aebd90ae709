"""Spark as a snapshot's engine: the same Ibis expressions and the same SQL over the ledger's own Parquet files.

The ledger says which files a committed version has, so a cluster needs no reader of Delta: only Spark, and a path under
which its machines see the files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from graph.errors import UnavailableError
from graph.ledger import Ledger
from graph.ledger.schema import BATCH_SEQ, BATCHES, IDENTITY, ledger_schema, schema_of
from graph.snapshot.engine import Question
from graph.snapshot.shape import shape
from graph.snapshot.spark_sql import to_spark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Days and whole microseconds only, so no time zone ever matters; it is set so that nothing of the cluster's can make it matter.
# Overflow is an error rather than a wrong number. Nothing reads a bank's own catalogue.
_SESSION = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.binaryAsString": "false",
}


@dataclass(frozen=True)
class SparkOptions:
    """`master`: as Spark names it (`local[4]`, `yarn`, `k8s://…`, `spark://…`); empty: as `spark-submit` or the cluster sets it.

    `conf`: further Spark settings. `root`: where the cluster's machines see the ledger's folder, if under another name
    (`hdfs://bank/yujing/ledger`, `/dbfs/…`).
    """

    master: str = "local[*]"
    conf: Mapping[str, str] = field(default_factory=dict)
    root: str = ""


def start_spark(options: SparkOptions) -> "SparkSession":
    """The Spark session of this process, begun if there is none. UnavailableError without pyspark or Java."""
    try:
        from pyspark.errors import PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError:
        raise UnavailableError("Spark is not installed.", "pip install 'yujing[spark]', or use --engine duckdb.") from None
    builder = (
        SparkSession.builder.appName("yujing").config("spark.ui.enabled", "false").config("spark.ui.showConsoleProgress", "false")
    )
    for name, value in options.conf.items():
        builder = builder.config(name, value)
    if options.master:
        builder = builder.master(options.master)
    try:
        return builder.getOrCreate()
    except PySparkRuntimeError as problem:
        said = str(problem).partition("\n")[0]
        raise UnavailableError(f"Spark did not start: {said}", "It needs Java 17 or later: set JAVA_HOME.") from problem


class SparkEngine:
    """Answers from Spark. The session given is not touched: an own one beside it shares its executors."""

    name = "spark"

    def __init__(self, ledger: Ledger, session: "SparkSession", root: str = "") -> None:
        self._ledger = ledger
        self._root = root.rstrip("/")
        self.session = session.newSession()
        self._backend = ibis.pyspark.connect(self.session)
        for name, value in _SESSION.items():  # after Ibis, which sets some of its own
            self.session.conf.set(name, value)
        self._views: dict[str, tuple[str, ...]] = {}

    def table(self, question: Question) -> ibis.Table:
        kind = question.plan.kind
        rows = self._committed(kind.name, schema_of(kind), question.ledger_seq)
        identity = self._committed("identity", IDENTITY, question.ledger_seq)
        return shape(kind, rows, identity, question.cutoff, ended_too=question.plan.ended_too)

    def rows(self, question: Question, wanted: Sequence[str] = ()) -> pa.Table:
        answer = self.table(question)
        if question.plan.about:
            answer = answer.filter(answer[question.plan.about].isin(list(wanted)))
        return self.frame(answer).toArrow().cast(question.plan.schema.to_pyarrow())

    def workbench(self) -> "SparkWorkbench":
        return SparkWorkbench(self)

    def frame(self, expression: ibis.Table) -> "DataFrame":
        """An Ibis expression as a Spark frame."""
        return self.session.sql(str(ibis.to_sql(expression, dialect="pyspark")))

    def told(self, type_name: str, ledger_seq: int) -> ibis.Table:
        """The committed rows of a type up to `ledger_seq`, as `Ledger.table` has them."""
        return self._committed(type_name, ledger_schema(self._ledger.ontology, type_name), ledger_seq)

    def _committed(self, folder: str, schema: pa.Schema, ledger_seq: int) -> ibis.Table:
        told = self._files(folder, schema)
        batches = self._files("batches", BATCHES)
        counted = batches.filter(batches.batch_seq <= ledger_seq).select("attempt", "batch_seq", "committed_at")
        joined = told.join(counted, "attempt").mutate(recorded_at=ibis.coalesce(told.recorded_at, counted.committed_at))
        return joined.select(*schema.append(BATCH_SEQ).names)

    def _files(self, folder: str, schema: pa.Schema) -> ibis.Table:
        """The files of a table as they are now, as a view."""
        view, files = f"ledger_{folder}", self._ledger.files(folder)
        if self._views.get(view) != files.paths:
            self._frame_of(files.paths, schema).createOrReplaceTempView(view)
            self._views[view] = files.paths
        return self._backend.table(view)

    def _frame_of(self, paths: Sequence[str], schema: pa.Schema) -> "DataFrame":
        if not paths:  # from Arrow, so that Spark knows that it is empty, and starts no Python of its own to find out
            return self.session.createDataFrame(schema.empty_table())
        from ibis.backends.pyspark.datatypes import PySparkSchema

        columns = PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(schema))
        return self.session.read.schema(columns).parquet(*(self._seen(path) for path in paths))

    def _seen(self, path: str) -> str:
        """A file's path as the cluster's machines see it."""
        here = str(self._ledger.root)
        return self._root + path.removeprefix(here) if self._root else path


class SparkWorkbench:
    """Tables are temporary views of rows that were computed once.

    Each is a checkpoint: a plan that held all plans before it would outgrow the driver. Checkpoints lie with the executors;
    with `spark.checkpoint.dir` set they lie there, and outlive an executor that is lost.
    """

    def __init__(self, engine: SparkEngine) -> None:
        self._engine = engine
        self._session = engine.session
        self._columns: dict[str, dict[str, str]] = {}

    def load(self, name: str, question: Question, without: Sequence[str] = ()) -> None:
        self._hold(name, self._engine.frame(self._engine.table(question)).drop(*without))

    def told(self, name: str, type_name: str, ledger_seq: int) -> None:
        self._name(name, self._engine.frame(self._engine.told(type_name, ledger_seq)))

    def put(self, name: str, rows: pa.Table) -> None:
        self._name(name, self._session.createDataFrame(rows))

    def keep(self, name: str, sql: str) -> None:
        self._hold(name, self._run(sql))

    def query(self, sql: str) -> pa.Table:
        return self._run(sql).toArrow()

    def close(self) -> None:
        for name in self._columns:
            self._session.catalog.dropTempView(name)

    def _run(self, sql: str) -> "DataFrame":
        return self._session.sql(to_spark(sql, self._columns))

    def _hold(self, name: str, frame: "DataFrame") -> None:
        reliable = self._session.conf.get("spark.checkpoint.dir", "")
        self._name(name, frame.checkpoint() if reliable else frame.localCheckpoint())

    def _name(self, name: str, frame: "DataFrame") -> None:
        frame.createOrReplaceTempView(name)
        self._columns[name] = {column.name: column.dataType.simpleString().upper() for column in frame.schema}
