"""Facts by SQL: all topics joined into one wide row a firm, in one DuckDB query for the book or for one firm.

Both run the same SELECTs. For one firm every base table is first cut to the parties that its facts can touch: itself, its
guarantors and whom it guarantees, its circle, its group and its controllers. Shares and changes are rounded at the ninth
decimal, so that exactly 20% less is -0.2 and no neighbour of it.
"""

import duckdb
import pyarrow as pa

from alerts.facts.base import FactBase
from alerts.facts.derived import DERIVED
from alerts.facts.kinds import Fact
from alerts.facts.tables import BASE_TABLES, OUTSIDE_FACTS
from alerts.facts.topics import TOPICS
from alerts.sources import Scores, Snapshot
from graph.errors import NotFoundError

_NEAR = """
    SELECT $firm AS party UNION SELECT guarantor FROM main.guarantee WHERE party = $firm
    UNION SELECT o.party FROM main.circle c JOIN main.circle o USING (circle) WHERE c.party = $firm
    UNION SELECT o.party FROM main.block b JOIN main.block o USING (block) WHERE b.party = $firm
    UNION SELECT controller FROM main.controller WHERE party = $firm UNION SELECT other FROM main.given WHERE party = $firm
"""


def book_facts(snapshot: Snapshot | FactBase, scores: Scores | None = None) -> pa.Table:
    """One row a firm, ordered by `firm`: `firm`, `name`, `uscc`, `branch`, `client`, `foreign_items` and a column a fact."""
    base = snapshot if isinstance(snapshot, FactBase) else FactBase.load(snapshot, scores)
    return _asked(base.cursor(), _query(base, near=False), {"as_of": base.as_of})


def firm_facts(snapshot: Snapshot | FactBase, scores: Scores | None, firm_id: str) -> pa.Table:
    """The same one row of one firm, whatever the size of the book. NotFoundError for a firm not known that day."""
    base = snapshot if isinstance(snapshot, FactBase) else FactBase.load(snapshot, scores)
    row = _asked(base.cursor(), _query(base, near=True), {"as_of": base.as_of, "firm": firm_id})
    if not row.num_rows:
        raise NotFoundError(f"No firm '{firm_id}' is known on {base.as_of}.", "Name it by id, credit code or exact name.", "firm")
    return row


def keep_book(base: FactBase) -> pa.Table:
    """`book_facts`, also kept in the base as table `facts`, so that a firm's row is a look-up from then on."""
    book = book_facts(base)
    with base.cursor() as cursor:
        cursor.register("book", book)
        cursor.execute("CREATE OR REPLACE TABLE facts AS FROM book")
    return book


def _asked(cursor: duckdb.DuckDBPyConnection, sql: str, asks: dict[str, object]) -> pa.Table:
    with cursor:
        table: pa.Table = cursor.sql(sql, params=asks).to_arrow_table()
    return table


def _query(base: FactBase, near: bool) -> str:
    scope = (
        [f"near AS MATERIALIZED ({_NEAR})", *(_cut(t.name, t.keys) for t in BASE_TABLES if t.name not in OUTSIDE_FACTS)]
        if near
        else []
    )
    topics = [f"{topic.name} AS ({topic.select})" for topic in TOPICS]
    joins = " ".join(f"LEFT JOIN {topic.name} USING (party)" for topic in TOPICS)
    columns = [f"{_filled(base, fact, topic.name)} AS {fact.name}" for topic in TOPICS for fact in topic.facts]
    wide = f"""
        wide AS (
            SELECT party AS firm, f.name, f.uscc, f.branch, f.file, f.sheet, f.line, f.batch, {_client(base)} AS client,
                coalesce(x.items, 0) AS foreign_items, {", ".join(columns)}
            FROM firm f {joins} LEFT JOIN foreign_amount x USING (party)
        )"""
    last = ", ".join(f"round(({fact.sql})::DOUBLE, 9) AS {fact.name}" for fact in DERIVED)
    where = "WHERE firm = $firm" if near else ""
    return f"WITH {', '.join([*scope, *topics, wide])} SELECT *, {last} FROM wide {where} ORDER BY firm"


def _cut(name: str, keys: tuple[str, ...]) -> str:
    where = " OR ".join(f"{key} IN (FROM near)" for key in keys) or "true"
    return f"{name} AS (SELECT * FROM main.{name} WHERE {where})"


def _filled(base: FactBase, fact: Fact, topic: str) -> str:
    """The topic's column; where the feed has rows but none for the firm, what its absence means."""
    column = f"{topic}.{fact.name}"
    if not fact.absent or not base.feeds.get(fact.feeds[0], 0):
        return column
    return f"coalesce({column}, {fact.absent})"


def _client(base: FactBase) -> str:
    """Who is watched: whoever borrows or guarantees here; in a ledger without loans, whoever is no mere stub."""
    if not base.feeds["BORROWS"]:
        return "NOT f.stub"
    parts = ("note WHERE open", "contract", "credit_line", "given")
    return " OR ".join(f"party IN (SELECT party FROM {part})" for part in parts)
