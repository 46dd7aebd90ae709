"""Guarantee circles and client groups of the whole book, by SciPy on integer arrays: no loop over relations."""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

_SCHEMA = pa.schema([("party", pa.string()), ("component", pa.int64()), ("size", pa.int64())])


def circles(src: pa.ChunkedArray, dst: pa.ChunkedArray) -> pa.Table:
    """Strongly connected sets of two and more: in a guarantee circle each reaches each over guarantees.

    Columns party, component, size. A firm in no circle has no row; a self-guarantee makes none.
    """
    return _components(src, dst, "strong")


def blocks(src: pa.ChunkedArray, dst: pa.ChunkedArray) -> pa.Table:
    """Sets of two and more that hang together whichever way the relations point: group clients."""
    return _components(src, dst, "weak")


def _components(src: pa.ChunkedArray, dst: pa.ChunkedArray, connection: Literal["weak", "strong"]) -> pa.Table:
    ends = pa.chunked_array([*src.chunks, *dst.chunks], type=pa.string()).combine_chunks()
    coded = ends.dictionary_encode() if isinstance(ends, pa.Array) else ends.combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy()
    nodes, half = len(coded.dictionary), len(src)
    if not nodes:
        return _SCHEMA.empty_table()
    links = coo_array((np.ones(half, dtype=np.int8), (codes[:half], codes[half:])), shape=(nodes, nodes)).tocsr()
    _, label = connected_components(links, directed=True, connection=connection)
    size = np.bincount(label)[label]
    table = pa.table({"party": coded.dictionary, "label": label.astype(np.int64), "size": size.astype(np.int64)})
    kept = table.filter(pc.greater(table["size"], 1))
    return pa.table({"party": kept["party"], "component": kept["label"], "size": kept["size"]}, schema=_SCHEMA)
