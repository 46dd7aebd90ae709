"""Guarantee circles and client groups of the whole book, on integer arrays: no loop over relations."""

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.knowledge.circles.assess import Assessment
from graph.knowledge.circles.told import links_told

_SCHEMA = pa.schema([("party", pa.string()), ("component", pa.int64()), ("size", pa.int64())])


def circles(connection: duckdb.DuckDBPyConnection, guarantees: str) -> pa.Table:
    """Circles as the knowledge book has them, by its own algorithm: joint schemes are circles, whichever pairs are told.

    `guarantees`: a table or query of `connection`. Columns party, component, size; a firm in no circle has no row.
    """
    found = Assessment(links_told(connection, guarantees))
    circle = found.rings.circle[: found.links.size]
    members = np.flatnonzero(circle >= 0)
    of = circle[members]
    return pa.table([found.links.named(members), of, np.bincount(of)[of]], schema=_SCHEMA)


def blocks(src: pa.ChunkedArray, dst: pa.ChunkedArray) -> pa.Table:
    """Sets of two and more that hang together whichever way the relations point: group clients."""
    ends = pa.chunked_array([*src.chunks, *dst.chunks], type=pa.string()).combine_chunks()
    coded = ends.dictionary_encode() if isinstance(ends, pa.Array) else ends.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    nodes, half = len(coded.dictionary), len(src)
    if not nodes:
        return _SCHEMA.empty_table()
    links = coo_array((np.ones(half, dtype=np.int8), (codes[:half], codes[half:])), shape=(nodes, nodes)).tocsr()
    _, label = connected_components(links, directed=False)
    size = np.bincount(label)[label]
    table = pa.table({"party": coded.dictionary, "label": label.astype(np.int64), "size": size.astype(np.int64)})
    kept = table.filter(pc.greater(table["size"], 1))
    return pa.table({"party": kept["party"], "component": kept["label"], "size": kept["size"]}, schema=_SCHEMA)
