"""From a feature table to a network's arrays, by a vocabulary fixed in training: channels, node types, scales."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.features import FeatureTable
from models.parts import Index
from models.preparation import Preparation
from models.samples import LabelledDay
from models.tensors import FIRM, Floats, GraphDay

EDGE_VALUES = (
    "log amount",
    "share of the receiver's amount on the channel",
    "share",
    "log relations",
    "log age",
    "over net assets",
)


@dataclass(frozen=True)
class Vocabulary:
    """`channels` in order of code; `columns`: per node type that is no firm, the numbers it brings."""

    preparation: Preparation
    channels: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]

    @property
    def widths(self) -> dict[str, int]:
        """Width of each node type's input; a type without numbers still has its flag that it is there."""
        return {FIRM: self.preparation.width, **{name: len(columns) + 1 for name, columns in self.columns.items()}}

    def day(self, features: FeatureTable, rows: Index, labels: NDArray[np.float64] | None = None) -> tuple[GraphDay, Index]:
        """The arrays of one day asked about `rows`, and for each edge its position among the exposures.

        Edges of a channel, and nodes of a type, that training never saw are left out: they contribute exactly nothing.
        """
        nodes: dict[str, Floats] = {FIRM: self.preparation.apply(features.values).astype(np.float32)}
        ids = [features.firms]
        for name, columns in self.columns.items():
            table = features.others.get(name, pa.table({"id": pa.array([], pa.string())}))
            nodes[name] = _numbers(table, columns)
            ids.append(table["id"].combine_chunks())
        every = pa.concat_arrays([pa.array(i, pa.string()) for i in ids])
        edges = features.exposures
        ends = [np.asarray(pc.fill_null(pc.index_in(edges[c], value_set=every), -1), np.int64) for c in ("other", "firm")]
        code = np.asarray(pc.fill_null(pc.index_in(edges["channel"], value_set=pa.array(self.channels)), -1), np.int64)
        # What passes through persons, addresses and the like arrives on VIA channels: such nodes only speak for themselves.
        kept = np.flatnonzero((ends[0] >= 0) & (ends[1] >= 0) & (ends[1] < len(features.firms)) & (code >= 0))
        values = edge_values(features)[kept]
        wanted = np.empty(0, np.float32) if labels is None else labels.astype(np.float32)
        return GraphDay(nodes, ends[0][kept], ends[1][kept], code[kept], values, rows, wanted), kept


def learn(days: Sequence[LabelledDay], preparation: Preparation) -> Vocabulary:
    """What training sees: channels with at least one edge and node types, beside the preparation of firms' own features."""
    channels = sorted({c for day in days for c in pc.unique(day.features.exposures["channel"]).to_pylist()})
    types: dict[str, tuple[str, ...]] = {}
    for day in days:
        types |= {name: tuple(table.column_names[1:]) for name, table in day.features.others.items()}
    return Vocabulary(preparation, tuple(channels), dict(sorted(types.items())))


def edge_values(features: FeatureTable) -> Floats:
    """EDGE_VALUES of every exposure, [edges, 6]; what is not known is 0."""
    edges = features.exposures
    plain = {c: np.nan_to_num(_floats(edges[c])) for c in ("amount_fen", "share", "relations", "age_days")}
    amount = np.maximum(plain["amount_fen"], 0)
    _, group = np.unique(pc.binary_join_element_wise(edges["firm"], edges["channel"], "|").to_numpy(), return_inverse=True)
    total = np.bincount(group, amount)[group] if len(amount) else amount
    logs = _floats(pc.take(pa.array(features.values[:, features.names.index("net_assets_log")]), _receivers(features)))
    own_funds = np.where(logs > 0, np.expm1(np.maximum(np.nan_to_num(logs), 0)) * 100, np.inf)
    out = [
        np.log1p(amount / 100) / 10,
        np.divide(amount, total, out=np.zeros_like(amount), where=total > 0),
        plain["share"],
        np.log1p(plain["relations"]),
        np.log1p(np.clip(plain["age_days"], 0, 3650)) / 8,
        np.clip(amount / own_funds, 0, 5),
    ]
    return np.column_stack(out).astype(np.float32)


def _receivers(features: FeatureTable) -> pa.Array:
    return pc.index_in(features.exposures["firm"].combine_chunks(), value_set=features.firms)


def _floats(column: pa.Array | pa.ChunkedArray) -> NDArray[np.float64]:
    return np.asarray(pc.cast(column, pa.float64()), np.float64)


def _numbers(table: pa.Table, columns: Sequence[str]) -> Floats:
    """[nodes, columns + 1]: arsinh, so that a flag and an amount in fen both stand near one; missing as 0, the last column 1."""
    found = [np.arcsinh(np.nan_to_num(_floats(table[c]))) / 5 if c in table.column_names else np.zeros(len(table)) for c in columns]
    return np.column_stack([*found, np.ones(len(table))]).astype(np.float32)
