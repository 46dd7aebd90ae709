"""What a part is made from: one firm on an open day, each question asked once; and how rows become figures and items."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from alerts.said import Sentence
from api.auth import Principal
from api.firms import Gathered, Told, gather, notes_of, row_of
from api.naming import display_names
from api.opened import OpenDay
from api.platform import Platform
from api.wire.control import Party
from api.wire.firms import Note
from api.wire.parts import Figure, Item, Part, Point, Series, Unit
from graph.clock import START_OF_TIME
from graph.errors import NotComputedError
from graph.knowledge.book import KnowledgeBook
from graph.ontology import Kind
from graph.projection import label_of

MOST_ITEMS = 50

_UNITS: dict[Kind, Unit] = {
    Kind.MONEY: "fen",
    Kind.SHARE: "share",
    Kind.INTEGER: "count",
    Kind.NUMBER: "number",
    Kind.DAY: "day",
    Kind.FLAG: "flag",
}


@dataclass
class About:
    """One firm on one day, as `principal` may see it."""

    platform: Platform
    principal: Principal
    day: OpenDay
    firm: str
    _rows: dict[tuple[str, str, tuple[str, ...]], list[Told]] = field(default_factory=dict)

    @cached_property
    def gathered(self) -> Gathered:
        """The rows of the page. NotFoundError where no record of the firm is known that day."""
        return gather(self.day.rows, self.platform.vault, self.firm)

    @cached_property
    def notes(self) -> tuple[Note, ...]:
        return notes_of(self.gathered)

    def rows(self, type_name: str, column: str, ids: Iterable[str] = ()) -> list[Told]:
        """Rows of a type whose `column` is the firm, or one of `ids`."""
        asked = type_name, column, tuple(sorted(set(ids))) or (self.firm,)
        if asked not in self._rows:
            self._rows[asked] = list(self.day.rows.rows(type_name, column, asked[2]))
        return self._rows[asked]

    def parties(self, ids: Iterable[str]) -> dict[str, Party]:
        """Entities by name, persons masked."""
        names = display_names(self.day.rows, self.platform.vault, set(ids))
        return {one: Party(id=one, kind=label_of(one), name=name) for one, name in names.items()}

    def knowledge(self, table: str) -> list[dict[str, Any]]:
        """The rows of a knowledge table about the firm on that day. NotComputedError where it was not computed."""
        book, as_of = _book(self.platform.ledger.root), self.day.snapshot.as_of
        columns = book.find(table, as_of).tables[table].schema.names
        found = [row for name in _NAMING if name in columns for row in book.about(table, name, [self.firm], as_of).to_pylist()]
        return [row for at, row in enumerate(found) if row not in found[:at]]


_NAMING = ("firm", "entity", "member", "client", "src", "dst")  # columns that may name whom a row is about


@lru_cache(maxsize=4)
def _book(ledger: Path) -> KnowledgeBook:
    return KnowledgeBook(ledger.parent / "knowledge")


@dataclass(frozen=True)
class PartKind:
    """A part: its name, what it is called, the types it reads (held ready for the day), and the function that makes it."""

    name: str
    zh: str
    reads: tuple[str, ...]
    read: Callable[[About], Part]


def told(about: About, type_name: str, row: Told, columns: Sequence[str]) -> tuple[Figure, ...]:
    """Columns of a row as figures, named as the ontology names them."""
    kinds = {each.name: each for each in about.day.snapshot.ontology.get(type_name).properties}
    return tuple(
        Figure(name=name, zh=kinds[name].zh or name, unit=_UNITS.get(kinds[name].kind, "text"), value=row[name])
        for name in columns
        if name in kinds and row[name] is not None
    )


def items(
    about: About, type_name: str, rows: Sequence[Told], columns: Sequence[str], other: str = ""
) -> tuple[tuple[Item, ...], int]:
    """Rows as items, the first `MOST_ITEMS`, with the party in column `other`; and how many found no room."""
    shown = rows[:MOST_ITEMS]
    parties = about.parties(row[other] for row in shown) if other else {}
    made = tuple(
        Item(
            kind=type_name,
            party=parties[row[other]] if other else None,
            figures=(*told(about, type_name, row, columns), since(row)),
            row=row_of(type_name, row),
        )
        for row in shown
    )
    return made, len(rows) - len(shown)


def since(row: Told) -> Figure:
    """From when a row holds; null where its feed does not date it."""
    begun = row["valid_from"]
    return Figure(name="since", zh="自", unit="day", value=None if begun == START_OF_TIME else begun)


def series(about: About, type_name: str, rows: Iterable[Told], day: str, columns: Sequence[str]) -> tuple[Series, ...]:
    """Columns over time, the last told figure of each day; a column never told is left out."""
    kinds = {each.name: each for each in about.day.snapshot.ontology.get(type_name).properties}
    newest: dict[Any, Told] = {}
    for row in sorted(rows, key=lambda row: (row["recorded_at"], row["batch_seq"], row["line"])):
        newest[row[day]] = row
    made = []
    for name in columns:
        points = [Point(day=at, value=row[name], row=row_of(type_name, row)) for at, row in sorted(newest.items())]
        if any(point.value is not None for point in points):
            made.append(
                Series(name=name, zh=kinds[name].zh or name, unit=_UNITS.get(kinds[name].kind, "text"), points=tuple(points))
            )
    return tuple(made)


def derived(
    name: str, zh: str, table: str, columns: Mapping[str, str] | None = None, said: Mapping[str, str] | None = None
) -> PartKind:
    """A part that is a knowledge table: its rows about the firm, or, where it was not computed, how to have it computed.

    `columns`: which are shown, by their Chinese names (None: all, as they are called); `said`: what values mean.
    """

    def read(about: About) -> Part:
        try:
            rows = about.knowledge(table)
        except NotComputedError:
            return not_computed(about, name, zh)
        shown = rows[:MOST_ITEMS]
        parties = about.parties(value for row in shown for value in row.values() if _entity(value) and value != about.firm)
        made = tuple(Item(kind=table, party=_other(row, parties), figures=_plain(row, columns, said or {})) for row in shown)
        return Part(name=name, zh=zh, items=made, left_out=len(rows) - len(shown))

    return PartKind(name, zh, (), read)


def not_computed(about: About, name: str, zh: str) -> Part:
    """The honest answer of a part that rests on what was not computed."""
    command = f"yujing knowledge --as-of {about.day.snapshot.as_of}"
    said = Sentence(f"{zh}：当日尚未计算。运行 {command} 后可见。", f"{name}: not computed for this day. Run '{command}'.")
    return Part(name=name, zh=zh, computed=False, says=(said,))


def not_in_graph(name: str, zh: str) -> Part:
    """The honest answer of a part that walks a graph in which the firm is not yet."""
    command = "yujing graph build"
    said = Sentence(
        f"{zh}：图谱中尚无该企业。运行 {command} 后可见。", f"{name}: the graph does not have the firm yet. Run '{command}'."
    )
    return Part(name=name, zh=zh, computed=False, says=(said,))


def _entity(value: object) -> bool:
    return isinstance(value, str) and label_of(value) in {"Firm", "Person", "ClientGroup"} and "-" in value


def _other(row: Mapping[str, Any], parties: Mapping[str, Party]) -> Party | None:
    return next((parties[value] for value in row.values() if isinstance(value, str) and value in parties), None)


def _plain(row: Mapping[str, Any], columns: Mapping[str, str] | None, said: Mapping[str, str]) -> tuple[Figure, ...]:
    names = {name: name for name in row if name != "run"} if columns is None else columns
    units: dict[type, Unit] = {bool: "flag", int: "count", float: "number", str: "text"}
    return tuple(
        Figure(
            name=name,
            zh=zh,
            unit="fen" if name.endswith("_fen") else units.get(type(row[name]), "text"),
            value=said.get(row[name], row[name]) if isinstance(row[name], str) else row[name],
        )
        for name, zh in names.items()
        if isinstance(row[name], bool | int | float | str)
    )
