"""Two clocks, as Ibis expressions: the same ones run on DuckDB and on Spark.

A *chain* is what one feed says about one id; a *state* is (chain, valid_from); a state has versions, of which the last
known one counts.
"""

from dataclasses import dataclass
from datetime import date

import ibis

from graph.clock import OPEN_END, end_of_day_us
from graph.ids import ENTITY_SEPARATOR
from graph.ontology import Lasting

CHAIN = ("id", "feed")
STATE = (*CHAIN, "valid_from")
_NEWEST_FIRST = ("recorded_at", "batch_seq", "line", "content")


@dataclass(frozen=True)
class Cutoff:
    """What was true on `day` as known by `known_us` (UTC microseconds, inclusive). Expressions stand for values given later."""

    day: date | ibis.Value
    known_us: int | ibis.Value

    @classmethod
    def end_of(cls, day: date, time_zone: str) -> "Cutoff":
        return cls(day, end_of_day_us(day, time_zone))


def last_versions(rows: ibis.Table) -> ibis.Table:
    """Of each state the version told last; rows told at one instant are ordered by batch, line and content."""
    place = ibis.row_number().over(group_by=STATE, order_by=[ibis.desc(name) for name in _NEWEST_FIRST])
    return rows.mutate(_place=place).filter(lambda t: t._place == 0).drop("_place")


def newest_first_sql() -> str:
    """The same order for DuckDB SQL."""
    return ", ".join(f"{name} DESC NULLS LAST" for name in _NEWEST_FIRST)


def told_again(rows: ibis.Table) -> ibis.Table:
    """`id`: those with more than one row. The rest, mostly nearly all, need no windows."""
    return rows.group_by("id").aggregate(_rows=rows.count()).filter(lambda t: t._rows > 1).select("id")


def as_of_rows(rows: ibis.Table, again: ibis.Table, cutoff: Cutoff, lasting: Lasting, *, ended_too: bool = False) -> ibis.Table:
    """The rows of `rows` (a ledger table) that hold at `cutoff`, with the `valid_to` that takes effect.

    A later state ends the former, also where it begins after the day; a retracted one never was. Happenings stay true
    from their day on, whatever is told after them. `again`: as `told_again(rows)` gives it. `ended_too`: also the states
    that were true before the day.
    """
    once = _known(rows.anti_join(again, "id"), cutoff).filter(lambda t: t.action != "retract")
    last = last_versions(_known(rows.semi_join(again, "id"), cutoff)).filter(lambda t: t.action != "retract")
    if lasting is Lasting.HAPPENING:
        told = once.union(last)
        return told.filter(told.valid_from <= cutoff.day).mutate(valid_to=ibis.literal(OPEN_END))
    next_state = last.valid_from.lead().over(group_by=CHAIN, order_by=last.valid_from)
    told = once.union(last.mutate(valid_to=ibis.least(last.valid_to, next_state.fill_null(OPEN_END))))
    begun = told.filter(told.valid_from <= cutoff.day)
    return begun if ended_too else begun.filter(begun.valid_to > cutoff.day)


def _known(rows: ibis.Table, cutoff: Cutoff) -> ibis.Table:
    return rows.filter(rows.recorded_at <= cutoff.known_us)


def identity_as_of(identity: ibis.Table, known_us: int | ibis.Value) -> ibis.Table:
    """`record`, `entity`, `reason`: where each moved record belonged by then, and why."""
    newest_first = [ibis.desc(name) for name in ("recorded_at", "batch_seq", "entity")]
    known = identity.filter(identity.recorded_at <= known_us)
    place = ibis.row_number().over(group_by="record", order_by=newest_first)
    return known.mutate(_place=place).filter(lambda t: t._place == 0).select("record", "entity", "reason")


def resolve(rows: ibis.Table, column: str, type_name: ibis.Value | str, moved: ibis.Table) -> ibis.Table:
    """`rows` with the records of `column` replaced by their entity ids; `moved` as `identity_as_of` gives it."""
    home = moved.select(_record=moved.record, _entity=moved.entity)
    joined = rows.left_join(home, rows[column] == home._record)
    own = ibis.literal(type_name) if isinstance(type_name, str) else joined[type_name.get_name()]
    named = ibis.coalesce(joined._entity, own + ENTITY_SEPARATOR + joined[column])
    return joined.mutate(**{column: named}).drop("_record", "_entity")
