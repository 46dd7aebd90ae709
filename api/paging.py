"""Pages of a sorted list by opaque cursors: a cursor names the last item's place in the order, so that writes move no page."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from graph.errors import InputError

_Item = TypeVar("_Item")


def page_after(
    items: Sequence[_Item], place: Callable[[_Item], tuple[Any, ...]], cursor: str, limit: int
) -> tuple[Sequence[_Item], str | None]:
    """The items behind `cursor`, and the cursor of the next page, None on the last. InputError for a cursor of no page."""
    after = _read(cursor) if cursor else None
    try:
        rest = [item for item in items if after is None or place(item) > after]
    except TypeError:
        raise _wrong(cursor) from None
    page = rest[:limit]
    return page, _write(place(page[-1])) if len(rest) > limit else None


def _write(place: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[Any, ...]:
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _wrong(cursor) from None
    if not isinstance(told, list):
        raise _wrong(cursor)
    return tuple(told)


def _no_number(text: str) -> None:
    raise ValueError(f"{text} has no place in an order")


def _wrong(cursor: str) -> InputError:
    return InputError(f"'{cursor}' is no cursor of a page.", "Take `next` of the page before, unchanged.", "cursor")
