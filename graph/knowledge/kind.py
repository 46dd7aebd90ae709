"""What a kind of knowledge declares: what it reads, which tables it gives, and the pure function between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from graph.errors import InputError
from graph.snapshot import Snapshot


@dataclass(frozen=True)
class KnowledgeTable:
    """One table of a kind. Rows are kept sorted by the first of `lookup`, and found fast by each of them.

    A table that a derived relation names (`graph/ontology/knowledge.yaml`) has columns `src`, `dst` and its properties.
    Round what is computed: a last digit that differs would be a new version of the relation.
    """

    name: str
    schema: pa.Schema
    lookup: tuple[str, ...]


@dataclass(frozen=True)
class Kind:
    """A pure function of a snapshot, with a name and a version.

    `reads`: of each ontology type the columns that it looks at (`id` always among them; none named: all but lineage). They
    alone make the fingerprint, so nothing else can be read. `after`: kinds whose tables it reads. `dated`: the day itself
    matters too (what is due, how long ago), so that each day is computed anew. `histories`: of these relation and fact types
    the states that ended before the day are read as well. `settings`: a text beside the data on which the answer depends too.
    `follows`: a table of its own that it reads as the newest day before had it, for what keeps an identity over time. `said`:
    what officers said by the end of the day, which is in no ledger table; it counts as an input like any other.
    """

    name: str
    zh: str
    version: str
    reads: Mapping[str, tuple[str, ...]]
    tables: tuple[KnowledgeTable, ...]
    compute: Callable[["Inputs"], Mapping[str, pa.Table]]
    after: tuple[str, ...] = ()
    dated: bool = False
    histories: tuple[str, ...] = ()
    settings: Callable[[Snapshot], str] | None = None
    follows: str = ""
    said: Callable[[Snapshot], pa.Table] | None = None

    def table(self, name: str) -> KnowledgeTable:
        """The table called `name`."""
        return next(table for table in self.tables if table.name == name)


class Inputs:
    """What a kind may read, and no more: the declared columns of the snapshot, and the tables of the kinds before it."""

    def __init__(
        self,
        kind: Kind,
        snapshot: Snapshot,
        tables: Mapping[str, Callable[[], pa.Table]],
        before: pa.Table | None = None,
    ) -> None:
        self.snapshot = snapshot
        self._kind = kind
        self._tables = tables
        self._before = before

    def read(self, type_name: str) -> pa.Table:
        """The declared columns of a type on the day, as Arrow."""
        result: pa.Table = self.snapshot.backend.con.sql(self.sql(type_name)).to_arrow_table()
        return result

    def sql(self, type_name: str) -> str:
        """The same as a DuckDB query, for what should not be in memory whole; run it on `connect()`."""
        if type_name not in self._kind.reads:
            raise InputError(f"{self._kind.name} does not declare that it reads {type_name}.", "Add it to `reads`.", "reads")
        columns = read_columns(self._kind, self.snapshot, type_name)
        return f"SELECT {', '.join(columns)} FROM ({rows_sql(self._kind, self.snapshot, type_name)})"

    def knowledge(self, table: str) -> pa.Table:
        """A table of a kind named in `after`, of the same day."""
        if table not in self._tables:
            raise InputError(f"{self._kind.name} does not declare that it reads '{table}'.", "Add its kind to `after`.", "after")
        return self._tables[table]()

    def said(self) -> pa.Table:
        """What officers said by the end of the day."""
        if self._kind.said is None:
            raise InputError(f"{self._kind.name} does not declare what officers say.", "Name its reader in `said`.", "said")
        return self._kind.said(self.snapshot)

    def before(self) -> pa.Table:
        """The table that the kind `follows`, as the newest computed day before this one has it; empty where there is none."""
        if self._before is None:
            raise InputError(f"{self._kind.name} does not declare what it follows.", "Name its table in `follows`.", "follows")
        return self._before


_LINEAGE = frozenset(("feed", "batch", "batch_seq", "file", "sheet", "line", "recorded_at"))


def rows_sql(kind: Kind, snapshot: Snapshot, type_name: str) -> str:
    """The DuckDB query of the rows of a type that `kind` sees."""
    return snapshot.sql(type_name, past=type_name in kind.histories)


def read_columns(kind: Kind, snapshot: Snapshot, type_name: str) -> list[str]:
    """The declared columns of one type, quoted, `id` first, in one order."""
    told = snapshot.table(type_name).columns
    named = kind.reads[type_name] or tuple(name for name in told if name not in _LINEAGE)
    if unknown := sorted(set(named) - set(told)):
        raise InputError(f"{kind.name} reads {type_name}.{unknown[0]}, which is not there.", "", "reads")
    return [f'"{name}"' for name in ("id", *sorted(set(named) - {"id"}))]
