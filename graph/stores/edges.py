"""Rows of any engine as the tables that `graph.store` promises: typed, and in one order."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from graph.projection.shape import GraphType
from graph.store import DEGREE_SCHEMA, EDGE_SCHEMA


def edge_table(rows: Sequence[Sequence[Any]], kinds: Mapping[str, GraphType]) -> pa.Table:
    """Rows in the order of EDGE_SCHEMA as a table sorted by anchor, type, way, then the largest first, then relation id."""
    columns = list(zip(*rows, strict=True))
    table = pa.table([pa.array(column, field.type) for column, field in zip(columns, EDGE_SCHEMA, strict=True)], schema=EDGE_SCHEMA)
    by_share = pc.is_in(table["type"], pa.array([name for name, kind in kinds.items() if kind.amount is None], pa.string()))
    keyed = table.append_column("rank", pc.if_else(by_share, table["share"], None))
    order = [("anchor", "ascending"), ("type", "ascending"), ("way", "ascending")]
    order += [("amount_fen", "descending"), ("rank", "descending"), ("rel", "ascending"), ("valid_from", "ascending")]
    return keyed.sort_by(order).drop_columns("rank")


def degree_table(rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Rows in the order of DEGREE_SCHEMA as a sorted table, without zeros."""
    columns = list(zip(*rows, strict=True))
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, DEGREE_SCHEMA, strict=True)], schema=DEGREE_SCHEMA)
    return table.filter(pc.field("degree") > 0).sort_by([(name, "ascending") for name in ("anchor", "type", "way")])


def details_table(rows: Sequence[Sequence[Any]], kind: GraphType) -> pa.Table:
    """Rows of anchor, other and a type's columns as a table, by anchor; within one the order of the rows stays."""
    schema = pa.schema([("anchor", pa.string()), ("other", pa.string()), *kind.columns])
    if not rows:
        return schema.empty_table()
    columns = list(zip(*rows, strict=True))
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
    return table.take(pc.sort_indices(table["anchor"]))


def happenings(rows: Sequence[Sequence[Any]], kind: GraphType, columns: tuple[str, ...], cap: int) -> tuple[pa.Table, list[str]]:
    """Rows of anchor, other and columns as a table, and the anchors that have more than `cap`, of which none is kept."""
    fields = {field.name: field for field in kind.columns}
    schema = pa.schema([("anchor", pa.string()), ("other", pa.string()), *(fields[name] for name in columns)])
    if not rows:
        return schema.empty_table(), []
    each = zip(*rows, strict=True)
    table = pa.table([pa.array(c, f.type) for c, f in zip(each, schema, strict=True)], schema=schema)
    counts = pc.value_counts(table["anchor"])
    full: list[str] = counts.field("values").filter(pc.greater(counts.field("counts"), cap)).to_pylist()
    return table.filter(pc.invert(pc.is_in(table["anchor"], pa.array(full, pa.string())))) if full else table, sorted(full)
