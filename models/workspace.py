"""A DuckDB workspace over one snapshot: its tables by name, read once, and what is computed from them. It can see nothing else."""

import re
from functools import cached_property

import pyarrow as pa

from graph.snapshot import Snapshot

# DuckDB's least and greatest pass over NULL: a missing value would become the bound.
_CLIP = "CREATE OR REPLACE TEMP MACRO clip(x, low, high) AS CASE WHEN x IS NOT NULL THEN least(greatest(x, low), high) END"


_LINEAGE = "feed, batch, batch_seq, file, sheet, line"


class Workspace:
    """Queries name ontology types as tables (`Firm`), their past as `LoanNoteState_history`, and the day as `:as_of`.

    What is kept here is called `_so`, as no ontology type is.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._con = snapshot.connect()
        self._con.execute(_CLIP)
        self._seen: set[str] = set()

    def query(self, sql: str) -> pa.Table:
        """Rows of one SELECT."""
        return self._con.sql(self._ready(sql)).to_arrow_table()

    def keep(self, name: str, sql: str) -> None:
        """A table of this workspace, from one SELECT."""
        self._con.execute(f'CREATE OR REPLACE TEMP TABLE "{name}" AS {self._ready(sql)}')

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
            rows = self.snapshot.sql(name, past=past)
            self._con.execute(f'CREATE TEMP TABLE "{table}" AS SELECT * EXCLUDE ({_LINEAGE}) FROM ({rows})')


def _without_text(sql: str) -> str:
    return re.sub(r"'[^']*'|--[^\n]*", "", sql)
