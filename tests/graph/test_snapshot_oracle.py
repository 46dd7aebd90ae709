"""Any sequence of tellings, seen on any day of either clock, equals the rule written down in plain Python."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.clock import OPEN_END
from graph.ids import entity_id
from graph.ledger.as_of import as_of_rows, told_again
from graph.ledger.schema import BATCH_SEQ, IDENTITY, schema_of
from graph.ontology import Lasting, core_ontology
from graph.snapshot.plans import VARIABLE
from graph.snapshot.shape import shape

DAYS = [date(2025, 1, day) for day in range(1, 8)]
FACT, FIRM = core_ontology().get("LoanNoteState"), core_ontology().get("Firm")
FACT_ROWS, FIRM_ROWS, MOVES = schema_of(FACT).append(BATCH_SEQ), schema_of(FIRM).append(BATCH_SEQ), IDENTITY.append(BATCH_SEQ)


@dataclass(frozen=True)
class Row:
    id: str
    feed: str
    valid_from: date
    valid_to: date
    recorded_at: int
    batch_seq: int
    line: int
    action: str
    value: int | None
    stub: bool

    @property
    def state(self) -> tuple[str, str, date]:
        return self.id, self.feed, self.valid_from

    @property
    def told(self) -> tuple[int, int, int]:
        return self.recorded_at, self.batch_seq, self.line


rows_told = st.lists(
    st.builds(
        Row,
        id=st.sampled_from("ab"),
        feed=st.sampled_from(["f", "f", "g"]),
        valid_from=st.sampled_from(DAYS[:5]),
        valid_to=st.sampled_from([OPEN_END, OPEN_END, DAYS[4]]),
        recorded_at=st.integers(1, 4),
        batch_seq=st.integers(1, 3),
        line=st.integers(0, 10**9),
        action=st.sampled_from(["state", "state", "state", "close", "retract"]),
        value=st.one_of(st.none(), st.integers(0, 3)),
        stub=st.booleans(),
    ),
    max_size=14,
    unique_by=lambda row: row.line,
)


def holding(rows: list[Row], day: date, known: int, lasting: Lasting) -> list[tuple[Row, date]]:
    """Design decision 2, word by word: each row that holds, with the day on which it ends."""
    heard = sorted((row for row in rows if row.recorded_at <= known), key=lambda row: (row.state, row.told))
    last = [list(versions)[-1] for _, versions in groupby(heard, key=lambda row: row.state)]
    said = [row for row in last if row.action != "retract"]
    if lasting is Lasting.HAPPENING:
        return [(row, OPEN_END) for row in said if row.valid_from <= day]
    held = []
    for _, states in groupby(said, key=lambda row: (row.id, row.feed)):
        following = list(states)
        for row, later in zip(following, [*following[1:], None], strict=True):
            end = min(row.valid_to, later.valid_from) if later else row.valid_to
            if row.valid_from <= day < end:
                held.append((row, end))
    return held


def arrow(rows: list[Row], schema: pa.Schema) -> pa.Table:
    plain: list[dict[str, Any]] = [{**vars(row), "content": str(row.value), "name": row.value} for row in rows]
    for row in plain:
        row["name"] = None if row["value"] is None else str(row["value"])
        row["balance_fen"] = row["value"]
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in plain], schema)


def named(name: str, schema: pa.Schema) -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)


def facts_held(lasting: Lasting) -> ibis.Table:
    told = named("told", FACT_ROWS)
    return as_of_rows(told, told_again(told), VARIABLE, lasting)


ENGINE = duckdb.connect()
SQL = {str(lasting): str(ibis.to_sql(facts_held(lasting), dialect="duckdb")) for lasting in Lasting}
SQL["Firm"] = str(ibis.to_sql(shape(FIRM, named("told", FIRM_ROWS), named("moved", MOVES), VARIABLE), dialect="duckdb"))


def answers(sql: str, day: date, known: int, **tables: pa.Table) -> list[dict[str, Any]]:
    with ENGINE.cursor() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        connection.execute(f"SET VARIABLE yujing_day = DATE '{day}'; SET VARIABLE yujing_known_us = {known}::BIGINT")
        rows: list[dict[str, Any]] = connection.sql(sql).to_arrow_table().to_pylist()
        return rows


@pytest.mark.parametrize("lasting", list(Lasting))
@settings(max_examples=60, deadline=None)
@given(rows=rows_told, day=st.sampled_from(DAYS), known=st.integers(0, 4))
def test_what_holds_is_what_the_rule_says(lasting: Lasting, rows: list[Row], day: date, known: int) -> None:
    found = answers(SQL[lasting], day, known, told=arrow(rows, FACT_ROWS))
    expected = {(row.line, end) for row, end in holding(rows, day, known, lasting)}
    assert sorted((row["line"], row["valid_to"]) for row in found) == sorted(expected)


@settings(max_examples=60, deadline=None)
@given(
    rows=rows_told,
    moves=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("abc"), st.integers(1, 4)), max_size=4, unique_by=lambda m: m[2]
    ),
    day=st.sampled_from(DAYS),
    known=st.integers(0, 4),
)
def test_a_firm_is_the_last_known_of_each_property_over_its_records(
    rows: list[Row], moves: list[tuple[str, str, int]], day: date, known: int
) -> None:
    moved = [{"record": r, "entity": entity_id("Firm", to), "recorded_at": at, "reason": "", "batch_seq": 1} for r, to, at in moves]
    firms = answers(SQL["Firm"], day, known, told=arrow(rows, FIRM_ROWS), moved=pa.Table.from_pylist(moved, MOVES))
    found = {row["id"]: (row["stub"], row["name"], row["line"]) for row in firms}

    home = {record: to for record, to, at in sorted(moves, key=lambda move: move[2]) if at <= known}
    members: dict[str, list[Row]] = {}
    for row, _ in holding(rows, day, known, FIRM.lasting):
        members.setdefault(entity_id("Firm", home.get(row.id, row.id)), []).append(row)
    expected = {}
    for firm, told in members.items():
        oldest_first = sorted(told, key=lambda row: (not row.stub, *row.told))
        values = [row.value for row in oldest_first if row.value is not None]
        stub = all(row.stub for row in told)
        expected[firm] = (stub, str(values[-1]) if values else None, oldest_first[-1].line)
    assert found == expected
