"""A workspace over one snapshot: its tables by name, read once, and what is computed from them. It can see nothing else."""

import re
from functools import cached_property

import pyarrow as pa

from graph.snapshot import Snapshot

_LINEAGE = ("feed", "batch", "batch_seq", "file", "sheet", "line")


class Workspace:
    """Queries name ontology types as tables (`Firm`), their past as `LoanNoteState_history`, and the day as `:as_of`.

    What is kept here is called `_so`, as no ontology type is. The SQL is DuckDB's, whichever engine the snapshot has.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._bench = snapshot.workbench()
        self._seen: set[str] = set()

    def query(self, sql: str) -> pa.Table:
        """Rows of one SELECT."""
        return self._bench.query(self._ready(sql))

    def keep(self, name: str, sql: str) -> None:
        """A table of this workspace, from one SELECT."""
        self._bench.keep(name, self._ready(sql))

    def put(self, name: str, rows: pa.Table) -> None:
        """A table of this workspace, of rows at hand."""
        self._bench.put(name, rows)

    def close(self) -> None:
        """Free its memory."""
        self._bench.close()

    @cached_property
    def _words(self) -> re.Pattern[str]:
        names = "|".join(sorted(self.snapshot.ontology.types, key=len, reverse=True))
        return re.compile(rf"\b({names})(_history)?\b(?!\s*\()")

    def _ready(self, sql: str) -> str:
        for match in self._words.finditer(_without_text(sql)):
            self._read(match.group(1), bool(match.group(2)))
        return self._dated(sql)

    def _dated(self, sql: str) -> str:
        return sql.replace(":as_of", f"DATE '{self.snapshot.as_of.isoformat()}'")

    def _read(self, name: str, past: bool) -> None:
        table = f"{name}_history" if past else name
        if table in self._seen:
            return
        self._seen.add(table)
        if f"{name}_history" in self._seen and not past:  # the day's states are those of the history that have not ended
            self._bench.keep(table, self._dated(f"SELECT * FROM {name}_history WHERE valid_to > :as_of"))
        else:
            self._bench.load(table, self.snapshot.question(name, past=past), _LINEAGE)


def _without_text(sql: str) -> str:
    return re.sub(r"'[^']*'|--[^\n]*", "", sql)
