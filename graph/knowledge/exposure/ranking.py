"""Who uses a limit most, out of the knowledge book."""

from dataclasses import dataclass, replace
from datetime import date

import duckdb

from graph.knowledge.book import KnowledgeBook
from graph.knowledge.exposure.answer import LimitUse
from graph.knowledge.exposure.one_firm import limit_of
from graph.knowledge.exposure.rules import LimitSettings

MOST = 10_000
"""Rows of a ranking; who uses a tenth of a limit and more are far fewer in any bank."""


@dataclass(frozen=True)
class Ranking:
    """Uses of limits, the highest first. `counts`: of all rows of the day by level."""

    day: date
    ledger_seq: int
    counts: dict[str, int]
    uses: tuple[LimitUse, ...]


def ranked(book: KnowledgeBook, day: date, settings: LimitSettings, above: float = 0.8, rule: str = "") -> Ranking:
    """Whoever uses `above` and more of a limit (1: all of it). NotComputedError where the day was not computed.

    Where nothing may be lent at all (capital of nothing), whoever owes is over, and comes first.
    """
    run = book.find("limit_use", day)
    if rule:
        settings.rule(rule)
    source = book.source(run, "limit_use")
    if not source:
        return Ranking(day, run.ledger_seq, {}, ())
    wanted = "(use >= $above OR (use IS NULL AND level = 'over'))" + (" AND rule = $rule" if rule else "")
    asked = {"above": above} | ({"rule": rule} if rule else {})
    with duckdb.connect() as engine:
        counts = dict(engine.execute(f"SELECT level, count(*) FROM {source} GROUP BY level ORDER BY level").fetchall())
        engine.execute(
            f"SELECT * FROM {source} WHERE {wanted} ORDER BY use DESC NULLS FIRST, subject, rule, pending LIMIT {MOST}",
            asked,
        )
        names = [column[0] for column in engine.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in engine.fetchall()]
    return Ranking(day, run.ledger_seq, counts, tuple(limit_of(row, settings) for row in rows))


def place(use: LimitUse) -> tuple[float, str, str, bool]:
    """Where a row stands in the order."""
    return (-1e18 if use.use is None else -use.use, use.subject, use.rule.id, use.pending)


def without_pending(ranking: Ranking) -> Ranking:
    """The same without sets that hold only with what awaits an officer's word."""
    return replace(ranking, uses=tuple(use for use in ranking.uses if not use.pending))
