"""Runs rules over a table of facts, a row a firm: which fired, and which could not be judged because a fact was not seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import pyarrow as pa

from alerts.rules.rule import Rule, SpeaksOf


@dataclass(frozen=True)
class Verdicts:
    """`table`: a nullable boolean a rule, rows as the facts': true fired, false did not, null could not be judged."""

    rules: tuple[Rule, ...]
    table: pa.Table

    def fired(self, row: int) -> list[Rule]:
        """The rules that fired for one row."""
        return [rule for rule in self.rules if self.table[rule.id][row].as_py() is True]

    def unjudged(self, row: int) -> list[Rule]:
        """The rules that could not be judged for one row."""
        return [rule for rule in self.rules if self.table[rule.id][row].as_py() is None]


def applicable(rules: Sequence[Rule], on: date, signed_on: date | None = None) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """(rules in force on the day, rules that spare a contract signed on `signed_on`)."""
    dated = [rule for rule in rules if rule.in_force(on)]
    return tuple(r for r in dated if not r.spares(signed_on)), tuple(r for r in dated if r.spares(signed_on))


def evaluate(rules: Sequence[Rule], facts: pa.Table, connection: duckdb.DuckDBPyConnection | None = None) -> Verdicts:
    """Every rule over every row in one DuckDB query. `facts` has a column for each fact that a rule names, and
    `performing` where a rule speaks of performing clients only; where that is not known, a client counts as performing.
    """
    if not rules:
        return Verdicts((), facts.select([]))
    columns = ", ".join(f'({_verdict(rule)})::BOOLEAN AS "{rule.id}"' for rule in rules)
    with connection or duckdb.connect() as own:
        own.register("facts", facts)
        # a rule's condition is checked and written anew by `parse_condition`: nothing else can stand here
        table = own.sql(f"SELECT {columns} FROM facts").to_arrow_table()
    return Verdicts(tuple(rules), table)


def _verdict(rule: Rule) -> str:
    if rule.speaks_of is SpeaksOf.EVERYONE:
        return rule.condition.sql
    return f"CASE WHEN NOT performing THEN false ELSE {rule.condition.sql} END"
