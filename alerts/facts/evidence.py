"""The rows behind facts: ontology type, id, value, file, sheet, line and batch, for many firms in one query a fact."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.facts.base import FactBase
from alerts.facts.catalogue import CATALOGUE
from alerts.facts.kinds import Rows
from alerts.said import Row, ScoreSplit, TopRelation

_AT_ONCE = 24
ROWS_A_FACT = 5
"""How many rows of one fact an alert shows: the largest first, the rest is in the ledger."""


Pair = tuple[str, str]
"""A party and a fact's name."""


def rows_behind(base: FactBase, wanted: Iterable[Pair]) -> dict[Pair, tuple[Row, ...]]:
    """Rows by (party, fact); a derived fact shows the rows of what it follows from. A pair without rows is left out."""
    asked = list(dict.fromkeys(wanted))
    parties: dict[str, list[str]] = defaultdict(list)
    for one, source in dict.fromkeys((party, source) for party, fact in asked for source in _sources(fact)):
        parties[source].append(one)
    asks = [_Ask(fact, rows, of) for fact, of in parties.items() for rows in CATALOGUE[fact].rows]
    found: dict[Pair, list[Row]] = defaultdict(list)
    for start in range(0, len(asks), _AT_ONCE):
        for party, row in _fetch(base, asks[start : start + _AT_ONCE]):
            found[party, row.fact].append(row)
    gathered = {(party, fact): [row for name in _sources(fact) for row in found.get((party, name), ())] for party, fact in asked}
    return {pair: tuple(rows) for pair, rows in gathered.items() if rows}


def distinct_rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Each source value once, whichever facts it stands behind."""
    return tuple({(row.id, row.property, row.line): row for row in rows}.values())


def score_splits(base: FactBase, firms: Sequence[str]) -> dict[str, ScoreSplit]:
    """The score of each firm taken apart; firms without one are left out."""
    with base.cursor() as cursor:
        table = cursor.sql(
            "SELECT * FROM score WHERE party IN (SELECT unnest($firms))", params={"firms": list(firms)}
        ).to_arrow_table()
    return {row["party"]: _split(row) for row in table.to_pylist()}


def _sources(fact: str) -> list[str]:
    known = CATALOGUE[fact]
    return [name for source in known.of for name in _sources(source)] if known.of else [fact]


@dataclass(frozen=True)
class _Ask:
    """One SELECT: the rows of a fact for some parties."""

    fact: str
    rows: Rows
    parties: list[str]

    def sql(self, number: int) -> str:
        order = f"ORDER BY {self.rows.order}, row_id" if self.rows.order else "ORDER BY row_id"
        return f"""
            SELECT {number} AS ask, '{self.fact}' AS fact, party, row_number() OVER (PARTITION BY party {order}) AS place,
                row_type, row_id, '{self.rows.shown}' AS shown, "{self.rows.shown}"::VARCHAR AS value, file, sheet, line, batch
            FROM {self.rows.table} WHERE party IN (SELECT unnest($parties{number}::VARCHAR[])) AND ({self.rows.where})
            QUALIFY place <= {ROWS_A_FACT}
        """


def _fetch(base: FactBase, asks: Sequence[_Ask]) -> list[tuple[str, Row]]:
    """The rows of several facts in one query, for planning each alone would cost more than reading it."""
    sql = " UNION ALL ".join(f"({ask.sql(number)})" for number, ask in enumerate(asks)) + " ORDER BY ask, party, place"
    with base.cursor() as cursor:
        found = cursor.execute(sql, {f"parties{number}": ask.parties for number, ask in enumerate(asks)}).fetchall()
    return [
        (party, Row(fact, kind, row_id, shown, value or "", file or "", sheet or "", line, batch or ""))
        for _, fact, party, _, kind, row_id, shown, value, file, sheet, line, batch in found
    ]


def _split(row: Mapping[str, Any]) -> ScoreSplit:
    top = tuple(
        TopRelation(t["type"], t["way"], t["rel"], t["other"], t["contribution"])
        for t in (row["top_relations"] or [])
        if t is not None
    )
    return ScoreSplit(
        probability=row["probability"],
        log_odds=row["log_odds"],
        own=row["own"],
        contagion=row["contagion"],
        top_relations=top,
        horizon_days=row["horizon_days"],
        as_of=row["as_of"],
        model=row["model"],
        model_version=row["model_version"],
        run_id=row["run_id"],
    )
