"""The rows that decide what is out to a few clients: their notes and lines, whatever shares a line or collateral with these.

The book's own SQL runs over them and gives what it gives over the whole book.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from graph.ids import ENTITY_SEPARATOR
from graph.knowledge.exposure.rules import LimitSettings
from graph.knowledge.exposure.schemas import INPUTS
from graph.snapshot import Snapshot

PLACE = pa.schema([("file", pa.string()), ("sheet", pa.string()), ("line", pa.int64()), ("batch", pa.string())])


class Rows(Protocol):
    """Rows of one snapshot by an end of theirs; at least the columns of INPUTS and PLACE."""

    snapshot: Snapshot

    def about(self, type_name: str, column: str, ids: Sequence[str]) -> pa.Table:
        """The rows of a type whose `column` (id, src, dst, subject) is one of `ids`."""
        ...


class SnapshotRows:
    """Straight out of the ledger."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def about(self, type_name: str, column: str, ids: Sequence[str]) -> pa.Table:
        return self.snapshot.about(type_name, column, ids)


def rows_about(rows: Rows, clients: Iterable[str], settings: LimitSettings) -> dict[str, pa.Table]:
    """Of each type of INPUTS what decides the exposure of `clients`."""
    return _Gathering(rows, settings).all_of(sorted(set(clients)))


def schema_of(type_name: str) -> pa.Schema:
    """The columns of INPUTS, and where the row stands."""
    place = [field for field in PLACE if field.name not in INPUTS[type_name].names]
    return pa.schema([*INPUTS[type_name], *place])


class _Gathering:
    def __init__(self, rows: Rows, settings: LimitSettings) -> None:
        self._rows = rows
        self._settings = settings
        self._found: dict[str, list[pa.Table]] = {name: [schema_of(name).empty_table()] for name in INPUTS}

    def all_of(self, clients: list[str]) -> dict[str, pa.Table]:
        clients = self._guarantees(clients)
        borrowed = self._about("BORROWS", "src", clients)["dst"].to_pylist()
        lines = self._about("CreditLine", "id", _of("CreditLine", borrowed))
        contracts = {*_of("Contract", borrowed), *self._named("Contract", "credit_line", lines["number"])}
        notes = self._owed(_of("LoanNote", borrowed), contracts)
        self._collateral({*notes, *contracts}, contracts, notes)
        self._about("BORROWS", "dst", sorted({*notes, *contracts}))
        self._about("LoanNoteState", "subject", sorted(notes))
        self._about("Firm", "id", _of("Firm", clients))
        tables = {name: _once(pa.concat_tables(parts)) for name, parts in self._found.items()}
        return tables | self._whole(tables)

    def _guarantees(self, clients: list[str]) -> list[str]:
        """Where what is guaranteed counts to the guarantor, debtors and their other guarantors decide too."""
        given = self._about("GUARANTEES", "src", clients)
        if not self._settings.mitigation["lex"].guarantees:
            return clients
        clients = sorted({*clients, *given["dst"].to_pylist()})
        self._about("GUARANTEES", "dst", clients)
        return clients

    def _owed(self, notes: Sequence[str], contracts: Iterable[str]) -> set[str]:
        """The notes, and those that name one of the contracts."""
        numbers = self._about("Contract", "id", sorted(contracts))["number"]
        found = {*notes, *self._named("LoanNote", "contract", numbers)}
        self._about("LoanNote", "id", sorted(found))
        return found

    def _collateral(self, secured: set[str], contracts: set[str], notes: set[str]) -> None:
        """Eligible pieces, and who else they secure; adds to `contracts` and `notes`."""
        kinds = {kind for taken in self._settings.mitigation.values() for kind in taken.collateral}
        if not kinds:
            return
        held = self._about("SECURED_BY", "src", sorted(secured))
        pieces = self._about("Collateral", "id", sorted(set(held["dst"].to_pylist())))
        eligible = pieces.filter(pc.is_in(pieces["collateral_type"], pa.array(sorted(kinds))))["id"].to_pylist()
        others = set(self._about("SECURED_BY", "dst", eligible)["src"].to_pylist()) - secured
        if others:
            more = set(_of("Contract", others))
            notes |= self._owed(_of("LoanNote", others), more)
            contracts |= more

    def _about(self, type_name: str, column: str, ids: Sequence[str]) -> pa.Table:
        schema = schema_of(type_name)
        if not ids:
            return schema.empty_table()
        found = self._rows.about(type_name, column, ids).select(schema.names).cast(schema)
        self._found[type_name].append(found)
        return found

    def _named(self, type_name: str, column: str, values: pa.ChunkedArray) -> list[str]:
        """Ids of a type whose text property is one of `values`: one column of the ledger is looked through."""
        wanted = [value for value in values.to_pylist() if value]
        if not wanted:
            return []
        snapshot = self._rows.snapshot
        told = snapshot.ledger.sql(type_name, snapshot.ledger_seq)
        sql = f'SELECT DISTINCT id FROM ({told}) WHERE "{column}" IN (SELECT unnest($wanted::VARCHAR[]))'
        found = snapshot.backend.con.sql(sql, params={"wanted": wanted}).to_arrow_table()["id"].to_pylist()
        return [f"{type_name}{ENTITY_SEPARATOR}{record}" for record in found]

    def _whole(self, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
        """Types so small that they are read whole: capital, and rates where there is a foreign amount."""
        snapshot = self._rows.snapshot
        told = [tables[name]["currency"].drop_null().unique().to_pylist() for name in _MONEY]
        foreign = {currency for each in told for currency in each} - {"CNY"}
        found = {"CapitalFigure": snapshot.read_history("CapitalFigure")}
        if foreign:
            found |= {name: snapshot.read(name) for name in ("Currency", "ExchangeRate")}
        return found


_MONEY = ("LoanNote", "LoanNoteState", "CreditLine", "Collateral", "GUARANTEES")


def _of(type_name: str, ids: Iterable[str]) -> list[str]:
    return sorted({each for each in ids if each.startswith(f"{type_name}{ENTITY_SEPARATOR}")})


def _once(rows: pa.Table) -> pa.Table:
    """Rows are met from several ends."""
    return rows.group_by(rows.schema.names).aggregate([]).cast(rows.schema)
