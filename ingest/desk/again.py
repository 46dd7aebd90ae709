"""The same bad row delivered again: recognised by what it says and what was wrong with it, so that nobody looks at it twice.

A row is the same if its feed, its place in the manifest, its header, its cells (personal ones as tokens) and the reasons are;
of equal rows in one delivery the n-th is the n-th of the next, and of a line of JSON all elements count together. It stands
where its first delivery stands: open once, and repaired or dismissed for good. Where any of this changes it is another row, and
open.
"""

from pathlib import Path

import duckdb
import polars as pl

from ingest.desk.shelf import SEEN, Shelf
from ingest.parts import text_sql

_TOLD = pl.Schema(
    {name: pl.String() for name in ("digest", "first_batch", "first_file", "first_sheet")}
    | {name: pl.Int64() for name in ("first_line", "nth", "times")}
)


def recognise(folder: Path, feed: str, engine: duckdb.DuckDBPyConnection) -> int:
    """Writes `seen.parquet` beside a batch's refused rows: where each was refused first, and how often; returns how many before."""
    engine.register("seen_before", _earlier(folder.parent, feed).to_arrow())
    path = folder / SEEN
    engine.execute(f"COPY ({_seen_sql(folder)}) TO {text_sql(str(path))} (FORMAT parquet, COMPRESSION zstd)")
    engine.unregister("seen_before")
    return pl.scan_parquet(path).filter(pl.col("times") > 1).select(pl.len()).collect().item()  # type: ignore[no-any-return]


def _seen_sql(folder: Path) -> str:
    def here(name: str) -> str:
        return f"read_parquet({text_sql(str(folder / name))})"

    told = ("place::VARCHAR", "array_to_string(header, chr(30))", "array_to_string(cells, chr(30))", "text", "reasons")
    said = ", ".join(f"coalesce({each}, '')" for each in told)
    return f"""
        WITH wrong AS (
            SELECT file, coalesce(sheet, '') AS sheet, line,
                string_agg("column" || ' ' || reason, ',' ORDER BY "column", reason) AS reasons
            FROM {here("quarantine.parquet")} GROUP BY ALL
        ), rows AS (
            SELECT file, coalesce(r.sheet, '') AS sheet, line,
                sha256(string_agg(concat_ws(chr(31), {said}), chr(29) ORDER BY cells)) AS digest
            FROM {here("rows.parquet")} r JOIN wrong w USING (file, line) WHERE coalesce(r.sheet, '') = w.sheet
            GROUP BY ALL
        ), numbered AS (
            SELECT *, row_number() OVER (PARTITION BY digest ORDER BY file, sheet, line) AS nth FROM rows
        )
        SELECT n.*, coalesce(times, 0) + 1 AS times, coalesce(first_batch, {text_sql(folder.name)}) AS first_batch,
            coalesce(first_file, file) AS first_file, coalesce(first_sheet, sheet) AS first_sheet,
            coalesce(first_line, line) AS first_line
        FROM numbered n LEFT JOIN seen_before USING (digest, nth) ORDER BY file, sheet, line
    """


def _earlier(root: Path, feed: str) -> pl.DataFrame:
    """Of each row that the feed's finished batches refused, how its last delivery was seen."""
    batches = [each["batch"] for each in Shelf(root).summaries() if each["feed"] == feed and "repair" not in each]
    paths = (root / batch / SEEN for batch in batches)
    frames = (pl.read_parquet(path, columns=list(_TOLD)) for path in paths if path.exists())
    told = pl.concat([pl.DataFrame(schema=_TOLD), *frames])  # oldest batch first
    kept = told.filter(pl.col("first_batch").is_in(batches))  # a first delivery that was cleared away tells nobody anything
    return kept.group_by("digest", "nth", maintain_order=True).last()
