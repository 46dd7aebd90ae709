"""A snapshot's features: one row a firm, one column a feature. Nothing but the snapshot is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.snapshot import Snapshot
from models.exposures import read_exposures
from models.features.derived import keep_derived
from models.features.spec import (
    FIRM,
    Family,
    Feature,
    added_bases,
    base_sql,
    features_of,
    node_columns,
    own_bases,
    trouble_sql,
    version_of,
)
from models.features.steps import two_steps
from models.targets.spec import DEFAULT, states_of, target_named
from models.targets.spells import in_state_sql
from models.workspace import Workspace

_ORDER = "firm, channel, other"


@dataclass(frozen=True)
class FeatureTable:
    """`values`: float64 [firms, features], NaN where missing. `firms`: entity ids in ascending order, stubs included.

    `standing`: firm, known, has_credit, performing. `exposures`: see `models.exposures`. `others`: by type, the entities that are
    no firms but stand in relations, with their numbers (`id` first).
    """

    as_of: date
    ledger_seq: int
    ontology_hash: str
    version: str
    features: tuple[Feature, ...]
    firms: pa.Array
    values: NDArray[np.float64]
    standing: pa.Table
    exposures: pa.Table
    others: dict[str, pa.Table]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.features)

    def columns(self, families: Iterable[Family]) -> NDArray[np.int64]:
        """Positions of the features of some families."""
        wanted = set(families)
        return np.array([i for i, f in enumerate(self.features) if f.family in wanted], np.int64)

    def arrow(self) -> pa.Table:
        """As one table: firm, then each feature (null: missing)."""
        columns = [pa.array(self.values[:, i], from_pandas=True) for i in range(len(self.features))]
        return pa.table([self.firms, *columns], names=["firm", *self.names])


def build_features(snapshot: Snapshot) -> FeatureTable:
    """All features of every firm in `snapshot`, in a fixed order that `version` stands for."""
    work = Workspace(snapshot)
    try:
        features = features_of(snapshot.ontology)
        work.keep("_in_default", in_state_sql(states_of(snapshot.ontology, target_named(snapshot.ontology, DEFAULT))))
        work.keep("_standing", base_sql("standing"))
        standing = work.query("SELECT * FROM _standing ORDER BY firm")
        read_exposures(work)
        own = [f for f in features if f.family is Family.OWN]
        relation = [f for f in features if f.family is Family.RELATION]
        steps = [f for f in features if f.then]
        neighbour = [f for f in features if f.family is Family.NEIGHBOUR and not f.then]
        derived = [f for f in features if f.family is Family.DERIVED]
        _keep_own(work, own)
        values = [_matrix(work, "_own", own), _channels(work, relation), _carried(work, neighbour)]
        exposures = work.query(f"SELECT *, (:as_of - since)::DOUBLE AS age_days FROM _exposure ORDER BY {_ORDER}")
        firms = standing["firm"].combine_chunks()
        trouble = work.query("SELECT t.trouble FROM _standing s LEFT JOIN _trouble t USING (firm) ORDER BY s.firm")["trouble"]
        values += [two_steps(exposures, firms, trouble.to_numpy(), steps), _derived(work, derived)]
        return FeatureTable(
            as_of=snapshot.as_of,
            ledger_seq=snapshot.ledger_seq,
            ontology_hash=snapshot.ontology.hash,
            version=version_of(features),
            features=(*own, *relation, *neighbour, *steps, *derived),
            firms=firms,
            values=np.hstack(values),
            standing=standing,
            exposures=exposures,
            others=_others(work),
        )
    finally:
        work.close()


def _keep_own(work: Workspace, own: Sequence[Feature]) -> None:
    """Table `_own`: a row a firm, all own features as doubles."""
    bases = {name: base_sql(name) for name in own_bases()} | added_bases(work.snapshot.ontology)
    parts = []
    for base, sql in bases.items():
        work.keep(f"_{base}", sql)
        picked = ", ".join(f'({f.sql})::DOUBLE AS "{f.name}"' for f in own if f.base == base)
        parts.append(f'LEFT JOIN (SELECT firm, {picked} FROM "_{base}") AS "{base}_" USING (firm)')
    named = ", ".join(f'"{f.name}"' for f in own)
    work.keep("_own", f"SELECT firm, {named} FROM _standing {' '.join(parts)}")
    balance = "CASE WHEN balance_log > 0 THEN exp(balance_log) - 1 ELSE 0 END * 100"
    work.keep("_trouble", f"SELECT firm, ({trouble_sql()})::DOUBLE AS trouble, {balance} AS balance_fen FROM _own")


def _derived(work: Workspace, features: Sequence[Feature]) -> NDArray[np.float64]:
    keep_derived(work)
    work.keep("_derived_base", base_sql("derived"))
    picked = ", ".join(f'({f.sql})::DOUBLE AS "{f.name}"' for f in features)
    work.keep("_derived", f"SELECT firm, {picked} FROM _derived_base")
    return _matrix(work, "_derived", features)


def _channels(work: Workspace, features: Sequence[Feature]) -> NDArray[np.float64]:
    work.keep("_per_channel", base_sql("channel"))
    templates = list(dict.fromkeys((f.name.rsplit(".", 1)[1], f.sql) for f in features))
    computed = ", ".join(f'({sql})::DOUBLE AS "{name}"' for name, sql in templates)
    work.keep("_long", f"SELECT firm, channel, {computed} FROM _per_channel WHERE firm LIKE '{FIRM}-%'")
    return _pivoted(work, features)


def _carried(work: Workspace, features: Sequence[Feature]) -> NDArray[np.float64]:
    templates = list(dict.fromkeys((f.name.rsplit(".", 1)[1], f.sql, f.carries) for f in features))
    computed = ", ".join(f'({_over_edges(sql, carried)})::DOUBLE AS "{name}"' for name, sql, carried in templates)
    edges = f"_exposure x JOIN _own o ON o.firm = x.other WHERE x.firm LIKE '{FIRM}-%'"
    work.keep("_long", f"SELECT x.firm, x.channel, {computed} FROM {edges} GROUP BY 1, 2")
    return _pivoted(work, features)


def _over_edges(sql: str, carried: str) -> str:
    """The aggregate of one template; an edge whose sender has no such value counts neither above nor below the line."""
    value = f'o."{carried}"'
    return sql.format(v=value, w=f"CASE WHEN {value} IS NOT NULL THEN x.weight END")


def _pivoted(work: Workspace, features: Sequence[Feature]) -> NDArray[np.float64]:
    """Table `_long` (firm, channel, one column a template) as one column a feature, [firms, features]."""
    firms = work.query("SELECT firm FROM _standing ORDER BY firm")["firm"]
    rows = work.query("SELECT * FROM _long")
    out = np.full((len(firms), len(features)), np.nan)
    row = np.asarray(pc.index_in(rows["firm"], value_set=firms), np.int64)
    channel = rows["channel"].to_numpy()
    at = {name: np.flatnonzero(channel == name) for name in {f.channel for f in features}}
    values = {name: rows[name].to_numpy() for name in rows.column_names[2:]}
    for column, feature in enumerate(features):
        picked = at[feature.channel]
        out[row[picked], column] = values[feature.name.rsplit(".", 1)[1]][picked]
    out[~np.isfinite(out)] = np.nan
    return out


def _matrix(work: Workspace, table: str, features: Sequence[Feature]) -> NDArray[np.float64]:
    """Columns of `table` for all firms in order, NaN where there is no row; what is not finite is missing."""
    named = ", ".join(f't."{f.name}"' for f in features)
    rows = work.query(f"SELECT {named} FROM _standing s LEFT JOIN {table} t USING (firm) ORDER BY s.firm")
    out = np.column_stack([column.to_numpy() for column in rows.columns]).astype(np.float64)
    out[~np.isfinite(out)] = np.nan
    return out


def _others(work: Workspace) -> dict[str, pa.Table]:
    """Entities of other types that stand at an end of an exposure, with what the ontology says of them in numbers."""
    names = work.query("SELECT DISTINCT split_part(firm, '-', 1) AS type FROM _exposure ORDER BY 1")["type"].to_pylist()
    out = {}
    for name in (n for n in names if n != FIRM):
        columns = node_columns(work.snapshot.ontology.entities[name])
        picked = "".join(f', any_value({sql})::DOUBLE AS "{column}"' for column, sql in columns)
        ends = f"(SELECT DISTINCT firm FROM _exposure WHERE firm LIKE '{name}-%') x"
        out[name] = work.query(
            f'SELECT x.firm AS id{picked} FROM {ends} LEFT JOIN "{name}" e ON e.id = x.firm GROUP BY 1 ORDER BY 1'
        )
    return out
