"""A condition: an SQL boolean expression over named facts. What is not on the list below is refused.

Allowed: comparisons, AND, OR, NOT, + - * /, IS [NOT] NULL, IN (literals), BETWEEN, COALESCE, ABS, LEAST, GREATEST, literals.
Every part is typed: a number compares with numbers, a choice with one of its words, a day with an ISO day, a flag stands alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from alerts.facts.catalogue import find_fact
from alerts.facts.kinds import Fact, FactKind
from alerts.said import Stage
from graph.errors import InputError

_LONGEST = 1000
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_ORDERED = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div)
_PICKS = (exp.Coalesce, exp.Least, exp.Greatest)


class _Word(Enum):
    """A text literal: it is a choice's word or a day, as what it is compared with decides."""

    TEXT = "text"


_Type = FactKind | _Word


@dataclass(frozen=True)
class Condition:
    """What was written, the DuckDB expression it became, and the facts it names in order of appearance."""

    text: str
    sql: str
    facts: tuple[str, ...]

    def comparisons(self) -> Iterator[tuple[str, float]]:
        """Each number in the condition with the fact it stands beside: what a lint of known figures looks at."""
        for node in sqlglot.parse_one(self.sql, dialect="duckdb").find_all(*_COMPARISONS, exp.Between):
            names = [column.name for column in node.find_all(exp.Column)]
            for literal in node.find_all(exp.Literal):
                if names and not literal.is_string:
                    yield names[0], float(literal.this)


def parse_condition(text: str, stage: Stage) -> Condition:
    """Reads and types a condition of one stage. InputError says what is not allowed and what to write instead."""
    if len(text) > _LONGEST:
        raise InputError(f"The condition is longer than {_LONGEST} characters.", "Split it into several rules.", "when")
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except (SqlglotError, RecursionError) as problem:
        raise InputError(
            f"The condition cannot be read as SQL: {_first_line(problem)}.", "Write for example: a > 1 AND b.", "when"
        ) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Expression):
        raise InputError("A condition is one expression.", "Take out the ';' and what follows it.", "when")
    tree = statements[0]
    checker = _Checker(stage)
    if checker.kind(tree) is not FactKind.FLAG:
        raise InputError("A condition must be true or false.", "Compare the figure with something.", "when")
    facts = tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column, bfs=False)))
    return Condition(text, checker.written(tree), facts)


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0].rstrip(".") if str(problem) else type(problem).__name__


@dataclass(frozen=True)
class _Checker:
    stage: Stage

    def written(self, tree: exp.Expression) -> str:
        """The expression again, written by us from the checked tree, every fact quoted and comments dropped."""
        whole = exp.Paren(this=tree.copy())
        for node in reversed(list(whole.find_all(exp.Least, exp.Greatest))):
            node.replace(_strict(node))
        return whole.sql(dialect="duckdb", identify=True, comments=False)

    def kind(self, node: exp.Expression | None) -> _Type:
        """The type of a part; InputError where it is missing, not allowed, or its parts do not fit."""
        if not isinstance(node, exp.Expression):
            raise InputError("Something is missing after an operator.", "Write for example: a > 1 AND b.", "when")
        for nodes, typed in self._allowed():
            if isinstance(node, nodes):
                return typed(node)
        what = node.sql(dialect="duckdb")[:60]
        raise InputError(
            f"A condition may not hold '{what}' ({type(node).__name__}).",
            "Allowed: comparisons, AND, OR, NOT, + - * /, IS NULL, IN, BETWEEN, COALESCE, ABS, LEAST, GREATEST over facts.",
            "when",
        )

    def _allowed(self) -> tuple[tuple[tuple[type[exp.Expression], ...], Callable[[Any], _Type]], ...]:
        """The whole language: which nodes there may be, and how each is typed."""
        return (
            ((exp.Column,), lambda n: self._fact(n).kind),
            ((exp.Literal,), lambda n: _Word.TEXT if n.is_string else FactKind.NUMBER),
            ((exp.Boolean,), lambda _: FactKind.FLAG),
            ((exp.Paren,), lambda n: self.kind(n.this)),
            (_COMPARISONS, self._compared),
            ((exp.And, exp.Or), lambda n: self._all(FactKind.FLAG, n.this, n.expression)),
            ((exp.Not,), lambda n: self._all(FactKind.FLAG, n.this)),
            (_ARITHMETIC, lambda n: self._all(FactKind.NUMBER, n.this, n.expression)),
            ((exp.Neg, exp.Abs), lambda n: self._all(FactKind.NUMBER, n.this)),
            (_PICKS, lambda n: self._all(self.kind(n.this), n.this, *n.expressions)),
            ((exp.Is,), self._is_null),
            ((exp.In,), self._among),
            ((exp.Between,), self._between),
        )

    def _between(self, node: exp.Between) -> FactKind:
        self._all(FactKind.NUMBER, node.this, node.args["low"], node.args["high"])
        return FactKind.FLAG

    def _fact(self, node: exp.Column) -> Fact:
        if node.table or not isinstance(node.this, exp.Identifier):
            raise InputError(f"'{node.sql()}' names a table.", "Write the fact's name alone.", "when")
        fact = find_fact(node.name)
        if self.stage not in fact.stages:
            where = ", ".join(fact.stages)
            raise InputError(f"Fact '{fact.name}' is not known at stage {self.stage.value}.", f"It is known at: {where}.", "when")
        return fact

    def _all(self, wanted: _Type, *parts: exp.Expression) -> _Type:
        for part in parts:
            found = self.kind(part)
            if found is not wanted:
                raise InputError(f"'{part.sql()}' is a {found.value}, a {wanted.value} is needed here.", "", "when")
        return wanted

    def _compared(self, node: exp.Expression) -> FactKind:
        left, right = self.kind(node.this), self.kind(node.expression)
        if _Word.TEXT in (left, right):
            self._word(node.this if right is _Word.TEXT else node.expression, node.expression if right is _Word.TEXT else node.this)
            left = right = left if right is _Word.TEXT else right
        if left is not right:
            raise InputError(f"'{node.sql()}' compares a {left.value} with a {right.value}.", "Compare like with like.", "when")
        if isinstance(node, _ORDERED) and left not in (FactKind.NUMBER, FactKind.DAY):
            raise InputError(f"'{node.sql()}' orders what has no order.", "Use = or IN.", "when")
        return FactKind.FLAG

    def _word(self, of: exp.Expression, literal: exp.Expression) -> None:
        if not isinstance(of, exp.Column):
            raise InputError(f"'{literal.sql()}' is compared with no fact.", "Write fact = 'word'.", "when")
        fact, word = self._fact(of), literal.name
        if fact.kind is FactKind.DAY and _is_day(word):
            return
        if fact.kind is not FactKind.CHOICE or word not in fact.values:
            known = f"Its values: {', '.join(fact.values)}." if fact.values else f"It is a {fact.kind.value}."
            raise InputError(f"'{word}' is no value of {fact.name}.", known, "when")

    def _is_null(self, node: exp.Is) -> FactKind:
        if not isinstance(node.expression, exp.Null):
            raise InputError(f"'{node.sql()}': IS goes with NULL only.", "A flag stands alone: write it, or NOT it.", "when")
        self.kind(node.this)
        return FactKind.FLAG

    def _among(self, node: exp.In) -> FactKind:
        if any(node.args.get(part) for part in ("query", "unnest", "field")) or not node.expressions:
            raise InputError(f"'{node.sql()[:60]}': IN takes a list of values.", "Write fact IN ('a', 'b').", "when")
        for part in node.expressions:
            if not isinstance(part, exp.Literal):
                raise InputError(f"'{part.sql()}' in IN is no literal.", "Write fact IN ('a', 'b').", "when")
            self._compared(exp.EQ(this=node.this.copy(), expression=part.copy()))
        return FactKind.FLAG


def _strict(node: exp.Func) -> exp.Expression:
    """LEAST and GREATEST pass over NULL in DuckDB; here they are null as soon as a part is, for what is unseen never fires."""
    unseen = exp.or_(*(exp.Is(this=part.copy(), expression=exp.Null()) for part in (node.this, *node.expressions)))
    return exp.Case(ifs=[exp.If(this=unseen, true=exp.Null())], default=node.copy())


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
