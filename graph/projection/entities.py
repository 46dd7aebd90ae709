"""States of entities out of the rectangles of their records: each property as last known over records and feeds.

An entity with one record keeps its rectangles. For the others the days on both clocks on which any record changes make a
grid; each cell takes every property from the newest full row that covers it (as `graph.snapshot.shape.entities` does for
one day), and equal cells are joined again, first along `valid`, then along `known`.
"""

import duckdb
import pyarrow as pa

_OLDEST_FIRST = "stub DESC, recorded_at, batch_seq, line, content, feed"


def build_states(connection: duckdb.DuckDBPyConnection, properties: tuple[pa.Field, ...]) -> None:
    """The temporary table `states` (entity, stub, properties, days) from `pieces` (rectangles with their `entity`)."""
    names = [f'"{field.name}"' for field in properties if field.name != "stub"]
    for table, select in {
        "crowded": "SELECT entity FROM pieces GROUP BY entity HAVING count(DISTINCT (id, feed)) > 1",
        "cells": _cells(names),
        "states": f"SELECT {', '.join(['entity', 'stub', *names, *_DAYS])} FROM pieces ANTI JOIN crowded USING (entity) "
        f"UNION ALL BY NAME {_joined(names)}",
    }.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {select}")
    for table in ("crowded", "cells", "pieces"):
        connection.execute(f"DROP TABLE {table}")


_DAYS = ("valid_from", "valid_to", "known_from", "known_to")


def _cells(names: list[str]) -> str:
    values = ", ".join(f"arg_max(p.{name}, p.place) FILTER (p.{name} IS NOT NULL) AS {name}" for name in names)
    return f"""
        WITH ranked AS (
            SELECT *, row_number() OVER (PARTITION BY entity ORDER BY {_OLDEST_FIRST}) AS place
            FROM pieces SEMI JOIN crowded USING (entity)
        ), {_spans("valid")}, {_spans("known")}
        SELECT p.entity, valid.since AS valid_from, valid.until AS valid_to, known.since AS known_from, known.until AS known_to,
               bool_and(p.stub) AS stub{", " if names else ""}{values}
        FROM ranked p
        JOIN valid ON valid.entity = p.entity AND valid.since >= p.valid_from AND valid.since < p.valid_to
        JOIN known ON known.entity = p.entity AND known.since >= p.known_from AND known.since < p.known_to
        GROUP BY ALL"""


def _spans(clock: str) -> str:
    """The stretches of one clock in which nothing about an entity changes."""
    return f"""{clock} AS (
            SELECT entity, day AS since, lead(day) OVER (PARTITION BY entity ORDER BY day) AS until
            FROM (SELECT entity, {clock}_from AS day FROM ranked UNION SELECT entity, {clock}_to FROM ranked)
            QUALIFY until IS NOT NULL
        )"""


def _joined(names: list[str]) -> str:
    said = ", ".join(["stub", *names])
    along_valid = _merge("cells", "valid", "known_from, known_to", said)
    return _merge(f"({along_valid})", "known", "valid_from, valid_to", said)


def _merge(table: str, clock: str, other_days: str, said: str) -> str:
    """Neighbours along one clock that say the same, as one."""
    return f"""
        SELECT entity, {other_days}, min({clock}_from) AS {clock}_from, max({clock}_to) AS {clock}_to, {said} FROM (
            SELECT *, sum(CASE WHEN {clock}_from = former THEN 0 ELSE 1 END) OVER (
                   PARTITION BY entity, {other_days}, {said} ORDER BY {clock}_from) AS island
            FROM (SELECT *, lag({clock}_to) OVER (PARTITION BY entity, {other_days}, {said} ORDER BY {clock}_from) AS former
                  FROM {table}))
        GROUP BY entity, {other_days}, {said}, island"""
