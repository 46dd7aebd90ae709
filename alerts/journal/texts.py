"""Every text that a journal's database holds, table by table: for whoever must know that something stands nowhere in it."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import MetaData, select
from sqlalchemy.exc import OperationalError

from alerts.journal.engine import open_engine
from graph.errors import UnavailableError

_ROWS = 1_000


def every_text(url: str) -> Iterator[tuple[str, str]]:
    """Table and text of each cell that is one, JSON and bytes as text; tables that later versions left behind too."""
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            tables = MetaData()
            tables.reflect(connection)
            for table in tables.sorted_tables:
                for row in connection.execution_options(yield_per=_ROWS).execute(select(table)):
                    yield from ((table.name, text) for text in map(_text, row) if text)
    except OperationalError as problem:
        raise UnavailableError(f"The journal's database does not answer: {problem.orig}", "Check YUJING_JOURNAL_URL.") from None
    finally:
        engine.dispose()


def _text(cell: Any) -> str:
    match cell:
        case str():
            return cell
        case bytes() | memoryview():
            return bytes(cell).decode("utf-8", "ignore")
        case dict() | list():
            return json.dumps(cell, ensure_ascii=False)
    return ""
