"""Loads a statement and fills its slots with validated names: types and labels cannot be parameters, values always are.

A slot is `{{name}}` or `{{name as form}}`; the forms are the functions below.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files


class Statement(str):
    """A statement made here, and so safe to stand inside another."""

    __slots__ = ()


Slot = str | int | None | tuple[str, ...] | tuple[tuple[str, str], ...]

_SLOT = re.compile(r"\{\{(\w+)(?: as (\w+))?\}\}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_ENGINE_TYPE = re.compile(r"[A-Z0-9]{1,16}")
_PATH = re.compile(r"[^'\"\\`\n]+")


@cache
def statement(name: str, **slots: Slot) -> Statement:
    """The statement in `name`.cypher (as `read/expand_out`), its slots filled. ValueError for anything that is no plain name."""

    def fill(slot: re.Match[str]) -> str:
        return _FORMS[slot[2] or "name"](slots[slot[1]])

    return Statement(_SLOT.sub(fill, _text(name)))


def union(branches: Iterable[Statement]) -> Statement:
    """Statements of equal columns as one."""
    return Statement("\nUNION ALL\n".join(branches))


@cache
def _text(name: str) -> str:
    lines = files("cypher").joinpath(f"{name}.cypher").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("//")).strip()


def _checked(value: object, form: re.Pattern[str] = _NAME) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"'{value}' cannot stand in a statement.")
    return value


def _name(value: Slot) -> str:
    """`Firm`, or `Firm`|`Person` for several."""
    names = value if isinstance(value, tuple) else (value,)
    if not names:
        raise ValueError("A statement needs at least one name here.")
    return "|".join(f"`{_checked(name)}`" for name in names)


def _text_literal(value: Slot) -> str:
    """'GUARANTEES'"""
    return f"'{_checked(value)}'"


def _integer(value: Slot) -> str:
    """r.`amount_fen`, or a null that a UNION accepts beside integers."""
    return "CASE WHEN false THEN 0 END" if value is None else f"r.`{_checked(value)}`"


def _number(value: Slot) -> str:
    """r.`equity_share`, or a null that a UNION accepts beside numbers."""
    return "CASE WHEN false THEN 0.0 END" if value is None else f"r.`{_checked(value)}`"


def _count(value: Slot) -> str:
    """A LIMIT as a literal: as a parameter it costs LadybugDB 0.22 about a millisecond, ten times the hop itself."""
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"'{value}' is no count.")
    return str(value)


def _returned(value: Slot) -> str:
    """r.`version` AS `version`, r.`id` AS `id`"""
    return ", ".join(f"r.`{_checked(name)}` AS `{name}`" for name in _tuple(value))


def _plain(value: Slot) -> str:
    """`other`, `version`: names as they were returned before."""
    return ", ".join(f"`{_checked(name)}`" for name in _tuple(value))


def _listed(value: Slot) -> str:
    """`version`: row[0], `id`: row[1]"""
    return ", ".join(f"`{_checked(name)}`: row[{place}]" for place, name in enumerate(_tuple(value)))


def _columns(value: Slot) -> str:
    """`name` STRING, `uscc` STRING"""
    return ", ".join(f"`{_checked(name)}` {_checked(kind, _ENGINE_TYPE)}" for name, kind in _twos(value))


def _pairs(value: Slot) -> str:
    """FROM `Firm` TO `Firm`, FROM `Person` TO `Firm`"""
    return ", ".join(f"FROM `{_checked(source)}` TO `{_checked(target)}`" for source, target in _twos(value))


def _tuple(value: Slot) -> tuple[str, ...] | tuple[tuple[str, str], ...]:
    return value if isinstance(value, tuple) else ()


def _twos(value: Slot) -> list[tuple[str, str]]:
    return [(pair[0], pair[1]) for pair in _tuple(value) if isinstance(pair, tuple)]


def _anchor(value: Slot) -> str:
    """$id, or id where the anchors were unwound before."""
    return {"parameter": "$id", "unwound": "id"}[str(value)]


def _statement(value: Slot) -> str:
    """A whole statement, as it was made here."""
    if not isinstance(value, Statement):
        raise ValueError("Only a statement made here can stand inside another.")
    return value


def _path(value: Slot) -> str:
    """A path without quotes or escapes, for engines whose COPY takes no parameter."""
    return _checked(value, _PATH)


_FORMS: dict[str, Callable[[Slot], str]] = {
    "name": _name,
    "text": _text_literal,
    "integer": _integer,
    "number": _number,
    "count": _count,
    "returned": _returned,
    "plain": _plain,
    "listed": _listed,
    "columns": _columns,
    "pairs": _pairs,
    "anchor": _anchor,
    "statement": _statement,
    "path": _path,
}
