"""One yield's records of a chunk: every ledger column that differs from row to row. Problems are noted on the way."""

from collections.abc import Iterator
from datetime import date

import polars as pl

from graph.clock import OPEN_END, START_OF_TIME, now_us
from graph.ids import record_id
from graph.ontology import RelationType
from ingest.cells import Cells, wrong_digits
from ingest.days import encode
from ingest.plan import EndPlan, Field, YieldPlan
from ingest.problems import Problems
from ingest.reasons import Reason
from ingest.recipe import constants_of


def draft(plan: YieldPlan, cells: Cells, row: pl.Series, problems: Problems) -> pl.DataFrame:
    """The columns that differ from row to row: `row`, clocks, `action`, ends and their `…_key`, properties.

    `_ident` is what an id is hashed from, where rows have an identity of their own.
    """
    chosen = cells.holds(plan.spec.when)
    if not chosen.all():
        cells, row = cells.only(chosen), row.filter(chosen)
    return _Draft(plan, cells, row, problems).frame()


class _Draft:
    def __init__(self, plan: YieldPlan, cells: Cells, row: pl.Series, problems: Problems) -> None:
        self._plan, self._cells, self._row, self._problems = plan, cells, row, problems

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame([self._row, *self._clocks(), *self._action(), *self._ends(), *self._properties(), *self._identity()])

    def _clocks(self) -> Iterator[pl.Series]:
        """Those that a column tells; the others are the same for all rows."""
        plan = self._plan
        begin = self._day(plan.valid_from, START_OF_TIME) if plan.valid_from else None
        if begin is not None:
            yield begin.alias("valid_from")
        if plan.valid_to:
            end = self._day(plan.valid_to, OPEN_END)
            end = _day_after(end) if plan.valid_to.value.inclusive else end
            begun: pl.Series | date = begin if begin is not None else START_OF_TIME
            disorder = end < begun if plan.spec.close else end <= begun
            self._problems.note(self._row, disorder, plan.day_column, Reason.DATE_ORDER)
            yield end.alias("valid_to")
        if plan.recorded_at:
            known = self._read(plan.recorded_at)
            ahead = (known > now_us()).fill_null(False)
            self._problems.note(self._row, ahead, plan.recorded_at.value.column or plan.key_column, Reason.DATE_RANGE)
            yield known.alias("recorded_at")

    def _action(self) -> Iterator[pl.Series]:
        spec = self._plan.spec
        if not (spec.close or spec.retract):
            return
        action = pl.repeat("state", len(self._row), dtype=pl.String, eager=True)
        for conditions, name in ((spec.close, "close"), (spec.retract, "retract")):
            action = action.set(self._cells.holds(conditions), name) if conditions else action
        yield action.alias("action")

    def _ends(self) -> Iterator[pl.Series]:
        records = []
        for end in self._plan.ends:
            record, key = self._end(end)
            records.append(record)
            yield from (record.alias(end.role), key.alias(f"{end.role}_key"))
        if isinstance(self._plan.kind, RelationType) and not self._plan.kind.loops:
            loop = (records[0] == records[1]) & (self._plan.ends[0].type == self._plan.ends[1].type)
            self._problems.note(self._row, loop, self._plan.ends[1].key[0], Reason.SELF_LOOP)

    def _end(self, end: EndPlan) -> tuple[pl.Series, pl.Series]:
        key, missing = self._cells.key(end.key, end.personal)
        if missing.any():
            for column in end.key:
                self._problems.note(self._row, self._cells.code(column) == "", column, Reason.MISSING_VALUE)
        if end.check:
            self._problems.note(self._row, wrong_digits(key, end.check), end.key[0], Reason.CHECK_DIGIT)
        places, distinct = encode(key)
        records = [record_id(end.type, end.source, each) for each in distinct.to_list()]
        return pl.Series(records, dtype=pl.String).gather(places), key

    def _properties(self) -> Iterator[pl.Series]:
        decimals: int | pl.Series = 2
        if self._plan.currency:
            currency, decimals = self._cells.currency(self._plan.currency)
            self._problems.note_column(self._row, currency, self._plan.currency, self._plan.key_column)
            if "currency" not in constants_of(self._plan):
                yield currency.values.alias("currency")
        for field in self._plan.fields:
            read = self._cells.read(field, decimals)
            self._problems.note_column(self._row, read, field, self._plan.key_column)
            yield read.values.alias(field.name)

    def _identity(self) -> Iterator[pl.Series]:
        if self._plan.identity:
            yield self._cells.identity(self._plan.identity).alias("_ident")

    def _day(self, field: Field, otherwise: date) -> pl.Series:
        return self._read(field).to_frame("day").select(pl.col("day").fill_null(otherwise)).to_series()

    def _read(self, field: Field) -> pl.Series:
        read = self._cells.read(field)
        self._problems.note_column(self._row, read, field, self._plan.key_column)
        return read.values


def _day_after(days: pl.Series) -> pl.Series:
    day = pl.col("day")
    return days.to_frame("day").select(pl.when(day < OPEN_END).then(day.dt.offset_by("1d")).otherwise(day)).to_series()
