"""One part of a firm's 360 on the wire: a sentence, figures, and items with the row that tells each."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from alerts.said import Sentence
from api.wire.common import Day, Row, Text, Wire
from api.wire.control import Party

Unit = Literal["fen", "share", "count", "number", "day", "text", "flag"]


class Figure(Wire):
    """One figure; null is unknown, never zero. Shares are of one (a change may be below 0), money is in fen."""

    name: str
    zh: str
    unit: Unit
    value: bool | int | float | date | str | None


class Item(Wire):
    """One thing of a part: whom it is about, its figures, and where the bank's files tell it."""

    kind: Annotated[str, Field(description="the relation, fact or finding it is")]
    party: Party | None = None
    figures: tuple[Figure, ...] = ()
    row: Row | None = None


class Point(Wire):
    """One figure of a series."""

    day: date
    value: int | float | None
    row: Row


class Series(Wire):
    """One indicator over time, the oldest first."""

    name: str
    zh: str
    unit: Unit
    points: tuple[Point, ...]


class Part(Wire):
    """A part of the 360. `computed` false: `says` tells how to have it computed."""

    name: str
    zh: str
    computed: bool = True
    says: tuple[Sentence, ...] = ()
    figures: tuple[Figure, ...] = ()
    items: tuple[Item, ...] = ()
    series: tuple[Series, ...] = ()
    left_out: Annotated[int, Field(description="items that found no room, the smaller or older ones")] = 0


class FirmPageQuery(Wire):
    """Which day, and which parts alone."""

    as_of: Annotated[Day | None, Field(description="the day whose knowledge is asked for; today unless told")] = None
    parts: Annotated[Text | None, Field(description="parts by name, joined by commas; the whole page unless told")] = None


class FirmParts(Wire):
    """Some parts of a firm's 360, as asked for."""

    as_of: date
    ledger_seq: int
    firm: Party
    parts: tuple[Part, ...]
