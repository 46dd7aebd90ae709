"""Two steps over relations: what stands behind a neighbour, without the way back.

For a firm i, a first channel c and a second d:  x_i = Σ_j w_ij · y_ij / Σ_j w_ij  over its others j on c, where
y_ij = Σ_k≠i v_jk · t_k / Σ_k≠i v_jk  over j's others k on d, w and v the weights of the edges, t the trouble of a firm (0 to 1).
Neighbours behind whom nobody stands are left out. For any second channel y is the mean over those that lead on.
Precomputed aggregates over meta-paths are those of SIGN (Frasca et al., 2020) and SeHGNN (Yang et al., 2023).
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features.spec import ANY, Feature

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DIGITS = 9  # what is taken away again leaves a last digit behind


def two_steps(exposures: pa.Table, firms: pa.Array, trouble: Floats, features: Sequence[Feature]) -> Floats:
    """[firms, features], NaN where nobody stands behind. `exposures`: firm, other, channel, weight; one edge a triple."""
    out = np.full((len(firms), len(features)), np.nan)
    ends = [np.asarray(pc.fill_null(pc.index_in(exposures[c], value_set=firms), -1), np.int64) for c in ("firm", "other")]
    kept = np.flatnonzero((ends[0] >= 0) & (ends[1] >= 0))
    if not len(kept) or not features:
        return out
    names, channel = np.unique(exposures["channel"].to_numpy()[kept].astype(str), return_inverse=True)
    firm, other, weight = ends[0][kept], ends[1][kept], exposures["weight"].to_numpy()[kept].astype(np.float64)
    first = {f.channel for f in features}
    asked = np.flatnonzero(np.isin(channel, np.flatnonzero(np.isin(names, sorted(first)))))
    edge = firm[asked], other[asked], weight[asked], channel[asked]
    total, ways = np.zeros(len(asked)), np.zeros(len(asked))
    columns = {(f.channel, f.then): at for at, f in enumerate(features)}
    for code, name in enumerate(names):
        on = np.flatnonzero(channel == code)
        behind = _behind((firm[on], other[on], weight[on]), trouble, edge[0], edge[1])
        told = ~np.isnan(behind)
        total[told] += behind[told]
        ways += told
        for start, source in enumerate(names):
            if (source, name) in columns:
                out[:, columns[source, name]] = _mean(edge, behind, start, len(firms))
    means = np.divide(total, ways, out=np.full(len(asked), np.nan), where=ways > 0)
    for start, source in enumerate(names):
        if (source, ANY) in columns:
            out[:, columns[source, ANY]] = _mean(edge, means, start, len(firms))
    return np.asarray(np.round(out, DIGITS))


def _behind(step: tuple[Ints, Ints, Floats], trouble: Floats, firm: Ints, other: Ints) -> Floats:
    """Of each edge firm-other the trouble behind `other` over one channel, `firm` itself left out; NaN where nobody is left."""
    receiver, sender, weight = step
    carried = np.nan_to_num(trouble)
    size = len(trouble)
    load, whole = (np.bincount(receiver, w, size) for w in (weight * carried[sender], weight))
    count = np.bincount(receiver, minlength=size)
    key = receiver * size + sender
    order = np.argsort(key, kind="stable")
    back = other * size + firm
    at = np.minimum(np.searchsorted(key[order], back), len(order) - 1)
    returns = np.where(key[order][at] == back, weight[order][at], 0.0)
    left = count[other] - (returns > 0)
    rest = whole[other] - returns
    told = (left > 0) & (rest > 0)
    out = np.full(len(firm), np.nan)
    np.divide(load[other] - returns * carried[firm], rest, out=out, where=told)
    return out


def _mean(edge: tuple[Ints, Ints, Floats, NDArray[np.int64]], value: Floats, start: int, size: int) -> Floats:
    """The weighted mean of `value` over each firm's edges of one channel; NaN where none has one."""
    firm, _, weight, channel = edge
    on = np.flatnonzero((channel == start) & ~np.isnan(value))
    load, whole = np.bincount(firm[on], weight[on] * value[on], size), np.bincount(firm[on], weight[on], size)
    out = np.full(size, np.nan)
    np.divide(load, whole, out=out, where=whole > 0)
    return out
