"""What was scored, when, by which model and why: an append-only Delta table and its readers.

A score is a contract: log_odds = own + contagion, exactly; `own` holds the firm's own features with bias and calibration,
`contagion` what arrives over relations. No row is ever changed; a new run says it again.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from graph.errors import InputError

TOP_RELATION = pa.struct(
    [
        ("type", pa.string()),
        ("way", pa.string()),  # out: firm -> other; in: other -> firm
        ("rel", pa.string()),  # relation id; of several parallel ones the largest
        ("other", pa.string()),  # entity id of the sender
        ("contribution", pa.float64()),  # log-odds
    ]
)

TOP_FEATURE = pa.struct(
    [
        ("name", pa.string()),
        ("value", pa.float64()),  # null: missing, which is a value too
        ("contribution", pa.float64()),  # log-odds
        ("zh", pa.string()),
        ("en", pa.string()),
    ]
)

SCORE_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("firm", pa.string()),  # entity id
        ("as_of", pa.date32()),
        ("ledger_seq", pa.int64()),
        ("horizon_days", pa.int32()),
        ("has_credit", pa.bool_()),  # false: known to the bank, but it owes nothing that day
        ("probability", pa.float64()),  # of default within the horizon
        ("log_odds", pa.float64()),
        ("own", pa.float64()),
        ("contagion", pa.float64()),
        ("debtrank", pa.float64()),  # structural columns, as models.contagion.structural has them; null in older runs
        ("vulnerability", pa.float64()),
        ("clearing_shortfall", pa.float64()),
        ("guarantee_call", pa.float64()),
        ("top_relations", pa.list_(TOP_RELATION)),
        ("top_features", pa.list_(TOP_FEATURE)),
        ("model", pa.string()),
        ("model_version", pa.string()),
        ("feature_version", pa.string()),
        ("calibration", pa.string()),  # "platt a=… b=…": the affine map of the log-odds that is already in them
        ("shadow", pa.bool_()),  # scored by a model that was not promoted: never read as the score
        ("recorded_at", pa.int64()),  # UTC microseconds
    ]
)

RUN_COLUMNS = (
    "run_id",
    "as_of",
    "ledger_seq",
    "horizon_days",
    "model",
    "model_version",
    "feature_version",
    "shadow",
    "recorded_at",
)

_TOLERANCE = 1e-9


@dataclass(frozen=True)
class ScoreBook:
    """The score table under `root`. Rows of one run are one Delta commit: a reader sees all of them or none."""

    root: Path

    def append(self, table: pa.Table) -> int:
        """Commit one run's rows (SCORE_SCHEMA) and return how many; InputError when the contract is broken."""
        table = table.select(SCORE_SCHEMA.names).cast(SCORE_SCHEMA)
        _check(table)
        self.root.mkdir(parents=True, exist_ok=True)
        write_deltalake(self.root, table.sort_by("firm"), mode="append", partition_by=["run_id"], schema_mode="merge")
        return int(table.num_rows)

    def runs(self) -> pa.Table:
        """One row a run (RUN_COLUMNS and `firms`), newest day first, then last recorded first."""
        columns = ", ".join(RUN_COLUMNS)
        order = "ORDER BY as_of DESC, recorded_at DESC, run_id"
        return self._query(f"SELECT {columns}, count(*)::BIGINT AS firms FROM scores GROUP BY {columns} {order}")

    def latest(self, as_of: date | None = None, *, shadow: bool = False) -> pa.Table:
        """Rows of the newest run of a promoted model (of a shadow run, when asked) with a day up to `as_of`; empty if none."""
        runs = self.runs()
        keep = pc.equal(runs["shadow"], shadow)
        if as_of is not None:
            keep = pc.and_(keep, pc.less_equal(runs["as_of"], pa.scalar(as_of, pa.date32())))
        runs = runs.filter(keep)
        if not runs.num_rows:
            return SCORE_SCHEMA.empty_table()
        return self.run(runs["run_id"][0].as_py())

    def run(self, run_id: str) -> pa.Table:
        """All rows of one run, by firm."""
        return self._query("SELECT * FROM scores WHERE run_id = ? ORDER BY firm", run_id)

    def firm(self, entity_id: str) -> pa.Table:
        """Every score the firm ever had, newest first, shadow runs included (their column says so)."""
        return self._query("SELECT * FROM scores WHERE firm = ? ORDER BY as_of DESC, recorded_at DESC, run_id", entity_id)

    def _query(self, sql: str, *parameters: str) -> pa.Table:
        with duckdb.connect() as con:
            con.register("scores", self._rows())
            result = con.sql(sql, params=list(parameters)).to_arrow_table()
        return result if "firms" in result.column_names else _whole(result)

    def _rows(self) -> object:
        if not DeltaTable.is_deltatable(str(self.root)):
            return SCORE_SCHEMA.empty_table()
        return DeltaTable(self.root).to_pyarrow_dataset()


def _whole(rows: pa.Table) -> pa.Table:
    """SCORE_SCHEMA; what a table of an older version lacks is null."""
    for name in set(SCORE_SCHEMA.names) - set(rows.column_names):
        rows = rows.append_column(name, pa.nulls(rows.num_rows, SCORE_SCHEMA.field(name).type))
    return rows.select(SCORE_SCHEMA.names).cast(SCORE_SCHEMA)


def _check(table: pa.Table) -> None:
    """A run is one run, finite, and its parts add up to the log-odds within 1e-9."""
    if not table.num_rows:
        raise InputError("A score run has no rows.", "Score a day on which some firm is performing.", "scores")
    if pc.count_distinct(table["run_id"]).as_py() != 1 or table["run_id"].null_count:
        raise InputError("Rows of several runs were handed in together.", "Append one run at a time.", "run_id")
    if pc.count_distinct(table["firm"]).as_py() != table.num_rows:
        raise InputError("A firm stands twice in one run.", "One row a firm.", "firm")
    parts = {name: table[name].to_numpy() for name in ("log_odds", "own", "contagion", "probability")}
    for name, values in parts.items():
        if not np.isfinite(values).all():
            raise InputError(f"Column '{name}' holds a value that is missing or not finite.", "", name)
    gap = np.abs(parts["own"] + parts["contagion"] - parts["log_odds"]).max()
    if gap > _TOLERANCE:
        raise InputError(f"own + contagion differs from log_odds by up to {gap:.3g}.", "They must add up within 1e-9.", "contagion")
