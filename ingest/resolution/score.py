"""Scores pairs of firms by Splink, on DuckDB or on Spark: which may be one, how probable that is, and by which reasons.

Two firms that both bear a valid credit code never make a pair: were the codes equal they would be one already, and where
they differ they are two. A branch office is never its head office.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import polars as pl
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.blocking_rule_library import CustomRule

from ingest.resolution.comparisons import FIRM, Comparison

MODEL_VERSION = "firm-1"
_SEED = 20_260_331
_DUPLICATES_PER_FIRM = 0.02
"""Before anything is compared: of a hundred firms two are told of twice."""
_ENOUGH_FIRMS = 100
"""A smaller book tells nothing about chance: the declared u stand."""
_LEFT, _RIGHT = "_l", "_r"


@dataclass(frozen=True)
class Scoring:
    """How pairs are scored. `random_pairs`: how many are drawn to measure chance likeness; fewer is faster and rougher."""

    threshold: float = 0.5
    engine: Literal["duckdb", "spark"] = "duckdb"
    random_pairs: float = 2_000_000.0


@dataclass(frozen=True)
class Reason:
    """One bar of the waterfall: what was compared, how alike it was, and how many bits that adds to the match weight."""

    feature: str
    zh: str
    en: str
    level_zh: str
    level_en: str
    bits: float
    left: str
    right: str


@dataclass(frozen=True)
class Pair:
    """Two firms that may be one: log-odds of that in bits = `prior_bits` + the bits of all reasons."""

    left: str
    right: str
    probability: float
    bits: float
    prior_bits: float
    reasons: tuple[Reason, ...]


def score_pairs(records: pl.DataFrame, scoring: Scoring | None = None, spark: Any = None) -> list[Pair]:
    """Pairs at or above the threshold, best first. `records` as `firm_records` gives them; `spark`: a session, for that engine."""
    how = scoring or Scoring()
    if records.height < 2:
        return []
    prior = min(0.01, 2 * _DUPLICATES_PER_FIRM / (records.height - 1))
    linker = Linker(_registered(records, how, spark), _settings(prior), log_level=None)
    if records.height >= _ENOUGH_FIRMS:
        linker.training.estimate_u_using_random_sampling(max_pairs=how.random_pairs, seed=_SEED if how.engine == "duckdb" else None)
    found = linker.inference.predict(threshold_match_probability=how.threshold, warning_mode="never")
    rows = [_pair(row, math.log2(prior / (1 - prior))) for row in found.as_record_list()]
    return sorted(rows, key=lambda pair: (-round(pair.bits, 6), pair.left, pair.right))


def _registered(records: pl.DataFrame, how: Scoring, spark: Any) -> Any:
    if how.engine == "duckdb":
        return DuckDBAPI(duckdb.connect()).register(records.to_arrow())
    from splink.backends.spark import SparkAPI

    api: Any = SparkAPI(spark_session=spark, break_lineage_method="persist")  # type: ignore[no-untyped-call]
    return api.register(spark.createDataFrame(records.to_arrow()))


def _settings(prior: float) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=[each.for_splink() for each in FIRM],
        blocking_rules_to_generate_predictions=list(_BLOCKS),
        probability_two_random_records_match=prior,
        retain_intermediate_calculation_columns=True,
    )


def _compared_where(equal: str, *exploded: str) -> CustomRule:
    return CustomRule(f"{equal} AND {_MAY_BE_ONE}", arrays_to_explode=list(exploded) or None)


_MAY_BE_ONE = "NOT (l.code_valid AND r.code_valid) AND NOT (l.is_branch OR r.is_branch)"
_BLOCKS = (
    _compared_where("l.trade_name = r.trade_name"),
    _compared_where("l.name = r.name"),
    _compared_where("l.established = r.established AND l.capital = r.capital"),
    _compared_where("substr(l.code, 9, 9) = substr(r.code, 9, 9)"),
    *(_compared_where(f"l.{name} = r.{name}", name) for name in ("addresses", "phones", "people")),
)


def _pair(row: dict[str, Any], prior_bits: float) -> Pair:
    reasons = tuple(reason for each in FIRM if (reason := _reason(each, row)))
    return Pair(
        row["id" + _LEFT],
        row["id" + _RIGHT],
        float(row["match_probability"]),
        float(row["match_weight"]),
        prior_bits,
        tuple(sorted(reasons, key=lambda reason: -abs(reason.bits))),
    )


def _reason(compared: Comparison, row: dict[str, Any]) -> Reason | None:
    """None where one side tells nothing: that is no reason."""
    alike = int(row[f"gamma_{compared.name}"])
    if alike < 0:
        return None
    level = compared.levels[len(compared.levels) - 1 - alike]
    rarity = row.get(f"mw_tf_adj_{compared.name}") or 0.0
    left, right = (_shown(row[compared.columns[0] + side]) for side in (_LEFT, _RIGHT))
    bits = float(row[f"mw_{compared.name}"]) + float(rarity)
    return Reason(compared.name, compared.zh, compared.en, level.zh, level.en, bits, left, right)


def _shown(value: Any) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    return ", ".join(map(str, value)) if isinstance(value, Sequence) or hasattr(value, "tolist") else ""
