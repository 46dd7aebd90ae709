"""Which entities an open batch shows to be one: their records bear a valid identifier of equal value.

What counts is the last version of each state, so that an identifier corrected away matches nobody. Entities that share
a value, directly or over others, become the one whose naming record came first (smallest `batch_seq`, then record id);
all records of the others move there. A record that an officer has split off is left alone.
"""

from typing import TYPE_CHECKING

import duckdb
import ibis
import pyarrow as pa

from graph.ledger.as_of import STATE, identity_as_of, newest_first_sql
from graph.ledger.schema import IDENTITY
from graph.ontology import EntityType

if TYPE_CHECKING:
    from graph.ledger.book import Ledger

FOREVER_US = 2**62  # when rows that are not committed yet will have been recorded: after all others
SPLIT = "split"  # the reason in the identity table by which an officer keeps a record apart
IDENTIFIER = "identifier"  # the reason where an equal identifier did it
_NOBODY = pa.Table.from_batches([], IDENTITY)


def find_moves(ledger: "Ledger", type_name: str, attempt: str, engine: duckdb.DuckDBPyConnection) -> pa.Table:
    """The identity rows (schema IDENTITY) that an attempt's rows of one type give rise to; `engine` computes them.

    `recorded_at` is the instant from which the match could be known; null where that is the batch's own.
    """
    kind = ledger.ontology.get(type_name)
    if not isinstance(kind, EntityType) or not kind.resolved or not kind.identifiers:
        return _NOBODY
    with engine.cursor() as connection:
        connection.execute("SET VARIABLE type = ?", [type_name])
        _gather(connection, ledger, kind, attempt)
        shared = connection.sql(_SHARED).to_arrow_table()
        if not shared.num_rows:
            return _NOBODY
        connection.register("shared", shared.append_column("component", _components(shared)))
        return connection.sql(_MOVES).to_arrow_table().cast(IDENTITY)


def _gather(connection: duckdb.DuckDBPyConnection, ledger: "Ledger", kind: EntityType, attempt: str) -> None:
    """Makes the tables `bearers` (id, identifier, value, known_at; for the values this attempt tells) and `home`."""
    version = (*STATE, "recorded_at", "batch_seq", "line", "content", "action", "source", "key")
    columns = ", ".join(f'"{name}"' for name in (*version, *kind.identifiers))
    committed, fresh = ledger.sql(kind.name), _sql(ledger.pending(kind.name, attempt))
    connection.execute(f"""
        CREATE TEMP TABLE fresh AS SELECT {columns} FROM (
            SELECT * REPLACE (coalesce(recorded_at, {FOREVER_US}) AS recorded_at), {FOREVER_US} AS batch_seq FROM ({fresh}));
        CREATE TEMP VIEW told AS SELECT {columns} FROM ({committed}) UNION ALL SELECT {columns} FROM fresh;
        CREATE TEMP TABLE touched AS SELECT DISTINCT identifier, value FROM ({_borne(kind, "fresh")});
        CREATE TEMP TABLE theirs AS SELECT * FROM told WHERE id IN (
            SELECT id FROM ({_borne(kind, "told")}) SEMI JOIN touched USING (identifier, value));
        CREATE TEMP TABLE last AS SELECT * FROM theirs
            QUALIFY row_number() OVER (PARTITION BY {", ".join(STATE)} ORDER BY {newest_first_sql()}) = 1;
        CREATE TEMP TABLE bearers AS SELECT id, identifier, value, min(recorded_at) AS known_at
            FROM ({_borne(kind, "theirs")})
            SEMI JOIN touched USING (identifier, value)
            SEMI JOIN ({_borne(kind, "last")}) USING (id, identifier, value)
            GROUP BY ALL;
        CREATE TEMP TABLE home AS {_sql(identity_as_of(ledger.identity(), FOREVER_US))};
    """)


def _borne(kind: EntityType, table: str) -> str:
    """Each row of `table` once for every identifier it bears; a key that is an identifier by its source counts too."""
    each = ", ".join(
        f"{{'identifier': '{name}', 'value': coalesce({name}, CASE WHEN source = '{name}' THEN key END)}}"
        for name in kind.identifiers
    )
    told = f"SELECT *, unnest([{each}], recursive := true) FROM {table} WHERE action <> 'retract'"
    return f"SELECT * FROM ({told}) WHERE value IS NOT NULL"


# identifier, value, entity, known_at, first_seq: the values that more than one entity bears.
_SHARED = f"""
    WITH at_home AS (
        SELECT identifier, value, coalesce(entity, getvariable('type') || '-' || id) AS entity, min(known_at) AS known_at
        FROM bearers LEFT JOIN home ON id = record WHERE reason IS DISTINCT FROM '{SPLIT}' GROUP BY ALL
    ),
    shared AS (SELECT * FROM at_home QUALIFY count(*) OVER (PARTITION BY identifier, value) > 1),
    naming AS (SELECT DISTINCT entity, substr(entity, len(getvariable('type')) + 2) AS id FROM shared),
    first AS (SELECT entity, min(batch_seq) AS first_seq FROM told JOIN naming USING (id) GROUP BY entity)
    SELECT identifier, value, entity, known_at, coalesce(first_seq, {FOREVER_US}) AS first_seq
    FROM shared LEFT JOIN first USING (entity)
"""

# A match is known once both sides are; where an entity meets the winner only over others, once all of them are.
_MOVES = f"""
    WITH won AS (SELECT *, first(entity) OVER (PARTITION BY component ORDER BY first_seq, entity) AS winner FROM shared),
    direct AS (
        SELECT l.entity, min(greatest(l.known_at, w.known_at)) AS known_at
        FROM won l JOIN won w ON w.entity = l.winner AND w.identifier = l.identifier AND w.value = l.value GROUP BY ALL
    ),
    roundabout AS (SELECT winner, max(known_at) AS known_at FROM won GROUP BY winner),
    moved AS (
        SELECT entity, winner, coalesce(any_value(d.known_at), any_value(r.known_at)) AS known_at,
               min(identifier || '=' || value) AS evidence
        FROM won JOIN roundabout r USING (winner) LEFT JOIN direct d USING (entity) WHERE entity <> winner GROUP BY ALL
    ),
    records AS (
        SELECT entity, substr(entity, len(getvariable('type')) + 2) AS record FROM moved
        UNION SELECT entity, record FROM home SEMI JOIN moved USING (entity)
    )
    SELECT record, winner AS entity, getvariable('type') AS entity_type, '{IDENTIFIER}' AS reason, evidence,
           CASE WHEN known_at < {FOREVER_US} THEN known_at END AS recorded_at, NULL AS batch, NULL AS attempt
    FROM records JOIN moved USING (entity) ORDER BY record
"""


def _components(shared: pa.Table) -> pa.Array:
    """Which rows hang together, entities and values being the two sides of a graph: a number for each row."""
    from scipy.sparse import coo_array  # loading SciPy takes a second, and most batches join nobody
    from scipy.sparse.csgraph import connected_components

    entity = shared["entity"].combine_chunks().dictionary_encode()
    pair = pa.compute.binary_join_element_wise(shared["identifier"], shared["value"], "=")
    value = pair.combine_chunks().dictionary_encode()
    rows, columns = entity.indices.to_numpy(), value.indices.to_numpy() + len(entity.dictionary)
    size = len(entity.dictionary) + len(value.dictionary)
    _, label = connected_components(coo_array(([True] * len(rows), (rows, columns)), shape=(size, size)), directed=False)
    return pa.array(label[rows], pa.int64())


def _sql(expression: ibis.Table) -> str:
    return str(ibis.to_sql(expression, dialect="duckdb"))
