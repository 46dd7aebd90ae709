"""DuckDB's SQL as Spark's. sqlglot knows most of both; what it leaves as it was is mended here, and nothing else.

Types matter, for a day less a day is a number in DuckDB and an interval in Spark: so the tables' columns must be told.
"""

from collections.abc import Callable, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

Columns = Mapping[str, str]
"""Column names and their SQL types."""


def to_spark(sql: str, tables: Mapping[str, Columns]) -> str:
    """The query for Spark. `tables` are those that it reads, without those it makes itself by WITH."""
    tree = sqlglot.parse_one(sql, read="duckdb")
    _each(tree, exp.Select, _columns_by_list)
    _each(tree, exp.Anonymous, _clip)
    known: dict[str, object] = {name: dict(columns) for name, columns in tables.items()}
    spelled = {name.lower(): name for columns in tables.values() for name in columns}
    spelled |= {alias.alias.lower(): alias.alias for alias in tree.find_all(exp.Alias)}
    named = qualify(tree, schema=known, dialect="duckdb", validate_qualify_columns=False)
    typed = annotate_types(named, schema=known, dialect="duckdb")
    for kind, mend in _MENDED:
        _each(typed, kind, mend)
    for column in (
        typed.selects if isinstance(typed, exp.Query) else ()
    ):  # names were made lower case to find each other; what comes out is called as it was written
        if isinstance(column, exp.Alias):
            column.set("alias", exp.to_identifier(spelled.get(column.alias.lower(), column.alias), quoted=True))
    return str(typed.sql(dialect="spark", comments=False))


def _each(tree: exp.Expr, kind: type[exp.Expr], mend: Callable[[exp.Expr], exp.Expr | None]) -> None:
    """Mends from the inside out, so that what is mended inside stays."""
    for node in reversed(list(tree.find_all(kind, bfs=False))):
        mended = mend(node)
        if mended is not None and mended is not node:
            node.replace(mended)


def _columns_by_list(select: exp.Expr) -> None:
    """`arg_max(columns(['a', 'b']), x)` is one such call a column, called like it."""
    out: list[exp.Expr] = []
    for each in select.expressions:
        listed = each.find(exp.Columns)
        names = [literal.name for literal in listed.find_all(exp.Literal)] if listed else []
        for name in names:
            copy = each.copy()
            found = copy.find(exp.Columns)
            if found is not None:
                found.replace(exp.column(name))
            out.append(exp.alias_(copy, name))
        if not names:
            out.append(each)
    select.set("expressions", out)


def _clip(call: exp.Expr) -> exp.Expr | None:
    if call.name.lower() != "clip":
        return None
    value, low, high = call.expressions
    bounded = exp.Least(this=exp.Greatest(this=value.copy(), expressions=[low]), expressions=[high])
    return exp.Case().when(exp.Not(this=exp.Is(this=exp.paren(value.copy()), expression=exp.null())), bounded)


def _fraction(literal: exp.Expr) -> exp.Expr | None:
    """A fraction is a double: Spark would make it a decimal, and cut what is divided by it."""
    if literal.is_string or "." not in literal.name:
        return None
    return exp.cast(literal.copy(), exp.DataType.Type.DOUBLE)


def _day_less_day(minus: exp.Expr) -> exp.Expr | None:
    left, right = minus.this, minus.expression
    if left.is_type(exp.DataType.Type.DATE) and right.is_type(exp.DataType.Type.DATE):
        return _number(exp.func("DATEDIFF", left.copy(), right.copy(), dialect="spark"))
    return None


def _months_apart(difference: exp.Expr) -> exp.Expr | None:
    """DuckDB counts the firsts of months between two days, Spark whole months."""
    if difference.text("unit").upper() != "MONTH":
        return None
    later, earlier = difference.this, difference.expression
    years = exp.paren(exp.Sub(this=exp.Year(this=later.copy()), expression=exp.Year(this=earlier.copy())))
    months = exp.Sub(this=exp.Month(this=later.copy()), expression=exp.Month(this=earlier.copy()))
    return exp.paren(exp.Add(this=exp.Mul(this=years, expression=exp.Literal.number(12)), expression=months))


def _newest_said(call: exp.Expr) -> exp.Expr | None:
    """DuckDB's `arg_max` passes over rows in which there is nothing to say; Spark's `max_by` would answer null."""
    said = exp.Where(this=exp.Not(this=exp.Is(this=exp.paren(call.this.copy()), expression=exp.null())))
    return exp.Filter(this=call.copy(), expression=said)


def _place_in_list(call: exp.Expr) -> exp.Expr | None:
    """Spark says 0, DuckDB null, for what is not in the list."""
    if call.name.lower() != "list_position":
        return None
    found = exp.Anonymous(this="array_position", expressions=[each.copy() for each in call.expressions])
    return exp.Nullif(this=_number(found), expression=exp.Literal.number(0))


def _distinct_in_window(window: exp.Expr) -> exp.Expr | None:
    """Spark has no COUNT(DISTINCT x) OVER: the size of the set says the same."""
    count = window.this
    if not isinstance(count, exp.Count) or not isinstance(count.this, exp.Distinct):
        return None
    over = window.copy()
    over.set("this", exp.Anonymous(this="collect_set", expressions=[count.this.expressions[0].copy()]))
    return exp.Anonymous(this="size", expressions=[over])


def _number(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, exp.DataType.Type.BIGINT)


_MENDED: tuple[tuple[type[exp.Expr], Callable[[exp.Expr], exp.Expr | None]], ...] = (
    (exp.Sub, _day_less_day),
    (exp.DateDiff, _months_apart),
    (exp.ArgMax, _newest_said),
    (exp.Anonymous, _place_in_list),
    (exp.Window, _distinct_in_window),
    (exp.Literal, _fraction),
)
