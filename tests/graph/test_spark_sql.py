"""DuckDB's SQL becomes Spark's: where the two would answer differently, it is said another way."""

import re

import pytest

from graph.snapshot.spark_sql import to_spark

T = {"t": {"a": "BIGINT", "b": "BIGINT", "d": "DATE", "e": "DATE", "s": "VARCHAR", "x": "DOUBLE"}}


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("d - e", "CAST(DATEDIFF(t.d, t.e) AS BIGINT)"),
        ("DATE '2026-03-31' - max(d)", "CAST(DATEDIFF(CAST('2026-03-31' AS DATE), MAX(t.d)) AS BIGINT)"),
        ("d - 30", "t.d - 30"),
        ("a - b", "t.a - t.b"),
        ("a / 180.0", "t.a / CAST(180.0 AS DOUBLE)"),
        ("'1.5'", "'1.5'"),
        ("arg_max(s, a)", "MAX_BY(t.s, t.a) FILTER(WHERE NOT (t.s) IS NULL)"),
        ("clip(x, 0, 10)", "CASE WHEN NOT (t.x) IS NULL THEN LEAST(GREATEST(t.x, 0), 10) END"),
        ("list_position(['u', 'v'], s) - 1", "NULLIF(CAST(ARRAY_POSITION(ARRAY('u', 'v'), t.s) AS BIGINT), 0) - 1"),
        ("count(DISTINCT s) OVER (PARTITION BY a)", "SIZE(COLLECT_SET(t.s) OVER (PARTITION BY t.a))"),
        ("date_diff('month', d, e)", "((YEAR(t.e) - YEAR(t.d)) * 12 + MONTH(t.e) - MONTH(t.d))"),
    ],
)
def test_what_differs_is_said_the_other_way(duckdb: str, spark: str) -> None:
    said = to_spark(f"SELECT {duckdb} AS out FROM t", T).replace("`", "")
    found = re.fullmatch(r"SELECT (.*) AS out FROM t AS t", said)
    assert found is not None, said
    assert found.group(1) == spark


def test_days_are_known_as_days_through_queries_within() -> None:
    said = to_spark("WITH w AS (SELECT coalesce(d, e) AS day FROM t) SELECT DATE '2026-01-01' - day AS age FROM w", T)
    assert "DATEDIFF" in said


def test_a_call_over_listed_columns_is_a_call_for_each() -> None:
    said = to_spark("SELECT s, arg_max(columns(['a', 'b']), x) FROM t GROUP BY s", T).replace("`", "")
    assert said.count("MAX_BY") == 2
    assert "AS a, MAX_BY" in said


def test_a_column_is_called_as_it_was_written() -> None:
    said = to_spark('SELECT a AS "Person.dishonest", b FROM t UNION ALL SELECT b, a FROM t', T)
    assert "AS `Person.dishonest`" in said
