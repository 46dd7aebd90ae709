"""JSON lines: nested fields by their path, exact numbers, and each broken line set aside with its number."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InputError
from ingest.manifest import SourceFile
from ingest.readers import read_chunks, text
from tests.ingest.world import Inbox, counts, loans

_FIRM = {"entity": "Firm", "key": "customer.id", "properties": {"name": "customer.name", "registered_capital_fen": "capital"}}
Row = tuple[int, dict[str, str]]


def read(path: Path, columns: list[str], **changes: object) -> tuple[list[Row], list[tuple[int, str, str]]]:
    told = {"path": path.name, "yields": [{"entity": "Firm", "source": "s", "key": columns}], **changes}
    spec = SourceFile.model_validate(told)
    good: list[Row] = []
    broken: list[tuple[int, str, str]] = []
    for chunk in read_chunks(path, spec):
        good += zip(chunk.line.to_list(), chunk.frame.to_dicts(), strict=True)
        broken += list(chunk.broken.select("line", "reason", "text").iter_rows())
    return good, broken


def manifest(**changes: Any) -> str:
    return loans([], files=[{"path": "rows.jsonl", "yields": [_FIRM], **changes}])


def line(no: str, name: str = "青禾", capital: object = 1) -> str:
    return json.dumps({"customer": {"id": no, "name": name}, "capital": capital}, ensure_ascii=False) + "\n"


def test_nested_fields_are_read_by_their_path_and_numbers_exactly(inbox: Inbox) -> None:
    inbox.put(
        "rows.jsonl",
        line("1") + "\n" + line("2", "素木").replace("1}", "12345678901234.56}") + '{"customer": {"id": 3}, "capital": null}\n',
    )
    assert counts(inbox.load(manifest())) == (3, 3, 0, 0)
    assert inbox.rows("Firm", "line", "key", "name", "registered_capital_fen") == [
        (1, "1", "青禾", 100),
        (3, "2", "素木", 1_234_567_890_123_456),
        (4, "3", None, None),
    ]


def test_a_broken_line_is_quarantined_with_its_number_and_spoils_no_other(inbox: Inbox) -> None:
    bad = ['{"customer": {"id": 1}', "[1]", "7", '{"a": 1, "a": 2}', '{"capital": NaN}', '{"capital": "\\ud83d"}', "[" * 100_000]
    inbox.put("rows.jsonl", line("1") + "".join(f"{each}\n" for each in bad) + line("2") + '{"customer": ["x"], "capital": [1]}\n')
    result = inbox.load(
        manifest(ignore=["customer"]).replace("customer.id", "capital").replace("name: customer.name", "name: capital")
    )
    assert [(at, reason) for at, _, _, reason in inbox.quarantined(result)] == [
        *((at, "not_json") for at in range(2, 9)),
        (10, "nested_value"),
    ]
    assert counts(result) == (10, 1, 1, 8)


def test_a_gzipped_file_in_gb18030_is_read_in_blocks_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "BLOCK", 7)
    path = tmp_path / "x.ndjson.gz"
    path.write_bytes(gzip.compress('{"a": "䶮青禾"}\r\n\r\n{"a": 2}'.encode("gb18030")))
    assert read(path, ["a"], encoding="gb18030") == ([(1, {"a": "䶮青禾"}), (3, {"a": "2"})], [])


def test_a_new_field_is_refused_wherever_it_first_stands_and_a_field_that_no_line_has_is_missing(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text, "BLOCK", 100)
    late = '{"customer": {"id": "9", "phone": "1"}, "tags": ["x"]}\n'
    inbox.put("rows.jsonl", line("1") * 20 + late)
    with pytest.raises(InputError, match=r"new columns customer\.phone, tags"):
        inbox.load(manifest())
    assert counts(inbox.load(manifest(ignore=["customer.phone", "tags"]))) == (21, 2, 19, 0)  # equal lines are one
    result = inbox.load(manifest(on_new_column="warn"))
    assert ["new columns customer.phone, tags" in warning for warning in result.warnings] == [True]
    inbox.put("rows.jsonl", '{"customer": {"id": "1"}}\n')
    with pytest.raises(InputError, match=r"missing fields capital, customer.name: no line has them") as refusal:
        inbox.load(manifest())
    assert "customer.id" in refusal.value.fix
    assert len(inbox.load(manifest(on_missing_column="warn")).warnings) == 1


def test_one_json_array_and_empty_files_are_refused(tmp_path: Path) -> None:
    for content, message in (('[\n{"a": 1}]', "one JSON array, not JSON lines"), ("", "the file is empty")):
        path = tmp_path / "x.jsonl"
        path.write_text(content, "utf-8")
        with pytest.raises(InputError, match=message):
            read(path, ["a"])


def test_a_field_told_both_nested_and_by_its_path_is_told_twice(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": {"b": 1}, "a.b": 2}\n{"a.b": 2, "a": {"b": 1}}\n{"a.b": 3}\n', "utf-8")
    good, broken = read(path, ["a.b"])
    assert good == [(3, {"a.b": "3"})]
    assert [(at, reason) for at, reason, _ in broken] == [(1, "not_json"), (2, "not_json")]


def test_an_array_is_exploded_where_declared_each_element_a_row_of_its_line(inbox: Inbox) -> None:
    guarantee = {
        **{"relation": "GUARANTEES", "src": {"type": "Firm", "key": "担保人.号"}, "dst": {"type": "Firm", "key": "客户"}},
        **{
            "identify_by": ["客户", "担保人.号", "担保人.#"],
            "valid_from": {"constant": "2026-01-01"},
            "properties": {"amount_fen": "担保人.额"},
        },
        **{"when": {"column": "担保人.号", "empty": False}},
    }
    told = [
        {"客户": "甲", "担保人": [{"号": "1", "额": 1}, {"号": "2", "额": 0.005}, {"号": "1", "额": 1}]},
        {"客户": "乙", "担保人": []},
        {"客户": "丙"},
        {"客户": "丁", "担保人": "无"},
    ]
    inbox.put("rows.jsonl", "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in told))
    manifest = loans([], files=[{"path": "rows.jsonl", "explode": "担保人", "yields": [guarantee]}])
    result = inbox.load(manifest)
    assert counts(result) == (4, 2, 0, 2)  # a line is taken or refused whole; an empty or absent array yields nothing
    assert inbox.quarantined(result) == [
        (1, "担保人.额", "0.005", "not_whole"),
        (4, "担保人", json.dumps(told[3], ensure_ascii=False), "nested_value"),
    ]
    inbox.put("rows.jsonl", json.dumps(told[0], ensure_ascii=False).replace("0.005", "5") + "\n")
    result = inbox.load()
    assert counts(result) == (1, 1, 0, 0)
    assert inbox.rows("GUARANTEES", "line", "amount_fen") == [(1, 100), (1, 100), (1, 500)]  # equal elements are told apart
    assert counts(inbox.load()) == (1, 0, 1, 0)
    with pytest.raises(InputError, match=r"identify_by must name '担保人\.#'"):
        inbox.load(manifest.replace("担保人.#", "担保人.额"))


def test_a_list_of_plain_values_is_exploded_under_its_own_name(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": ["x", "y"]}\n{"a": [[1]]}\n{"a": [1], "a": [2]}\n', "utf-8")
    good, broken = read(path, ["a"], explode="a")
    assert good == [(1, {"a": "x"}), (1, {"a": "y"})]
    assert [(at, reason) for at, reason, _ in broken] == [(2, "nested_value"), (3, "nested_value")]


plain = st.one_of(st.text(st.characters(codec="utf-8"), max_size=5), st.integers(), st.booleans(), st.none())
nested = st.dictionaries(st.sampled_from("abc"), st.one_of(plain, st.dictionaries(st.sampled_from("xy"), plain)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
@given(st.lists(nested, max_size=6))
def test_what_was_written_is_read_back(tmp_path: Path, told: list[dict[str, Any]]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in [*told, {"a": ""}]), "utf-8")
    columns = ["a", *(f"{outer}.{inner}" for outer in "abc" for inner in "xy"), "b", "c"]
    clash = {n for n, each in enumerate(told, 1) if any(isinstance(v, dict) for v in each.values())}
    good, broken = read(path, columns, on_missing_column="warn")
    assert {at for at, _, _ in broken} == clash  # an object stands where `a`, `b` or `c` as a value was expected
    for at, row in good[:-1]:
        assert {k: v for k, v in row.items() if v} == {k: flat for k, v in told[at - 1].items() if (flat := written(v))}


def written(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
