"""The seam between walks and engines: what a graph store can be asked, whichever engine it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import pyarrow as pa

from graph.ontology import Ontology

OPEN_DAY = 99991231


def whole_day(day: date) -> int:
    """`date(2026, 3, 31)` as 20260331, the form in which stores keep days."""
    return day.year * 10000 + day.month * 100 + day.day


@dataclass(frozen=True)
class Moment:
    """A day on both clocks: what was true on `valid`, as it was known by the end of `known`."""

    valid: date
    known: date

    @classmethod
    def of(cls, day: date) -> "Moment":
        return cls(day, day)


@dataclass(frozen=True)
class Hop:
    """One step of a walk: which relation types, which ways, when, and how many of each at most.

    `cap` holds for each anchor, type and way: the largest by amount (by share where there is no amount) come first,
    then by relation id.
    """

    types: tuple[str, ...]
    when: Moment
    ways: tuple[str, ...] = ("out", "in")
    cap: int = 200


EDGE_SCHEMA = pa.schema(
    [
        ("anchor", pa.string()),
        ("type", pa.string()),
        ("way", pa.string()),  # out: anchor -> other; in: other -> anchor
        ("rel", pa.string()),  # relation id
        ("other", pa.string()),
        ("amount_fen", pa.int64()),  # the type's declared amount, null where it has none
        ("share", pa.float64()),  # the type's declared share
        ("valid_from", pa.int32()),
        ("valid_to", pa.int32()),
    ]
)

DEGREE_SCHEMA = pa.schema([("anchor", pa.string()), ("type", pa.string()), ("way", pa.string()), ("degree", pa.int64())])


@dataclass(frozen=True)
class Window:
    """Happenings that began from the day `since` to `when.valid`, as known by the end of `when.known`.

    `cap` holds for each anchor: one that has more in the window is not read but counted, however large a hub it is.
    """

    since: date
    when: Moment
    cap: int = 2_000


@dataclass(frozen=True)
class Happenings:
    """`rows`: `anchor`, `other` and the columns asked for, in no order. `crowded`: how many those have that were not read."""

    rows: pa.Table
    crowded: dict[str, int]


@dataclass(frozen=True)
class FirmHit:
    id: str
    name: str
    uscc: str


class GraphReader(Protocol):
    """What walks and views may ask. Thread-safe. Entity ids name their type (`Firm-…`), so no label is passed."""

    engine: str

    @property
    def ontology(self) -> Ontology:
        """The types this store was built with."""

    @property
    def through_seq(self) -> int:
        """The highest `batch_seq` this store was built to."""

    def expand(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """The relations of `anchors`, EDGE_SCHEMA, sorted by anchor, type, way, then as capped. Unknown anchors give no rows."""

    def details(self, anchors: Sequence[str], type_name: str, way: str, hop: Hop) -> pa.Table:
        """The relations of one type and way at `anchors` with all their properties: `anchor`, `other`, `id`, days, properties.

        `hop.when` and `hop.cap` hold as in `expand`; its types and ways do not matter. Sorted by anchor, then as capped.
        """

    def during(self, anchors: Sequence[str], ask: tuple[str, str], window: Window, columns: tuple[str, ...]) -> Happenings:
        """What happened at `anchors` in a window of days; `ask` is the type and the way, `columns` are `id` or properties."""

    def degrees(self, anchors: Sequence[str], hop: Hop) -> pa.Table:
        """How many relations each anchor has, DEGREE_SCHEMA, uncapped: so that what a cap cut can be said."""

    def states(self, ids: Sequence[str], when: Moment, only: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Properties of each entity as of `when`; an id with no state on that day is left out.

        `only`: a store may leave out all but these.
        """

    def relation(self, rel: str, type_name: str, when: Moment) -> dict[str, Any] | None:
        """All properties of one relation on that day, with `src` and `dst`."""

    def find_firms(self, text: str, limit: int = 20) -> list[FirmHit]:
        """Firms whose id or code equals `text`, or whose name contains it; exact matches first, then by name."""

    def export(self, type_name: str, when: Moment | None = None) -> Iterator[pa.Table]:
        """Every version of one relation type (or `STATE_<Entity>`), or only those of one day, for verify and tests."""

    def close(self) -> None: ...
