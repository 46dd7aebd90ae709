"""The DuckDB engine of one load: its memory is bounded however large the files are, and what it spills lies with the load."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from graph.ledger import Ledger

MEMORY_MIB = 384
"""What hashes and sorts of a load may take before they spill: some million rows; more would make peak memory grow with the file."""


@contextmanager
def engine_for(ledger: Ledger, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with as many threads as the ledger's, and no more memory than that one may have."""
    [(threads, limit)] = ledger.backend.con.sql("SELECT current_setting('threads'), current_setting('memory_limit')").fetchall()
    engine = duckdb.connect(
        config={
            "threads": int(threads),
            "memory_limit": limit.replace(" ", ""),
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
        }
    )
    try:
        if _mib(limit) > MEMORY_MIB:
            engine.execute(f"SET memory_limit = '{MEMORY_MIB}MiB'")
        yield engine
    finally:
        engine.close()


def _mib(limit: str) -> float:
    """DuckDB's way to write a size: `3.7 GiB`."""
    number, _, unit = limit.partition(" ")
    return float(number) * {"bytes": 2**-20, "KiB": 2**-10, "MiB": 1, "GiB": 2**10, "TiB": 2**20}[unit]
