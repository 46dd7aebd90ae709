"""Snapshot queries compiled once: that costs a tenth of a second a type, and running them on another day does not.

The cutoff stands in the SQL as two variables of the DuckDB connection, so one text answers every day of one `ledger_seq`.
"""

from collections.abc import Callable
from threading import Lock
from weakref import WeakKeyDictionary

import ibis
import pyarrow as pa

from graph.ledger import Ledger
from graph.ledger.as_of import Cutoff

Plan = tuple[str, bool, int, str]  # type, with its past, ledger_seq, hash of the ontology


@ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), "date"))  # type: ignore[untyped-decorator]
def _day(variable: str) -> ibis.Value:
    """The day, as a variable of the connection."""


@ibis.udf.scalar.builtin(name="getvariable", signature=(("string",), "int64"))  # type: ignore[untyped-decorator]
def _instant(variable: str) -> ibis.Value:
    """The instant, as a variable of the connection."""


VARIABLE = Cutoff(_day("yujing_day"), _instant("yujing_known_us"))

_texts: WeakKeyDictionary[Ledger, dict[Plan, str]] = WeakKeyDictionary()
_lock = Lock()


def run(ledger: Ledger, plan: Plan, expression: Callable[[], ibis.Table], cutoff: Cutoff) -> pa.Table:
    """The rows at `cutoff`; `expression`, written with VARIABLE, is built only where `plan` was not compiled before."""
    with _lock:
        texts = _texts.setdefault(ledger, {})
    if plan not in texts:
        texts[plan] = ledger.backend.compile(expression())
    connection = ledger.backend.con
    connection.execute(f"SET VARIABLE yujing_day = DATE '{cutoff.day}'; SET VARIABLE yujing_known_us = {cutoff.known_us}::BIGINT")
    return connection.sql(texts[plan]).to_arrow_table()
