"""From ledger rows to rectangles on two clocks: what was true from day to day, as known from day to day.

The same rule as `graph.snapshot.as_of`, for all days at once: of each state (chain, valid_from) the version told last by
the end of a day counts; a retracted one never was; a later state ends the former. A chain is what one feed says about one
id; of a happening every state is a chain of its own. Days are whole-day integers, open ends 99991231.

All steps are DuckDB statements over temporary tables, which spill to disk beyond the engine's memory limit.
"""

from dataclasses import dataclass

import duckdb

from graph.ledger.as_of import newest_first_sql
from graph.ontology import Lasting
from graph.store import OPEN_DAY


def day_number(day_sql: str) -> str:
    """A DATE expression as 20260331."""
    return f"CAST(year({day_sql}) * 10000 + month({day_sql}) * 100 + day({day_sql}) AS INTEGER)"


def known_day(instant_sql: str, time_zone: str) -> str:
    """UTC microseconds as the whole day, where the bank is, on which they fall."""
    return day_number(f"CAST(make_timestamptz({instant_sql}) AT TIME ZONE '{time_zone}' AS DATE)")


@dataclass(frozen=True)
class Rectangles:
    """Builds the temporary table `rectangles` out of `told` (ledger rows with `known`, and valid days as integers)."""

    connection: duckdb.DuckDBPyConnection
    lasting: Lasting

    @property
    def chain(self) -> str:
        return "id, feed" if self.lasting is Lasting.STATE else "id, feed, valid_from"

    def build(self) -> None:
        """`rectangles`: the columns of `told` with `valid_to`, `known_from`, `known_to` as they take effect."""
        self._table("busy", f"SELECT {self.chain} FROM told GROUP BY {self.chain} HAVING count(*) > 1")
        self._table("several", self._last_of_each_day())
        self._table("unruly", self._unruly_chains())
        branches = [self._told_once(), self._in_order(), self._in_any_order()]
        self._table("rectangles", " UNION ALL BY NAME ".join(f"({branch})" for branch in branches))
        for name in ("busy", "several", "unruly", "told"):
            self.connection.execute(f"DROP TABLE {name}")

    def _table(self, name: str, select: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {select}")

    def _told_once(self) -> str:
        """The vast majority: one row, known from its day on."""
        return f"""
            SELECT *, known AS known_from, {OPEN_DAY} AS known_to FROM told ANTI JOIN busy USING ({self.chain})
            WHERE action <> 'retract' AND valid_from < valid_to"""

    def _last_of_each_day(self) -> str:
        return f"""
            SELECT * FROM told SEMI JOIN busy USING ({self.chain})
            QUALIFY row_number() OVER (PARTITION BY {_states(self.chain)}, known ORDER BY {newest_first_sql()}) = 1"""

    def _unruly_chains(self) -> str:
        """Chains with a retraction, or told in another order than things came to be."""
        return f"""
            SELECT DISTINCT {self.chain} FROM (
                SELECT {self.chain}, action, known, lag(known) OVER (PARTITION BY {self.chain} ORDER BY valid_from, known) AS former
                FROM several)
            WHERE action = 'retract' OR known < former"""

    def _in_order(self) -> str:
        """Told as it came to be: each version lasts until the next one, and is shortened once a later state is known."""
        return f"""
            WITH steps AS (
                SELECT *, coalesce(lead(valid_from) OVER told_on, {OPEN_DAY}) AS next_from,
                       coalesce(lead(known) OVER told_on, {OPEN_DAY}) AS next_known
                FROM several ANTI JOIN unruly USING ({self.chain})
                WINDOW told_on AS (PARTITION BY {self.chain} ORDER BY {_order(self.chain)}known)
            ), pieces AS (
                SELECT *, known AS known_from,
                       CASE WHEN next_from > valid_from AND next_from >= valid_to THEN {OPEN_DAY} ELSE next_known END AS known_to
                FROM steps
                UNION ALL
                SELECT * REPLACE (next_from AS valid_to), next_known AS known_from, {OPEN_DAY} AS known_to
                FROM steps WHERE next_from > valid_from AND next_from < valid_to
            )
            SELECT * EXCLUDE (next_from, next_known) FROM pieces WHERE valid_from < valid_to AND known_from < known_to"""

    def _in_any_order(self) -> str:
        """The general case: the whole time line anew for each day on which something was told, then equal days joined."""
        same = " AND ".join(f"m.{name.strip()} = r.{name.strip()}" for name in self.chain.split(","))
        states = _states(self.chain)
        return f"""
            WITH versions AS (SELECT * FROM several SEMI JOIN unruly USING ({self.chain})
            ), days AS (
                SELECT *, row_number() OVER told_on AS n, coalesce(lead(day) OVER told_on, {OPEN_DAY}) AS until
                FROM (SELECT DISTINCT {self.chain}, known AS day FROM versions)
                WINDOW told_on AS (PARTITION BY {self.chain} ORDER BY day)
            ), seen AS (
                SELECT r.id, r.feed, r.valid_from, r.valid_to, r.known, r.action, m.day, m.until, m.n
                FROM days m JOIN versions r ON {same} AND r.known <= m.day
                QUALIFY row_number() OVER (PARTITION BY r.id, r.feed, r.valid_from, m.day ORDER BY r.known DESC) = 1
            ), held AS (
                SELECT * EXCLUDE (valid_to), least(valid_to, coalesce(lead(valid_from) OVER (
                       PARTITION BY {self.chain}, day ORDER BY valid_from), {OPEN_DAY})) AS ends
                FROM seen WHERE action <> 'retract'
            ), islands AS (
                SELECT *, n - row_number() OVER (PARTITION BY {states}, known, ends ORDER BY n) AS island
                FROM held WHERE valid_from < ends
            ), joined AS (
                SELECT id, feed, valid_from, known, ends, min(day) AS known_from, max(until) AS known_to
                FROM islands GROUP BY id, feed, valid_from, known, ends, island
            )
            SELECT versions.* REPLACE (joined.ends AS valid_to), joined.known_from, joined.known_to
            FROM joined JOIN versions USING (id, feed, valid_from, known)"""


def _states(chain: str) -> str:
    return chain if "valid_from" in chain else f"{chain}, valid_from"


def _order(chain: str) -> str:
    return "" if "valid_from" in chain else "valid_from, "
