"""A DuckDB workspace over one snapshot: its tables by name, read once, and what is computed from them. It can see nothing else."""

import re
from functools import cached_property

import duckdb
import pyarrow as pa

from graph.snapshot import Snapshot

# DuckDB's least and greatest pass over NULL: a missing value would become the bound.
_CLIP = "CREATE MACRO clip(x, low, high) AS CASE WHEN x IS NOT NULL THEN least(greatest(x, low), high) END"


class Workspace:
    """Queries name ontology types as tables (`Firm`), their past as `LoanNoteState_history`, and the day as `:as_of`.

    What is kept here is called `_so`, as no ontology type is.
    """

    def __init__(self, snapshot: Snapshot, threads: int = 2) -> None:
        self.snapshot = snapshot
        self._con = duckdb.connect(config={"threads": str(threads), "autoinstall_known_extensions": "false"})
        self._con.execute(_CLIP)
        self._seen: set[str] = set()

    def query(self, sql: str) -> pa.Table:
        """Rows of one SELECT."""
        return self._con.sql(self._ready(sql)).to_arrow_table()

    def keep(self, name: str, sql: str) -> None:
        """A table of this workspace, from one SELECT."""
        self._con.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {self._ready(sql)}')

    def put(self, name: str, table: pa.Table) -> None:
        """A table of this workspace, from Arrow."""
        self._con.register(name, table)

    def close(self) -> None:
        """Free its memory."""
        self._con.close()

    @cached_property
    def _words(self) -> re.Pattern[str]:
        names = "|".join(sorted(self.snapshot.ontology.types, key=len, reverse=True))
        return re.compile(rf"\b({names})(_history)?\b(?!\s*\()")

    def _ready(self, sql: str) -> str:
        for match in self._words.finditer(_without_text(sql)):
            self._read(match.group(1), bool(match.group(2)))
        return sql.replace(":as_of", f"DATE '{self.snapshot.as_of.isoformat()}'")

    def _read(self, name: str, past: bool) -> None:
        table = f"{name}_history" if past else name
        if table not in self._seen:
            self._seen.add(table)
            rows = self.snapshot.read_history(name) if past else self.snapshot.read(name)
            self._con.register(table, rows)


def _without_text(sql: str) -> str:
    return re.sub(r"'[^']*'|--[^\n]*", "", sql)
