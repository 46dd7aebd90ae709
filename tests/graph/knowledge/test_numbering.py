"""Ids as numbers, against sorting the texts."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from graph.knowledge.numbering import coded, numbered

IDS = st.lists(st.sampled_from(["Firm-a", "Firm-b", "Firms-x", "Person-a", "ClientGroup-z", "Firm-", "甲"]), max_size=12)


@given(st.lists(IDS, min_size=1, max_size=4))
def test_ids_are_numbered_in_their_order_and_every_column_by_them(columns: list[list[str]]) -> None:
    ids, numbers = numbered([pl.Series(column, dtype=pl.String) for column in columns])
    assert ids.to_list() == sorted({one for column in columns for one in column})
    assert [[ids[int(n)] for n in column] for column in numbers] == columns


@given(IDS, IDS)
def test_a_coded_table_says_what_the_texts_said(left: list[str], right: list[str]) -> None:
    schema = {"a": pl.String}
    tables = {"one": pl.DataFrame({"a": left}, schema), "two": pl.DataFrame({"a": right}, schema)}
    entities, found = coded(tables, {"one": ("a",), "two": ("a",)})
    assert [entities.text(found[name])["a"].to_list() for name in ("one", "two")] == [left, right]
    firms = found["one"].select(entities.is_a("Firm", "a"))["a"].to_list()
    assert firms == [one.startswith("Firm-") for one in left], "of names that begin alike only that type"
    assert entities.numbers(tables["one"]["a"]).to_list() == found["one"]["a"].to_list()
