"""What is known of each firm on a day that may tell that two are one, a row an entity."""

import polars as pl
import pyarrow as pa
import stdnum.cn.uscc

from graph.snapshot import Snapshot
from ingest.resolution.names import learn, parse

COLUMNS = (
    "id",
    "shown_name",
    "name",
    "region",
    "trade_name",
    "trade",
    "form",
    "is_branch",
    "code",
    "code_valid",
    "addresses",
    "phones",
    "people",
    "capital",
    "established",
    "industry",
    "stub",
)
_CROWD = 8
"""An address, phone or person that more firms share than this (an incubator, an agent) tells nothing."""


def firm_records(snapshot: Snapshot) -> pl.DataFrame:
    """One row a firm of the day that tells anything of itself; columns as in `COLUMNS`, lists null where empty."""
    firms = _frame(snapshot.read("Firm")).filter(~pl.col("stub") | pl.col("name").is_not_null())
    regions = _frame(snapshot.read("Region"))["name"].drop_nulls() if "Region" in snapshot.ontology.entities else pl.Series([])
    parts = parse(firms["name"], learn(firms["name"], regions.to_list()))
    told = firms.select(
        "id",
        pl.col("name").alias("shown_name"),
        pl.col("uscc").alias("code"),
        pl.col("registered_capital_fen").alias("capital"),
        pl.col("established_on").cast(pl.String).alias("established"),
        "industry",
        "stub",
    )
    valid = {code: stdnum.cn.uscc.is_valid(code) for code in told["code"].drop_nulls().unique()}
    told = told.with_columns(code_valid=pl.col("code").replace_strict(valid, default=False, return_dtype=pl.Boolean))
    told = pl.concat([told, parts.with_columns(is_branch=(pl.col("form") == "branch").fill_null(False))], how="horizontal")
    for column, lists in (
        ("addresses", _contacts(snapshot, "address")),
        ("phones", _contacts(snapshot, "phone")),
        ("people", _people(snapshot)),
    ):
        told = told.join(lists.rename({"told": column}), on="id", how="left")
    return told.select(COLUMNS).sort("id")


def _contacts(snapshot: Snapshot, kind: str) -> pl.DataFrame:
    ends = _frame(snapshot.read("SHARES_CONTACT")).filter(pl.col("src_type") == "Firm")
    contacts = _frame(snapshot.read("Contact")).filter(pl.col("contact_type") == kind)
    held = ends.select(id="src", told="dst").join(contacts.select(told="id"), on="told", how="semi")
    return _lists(held)


def _people(snapshot: Snapshot) -> pl.DataFrame:
    officers = _frame(snapshot.read("SERVES_AS")).select(id="dst", told="src")
    owners = _frame(snapshot.read("HOLDS_SHARES")).filter(pl.col("src_type") == "Person").select(id="dst", told="src")
    return _lists(pl.concat([officers, owners]))


def _lists(pairs: pl.DataFrame) -> pl.DataFrame:
    distinct = pairs.unique()
    crowds = distinct.group_by("told").len().filter(pl.col("len") > _CROWD).select("told")
    return distinct.join(crowds, on="told", how="anti").sort("id", "told").group_by("id").agg("told")


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
