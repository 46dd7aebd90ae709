"""Scoring a day: a snapshot in, rows of SCORE_SCHEMA out. No torch is loaded here: a network's part runs in its worker process."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.clock import now_us
from graph.errors import InputError
from graph.snapshot import Snapshot
from models.calibration import probability
from models.contagion.structural import with_structure
from models.features import FeatureTable, build_features
from models.parts import Index, Parts
from models.registry import Registered
from models.scores import SCORE_SCHEMA, TOP_FEATURE, TOP_RELATION
from models.targets import DEFAULT, Target, in_state

TOP_RELATIONS, TOP_FEATURES = 5, 8
_NOTHING = 1e-12


class Scorer(Protocol):
    """What scans and decisions need of scoring."""

    def score(self, snapshot: Snapshot) -> pa.Table:
        """Rows of SCORE_SCHEMA, one for each firm that the bank knows itself and that is not in default on the day."""


@dataclass(frozen=True)
class ModelScorer:
    """A registered model as a Scorer; `shadow` marks scores that do not count."""

    registered: Registered
    shadow: bool = False

    def score(self, snapshot: Snapshot) -> pa.Table:
        target = self.registered.manifest.check_target(snapshot.ontology)
        if target is not None and target.unit != "firm":
            said = self.registered.manifest
            raise InputError(f"{said.name} {said.version} foretells loan notes, not firms.", "See `yujing score --help`.", "model")
        features = build_features(snapshot)
        only = None if target is None or target.name == DEFAULT else rows_for(target, snapshot, features)
        rows = score_features(features, self.registered, shadow=self.shadow, only=only)
        return with_structure(rows, snapshot)


def rows_for(target: Target, snapshot: Snapshot, features: FeatureTable) -> Index:
    """Firms that the bank knows itself and that stand in no state of `target` on the day."""
    out = pc.is_in(features.firms, value_set=in_state(snapshot, target))
    return np.flatnonzero(features.standing["known"].to_numpy() & ~np.asarray(out, bool))


def score_features(features: FeatureTable, registered: Registered, *, shadow: bool = False, only: Index | None = None) -> pa.Table:
    """One run over all performing firms of a day, or over `only` these. InputError: trained on other features, or none performs."""
    manifest = registered.manifest
    manifest.check(features)
    rows = scored_rows(features) if only is None else only
    if not len(rows):
        day = features.as_of.isoformat()
        raise InputError(f"On {day} no firm is known and performing.", "Ingest first, or take a later --as-of.", "as_of")
    parts = registered.model.parts(features, rows)
    own, contagion = manifest.map.own(parts.own), manifest.map.contagion(parts.contagion)
    count = len(rows)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    columns: dict[str, object] = {
        "run_id": [f"{stamp}-{secrets.token_hex(4)}"] * count,
        "firm": features.firms.take(pa.array(rows)),
        "as_of": [features.as_of] * count,
        "ledger_seq": [features.ledger_seq] * count,
        "horizon_days": [manifest.horizon_days] * count,
        "has_credit": features.standing["has_credit"].take(pa.array(rows)),
        "probability": probability(own + contagion),
        "log_odds": own + contagion,
        "own": own,
        "contagion": contagion,
        "top_relations": top_relations(features, parts, manifest.map.a),
        "top_features": top_features(features, parts, manifest.map.a),
        "model": [manifest.name] * count,
        "model_version": [manifest.version] * count,
        "feature_version": [features.version] * count,
        "calibration": [str(manifest.map)] * count,
        "shadow": [shadow] * count,
        "recorded_at": [now_us()] * count,
    }
    arrays = [_column(columns.get(f.name), f, count) for f in SCORE_SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCORE_SCHEMA)


def scored_rows(features: FeatureTable) -> Index:
    """Firms that the bank knows itself and that perform on the day, with or without credit."""
    standing = features.standing
    return np.flatnonzero(standing["known"].to_numpy() & standing["performing"].to_numpy())


def top_relations(features: FeatureTable, parts: Parts, scale: float) -> pa.Array:
    """For each row the relations that bring most, whichever sign, as a list of TOP_RELATION."""
    order, offsets = _largest(parts.receiver, parts.brought, len(parts.rows), TOP_RELATIONS)
    edges = features.exposures.select(["type", "way", "rel", "other"]).take(pa.array(parts.edge[order]))
    fields = [edges[name].combine_chunks() for name in ("type", "way", "rel", "other")]
    brought = pa.array(parts.brought[order] * scale)
    return pa.ListArray.from_arrays(pa.array(offsets), _struct([*fields, brought], TOP_RELATION))


def top_features(features: FeatureTable, parts: Parts, scale: float) -> pa.Array:
    """For each row the features that bring most, whichever sign, as a list of TOP_FEATURE."""
    row, column = np.nonzero(np.abs(parts.by_feature) > _NOTHING)
    brought = parts.by_feature[row, column]
    order, offsets = _largest(row, brought, len(parts.rows), TOP_FEATURES)
    at, which = row[order], column[order]
    words = [pa.array([getattr(f, name) for f in features.features]).take(pa.array(which)) for name in ("name", "zh", "en")]
    values = pa.array(features.values[parts.rows[at], which], from_pandas=True)
    fields = [words[0], values, pa.array(brought[order] * scale), words[1], words[2]]
    return pa.ListArray.from_arrays(pa.array(offsets), _struct(fields, TOP_FEATURE))


def _largest(group: Index, value: NDArray[np.float64], groups: int, limit: int) -> tuple[Index, NDArray[np.int32]]:
    """Positions of the `limit` largest |value| in each group, largest first, and the offsets of groups 0 to `groups`."""
    order = np.lexsort((np.arange(len(group)), -np.abs(value), group))
    ordered = group[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    kept = order[rank < limit]
    counts = np.bincount(group[kept], minlength=groups)
    return kept, np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _struct(fields: list[pa.Array], kind: pa.StructType) -> pa.Array:
    return pa.StructArray.from_arrays(fields, fields=list(kind))


def _column(values: object, about: pa.Field, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, about.type)
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return pc.cast(values, about.type) if isinstance(values, pa.Array) else pa.array(values, about.type)
