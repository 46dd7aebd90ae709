"""Which candidate rows say something new, and which open states a full feed no longer tells.

Candidates lie in Parquet files. DuckDB compares them with the ledger, so memory stays bounded.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import ibis

from graph.ledger.as_of import CHAIN, STATE, last_versions
from graph.ledger.book import Ledger
from graph.ledger.schema import content_columns, ledger_schema
from graph.ontology import EntityType, Lasting, LedgerType

NEW, UNCHANGED, REPEATED, CONFLICT = "new", "unchanged", "repeated", "conflict"

_FOREVER_US = 2**62  # rows that bring no recorded_at will be recorded after all that are there
_STATE = ", ".join(STATE)


def content_sql(kind: LedgerType) -> str:
    """The DuckDB expression of a row's `content`: md5 over `column=value` of its content columns.

    Nulls do not count, so that a property which the ontology gains later changes no hash.
    """
    said = ", ".join(f"'{name}=' || \"{name}\"" for name in content_columns(kind))
    return f"md5(concat_ws(chr(31), {said}))"


def classify_sql(ledger: Ledger, type_name: str, mine: str) -> str:
    """A DuckDB query: candidates with `_status`: new, unchanged, repeated (an equal row came before in this load) or conflict.

    `mine` is the candidates' relation in SQL: the ledger's columns, and whatever others besides. Compared is the version told
    just before: the last one in the ledger or in this load. A null `recorded_at` is later than all others. In conflict are rows
    of one state, told at one instant, that do not say the same: all of them.
    """
    held = f"SELECT * FROM ({ledger.sql(type_name)}) SEMI JOIN {mine} USING ({_STATE})"
    by_state = f"PARTITION BY {_STATE} ORDER BY _at, _mine, batch_seq, line, content"
    return f"""
        WITH held AS ({held}),
        crowded AS (  -- states told more than once; all others are new, and that is most of a first load
            SELECT {_STATE} FROM (SELECT {_STATE} FROM {mine} UNION ALL SELECT {_STATE} FROM held)
            GROUP BY {_STATE} HAVING count(*) > 1
        ),
        told AS (
            SELECT *, true AS _mine, coalesce(recorded_at, {_FOREVER_US}) AS _at, NULL::BIGINT AS batch_seq
            FROM {mine} SEMI JOIN crowded USING ({_STATE})
            UNION ALL BY NAME
            SELECT {_STATE}, content, line, false AS _mine, recorded_at AS _at, batch_seq FROM held
        ),
        compared AS (
            SELECT *,
                lag(content) OVER ({by_state}) AS _before,
                lag(_mine) OVER ({by_state}) AS _before_mine,
                min(content) OVER same_instant <> max(content) OVER same_instant AS _conflict
            FROM told WINDOW same_instant AS (PARTITION BY {_STATE}, _at, _mine)
        )
        SELECT *, '{NEW}' AS _status FROM {mine} ANTI JOIN crowded USING ({_STATE})
        UNION ALL BY NAME
        SELECT * EXCLUDE (_mine, _at, _before, _before_mine, _conflict, batch_seq),
            CASE WHEN _conflict THEN '{CONFLICT}'
                 WHEN content IS DISTINCT FROM _before THEN '{NEW}'
                 WHEN _before_mine THEN '{REPEATED}'
                 ELSE '{UNCHANGED}' END AS _status
        FROM compared WHERE _mine
    """


def classify(ledger: Ledger, type_name: str, candidates: Sequence[Path]) -> ibis.Table:
    """`classify_sql` as an Ibis expression."""
    return ledger.query(classify_sql(ledger, type_name, _read(candidates)))


def closings(ledger: Ledger, type_name: str, feed: str, told: Sequence[Path], ended_on: date) -> ibis.Table:
    """`close` rows for the open states of a full feed whose ids are in none of the `told` files; ledger schema.

    They end on `ended_on`, or on the day they begin if that is later. Happenings and stubs never close.
    """
    kind = ledger.ontology.get(type_name)
    rows = ledger.table(type_name)
    mine = last_versions(rows.filter(rows.feed == feed)).filter(lambda t: t.action != "retract")
    follower = mine.valid_from.lead().over(group_by=CHAIN, order_by=mine.valid_from)
    latest = mine.mutate(_next=follower).filter(lambda t: t._next.isnull())
    still_open = latest.filter(latest.valid_to > ibis.greatest(latest.valid_from, ended_on))
    if isinstance(kind, EntityType):
        still_open = still_open.filter(~still_open.stub.fill_null(False))
    if kind.lasting is Lasting.HAPPENING:
        still_open = still_open.filter(False)
    gone = f"SELECT * FROM ({ibis.to_sql(still_open, dialect='duckdb')}) ANTI JOIN {_read(told)} USING (id)" if told else ""
    ended = f"""
        SELECT * REPLACE ('close' AS action, greatest(valid_from, DATE '{ended_on}') AS valid_to, NULL::BIGINT AS recorded_at,
            NULL::VARCHAR AS file, NULL::VARCHAR AS sheet, NULL::BIGINT AS line)
        FROM ({gone or ibis.to_sql(still_open, dialect="duckdb")})
    """
    columns = ", ".join(f'"{name}"' for name in ledger_schema(ledger.ontology, type_name).names)
    return ledger.query(f"SELECT {columns} FROM (SELECT * REPLACE ({content_sql(kind)} AS content) FROM ({ended}))")


def _read(files: Sequence[Path]) -> str:
    listed = ", ".join("'" + str(f).replace("'", "''") + "'" for f in files)
    return f"read_parquet([{listed}], union_by_name = true)"
