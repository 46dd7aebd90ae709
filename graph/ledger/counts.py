"""Do the counts add up? What each batch said it wrote when it was committed, against the rows that are there."""

import json
from typing import Any

import pyarrow as pa

from graph.ledger.book import Ledger

WRITTEN = pa.schema([("type", pa.string()), ("batch", pa.string()), ("attempt", pa.string()), ("written", pa.int64())])


def written_rows(batches: pa.Table) -> pa.Table:
    """A row a batch and type: how many rows the batch said it wrote, schema `WRITTEN`. `batches` as `Ledger.batches` has them."""
    rows = [
        {"type": name, "batch": batch["batch"], "attempt": batch["attempt"], "written": written}
        for batch in batches.to_pylist()
        for name, written in json.loads(batch["summary"] or "{}").get("written", {}).items()
    ]
    return pa.Table.from_pylist(rows, WRITTEN)


def missing_rows(ledger: Ledger) -> list[dict[str, Any]]:
    """Batches with more or fewer rows of a type than they wrote: type, batch, attempt, written, found."""
    told = written_rows(ledger.batches())
    by_type = {name: ledger.files(name).paths for name in sorted(set(told["type"].to_pylist()))}
    parts = [
        f"SELECT '{name}' AS type, attempt, count(*) AS found FROM read_parquet([{_listed(paths)}]) GROUP BY attempt"
        for name, paths in by_type.items()
        if paths
    ]
    with ledger.backend.con.cursor() as connection:
        connection.register("told_written", told)
        found = " UNION ALL ".join(parts) or "SELECT '' AS type, '' AS attempt, 0 AS found WHERE false"
        wrong: list[dict[str, Any]] = (
            connection.sql(f"""
            SELECT w.*, coalesce(f.found, 0) AS found FROM told_written w LEFT JOIN ({found}) f USING (type, attempt)
            WHERE w.written <> coalesce(f.found, 0) ORDER BY type, batch
        """)
            .to_arrow_table()
            .to_pylist()
        )
    return wrong


def _listed(paths: tuple[str, ...]) -> str:
    return ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
