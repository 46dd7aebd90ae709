"""What a fact is: a name, a kind, a unit, both languages, the SQL that computes it and the rows behind it."""

from dataclasses import dataclass
from enum import StrEnum

from alerts.said import Stage

ALL_STAGES = (Stage.PRE_LOAN, Stage.DRAWDOWN, Stage.POST_LOAN)


class FactKind(StrEnum):
    """What a condition may do with a fact: numbers compare and add, choices compare only for equality."""

    NUMBER = "number"
    FLAG = "flag"
    CHOICE = "choice"
    DAY = "day"


class Unit(StrEnum):
    """What a number counts. CNY is yuan; a share is 0 to 1; a ratio is how many times."""

    CNY = "cny"
    SHARE = "share"
    RATIO = "ratio"
    DAYS = "days"
    COUNT = "count"
    LOG_ODDS = "log_odds"
    NONE = ""


@dataclass(frozen=True)
class Rows:
    """Which rows of a base table stand behind a fact: the ontology property shown, a filter, and which come first."""

    table: str
    shown: str
    where: str = "true"
    order: str = ""


@dataclass(frozen=True)
class Fact:
    """One named fact of a firm.

    `feeds` are the ontology types it is read from. `absent` is its value where the feed has rows but none for this firm
    ("no lawsuit" is zero, "no bureau report" is unseen: leave it None). `sql` is set where the fact follows from others.
    `of` names the facts whose rows stand behind a derived one.
    """

    name: str
    kind: FactKind
    unit: Unit
    zh: str
    en: str
    feeds: tuple[str, ...] = ()
    absent: str = ""
    rows: tuple[Rows, ...] = ()
    sql: str = ""
    of: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ALL_STAGES


@dataclass(frozen=True)
class Topic:
    """Facts that one SELECT computes: a row a party, a column a fact, over base tables and earlier topics."""

    name: str
    select: str
    facts: tuple[Fact, ...]


def number(name: str, unit: Unit, zh: str, en: str, feed: str = "", *, absent: str = "", rows: tuple[Rows, ...] = ()) -> Fact:
    """A number with its unit."""
    return Fact(name, FactKind.NUMBER, unit, zh, en, (feed,) if feed else (), absent, rows)


def compared(name: str, zh: str, en: str, feeds: tuple[str, ...], *, rows: tuple[Rows, ...]) -> Fact:
    """How far two feeds differ, as a share; unseen where one of them says too little."""
    return Fact(name, FactKind.NUMBER, Unit.SHARE, zh, en, feeds, rows=rows)


def flag(name: str, zh: str, en: str, feed: str, absent: str, *, rows: tuple[Rows, ...] = ()) -> Fact:
    """A yes or no."""
    return Fact(name, FactKind.FLAG, Unit.NONE, zh, en, (feed,) if feed else (), absent, rows)


def choice(name: str, values: tuple[str, ...], zh: str, en: str, feed: str, *, rows: tuple[Rows, ...] = ()) -> Fact:
    """One of a few words."""
    return Fact(name, FactKind.CHOICE, Unit.NONE, zh, en, (feed,), "", rows, values=values)


def day(name: str, zh: str, en: str, feed: str, rows: tuple[Rows, ...] = ()) -> Fact:
    """A day."""
    return Fact(name, FactKind.DAY, Unit.NONE, zh, en, (feed,), "", rows)


def derived(name: str, unit: Unit, zh: str, en: str, sql: str, *, of: tuple[str, ...]) -> Fact:
    """A number that follows from other facts by `sql`; null as soon as the arithmetic has a null."""
    return Fact(name, FactKind.NUMBER, unit, zh, en, sql=sql, of=of)
